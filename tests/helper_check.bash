# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of `check` with objects made here.
#
# ./host stands for an interpreter: it has a name of the C API, is linked to what is in
# base/, and opens its argument. What a module brings is in own/. `agrees` states that check
# says of each reference of ./module.so what ld.so does.

# Bats sets output, stderr, status and lines; files call the functions with arguments.
# shellcheck disable=SC2154,SC2120

load helper

# library FILE [GCC-ARGUMENT...]: the C on standard input; its SONAME is its name.
library() {
  mkdir -p "$(dirname "$1")"
  gcc -shared -fPIC -O1 -Wl,-soname,"${1##*/}" -Wl,--no-as-needed -o "$1" -x c - -x none \
    -Wl,-rpath,"$PWD/$(dirname "$1")" "${@:2}"
}

# host [GCC-ARGUMENT...]: is linked to the libraries named.
host() {
  gcc -o host -rdynamic -Wl,--no-as-needed -x c - -x none -Wl,-rpath,"$PWD/base" "$@" <<'C'
#include <dlfcn.h>
#include <stdio.h>
void *PyImport_ImportModule(const char *name) { return (void *)name; }
int main(int argc, char **argv)
{
	if (dlopen(argv[1], RTLD_NOW))
		return 0;
	printf("%s\n", dlerror());
	return argc;
}
C
}

# module [GCC-ARGUMENT...]: the C on standard input, with what it needs in own/.
module() {
  gcc -shared -fPIC -O1 -o module.so -Wl,--no-as-needed,--allow-shlib-undefined -x c - -x none \
    -Wl,-rpath,"$PWD/own" "$@"
}

checked() {
  run --separate-stderr "$built/pypy-isolate" check -i /usr/bin/python3 --embedder ./host "$@"
}

# FROM SYMBOL VERSION TO of ld.so, without what the host's own libraries refer to.
its_bindings() {
  LD_BIND_NOW=1 LD_DEBUG=bindings ./host "$PWD/module.so" 2>&1 |
    sed -nE "s/.*binding file (.*) \[0\] to (.*) \[0\]: [a-z]+ symbol \`([^']*)'( \[(.*)\])?\$/\1 \3 \5 \2/p" |
    awk -v here="$PWD" '{ if (NF == 3) { $4 = $3; $3 = "-" }
      if ($4 == "./host") $4 = here "/host"
      if (index($1, here "/") == 1 && index($1, here "/base/") != 1 && $1 != here "/host") print }' |
    sort -u
}

our_bindings() {
  awk -F '\t' 'NF == 6 && $4 != "-" { print $1, $2, $3, $4 }' | sort -u
}

# agrees: on all bindings of module.so, of which there are some.
agrees() {
  checked --bindings module.so
  our_bindings <<<"$output" >ours
  its_bindings >its
  run diff its ours
  assert_output ''
  [ -s its ] || fail "nothing was bound"
}

# binds SYMBOL PLAIN ISOLATED KIND: what check says of a symbol that module.so refers to,
# by the names of the files; and ld.so agrees.
binds() {
  agrees
  checked --bindings module.so
  assert_equal "$(awk -F '\t' -v symbol="$1" '$1 ~ /module.so$/ && $2 == symbol {
    sub(".*/", "", $4); sub(".*/", "", $5); print $4, $5, $6 }' <<<"$output" | sort -u)" "$2 $3 $4"
}
