#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Symbols and needed names -> an ELF object that elf_read(), ld.so and readelf take.

# shellcheck disable=SC2154	# set by the helper

load helper

setup_file() {
  cd "$BATS_TEST_DIRNAME/.." || return
  "${CC:-gcc}" -std=gnu11 -g -O1 -D_GNU_SOURCE -I. -Wall -Wextra -Werror \
    -fsanitize=address,undefined -fno-sanitize-recover=all -o "$BATS_FILE_TMPDIR/imagetest" \
    tests/fixture/imagetest.c audit/elf_*.c audit/image.c policy/diag.c
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# library [GCC-ARGUMENT...]: the C on standard input, as library.so
library() {
  gcc -shared -fPIC -nostdlib -o library.so -x c - "$@"
}

# image SAYS FILE PREFIX [NEEDED...]: the image of FILE is good, and has so many of each.
image() {
  ASAN_OPTIONS=detect_leaks=0 run "$BATS_FILE_TMPDIR/imagetest" "$2" "$PWD/image.so" "${@:3}"
  assert_output "$1"
  assert_success
  run --separate-stderr readelf -aW image.so
  # shellcheck disable=SC2154	# set by run
  assert_equal "$stderr" ''
  refute_output --regexp 'Warning|Error|<corrupt|<unknown'
  assert_success
}

@test "image: of nothing at all" {
  image '1 symbols, 0 found, 0 needed' - ''
}

@test "image: of a library with no symbol, and with one, by either hash table" {
  for style in gnu sysv both; do
    library -Wl,--hash-style=$style <<<''
    image '1 symbols, 0 found, 0 needed' library.so ''
    library -Wl,--hash-style=$style <<<'void one(void) { }'
    image '2 symbols, 1 found, 0 needed' library.so ''
  done
}

@test "image: of thousands of symbols" {
  for i in {1..3000}; do echo "void function_$i(void) { }"; done >many.c
  for style in gnu sysv; do
    library -Wl,--hash-style=$style <many.c
    image '3001 symbols, 3000 found, 0 needed' library.so ''
    image '3001 symbols, 1111 found, 0 needed' library.so function_1
    image '3001 symbols, 0 found, 0 needed' library.so nothing
  done
}

@test "image: of symbols with versions, two of one name" {
  echo 'V1 { global: f; g; }; V2 { global: f; h; } V1;' >map
  library -Wl,--version-script=map <<'C'
__attribute__((symver("f@V1"))) void old(void) { }
__attribute__((symver("f@@V2"))) void new(void) { }
void g(void) { }
void h(void) { }
C
  image '9 symbols, 8 found, 0 needed' library.so ''
  image '9 symbols, 2 found, 0 needed' library.so f
}

@test "image: thread-local and undefined symbols are none, an indirect function is one" {
  library <<'C'
__thread int count;
extern int missing;
int *get(void) { return &missing + count; }
static void plain(void) { }
static void (*choose(void))(void) { return plain; }
void chosen(void) __attribute__((ifunc("choose")));
C
  image '6 symbols, 2 found, 0 needed' library.so ''
}

@test "image: of libraries that others made, and libc" {
  local libc
  libc=$(ldd /bin/true | sed -n 's/.*libc.so.6 => \([^ ]*\) .*/\1/p')
  image "$(symbols_of "$libc") symbols, $(functions_of "$libc") found, 0 needed" "$libc" ''
}

# symbols_of FILE: in its dynamic symbol table
symbols_of() {
  readelf --dyn-syms -W "$1" | grep -cE '^ +[0-9]+:'
}

# functions_of FILE: those that are defined here, and not thread-local
functions_of() {
  readelf --dyn-syms -W "$1" | awk '/^ +[0-9]+:/ && $4 != "TLS" && $7 != "UND"' | wc -l
}

@test "image: needed names, in their order, and 5,000 of them" {
  image '1 symbols, 0 found, 3 needed' - '' libm.so.6 libc.so.6 libm.so.6
  library <<<'void one(void) { }'
  # shellcheck disable=SC2046	# each is a word
  image '2 symbols, 1 found, 5000 needed' library.so '' $(printf 'libm.so.6 libc.so.6 %.0s' {1..2500})
}

@test "image: what is beside the truth in a file is not copied" {
  # How many names a version has, which nobody reads; and the version of no symbol.
  echo 'V1 { global: f; }; V2 { global: g; } V1;' >map
  library -Wl,--version-script=map -Wl,-z,noseparate-code <<<'void f(void) { } void g(void) { }'
  "$root/tests/fixture/poke" library.so 'DT_VERDEF[17]:2' 1000 'DT_VERDEF[31]:2' 0
  "$root/tests/fixture/poke" library.so 'DT_VERSYM[0]:2' 3
  image '5 symbols, 4 found, 0 needed' library.so ''
}

@test "image: a hash table is copied to its end, not to that of the symbols" {
  # A relocation is of symbol 1,500; the hash table, at the end of the file, knows none.
  library -s -Wl,-z,noseparate-code <<'C'
int i, *p = &i;
const long symbols[5000] = { 0 };
unsigned hash[] = { 1, 1, 1, 0, 0, 0, 0 };
C
  "$root/tests/fixture/poke" library.so DT_SYMTAB "$(address symbols)" \
    DT_GNU_HASH "$(address hash)" 'DT_RELA[3]' 1500
  image '1 symbols, 0 found, 0 needed' library.so ''
}

# address NAME: of a symbol in library.so
address() {
  echo $((16#$(nm -D library.so | sed -n "s/ [A-Z] $1\$//p")))
}
