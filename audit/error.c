/* SPDX-License-Identifier: MIT */
/* What dlerror() will say of our own refusals: thread -> text.
 *
 * The hard thing is that there is neither a lock nor thread-local storage. A
 * thread claims an entry with one compare-and-swap and keeps it, for its caller
 * goes on reading a text that has been taken; entries of threads whose text has
 * been taken are the first to be given away. */
#include "audit/error.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define ENTRIES 16

static struct entry {
	pid_t thread;		/* 0: free */
	bool is_unread;
	struct diag diag;
} entries[ENTRIES];

static unsigned count;		/* of all errors ever: "none" is the usual case */

static pid_t this_thread(void)
{
	return syscall(SYS_gettid);
}

static struct entry *entry_of(pid_t thread)
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (__atomic_load_n(&entries[i].thread, __ATOMIC_ACQUIRE) == thread)
			return &entries[i];
	return NULL;
}

/* An entry that is free, or whose thread has read its text. */
static struct entry *claim(pid_t me)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < ENTRIES; i++) {
			struct entry *entry = &entries[i];
			pid_t owner = __atomic_load_n(&entry->thread, __ATOMIC_ACQUIRE);

			if (pass == 0 ? owner != 0 : entry->is_unread)
				continue;
			if (__atomic_compare_exchange_n(&entry->thread, &owner, me, false,
							__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
				return entry;
		}
	}
	return NULL;
}

void error_set(const struct diag *diag)
{
	unsigned turn = __atomic_fetch_add(&count, 1, __ATOMIC_ACQ_REL);
	pid_t me = this_thread();
	struct entry *mine = entry_of(me);

	if (!mine)
		mine = claim(me);
	if (!mine) {
		mine = &entries[turn % ENTRIES];
		__atomic_store_n(&mine->thread, me, __ATOMIC_RELEASE);
	}
	mine->diag = *diag;
	mine->is_unread = true;
}

static struct entry *mine_unread(void)
{
	struct entry *mine = NULL;

	if (__atomic_load_n(&count, __ATOMIC_ACQUIRE))
		mine = entry_of(this_thread());
	return mine && mine->is_unread ? mine : NULL;
}

void error_clear(void)
{
	struct entry *mine = mine_unread();

	if (mine)
		mine->is_unread = false;
}

const char *error_take(void)
{
	struct entry *mine = mine_unread();

	if (!mine)
		return NULL;
	mine->is_unread = false;
	return mine->diag.text;
}
