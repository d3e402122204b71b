# SPDX-License-Identifier: MIT
"""A WSGI application: runs the script that the query names, with the words after it as its
arguments, and answers what it printed, or its error. The header Worker is the process."""
import contextlib
import io
import os
import runpy
import sys
import urllib.parse


def run(script, *arguments):
    sys.argv = [script, *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            runpy.run_path(script, run_name="__main__")
        except Exception as error:
            print(type(error).__name__, error)
    return printed.getvalue()


def application(environ, start_response):
    text = run(*urllib.parse.unquote_plus(environ["QUERY_STRING"]).split()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text))),
                              ("Worker", str(os.getpid())), ("Connection", "close")])
    return [text]
