/* SPDX-License-Identifier: MIT */
/* A descriptor or a path -> what kind of file it is, and which one. */
#include "audit/status.h"

#include <fcntl.h>
#include <sys/stat.h>

static bool ask(int directory, const char *path, int flags, struct status *status)
{
	const unsigned mask = STATX_TYPE | STATX_MODE | STATX_UID | STATX_SIZE | STATX_INO;
	struct statx info;

	if (statx(directory, path, flags, mask, &info) < 0)
		return false;
	*status = (struct status){
		.is_regular = S_ISREG(info.stx_mode),
		.is_directory = S_ISDIR(info.stx_mode),
		.size = info.stx_size,
		.identity = {
			.device = (uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor,
			.inode = info.stx_ino,
		},
		.owner = info.stx_uid,
		.mode = info.stx_mode & 07777,
	};
	return true;
}

bool status_of_descriptor(int fd, struct status *status)
{
	return ask(fd, "", AT_EMPTY_PATH, status);
}

bool status_of_path(const char *path, struct status *status)
{
	return ask(AT_FDCWD, path, 0, status);
}

bool status_of_entry(const char *path, struct status *status)
{
	return ask(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, status);
}
