/* SPDX-License-Identifier: MIT */
/* The stack that the kernel has made -> environment and auxiliary vector.
 *
 * ld.so tells an audit module neither. It has a symbol for the place, __libc_stack_end, but
 * to be bound to that the module would have to need ld.so, which costs a search and a
 * stand-in for it. So the symbol is looked up here: in the table of the object that has
 * called us, which begins some pages below the call. At the place stand argc, argv, NULL,
 * envp, NULL, and pairs of words up to AT_NULL, as every psABI has it. */
#include "audit/libc/start.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/object.h"

#define PAGE		((uintptr_t)4096)	/* the smallest there is */
#define PAGE_LARGEST	(16 * PAGE)
#define PAGES_MAX	1024	/* from a call to the start of ld.so, which has some fifty */

char **environ;
static const ElfW(auxv_t) *auxiliary;

/* Between the segments of an object can be holes. EINVAL: within a larger page. The advice
 * is what holds for all that ld.so and the kernel map; mincore(2), which is made for the
 * question, is not among systemd's @system-service. */
static bool is_mapped(uintptr_t page)
{
	for (uintptr_t size = PAGE; size <= PAGE_LARGEST; size *= 4) {
		if (madvise((void *)(page & -size), 1, MADV_NORMAL) == 0)
			return true;
		if (errno != EINVAL)
			break;
	}
	return false;
}

/* The lowest page from which all up to this one is known to be mapped; above it: it is not.
 * Most often one question tells it of a whole ld.so. */
static uintptr_t mapped_from(uintptr_t page)
{
	uintptr_t start = (page & -PAGE_LARGEST) - 2 * PAGE_LARGEST;

	if (madvise((void *)start, page + PAGE - start, MADV_NORMAL) == 0)
		return start;
	return is_mapped(page) ? page : page + PAGE;
}

/* Is it the header of an object that has the address in a segment? */
static const ElfW(Ehdr) *header_at(uintptr_t page, uintptr_t address)
{
	const ElfW(Ehdr) *ehdr = (const void *)page;
	const ElfW(Phdr) *phdr = (const void *)(page + sizeof *ehdr);

	if (memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0 || ehdr->e_type != ET_DYN ||
	    ehdr->e_phoff != sizeof *ehdr)
		return NULL;
	for (size_t i = 0; i < ehdr->e_phnum; i++)
		if (phdr[i].p_type == PT_LOAD &&
		    address - page - phdr[i].p_vaddr < phdr[i].p_memsz)
			return ehdr;
	return NULL;
}

static const ElfW(Ehdr) *header_below(uintptr_t address)
{
	uintptr_t page = address & -PAGE, mapped = page + PAGE;
	const ElfW(Ehdr) *found = NULL;

	for (size_t i = 0; !found && i < PAGES_MAX; i++, page -= PAGE) {
		if (page < mapped)
			mapped = mapped_from(page);
		if (page >= mapped)
			found = header_at(page, address);
	}
	return found;
}

static void *const *stack_end(const ElfW(Ehdr) *ehdr)
{
	const ElfW(Phdr) *phdr = (const void *)(ehdr + 1);
	struct link_map map = { .l_addr = (uintptr_t)ehdr };

	for (size_t i = 0; i < ehdr->e_phnum; i++)
		if (phdr[i].p_type == PT_DYNAMIC)
			map.l_ld = (void *)((uintptr_t)ehdr + phdr[i].p_vaddr);
	return map.l_ld ? object_address(&(struct object){ .map = &map }, "__libc_stack_end")
			: NULL;
}

static const ElfW(auxv_t) *find_auxiliary(unsigned long type)
{
	const ElfW(auxv_t) *each = auxiliary;

	while (each && each->a_type != AT_NULL && each->a_type != type)
		each++;
	return each && each->a_type == type ? each : NULL;
}

/* In a privileged process ld.so has taken variables out, and moved what follows: more than
 * one NULL stands at the end then. */
static const void *after_environment(char **each)
{
	while (*each)
		each++;
	while (!*each)
		each++;
	return each;
}

bool libc_start(const void *caller)
{
	const ElfW(Ehdr) *ehdr = header_below((uintptr_t)caller);
	void *const *end = ehdr ? stack_end(ehdr) : NULL;
	const uintptr_t *start = end ? *end : NULL;

	if (!start)
		return false;
	environ = (char **)(start + 1 + *start + 1);
	auxiliary = after_environment(environ);
	/* Whom to trust depends on it, so that it is the right thing must be seen. */
	return find_auxiliary(AT_SECURE) && getauxval(AT_PAGESZ) >= PAGE &&
	       getauxval(AT_PHENT) == sizeof(ElfW(Phdr));
}

char *getenv(const char *name)
{
	size_t length = strlen(name);

	for (char **each = environ; each && *each; each++)
		if (strncmp(*each, name, length) == 0 && (*each)[length] == '=')
			return *each + length + 1;
	return NULL;
}

unsigned long getauxval(unsigned long type)
{
	const ElfW(auxv_t) *found = find_auxiliary(type);

	return found ? found->a_un.a_val : 0;
}
