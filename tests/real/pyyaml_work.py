# SPDX-License-Identifier: MIT
"""YAML by the system's libyaml."""
import yaml

print(yaml.__version__, yaml.__with_libyaml__, yaml._yaml.get_version_string())
data = {"a": [1, 2.5, None, True], "b": {"c": "\u00e9 text", "d": "line\nline\n"}}
text = yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True)
print(text, yaml.load(text, Loader=yaml.CSafeLoader) == data)
print(len(yaml.load(text * 0 + "- x\n" * 3000, Loader=yaml.CSafeLoader)))
try:
    yaml.load("a: [1, 2", Loader=yaml.CSafeLoader)
except yaml.YAMLError as error:
    print("error", str(error).splitlines()[0])
