#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Foreign ELF bytes: what elf_read() refuses, in which words, and what it must not.
# Most cases break one field of a good module; fixture/poke knows the fields.
# shellcheck disable=SC2030,SC2031,SC2154	# each test is a subshell; run sets output, status, lines

load helper_elf

setup_file() {
  elf_begin
  local strict=(-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all)
  elf_tool "${strict[@]}" -o poke-all-strict "$root/tests/fixture/poke-all.c" -ldl
  # libm is in every interpreter, so it is in the process that loads.
  elf_tool -o poke-all "$root/tests/fixture/poke-all.c" -ldl -Wl,--no-as-needed -lm
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  PATH=$root/tests/fixture:$BATS_FILE_TMPDIR:$PATH
}

@test "elf: a good module is accepted, with its libraries and symbols" {
  module -Wl,-soname,libfoo.so.1
  run elfread module.so
  assert_success
  assert_output --regexp '^module.so: soname libfoo.so.1, [0-9]+ symbols, needs libm.so.6 libc'
}

@test "elf: symbols are found by either hash table, and only what is defined" {
  for style in gnu sysv both; do
    module -Wl,--hash-style=$style
    run elfread -f module.so PyInit_module names puts nothing
    assert_success
    assert_line --regexp '^PyInit_module [1-9]'
    assert_line --regexp '^names [1-9]'
    assert_line 'puts 0'
    assert_line 'nothing 0'
  done
}

@test "elf: a module is known by its init function" {
  module
  for name in module.so module.pypy39-pp73-x86_64-linux-gnu.so; do
    cp module.so copy && mv copy "$name"
    run elfread -m "$name"
    assert_output module
  done
  cp module.so other.so
  run elfread -m other.so
  assert_output 'no module'
  for name in initmodule _cffi_pypyinit_module; do
    build <<<"void $name(void) { }"
    run elfread -m module.so
    assert_output module
  done
}

# --- the file and its header

@test "elf: an empty file and a cut-off header are too short" {
  : >module.so
  refused 'file too short'
  module
  truncate -s 63 module.so
  refused 'file too short'
}

@test "elf: what is no ELF file has an invalid header" {
  head -c 100 /dev/zero >module.so
  refused 'invalid ELF header'
}

@test "elf: a file for another machine is refused in ld.so's words" {
  poked @4 1 'wrong ELF class: ELFCLASS32'
  poked @5 2 'ELF file data encoding not little-endian'
  poked e_machine 8 "built for another machine, not $(machine)"
}

machine() {
  case $(uname -m) in
    x86_64) echo x86-64 ;;
    *) uname -m ;;
  esac
}

@test "elf: the rest of the header is checked in ld.so's words" {
  poked @6 0 'ELF file version ident does not match current one'
  poked @7 9 'ELF file OS ABI invalid'
  poked @7 0 @8 1 'ELF file ABI version invalid'
  poked @15 1 'nonzero padding in e_ident'
  poked e_version 2 'ELF file version does not match current one'
  poked e_type 1 'only ET_DYN and ET_EXEC can be loaded'
  poked e_type 2 'cannot dynamically load executable'
  poked e_phentsize 32 "ELF file's phentsize not the expected size"
}

@test "elf: a program is no module" {
  gcc -pie -o module.so -x c - <<<'int main(void) { return 0; }'
  refused 'cannot dynamically load position-independent executable'
}

@test "elf: program headers are within the file, and not too many for ld.so's stack" {
  poked e_phoff -1 'program headers out of bounds'
  poked e_phoff size 'program headers out of bounds'
  poked e_phnum 1171 'too many program headers'
  poked e_phnum 0 'object file has no loadable segments'
}

# --- segments

@test "elf: a truncated module is refused, where ld.so would die of SIGBUS" {
  module
  truncate -s "$(value LOAD.3.p_offset)" module.so
  refused 'PT_LOAD past the end of the file: truncated?'
}

@test "elf: PT_LOADs ascend, share no page and stay in bounds" {
  poked LOAD.1.p_vaddr 0 'PT_LOADs overlap or do not ascend'
  poked LOAD.2.p_vaddr +0x10000 'PT_LOADs overlap or do not ascend'
  poked LOAD.0.p_memsz 0x1001 'PT_LOADs overlap or do not ascend'
  poked LOAD.1.p_offset +1 'ELF load command address/offset not page-aligned'
  poked LOAD.3.p_memsz 1 'PT_LOAD with more bytes in the file than in memory'
  poked LOAD.3.p_memsz 0x800000000000 'PT_LOAD too large'
}

@test "elf: thread-local storage has an image, a size and an alignment" {
  poked TLS.p_align 0 'PT_TLS alignment not a power of two'
  poked TLS.p_align 12 'PT_TLS alignment not a power of two'
  poked TLS.p_filesz +100 'PT_TLS size invalid'
  poked TLS.p_filesz 4 TLS.p_vaddr 0x100000 'PT_TLS out of bounds'
  poked TLS.p_memsz 0x7fffffffffff 'PT_TLS size invalid'
  poked TLS.p_type 0 'TLS symbol but no PT_TLS'
}

@test "elf: a static-TLS relocation without PT_TLS, a division by zero in ld.so, is refused" {
  build -ftls-model=initial-exec <<<'static _Thread_local int i; int *f(void) { return &i; }'
  poke module.so TLS.p_type 0
  refused 'TLS relocation but no PT_TLS'
}

@test "elf: read-only after relocation is what the module can write, not others' pages" {
  poked GNU_RELRO.p_memsz 0x100000 'PT_GNU_RELRO outside of writable PT_LOADs'
  poked GNU_RELRO.p_vaddr 0 GNU_RELRO.p_memsz 0x1000 'PT_GNU_RELRO outside of writable PT_LOADs'
  poked GNU_RELRO.p_memsz -0x100000 'PT_GNU_RELRO out of bounds'
}

@test "elf: a property note ends within its segment" {
  build -fcf-protection -Wl,-z,ibt <<<'int i;'
  accepted
  at=$(value GNU_PROPERTY.p_offset)
  poke module.so "@$((at + 7))" 0x10
  refused 'property note out of bounds'
}

@test "elf: notes and unwind tables are in the file" {
  poked NOTE.p_offset size 'PT_NOTE out of bounds'
  poked GNU_EH_FRAME.p_vaddr 0x100000 'PT_GNU_EH_FRAME out of bounds'
}

@test "elf: PT_PHDR, if there is one, tells where the program headers are" {
  module
  poke module.so GNU_STACK.p_type 6 && poke module.so PHDR.p_vaddr 0x40
  accepted
  poke module.so PHDR.p_vaddr 0x80
  refused 'PT_PHDR is not where the program headers are'
  poke module.so PHDR.p_vaddr 0x100000
  refused 'PT_PHDR out of bounds'
}

# --- dynamic section

@test "elf: the dynamic section is in the file and in memory, and ends" {
  poked DYNAMIC.p_offset 0x7fffffffffffffff 'dynamic section out of bounds'
  poked DYNAMIC.p_offset +16 'dynamic section out of bounds'
  poked DYNAMIC.p_vaddr 0x7fffffffffff0000 'dynamic section out of bounds'
  poked DYNAMIC.p_memsz 0x7fffffffffff0000 'dynamic section out of bounds'
  poked DYNAMIC.p_filesz 0 'object file has no dynamic section'
  poked DYNAMIC.p_type 0 'object file has no dynamic section'
  poked DYNAMIC.p_memsz 64 'dynamic section without an end'
}

@test "elf: a dynamic section that ld.so cannot write to is refused" {
  build -Wl,-z,norelro -nostdlib <<<'int f(void) { return 0; }'
  poke module.so LOAD.3.p_flags 4
  refused 'dynamic section not writable'
}

@test "elf: a tag has the tags that ld.so reads with it" {
  poked DT_RELASZ.tag 0x6ffffd00 'DT_RELA without DT_RELASZ'
  poked DT_RELAENT.tag 0x6ffffd00 'DT_RELA without DT_RELAENT'
  poked DT_PLTREL.tag 0x6ffffd00 'DT_JMPREL without DT_PLTREL'
  poked DT_JMPREL.tag 0x6ffffd00 'DT_PLTREL without DT_JMPREL'
  poked DT_PLTRELSZ.tag 0x6ffffd00 'DT_PLTREL without DT_PLTRELSZ'
  poked DT_PLTGOT.tag 0x6ffffd00 'DT_JMPREL without DT_PLTGOT'
  poked DT_INIT_ARRAYSZ.tag 0x6ffffd00 'DT_INIT_ARRAY without DT_INIT_ARRAYSZ'
  poked DT_FINI_ARRAYSZ.tag 0x6ffffd00 'DT_FINI_ARRAY without DT_FINI_ARRAYSZ'
  poked DT_VERSYM.tag 0x6ffffd00 'DT_VERNEED without DT_VERSYM'
  poked DT_STRTAB.tag 0x6ffffd00 'no string table'
  poked DT_SYMTAB.tag 0x6ffffd00 'no symbol table'
  poked DT_GNU_HASH.tag 0x6ffffd00 'no symbol hash table'
}

@test "elf: sizes of entries are what ld.so asserts" {
  poked DT_RELAENT 16 'DT_RELAENT is not 24'
  poked DT_SYMENT 16 'DT_SYMENT is not 24'
  poked DT_PLTREL 17 'DT_PLTREL is not 7'
}

@test "elf: strings are in the string table, which ends in NUL" {
  poked DT_STRTAB 0x100000 'string table out of bounds'
  poked DT_STRSZ 0x7fffffffffffffff 'string table out of bounds'
  poked DT_STRSZ 0 'string table without a final NUL'
  poked DT_STRSZ -1 'string table without a final NUL'
  poked DT_NEEDED size 'DT_NEEDED outside of the string table'
  poked DT_FINI.tag 14 DT_SONAME size 'DT_SONAME outside of the string table'
}

@test "elf: a library name too long for ld.so's stack is refused" {
  build -Wl,--no-as-needed -Wl,-soname,"lib$(printf 'x%.0s' {1..4100}).so" <<<'int i;'
  mv module.so libx.so
  build -Wl,--no-as-needed -x none libx.so <<<'int j;'
  refused 'DT_NEEDED too long'
}

@test "elf: a module that forbids dlopen is refused in ld.so's words" {
  module -Wl,-z,nodlopen
  refused 'shared object cannot be dlopen()ed'
}

@test "elf: of a tag that is there twice the last counts, as in ld.so" {
  module
  poke module.so DT_FINI.tag 5	# before the real DT_STRTAB
  accepted
  poke module.so DT_VERNEEDNUM 0x100000 DT_VERNEEDNUM.tag 5	# after it
  refused 'string table out of bounds'
}

# --- hash tables and symbols

@test "elf: a GNU hash table has a bloom filter and chains that end" {
  poked DT_GNU_HASH 0x100000 'DT_GNU_HASH out of bounds'
  poked 'DT_GNU_HASH[0]' 0x40000000 'DT_GNU_HASH out of bounds'
  poked 'DT_GNU_HASH[1]' 0x1000 'DT_GNU_HASH bucket out of bounds'
  poked 'DT_GNU_HASH[2]' 0 'DT_GNU_HASH bloom filter size not a power of two'
  poked 'DT_GNU_HASH[2]' 3 'DT_GNU_HASH bloom filter size not a power of two'
}

@test "elf: the chains of a GNU hash table end within the file" {
  module
  local last=$(("$(value 'DT_GNU_HASH[1]')" + 0)) buckets bloom
  buckets=$(value 'DT_GNU_HASH[0]')
  bloom=$(value 'DT_GNU_HASH[2]')
  poke module.so "DT_GNU_HASH[$((4 + 2 * bloom + buckets - 1))]" 0x7fffffff
  refused 'DT_GNU_HASH chain out of bounds'
  [ "$last" -gt 0 ]
}

@test "elf: the chains of a SysV hash table end, in the table" {
  module -Wl,--hash-style=sysv
  local buckets
  buckets=$(value 'DT_HASH[0]')
  cp module.so good.so
  poke module.so 'DT_HASH[1]' 0x7fffffff
  refused 'DT_HASH out of bounds'
  cp good.so module.so
  poke module.so 'DT_HASH[2]' 1000
  refused 'DT_HASH chain out of bounds'
  cp good.so module.so
  # Symbol 1 begins a chain and comes after itself: ld.so would never stop.
  poke module.so 'DT_HASH[2]' 1 "DT_HASH[$((2 + buckets + 1))]" 1
  refused 'DT_HASH chain without an end'
}

@test "elf: symbols are in the file, their names in the string table" {
  poked DT_SYMTAB 0x100000 'symbol table out of bounds'
  poked DT_SYMTAB +4 'symbol table out of bounds'
  poked 'DT_SYMTAB[6]' 0x7fffffff 'symbol name outside of the string table'
}

@test "elf: an indirect function, which ld.so calls, is code" {
  build <<'C'
static void plain(void) { }
static void (*choose(void))(void) { return plain; }
void chosen(void) __attribute__((ifunc("choose")));
C
  run elfread -f module.so chosen
  poke module.so "DT_SYMTAB[$((${output#chosen } * 3 + 1))]:8" 0
  refused 'IFUNC symbol outside of the code'
}

@test "elf: two hash tables have the same symbols" {
  module -Wl,--hash-style=both
  poke module.so 'DT_HASH[1]' 3
  refused 'DT_HASH has fewer symbols than DT_GNU_HASH'
}

# --- versions

@test "elf: a symbol has a version that is needed or defined: ld.so has an array of them" {
  poked 'DT_VERSYM[1]:2' 0x77 'DT_VERSYM has a version that nothing defines'
  poked DT_VERSYM 0x100000 'DT_VERSYM out of bounds'
}

@test "elf: needed versions are chained within the file" {
  poked DT_VERNEED 0x100000 'DT_VERNEED out of bounds'
  poked 'DT_VERNEED[0]:2' 2 'unsupported version of Verneed record'
  poked 'DT_VERNEED[2]' 0x7fffff0 'DT_VERNEED out of bounds'
  poked 'DT_VERNEED[3]' 0x7fffff0 'DT_VERNEED out of bounds'
  poked 'DT_VERNEED[1]' 0x7fffff0 'DT_VERNEED name outside of the string table'
}

@test "elf: versions are needed of a DT_NEEDED library, which ld.so asserts" {
  poked 'DT_VERNEED[1]' 0 'versions of , which is no DT_NEEDED'
}

@test "elf: versions of libc and libm need no DT_NEEDED: patchelf can take it away" {
  build -lm <<'C'
#include <math.h>
#include <stdio.h>
double f(double x) { puts(""); return sin(x); }
C
  poke module.so DT_NEEDED.tag 0x6ffffd00 DT_NEEDED.tag 0x6ffffd00
  accepted
  refute_output --partial needs
}

@test "elf: no more versions than there can be indices: a chain may overlap itself" {
  build -Wl,-z,noseparate-code <<'C'
#include <stdio.h>
/* A record at each word: its name is at 4, the next one 4 bytes on. */
const int chain[40000] = { [0 ... 39999] = 4 };
void f(void) { puts(""); }
C
  local chain
  chain=$((16#$(nm module.so | sed -n 's/ R chain//p')))
  poke module.so 'DT_VERNEED[2]' $((chain - $(value DT_VERNEED)))
  refused 'too many versions'
}

@test "elf: defined versions are chained within the file" {
  versioned() {
    echo 'V1 { global: f; }; V2 { global: g; } V1;' >map
    build -Wl,--version-script=map <<<'void f(void) { } void g(void) { }'
  }
  versioned
  accepted
  poke module.so 'DT_VERDEF[0]:2' 2
  refused 'unsupported version of Verdef record'
  versioned
  poke module.so 'DT_VERDEF[4]' 0x7fffff0
  refused 'DT_VERDEF out of bounds'
  versioned
  poke module.so "DT_VERDEF[5]" 0x7fffff0
  refused 'DT_VERDEF name outside of the string table'
}

# --- relocations and functions

@test "elf: relocations are in the file, in whole" {
  poked DT_RELA 0x100000 'DT_RELA out of bounds'
  poked DT_RELASZ -8 'DT_RELA not a multiple of 24 bytes'
  poked DT_PLTRELSZ -8 'DT_JMPREL not a multiple of 24 bytes'
  poked DT_RELACOUNT +1000 'DT_RELACOUNT past the end of DT_RELA'
  poked DT_RELACOUNT +1 "unexpected reloc type 0x10 in DT_RELA"
}

@test "elf: a relocation has a type that ld.so knows, and writes to data" {
  poked 'DT_JMPREL[1]:8' 0x100000001b 'unexpected reloc type 0x1b in DT_JMPREL'
  poked 'DT_JMPREL[0]:8' 0x1000 'relocation outside of writable data'
  poked 'DT_RELA[0]:8' 0 'relocation outside of writable data'
  poked DT_PLTGOT 0 'DT_PLTGOT outside of writable data'
}

@test "elf: a relocation does not change what ld.so still reads" {
  module
  poke module.so 'DT_JMPREL[0]:8' "$(value DYNAMIC.p_vaddr)"
  refused 'relocation outside of writable data'
}

@test "elf: a relocation is of a symbol that there is" {
  poked 'DT_JMPREL[3]' 0x7fffff 'symbol table out of bounds'
  module -Wl,--hash-style=sysv
  poke module.so 'DT_JMPREL[3]' 0x7fffff
  refused 'relocation of a symbol that DT_HASH has not'
}

@test "elf: what ld.so calls is code" {
  poked DT_INIT 0 'DT_INIT outside of the code'
  poked DT_FINI "$((1 << 40))" 'DT_FINI outside of the code'
  poked 'DT_RELA[2]:8' 0 'DT_INIT_ARRAY entry is no function'
  poked DT_INIT_ARRAYSZ +8 'DT_INIT_ARRAY entry without a relocation'
  poked DT_INIT_ARRAY 0x100000 'DT_INIT_ARRAY out of bounds'
  poked DT_FINI_ARRAY 0x100000 'DT_FINI_ARRAY out of bounds'
}

@test "elf: an entry of DT_INIT_ARRAY that no relocation fills in is refused" {
  module
  # Both of the first relocations are the first entry's.
  poke module.so 'DT_RELA[3]:8' "$(value 'DT_RELA[0]:8')"
  refused 'DT_INIT_ARRAY entry without a relocation'
}

@test "elf: an indirect function of the module's own is code, too" {
  build -nostdlib <<'C'
static void plain(void) { }
static void (*choose(void))(void) { return plain; }
static void chosen(void) __attribute__((ifunc("choose")));
void f(void) { chosen(); }
C
  accepted
  poke module.so 'DT_JMPREL[2]:8' 0
  refused 'IRELATIVE relocation to what is no function'
}

@test "elf: the size of a weak symbol that nobody defines, at NULL for ld.so, is refused" {
  build -nostdlib <<<'__asm__(".data; .weak w; .quad w@SIZE; .globl g; .quad g@SIZE");'
  refused 'SIZE relocation of a weak symbol'
}

@test "elf: initializers of a program are checked as well: ld.so calls a module's" {
  poked DT_INIT_ARRAY.tag 32 DT_INIT_ARRAYSZ.tag 33 'DT_RELA[2]:8' 0 \
    'DT_PREINIT_ARRAY entry is no function'
}

@test "elf: what old versions of ld.so write for TLS descriptors is data" {
  build -mtls-dialect=gnu2 <<<'_Thread_local int i; int f(void) { return i; }'
  accepted
  poke module.so DT_TLSDESC_GOT 0
  refused 'DT_TLSDESC_GOT outside of writable data'
}

@test "elf: packed relative relocations are followed" {
  relr() {
    build -nostdlib -Wl,-z,pack-relative-relocs \
      <<<'static int i; int *p[200] = { [0 ... 199] = &i };'
  }
  relr
  accepted
  poke module.so DT_RELR 0x100000
  refused 'DT_RELR out of bounds'
  relr
  poke module.so DT_RELRSZ -4
  refused 'DT_RELRSZ not a multiple of 8'
  relr
  poke module.so DT_RELRENT 4
  refused 'DT_RELRENT is not 8'
  relr
  poke module.so 'DT_RELR[0]:8' 3
  refused 'DT_RELR begins with a bitmap'
  relr
  poke module.so 'DT_RELR[0]:8' 0x100000
  refused 'relocation outside of writable data'
}

# --- odd, but good

@test "elf: a module without section headers is accepted" {
  module
  poke module.so e_shoff 0 e_shnum 0 e_shstrndx 0
  accepted
}

@test "elf: other layouts are accepted" {
  # shellcheck disable=SC2054	# commas for the linker
  local options=(-Wl,-z,norelro -Wl,-z,noseparate-code -Wl,-z,max-page-size=0x200000
    -Wl,-z,now -Wl,-z,execstack -s -Wl,--hash-style=sysv -Wl,--hash-style=both
    -nostartfiles -Wl,-z,initfirst -Wl,-Bsymbolic -Wl,--build-id=none -fuse-ld=gold)
  for option in "${options[@]}"; do
    echo "$option"
    module "$option"
    accepted
    run elfread -f module.so PyInit_module
    assert_output --regexp '^PyInit_module [1-9]'
  done
}

@test "elf: a module of nothing but zeros, and one of nothing at all, are accepted" {
  build -nostdlib <<<'char zeros[1 << 24];'
  accepted
  build -nostdlib <<<''
  accepted
}

@test "elf: text relocations are accepted" {
  build -nostdlib -Wl,-z,notext -Wl,-z,norelro <<'C'
int i;
__asm__(".text; .globl f; f: .quad i");
C
  run readelf -d module.so
  assert_output --partial TEXTREL
  accepted
}

@test "elf: empty thread-local storage and empty notes are accepted" {
  module
  poke module.so GNU_STACK.p_type 7 && accepted
  module
  poke module.so GNU_STACK.p_type 4 && accepted
}

@test "elf: everything in /usr/lib that is for this machine is accepted" {
  cd / || return
  find /usr/lib -name '*.so*' -type f -exec file -N {} + |
    sed -n 's/: *ELF.*shared object.*//p' >"$BATS_TEST_TMPDIR/files"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/files")" -gt 100 ]
  run xargs -a "$BATS_TEST_TMPDIR/files" -d '\n' elfread
  run grep -v ': soname .* symbols\|wrong ELF class\|another machine' <<<"$output"
  assert_output ''
}

# --- all of it

# counted WORDS: the number before them in poke-all's report
counted() {
  sed -n "s/.*[, ]\([0-9]*\) $1.*/\1/p" <<<" ${lines[-1]}"
}

@test "elf: broken in every way that is easy to list, a module is read without a wrong access" {
  for style in gnu sysv; do
    module -Wl,--hash-style=$style
    run poke-all-strict -r -f 20000 module.so
    assert_success
    [ "$(counted accepted)" -gt 1000 ]
  done
}

@test "elf: what is accepted of that does not make ld.so crash, abort or loop" {
  module
  run poke-all -w 12 -f 200 module.so
  assert_success
  assert_equal "$(counted 'died in ld.so')" 0
  [ "$(counted loaded)" -gt 500 ]
  # The same pokes do kill it, but for elf_read().
  run poke-all -a -w 0 -f 0 module.so
  [ "$(counted 'died in ld.so')" -gt 100 ]
}
