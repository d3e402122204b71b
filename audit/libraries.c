/* SPDX-License-Identifier: MIT */
/* The world -> what closure.h wants to know of it. */
#include "audit/libraries.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "audit/status.h"
#include "audit/sys.h"

#define CACHE_FILE	"/etc/ld.so.cache"
#define CACHE_MAX	((uint64_t)16 << 20)	/* bytes; real ones have 30 to 500 KB */

/* ---- files ---- */

static bool file_open(void *context, const char *path, struct closure_file *file)
{
	/* O_NONBLOCK: a FIFO would hold us until somebody writes to it. */
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct status status;

	(void)context;
	if (fd < 0)
		return false;
	if (!status_of_descriptor(fd, &status) || !status.is_regular) {
		sys_close(fd);
		return false;
	}
	*file = (struct closure_file){
		.handle = fd, .size = status.size,
		.device = status.identity.device, .inode = status.identity.inode,
	};
	return true;
}

static bool file_read(void *context, const struct closure_file *file, uint64_t offset,
		      void *out, size_t size)
{
	(void)context;
	return sys_read_at((int)file->handle, out, size, offset);
}

static void file_close(void *context, const struct closure_file *file)
{
	(void)context;
	sys_close((int)file->handle);
}

/* ldconfig replaces the file and never writes into it, so mapping it is safe. */
static void map_cache(void *context, struct ld_cache *cache)
{
	struct library_source *source = context;
	struct closure_file file;
	void *bytes = MAP_FAILED;

	if (!file_open(NULL, CACHE_FILE, &file))
		return;
	if (file.size > 0 && file.size <= CACHE_MAX)
		bytes = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, (int)file.handle,
			     0);
	file_close(NULL, &file);
	if (bytes == MAP_FAILED)
		return;
	source->cache = bytes;
	source->cache_size = file.size;
	ld_cache_read(cache, bytes, file.size);
}

void library_source_begin(struct library_source *library_source)
{
	*library_source = (struct library_source){
		.source = {
			.open = file_open, .read = file_read, .close = file_close,
			.cache = map_cache, .context = library_source,
		},
	};
}

void library_source_end(struct library_source *library_source)
{
	if (library_source->cache)
		munmap(library_source->cache, library_source->cache_size);
}

/* ---- directories ---- */

/* The directory that libc came from is ld.so's: no other interface says what $LIB is on
 * this distribution. */
static void note_libc(struct libraries *libraries, const char *libc)
{
	const char *slash = strrchr(libc, '/'), *start = libc;

	strcpy(libraries->lib, "lib");
	if (!slash)
		return;
	if (strncmp(start, "/usr/", 5) == 0)
		start += 4;
	start += start < slash;
	snprintf(libraries->lib, sizeof libraries->lib, "%.*s", (int)(slash - start), start);
}

void libraries_find(struct libraries *libraries, const char *library_path, const char *libc)
{
	note_libc(libraries, libc);
	snprintf(libraries->defaults, sizeof libraries->defaults, "/%s:/usr/%s:/lib:/usr/lib",
		 libraries->lib, libraries->lib);
	libraries->search = (struct closure_search){
		.library_path = library_path,
		.defaults = libraries->defaults,
		.lib = libraries->lib,
		.platform = (const char *)getauxval(AT_PLATFORM),
	};
}
