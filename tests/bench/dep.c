/* SPDX-License-Identifier: MIT */
/* The library that program and module have each their own of: VERSION tells which. */
int dep_version(void);

int dep_version(void)
{
	return VERSION;
}
