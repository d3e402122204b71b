/* SPDX-License-Identifier: MIT */
/* SONAMEs that the policy shares -> mirrors, each made when first asked for.
 *
 * The hard thing is when: ld.so asks in la_objsearch, where nothing may be
 * loaded (glibc up to 2.40 aborts). So there we note the name and let the search
 * fail; whoever began the load makes the mirror and tries once more. */
#include "audit/host.h"

#include <string.h>

#include "audit/mirror.h"
#include "audit/object.h"
#include "audit/process.h"

#define HOST_MAX 1024	/* a `share` with a wildcard can mean many */

enum host_state { STATE_WANTED, STATE_READY, STATE_ABSENT };

struct host {
	const char *soname;
	enum host_state state;
	struct mirror *mirror;		/* STATE_READY */
	const char *reason;		/* STATE_WANTED: why it could not be made, or NULL */
};

/* Appended to under ld.so's lock or before a namespace exists; never shrinks. */
static struct {
	struct host *entry[HOST_MAX];
	unsigned count;
	unsigned generation;
	struct host *missed;		/* the last that was wanted, until somebody asks */
} hosts;

static struct host *entry_of(const char *soname)
{
	unsigned count = __atomic_load_n(&hosts.count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count && i < HOST_MAX; i++) {
		struct host *host = __atomic_load_n(&hosts.entry[i], __ATOMIC_ACQUIRE);

		if (host && strcmp(host->soname, soname) == 0)
			return host;
	}
	return NULL;
}

static struct host *note(const char *soname)
{
	struct host *host = arena_take(&process.arena, sizeof *host);
	unsigned i;

	if (!host || !(host->soname = arena_text(&process.arena, soname, strlen(soname))))
		return NULL;
	i = __atomic_fetch_add(&hosts.count, 1, __ATOMIC_ACQ_REL);
	if (i >= HOST_MAX)
		return NULL;
	__atomic_store_n(&hosts.entry[i], host, __ATOMIC_RELEASE);
	return host;
}

/* Like the glibc family, ld.so is always base's. glibc would make a proxy of it, but has
 * to find its file again for that, and after chroot(2) finds none, or another one. */
static const char *loader_soname(void)
{
	const struct object *loader = object_loader();

	return loader ? object_soname(loader) : NULL;
}

static bool is_shared(const char *soname)
{
	const char *loader = loader_soname();

	return rules_shared(&process.settings.rules, soname, NULL) ||
	       (loader && strcmp(loader, soname) == 0);
}

/* One unwinder for the process, but only one that finds frames of all
 * namespaces: libgcc_s of GCC 12 and later, with glibc 2.35 and later. */
static bool unwinds_everywhere(const struct object *object)
{
	struct symbols symbols;

	object_counted_symbols(object, &symbols);
	for (size_t i = 1; i < symbols.count; i++)
		if (symbols.sym[i].st_shndx == SHN_UNDEF &&
		    strcmp(symbols.str + symbols.sym[i].st_name, "_dl_find_object") == 0)
			return true;
	return false;
}

static bool may_share(const struct object *object, const char *soname)
{
	bool may;

	if (strcmp(soname, "libgcc_s.so.1") != 0)
		return true;
	if (!object_pin(object))
		return false;
	may = unwinds_everywhere(object);
	object_unpin(object);
	return may;
}

/* The library in base, loaded there if it has to be. */
static const struct object *in_base(const char *soname)
{
	const struct object *object = object_in_base(soname);
	void *handle;

	if (object)
		return object;
	handle = process.base.dlmopen(LM_ID_BASE, soname, RTLD_LAZY);
	return handle ? object_of_map(handle) : NULL;
}

#define NEEDED_MAX 16

/* What the original needs and namespaces have, too, so that dlsym() on the mirror
 * finds what it finds on the original. Returns their number. */
static size_t needed_of(const struct object *object, const char **needed)
{
	const char *name;
	size_t count = 0;

	for (size_t n = 0; count < NEEDED_MAX && (name = object_needed(object, n)); n++)
		if (rules_shared(&process.settings.rules, name, NULL))
			needed[count++] = name;
	return count;
}

static enum host_state prepare(struct host *host, struct diag *diag)
{
	const struct mirror_filter all = { 0 };
	const struct object *object = in_base(host->soname);
	const char *needed[NEEDED_MAX];
	struct mirror *mirror = arena_take(&process.arena, sizeof *mirror);

	if (!object || !may_share(object, host->soname))
		return STATE_ABSENT;
	if (!mirror) {
		diag_set(diag, "no memory for the mirror of %s", host->soname);
		return STATE_WANTED;
	}
	if (!mirror_make(mirror, object, host->soname, &all, needed,
			 needed_of(object, needed), diag))
		return STATE_WANTED;
	host->mirror = mirror;
	return STATE_READY;
}

static bool is_usable(const struct host *host)
{
	return host->state == STATE_ABSENT ||
	       (host->state == STATE_READY && memfile_lives(&host->mirror->file));
}

static bool make_ready(struct host *host, struct diag *diag)
{
	if (!is_usable(host)) {
		enum host_state state = prepare(host, diag);

		__atomic_store_n(&host->state, state, __ATOMIC_RELEASE);
		if (state != STATE_WANTED)
			__atomic_fetch_add(&hosts.generation, 1, __ATOMIC_RELEASE);
	}
	return host->state == STATE_READY;
}

static enum host_answer wanted(struct host *host)
{
	__atomic_store_n(&hosts.missed, host, __ATOMIC_RELEASE);
	return HOST_WANTED;
}

enum host_answer host_find(const char *soname, const char **path)
{
	struct host *host = entry_of(soname);

	if (!host) {
		if (!is_shared(soname) || !(host = note(soname)))
			return HOST_NOT;
		return wanted(host);
	}
	switch (__atomic_load_n(&host->state, __ATOMIC_ACQUIRE)) {
	case STATE_READY:
		*path = host->mirror->file.path;
		return HOST_READY;
	case STATE_ABSENT:
		return HOST_NOT;
	default:
		return wanted(host);
	}
}

static void remember(struct host *host, const char *reason)
{
	if (!host->reason || strcmp(host->reason, reason) != 0)
		host->reason = arena_text(&process.arena, reason, strlen(reason));
}

/* The reason, which is long, is not for the stack of who knows whose thread. */
static void try_to_make(struct host *host)
{
	struct arena scratch;
	struct diag *diag;

	if (!process_scratch(&scratch))
		return;
	diag = arena_take(&scratch, sizeof *diag);
	if (diag && !make_ready(host, diag) && diag->text[0])
		remember(host, diag->text);
	process_scratch_end(&scratch);
}

void host_prepare(void)
{
	for (unsigned i = 0; i < hosts.count && i < HOST_MAX; i++) {
		struct host *host = __atomic_load_n(&hosts.entry[i], __ATOMIC_ACQUIRE);

		if (host && !is_usable(host))
			try_to_make(host);
	}
}

const char *host_missing(void)
{
	const struct host *host = __atomic_exchange_n(&hosts.missed, NULL, __ATOMIC_ACQ_REL);

	return host ? host->reason : NULL;
}

unsigned host_generation(void)
{
	return __atomic_load_n(&hosts.generation, __ATOMIC_ACQUIRE);
}

/* Without these there is no namespace. */
static bool is_vital(const char *soname)
{
	return strcmp(soname, "libc.so.6") == 0 || strcmp(soname, "libm.so.6") == 0;
}

/* Does a module that lists only libc.so.6 use symbols of these? Real ones do:
 * numpy's _multiarray_tests has tanhf and no libm. Since glibc 2.34 the others
 * are empty. */
static bool in_root(const char *soname)
{
	static const char *const before_2_34[] = {
		"libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1",
	};
	const struct object *libc;

	if (is_vital(soname))
		return true;
	libc = object_in_base("libc.so.6");
	if (libc && object_address(libc, "dlopen"))
		return false;
	for (size_t i = 0; i < sizeof before_2_34 / sizeof *before_2_34; i++)
		if (strcmp(soname, before_2_34[i]) == 0)
			return true;
	return false;
}

/* Makes the mirror of one that a root lists. False, with a reason, if there can be no root. */
static bool begin(const char *soname, const char **names, size_t *count, struct diag *diag)
{
	struct host *host = entry_of(soname);

	if (!host && !(host = note(soname)))
		return diag_set(diag, "too many shared libraries: no room for %s", soname);
	if (make_ready(host, diag)) {
		names[(*count)++] = host->soname;
		return true;
	}
	if (!diag->text[0] && is_vital(soname))
		diag_set(diag, "%s cannot be loaded into base", soname);
	return !diag->text[0];
}

size_t host_begin(const char **names, size_t size, struct diag *diag)
{
	const char *soname = NULL, *loader = loader_soname();
	size_t count = 0;

	if (!rules_shared(&process.settings.rules, "libc.so.6", NULL))
		return diag_set(diag, "the policy must share libc.so.6");
	while ((soname = rules_shared_next(&process.settings.rules, soname)))
		if (count < size && in_root(soname) && !begin(soname, names, &count, diag))
			return 0;
	if (loader && count < size && !begin(loader, names, &count, diag))
		return 0;
	return count;
}
