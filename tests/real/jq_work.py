# SPDX-License-Identifier: MIT
"""jq and oniguruma linked in."""
import jq

data = {"a": [{"n": 1, "s": "o"}, {"n": 2, "s": "two"}]}
print(jq.compile(".a[] | select(.n > 1) | .s | test(\"^t\")").input_value(data).all())
print(jq.compile("[range(1000)] | map(. * .) | add").input_value(None).first())
print(jq.compile("@base64, (now | type)").input_value("isolate").all())
for bad in (".[", "error(\"x\")"):
    try:
        jq.compile(bad).input_value(None).first()
    except ValueError as error:
        print("error", str(error).splitlines()[0])
