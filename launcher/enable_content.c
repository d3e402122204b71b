/* SPDX-License-Identifier: MIT */
/* A place -> the bytes that belong there, and whose those are that are there. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/status.h"
#include "launcher/enable_parts.h"
#include "launcher/run.h"

/* The built stand-in, as it is: what enable puts in place needs no other file of ours. */
#ifndef STANDIN_BUILT
#define STANDIN_BUILT __FILE__	/* for those who only read this source */
#endif
__asm__(".pushsection .rodata\n"
	"standin_begin: .incbin \"" STANDIN_BUILT "\"\n"
	"standin_end: .balign 4\n"
	"standin_size: .long standin_end - standin_begin\n"
	".popsection");
extern const char standin_begin[] __attribute__((visibility("hidden")));
extern const uint32_t standin_size __attribute__((visibility("hidden")));

#define STANDIN_MAX ((size_t)1 << 20)	/* bytes of the file */

/* ---- stand-ins ---- */

static struct standin *find_words(const struct bytes *bytes)
{
	static const char mark[] = STANDIN_MARK;
	struct standin *found = NULL;

	if (bytes->bytes)
		found = memmem(bytes->bytes, bytes->size, mark, sizeof mark);
	if (!found || (size_t)(bytes->bytes + bytes->size - (char *)found) < sizeof *found)
		return NULL;
	return found;
}

static bool is_path(const char path[PATH_MAX])
{
	return path[0] == '/' && memchr(path, '\0', PATH_MAX);
}

struct standin *standin_of(const char *path)
{
	struct standin *found, *standin = NULL;
	struct bytes bytes;
	struct status status;

	/* Each start asks, and some interpreters are large. */
	if (!status_of_path(path, &status) || status.size >= STANDIN_MAX ||
	    !bytes_read(&bytes, path))
		return NULL;
	found = find_words(&bytes);
	if (found && is_path(found->program) && is_path(found->original) &&
	    is_path(found->file) && (standin = malloc(sizeof *standin)))
		memcpy(standin, found, sizeof *standin);
	free(bytes.bytes);
	return standin;
}

bool standin_is(const char *path)
{
	struct standin *standin = standin_of(path);
	bool is_one = standin;

	free(standin);
	return is_one;
}

bool standin_original(const char *path, char original[PATH_MAX])
{
	struct standin *standin = standin_of(path);

	if (!standin)
		return false;
	strcpy(original, standin->original);
	free(standin);
	return true;
}

bool standin_is_own_original(const char *path)
{
	char original[PATH_MAX];

	return standin_original(path, original) && !strcmp(original, path);
}

static bool standin_bytes(const struct place *place, struct bytes *bytes, struct diag *diag)
{
	const size_t size = standin_size;
	char program[PATH_MAX];
	struct standin *words;

	if (!own_program(program, diag))
		return false;
	*bytes = (struct bytes){ .bytes = malloc(size + 1), .size = size };
	if (!bytes->bytes)
		return diag_set(diag, "no memory");
	memcpy(bytes->bytes, standin_begin, size);
	words = find_words(bytes);
	if (!words) {
		free(bytes->bytes);
		bytes->bytes = NULL;
		return diag_set(diag, "this pypy-isolate was built without a stand-in");
	}
	strcpy(words->program, program);
	strcpy(words->original, place->original);
	strcpy(words->file, place->file);
	return true;
}

/* ---- what interpreters depend on from then on ---- */

/* Could somebody else change what is there? Above it, too: who may write to a directory
 * may exchange what is in it, but not what is another's where the sticky bit is. */
static bool is_trusted(const char *path, char where[PATH_MAX])
{
	struct statx info;
	char *slash;

	strcpy(where, path);
	for (;;) {
		if (statx(AT_FDCWD, where, 0, STATX_MODE | STATX_UID, &info))
			return false;
		if ((info.stx_uid != 0 && info.stx_uid != geteuid()) ||
		    (info.stx_mode & 022 && !(info.stx_mode & S_ISVTX)))
			return false;
		slash = strrchr(where, '/');
		if (slash == where && !slash[1])
			return true;
		slash[slash == where] = '\0';
	}
}

static bool must_be_trusted(const char *path, struct diag *diag)
{
	char where[PATH_MAX];

	return is_trusted(path, where) ||
	       diag_set(diag, "%s: others than you and root can write to %s, so no interpreter "
			"should depend on it; install pypy-isolate where only root can write",
			path, where);
}

bool own_program(char path[PATH_MAX], struct diag *diag)
{
	if (!realpath("/proc/self/exe", path))
		return diag_set(diag, "/proc/self/exe: %s; mount /proc first", strerror(errno));
	return must_be_trusted(path, diag);
}

bool own_module(char path[PATH_MAX], struct diag *diag)
{
	return run_find_module(path, diag) && run_can_name(path, diag) &&
	       must_be_trusted(path, diag);
}

/* ---- all kinds ---- */

/* Of the interpreter itself, also while that has a stand-in. */
static bool linked_copy(const struct place *place, struct bytes *bytes, struct diag *diag)
{
	struct standin *standin = standin_of(place->original);
	char module[PATH_MAX];
	bool good = own_module(module, diag) &&
		    linked_bytes(standin ? standin->original : place->original, module, bytes,
				 diag);

	free(standin);
	return good;
}

bool place_bytes(const struct place *place, struct bytes *bytes, struct diag *diag)
{
	*bytes = (struct bytes){ 0 };
	switch (place->kind) {
	case PLACE_STANDIN:
		return standin_bytes(place, bytes, diag);
	case PLACE_LINKED:
		return linked_copy(place, bytes, diag);
	case PLACE_TEXT:
		return env_text(place->file, bytes, diag);
	case PLACE_DIRECTORY:
		break;
	}
	return true;
}

bool place_is_whole(const struct place *place)
{
	struct bytes have = { 0 }, want = { 0 };
	bool same = place_bytes(place, &want, NULL) && bytes_read(&have, place->file) &&
		    want.bytes && have.size == want.size &&
		    !memcmp(have.bytes, want.bytes, want.size);

	free(have.bytes);
	free(want.bytes);
	return same;
}

/* What is recorded is ours, as it is nobody else's to know. */
enum content place_content(const struct place *place)
{
	struct standin *standin;
	bool ours;

	if (!exists(place->file))
		return CONTENT_ABSENT;
	if (place->kind != PLACE_STANDIN)
		return place->is_recorded ? CONTENT_OURS : CONTENT_OTHER;
	/* A copy is for another place: then it stands for itself here. */
	standin = standin_of(place->file);
	ours = standin && !strcmp(standin->file, place->file);
	free(standin);
	return ours ? CONTENT_OURS : CONTENT_OTHER;
}
