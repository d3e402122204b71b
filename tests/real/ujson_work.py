# SPDX-License-Identifier: MIT
"""JSON; double-conversion is C++ inside."""
import ujson

data = {"a": [1, 2.5, None, True, "\u00e9\U0001f600"], "b": {"c": -(2 ** 63), "d": 1e-7}}
print(ujson.__version__)
print(ujson.dumps(data, sort_keys=True), ujson.loads(ujson.dumps(data)) == data)
print(len(ujson.dumps([data] * 2000)))
for bad in ("[1,", "{'a'}"):
    try:
        ujson.loads(bad)
    except ujson.JSONDecodeError as error:
        print("error", error)
