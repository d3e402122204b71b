/* SPDX-License-Identifier: MIT */
/* Names -> the entries that callers get instead of the real functions. */
#include "audit/route.h"

#include <string.h>

#include "audit/process.h"

static const struct route {
	const char *name;
	void (*outside)(void);	/* what the interpreter calls instead; NULL: the real one */
	void (*inside)(void);	/* what modules call instead; NULL: the real one */
	void *const *real;
	void (*found)(void);	/* what libc's symbol table has instead; NULL: the real one */
} routes[] = {
	{ "dlopen", stub_dlopen, stub_dlopen_inside, (void *const *)&process.base.dlopen,
	  stub_dlopen_found },
	{ "dlmopen", stub_dlmopen, stub_dlmopen_inside, (void *const *)&process.base.dlmopen,
	  NULL },
	{ "dlerror", stub_dlerror, stub_dlerror, (void *const *)&process.base.dlerror, NULL },
	{ "dlsym", stub_dlsym, stub_dlsym_inside, (void *const *)&process.base.dlsym, NULL },
	{ "dlvsym", stub_dlvsym, NULL, (void *const *)&process.base.dlvsym, NULL },
	{ "dl_iterate_phdr", stub_iterate, stub_iterate,
	  (void *const *)&process.base.dl_iterate_phdr, NULL },
};

#define ROUTES (sizeof routes / sizeof *routes)

const char *route_name(size_t n)
{
	return n < ROUTES ? routes[n].name : NULL;
}

static const struct route *find(const char *name)
{
	/* Asked for every symbol that the interpreter binds; most fail here. */
	if (name[0] != 'd' || name[1] != 'l')
		return NULL;
	for (size_t i = 0; i < ROUTES; i++)
		if (strcmp(routes[i].name, name) == 0)
			return &routes[i];
	return NULL;
}

uintptr_t route_outside(const char *name)
{
	const struct route *route = find(name);

	return route ? (uintptr_t)route->outside : 0;
}

uintptr_t route_inside(const char *name)
{
	const struct route *route = find(name);

	return route ? (uintptr_t)route->inside : 0;
}

uintptr_t route_real(const char *name)
{
	const struct route *route = find(name);

	return route ? (uintptr_t)*route->real : 0;
}

uintptr_t route_found(const char *name)
{
	const struct route *route = find(name);

	return route ? (uintptr_t)route->found : 0;
}
