/* SPDX-License-Identifier: MIT */
#ifndef PYPY_ISOLATE_VERSION_H
#define PYPY_ISOLATE_VERSION_H

#define PYPY_ISOLATE_VERSION "0.1.0"

#endif
