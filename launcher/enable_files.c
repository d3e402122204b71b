/* SPDX-License-Identifier: MIT */
/* Single changes of the file system. Each is one rename(), link() or unlink() in the end:
 * whoever looks, and whenever the machine stops, sees the old or the new. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "audit/status.h"
#include "launcher/enable_parts.h"
#include "policy/package.h"

#define ACL "system.posix_acl_access"
#define FILE_MAX ((size_t)1 << 30)	/* bytes: of interpreters the largest have 100 MB */

static bool fail(struct diag *diag, const char *path)
{
	return diag_set(diag, "%s: %s", path, strerror(errno));
}

/* What is new has this name until it is whole. One that was left behind by a kill goes. */
static bool fresh_name(const char *path, char fresh[PATH_MAX], struct diag *diag)
{
	if (snprintf(fresh, PATH_MAX, "%s.pypy-isolate-new", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return fail(diag, path);
	}
	return !unlink(fresh) || errno == ENOENT || fail(diag, fresh);
}

void directory_of(const char *path, char directory[PATH_MAX])
{
	snprintf(directory, PATH_MAX, "%.*s", (int)(package_file_name(path) - path), path);
}

/* That a name is on the disk is a matter of its directory. */
static void sync_directory(const char *path)
{
	char directory[PATH_MAX];
	int fd;

	directory_of(path, directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

bool bytes_read(struct bytes *bytes, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct status status;
	size_t got = 0;
	ssize_t now = 1;

	*bytes = (struct bytes){ 0 };
	if (fd < 0)
		return false;
	errno = EINVAL;
	if (status_of_descriptor(fd, &status) && status.is_regular && status.size < FILE_MAX)
		bytes->bytes = malloc(status.size + 1);
	while (bytes->bytes && got < status.size && now > 0) {
		now = read(fd, bytes->bytes + got, status.size - got);
		got += now > 0 ? (size_t)now : 0;
	}
	close(fd);
	if (!bytes->bytes || now < 0) {
		free(bytes->bytes);
		bytes->bytes = NULL;
		return false;
	}
	bytes->bytes[got] = '\0';
	bytes->size = got;
	return true;
}

bool attributes_of(const char *path, struct attributes *attributes, bool *is_link)
{
	struct statx info;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &info))
		return false;
	*attributes = (struct attributes){
		.mode = info.stx_mode & 07777, .owner = info.stx_uid, .group = info.stx_gid,
	};
	*is_link = S_ISLNK(info.stx_mode);
	if (*is_link)
		return true;
	attributes->acl_size = getxattr(path, ACL, attributes->acl, sizeof attributes->acl);
	return attributes->acl_size >= 0 || errno == ENODATA || errno == ENOTSUP;
}

bool exists(const char *path)
{
	struct status status;

	return status_of_entry(path, &status);
}

bool is_same_file(const char *one, const char *other)
{
	struct status a, b;

	return status_of_entry(one, &a) && status_of_entry(other, &b) &&
	       identity_equal(a.identity, b.identity);
}

static bool write_all(int fd, const struct bytes *bytes)
{
	size_t done = 0;

	while (done < bytes->size) {
		ssize_t now = write(fd, bytes->bytes + done, bytes->size - done);

		if (now < 0 && errno != EINTR)
			return false;
		done += now > 0 ? (size_t)now : 0;
	}
	return true;
}

static bool fill(int fd, const struct bytes *bytes, const struct attributes *attributes)
{
	return write_all(fd, bytes) &&
	       ((attributes->owner == geteuid() && attributes->group == getegid()) ||
		!fchown(fd, attributes->owner, attributes->group)) &&
	       (attributes->acl_size <= 0 ||
		!fsetxattr(fd, ACL, attributes->acl, (size_t)attributes->acl_size, 0)) &&
	       /* With a list its upper bound, the mask, is what the mode has for the group. */
	       !fchmod(fd, attributes->mode) && !fsync(fd);
}

bool file_put(const char *path, const struct bytes *bytes, const struct attributes *attributes,
	      struct diag *diag)
{
	char fresh[PATH_MAX];
	bool good;
	int fd;

	if (!fresh_name(path, fresh, diag))
		return false;
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(diag, fresh);
	good = fill(fd, bytes, attributes) || fail(diag, fresh);
	close(fd);
	if (good && rename(fresh, path))
		good = fail(diag, path);
	if (!good)
		unlink(fresh);
	else
		sync_directory(path);
	return good;
}

bool file_keep(const char *path, const char *as, struct diag *diag)
{
	char fresh[PATH_MAX];

	if (is_same_file(path, as))
		return true;
	if (!fresh_name(path, fresh, diag))
		return false;
	if (link(path, fresh))
		return fail(diag, path);
	if (rename(fresh, as))
		return fail(diag, as);
	sync_directory(as);
	return true;
}

/* rename() of two names of one file does nothing. */
bool file_move(const char *path, const char *to, struct diag *diag)
{
	if (is_same_file(path, to))
		return file_remove(path, diag);
	if (rename(path, to))
		return fail(diag, path);
	sync_directory(to);
	return true;
}

bool file_remove(const char *path, struct diag *diag)
{
	if (unlink(path) && errno != ENOENT)
		return fail(diag, path);
	sync_directory(path);
	return file_tidy(path, diag);
}

bool file_tidy(const char *path, struct diag *diag)
{
	char fresh[PATH_MAX];

	/* What has no room for the longer name can have left none. */
	return fresh_name(path, fresh, diag) || errno == ENAMETOOLONG;
}
