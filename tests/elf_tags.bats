#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tags of the dynamic section, one by one: which need another, which are texts, which are
# tables and arrays; and more of everything than there may be.
# shellcheck disable=SC2030,SC2031,SC2154	# each test is a subshell; run sets output, status, lines

load helper_elf

NOBODYS=0x6ffffd00	# a tag that nobody reads

setup_file() {
  elf_begin
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$root/tests/fixture:$BATS_FILE_TMPDIR:$PATH
}

@test "elf: tags that few modules have need their others, too" {
  poked DT_STRSZ.tag $NOBODYS 'no string table'
  poked DT_JMPREL.tag $NOBODYS DT_PLTREL.tag $NOBODYS 'DT_PLTRELSZ without DT_PLTREL'
  rm good.so
  build -nostdlib -Wl,-z,pack-relative-relocs <<<'static int i; int *p[9] = { &i, &i };'
  mv module.so good.so
  poked DT_RELRSZ.tag $NOBODYS 'DT_RELR without DT_RELRSZ'
  poked DT_RELRENT.tag $NOBODYS 'DT_RELR without DT_RELRENT'
  rm good.so
  echo 'V1 { global: f; };' >map
  build -nostdlib -Wl,--version-script=map <<<'void f(void) { }'
  mv module.so good.so
  poked DT_VERSYM.tag $NOBODYS 'DT_VERDEF without DT_VERSYM'
}

@test "elf: each text is in the string table" {
  local tag name
  while read -r tag name; do
    poked DT_FINI size DT_FINI.tag "$tag" "$name outside of the string table"
  done <<'TAGS'
1 DT_NEEDED
14 DT_SONAME
15 DT_RPATH
29 DT_RUNPATH
0x7ffffffd DT_AUXILIARY
0x7fffffff DT_FILTER
0x6ffffefc DT_AUDIT
0x6ffffefb DT_DEPAUDIT
0x6ffffefa DT_CONFIG
TAGS
}

@test "elf: a name can be too long, a list of directories cannot" {
  local long
  long=$(printf '/long%.0s' {1..1000})
  build -Wl,-soname,"$long" <<<'int i;'
  mv module.so good.so
  poked DT_SONAME.tag 14 'DT_SONAME too long'
  poked DT_SONAME.tag 0x7ffffffd 'DT_AUXILIARY too long'
  poked DT_SONAME.tag 0x7fffffff 'DT_FILTER too long'
  poked DT_SONAME.tag 0x6ffffefc 'DT_AUDIT too long'
  poked DT_SONAME.tag 0x6ffffefb 'DT_DEPAUDIT too long'
  poked DT_SONAME.tag 0x6ffffefa 'DT_CONFIG too long'
  for tag in 15 29; do
    cp good.so module.so
    poke module.so DT_SONAME.tag $tag
    accepted
  done
}

@test "elf: a dynamic section has no more entries than ld.so can count" {
  build -nostdlib -Wl,-z,norelro <<<'char data[1 << 21] = { 1 };'
  mv module.so good.so
  poked DYNAMIC.p_memsz 0x100000 DYNAMIC.p_filesz 0x100000 'dynamic section too large'
  cp good.so module.so
  poke module.so DYNAMIC.p_memsz 0xffff0 DYNAMIC.p_filesz 0xffff0
  accepted
}

@test "elf: no more PT_LOADs than we count" {
  build -nostdlib <<<'int i;'
  python3 - <<'PY'
import struct
with open("module.so", "rb") as file:
    data = file.read()
data += bytes(-len(data) % 8)
loads = b"".join(struct.pack("<IIQQQQQQ", 1, 4, 0, n << 20, n << 20, 64, 64, 4096)
                 for n in range(65))
data = data[:32] + struct.pack("<Q", len(data)) + data[40:56] + b"\x41\0" + data[58:] + loads
with open("module.so", "wb") as file:
    file.write(data)
PY
  refused 'too many PT_LOADs'
  poke module.so e_phnum 64
  refused 'object file has no dynamic section'
}

@test "elf: tables of relocations and arrays of functions are in the file, each" {
  poked DT_JMPREL 0x100000 'DT_JMPREL out of bounds'
  poked DT_INIT_ARRAY.tag 32 DT_INIT_ARRAYSZ.tag 33 DT_PREINIT_ARRAY 0x100000 \
    'DT_PREINIT_ARRAY out of bounds'
}

@test "elf: entries of all arrays are functions, and filled in" {
  poked "DT_RELA[$(rela_of DT_FINI_ARRAY)]:8" 0 'DT_FINI_ARRAY entry is no function'
  # Its relocation is of another word.
  local first
  first=$(value 'DT_RELA[0]:8')
  poked "DT_RELA[$(($(rela_of DT_FINI_ARRAY) - 2))]:8" "$first" \
    'DT_FINI_ARRAY entry without a relocation'
  poked DT_INIT_ARRAY.tag 32 DT_INIT_ARRAYSZ.tag 33 'DT_RELA[3]:8' "$first" \
    'DT_PREINIT_ARRAY entry without a relocation'
}

# rela_of TAG: the word of DT_RELA that is the addend for what TAG points to
rela_of() {
  local n at
  [ -e good.so ] || { module && cp module.so good.so; }
  cp good.so module.so
  at=$(value "$1")
  for n in {0..9}; do
    [ "$(value "DT_RELA[$((3 * n))]:8")" != "$at" ] || echo $((3 * n + 2))
  done
}
