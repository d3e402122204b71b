/* SPDX-License-Identifier: MIT */
/* The extension module whose imports and calls are measured. It needs libc and
 * nothing else, so all that its import costs more under isolation is ours.
 *
 * It answers to many names: copies of one file are different modules. */
#include <Python.h>
#include <stdlib.h>

static PyObject *nothing(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	Py_RETURN_NONE;
}

/* api(n): n times two functions of the C API and one of its data. */
static PyObject *api(PyObject *self, PyObject *count)
{
	long n = PyLong_AsLong(count);

	(void)self;
	for (long i = 0; i < n; i++) {
		PyErr_SetNone(PyExc_ValueError);
		PyErr_Clear();
	}
	Py_RETURN_NONE;
}

/* heap(n): n times malloc and free. */
static PyObject *heap(PyObject *self, PyObject *count)
{
	long n = PyLong_AsLong(count);

	(void)self;
	for (long i = 0; i < n; i++) {
		void *volatile block = malloc(i & 255);

		free(block);
	}
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "nothing", nothing, METH_NOARGS, NULL },
	{ "api", api, METH_O, NULL },
	{ "heap", heap, METH_O, NULL },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT, "module", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

#define ANSWERS_TO(name) \
	PyMODINIT_FUNC PyInit_##name(void) { return PyModule_Create(&definition); }

ANSWERS_TO(first)
ANSWERS_TO(later0)
ANSWERS_TO(later1)
ANSWERS_TO(later2)
ANSWERS_TO(later3)
ANSWERS_TO(later4)
ANSWERS_TO(later5)
ANSWERS_TO(later6)
ANSWERS_TO(later7)
