/* SPDX-License-Identifier: MIT */
/* SONAMEs that the policy shares -> mirrors, each made when first asked for.
 *
 * The hard thing is when: ld.so asks in la_objsearch, where nothing may be
 * loaded (glibc up to 2.40 aborts). So there we note the name and let the search
 * fail; whoever began the load makes the mirror and tries once more. */
#include "audit/host.h"

#include <errno.h>
#include <string.h>

#include "audit/mirror.h"
#include "audit/object.h"
#include "audit/process.h"

#define HOST_MAX 1024	/* a `share` with a wildcard can mean many */

struct host {
	const char *soname;
	const struct mirror *mirror;	/* the newest; NULL: wanted; &absent: there is none */
	const char *reason;		/* wanted: why it could not be made, or NULL */
};

static const struct mirror absent;

/* Appended to by any thread; never shrinks. */
static struct {
	struct host *entry[HOST_MAX];
	unsigned generation;
	struct host *missed;		/* the last that was wanted, until somebody asks */
} hosts;

/* The n-th (from 0), or NULL after the last. */
static struct host *host_number(unsigned n)
{
	return n < HOST_MAX ? __atomic_load_n(&hosts.entry[n], __ATOMIC_ACQUIRE) : NULL;
}

static struct host *entry_of(const char *soname)
{
	struct host *host;

	for (unsigned n = 0; (host = host_number(n)); n++)
		if (strcmp(host->soname, soname) == 0)
			return host;
	return NULL;
}

/* Of two threads that note the same, the first has it. */
static struct host *append(struct host *host)
{
	for (unsigned n = 0; n < HOST_MAX; n++) {
		struct host *there = NULL;

		if (__atomic_compare_exchange_n(&hosts.entry[n], &there, host, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return host;
		if (strcmp(there->soname, host->soname) == 0)
			return there;
	}
	return NULL;
}

static struct host *note(const char *soname)
{
	struct host *host = arena_take(&process.arena, sizeof *host);

	if (!host || !(host->soname = arena_text(&process.arena, soname, strlen(soname))))
		return NULL;
	return append(host);
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

/* Of those that find and note frames, each namespace has its own, see FINDS_FRAMES. */
static bool is_no_unwinder(const void *context, const char *name)
{
	(void)context;
	return strcmp(name, FINDS_FRAMES) != 0 &&
	       strncmp(name, "__register_frame", strlen("__register_frame")) != 0 &&
	       strncmp(name, "__deregister_frame", strlen("__deregister_frame")) != 0;
}

/* One unwinder for the process, but only one that finds frames of all namespaces. */
static bool unwinds_everywhere(const struct object *object)
{
	const struct object *libc = object_in_base("libc.so.6");
	struct symbols ours, its;

	if (!libc)
		return false;
	object_counted_symbols(object, &ours);
	object_symbols(libc, &its);
	return symbols_unwind_all(&ours, &its);
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

/* Does ld.so say that there is no such file? In base's words, for they are translated. */
static bool says_absent(const char *error)
{
	char *(*strerror_of_base)(int) = process.base.dlsym(process.main, "strerror");
	const char *words = strerror_of_base ? strerror_of_base(ENOENT) : NULL;
	size_t length = strlen(error), end = words ? strlen(words) : 0;

	return !words || (length >= end && strcmp(error + length - end, words) == 0);
}

/* The library in base, loaded there if it has to be. NULL: base has none; or with a reason
 * in diag, it cannot be loaded now, for want of descriptors say. */
static const struct object *in_base(const char *soname, struct diag *diag)
{
	const struct object *object = object_in_base(soname);
	const char *error;
	void *handle;

	if (object)
		return object;
	handle = process.base.dlmopen(LM_ID_BASE, soname, RTLD_LAZY);
	if (handle)
		return object_of_map(handle);
	error = process.base.dlerror();
	/* The next call of a dl function gives ld.so's text back. */
	diag_set(diag, "%s", error ? error : "no reason given");
	if (says_absent(diag->text))
		diag->text[0] = '\0';
	return NULL;
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

/* In private. False, with a reason in diag: it cannot be made now; without: there is none. */
static bool make(struct mirror *mirror, const char *soname, struct diag *diag)
{
	const struct object *object = in_base(soname, diag);
	const char *needed[NEEDED_MAX];
	struct mirror_filter filter = { 0 };

	if (object && strcmp(soname, "libc.so.6") == 0 && object_address(object, FINDS_FRAMES))
		filter.passes = is_no_unwinder;
	return object && may_share(object, soname) &&
	       mirror_make(mirror, object, soname, &filter, needed, needed_of(object, needed),
			   diag);
}

static const struct mirror *keep(const struct mirror *made, const char *soname,
				 struct diag *diag)
{
	struct mirror *mirror = arena_take(&process.arena, sizeof *mirror);

	if (mirror)
		*mirror = *made;
	else
		diag_set(diag, "no memory for the mirror of %s", soname);
	return mirror;
}

static const struct mirror *mirror_of(const struct host *host)
{
	return __atomic_load_n(&host->mirror, __ATOMIC_ACQUIRE);
}

static bool is_usable(const struct mirror *mirror)
{
	return mirror && (mirror == &absent || memfile_lives(&mirror->file));
}

/* Instead of one that does not serve any more. Of two threads that do so at once, the
 * first has it: then false. */
static bool publish(struct host *host, const struct mirror *old, const struct mirror *mirror)
{
	if (!__atomic_compare_exchange_n(&host->mirror, &old, mirror, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return false;
	__atomic_fetch_add(&hosts.generation, 1, __ATOMIC_RELEASE);
	return true;
}

static void prepare(struct host *host, const struct mirror *old, struct diag *diag)
{
	struct mirror made;
	const struct mirror *kept = &absent;
	bool is_made = make(&made, host->soname, diag);

	if (is_made)
		kept = mirror_of(host) == old ? keep(&made, host->soname, diag) : NULL;
	else if (diag->text[0])
		kept = NULL;
	if ((!kept || !publish(host, old, kept)) && is_made)
		memfile_close(&made.file);
}

static bool make_ready(struct host *host, struct diag *diag)
{
	const struct mirror *mirror = mirror_of(host);

	if (!is_usable(mirror)) {
		prepare(host, mirror, diag);
		mirror = mirror_of(host);
	}
	return mirror && mirror != &absent;
}

static enum host_answer wanted(struct host *host)
{
	__atomic_store_n(&hosts.missed, host, __ATOMIC_RELEASE);
	return HOST_WANTED;
}

/* The entry, made if the policy shares the name; NULL if it does not. */
static struct host *shared(const char *soname)
{
	struct host *host = entry_of(soname);

	return host ? host : is_shared(soname) ? note(soname) : NULL;
}

bool host_shares(const char *soname)
{
	const struct host *host = shared(soname);

	return host && mirror_of(host) != &absent;
}

enum host_answer host_find(const char *soname, const char **path)
{
	struct host *host = shared(soname);
	const struct mirror *mirror = host ? mirror_of(host) : &absent;

	if (mirror == &absent)
		return HOST_NOT;
	if (!mirror || !memfile_is_open(&mirror->file))
		return wanted(host);
	*path = mirror->file.path;
	return HOST_READY;
}

static const char *reason_of(const struct host *host)
{
	return __atomic_load_n(&host->reason, __ATOMIC_ACQUIRE);
}

static void remember(struct host *host, const char *reason)
{
	const char *had = reason_of(host);

	if (!had || strcmp(had, reason) != 0)
		__atomic_store_n(&host->reason,
				 arena_text(&process.arena, reason, strlen(reason)),
				 __ATOMIC_RELEASE);
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
	struct host *host;

	for (unsigned n = 0; (host = host_number(n)); n++)
		if (!mirror_of(host))
			try_to_make(host);
}

void host_renew(void)
{
	struct host *host;

	for (unsigned n = 0; (host = host_number(n)); n++)
		if (!is_usable(mirror_of(host)))
			try_to_make(host);
}

const char *host_missing(void)
{
	const struct host *host = __atomic_exchange_n(&hosts.missed, NULL, __ATOMIC_ACQ_REL);

	return host ? reason_of(host) : NULL;
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
	const struct object *libc = object_in_base("libc.so.6");
	const char *loader = loader_soname(), *const *family;
	struct symbols symbols = { 0 };
	size_t count = 0, members;

	if (!rules_shared(&process.settings.rules, "libc.so.6", NULL))
		return diag_set(diag, "the policy must share libc.so.6");
	if (libc)
		object_symbols(libc, &symbols);
	members = symbols_unlisted_family(&symbols, &family);
	for (size_t i = 0; i < members && count < size; i++)
		if (rules_shared(&process.settings.rules, family[i], NULL) &&
		    !begin(family[i], names, &count, diag))
			return 0;
	if (loader && count < size && !begin(loader, names, &count, diag))
		return 0;
	return count;
}
