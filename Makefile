# SPDX-License-Identifier: MIT
# The object lists are the architecture: policy decides, audit acts, launcher is
# what a person types. PURE knows no process, so both others may use it.

PURE     = policy/arena policy/diag policy/visible policy/glob policy/conf policy/conf_check \
           policy/conf_error policy/rules policy/capi policy/builtin policy/package \
           policy/placement \
           audit/elf_read audit/elf_segments audit/elf_dynamic audit/elf_hash audit/elf_symbols \
           audit/elf_versions audit/elf_relocs audit/image audit/ld_cache audit/closure \
           audit/lookup
SETTINGS = audit/settings audit/status audit/libraries
AUDIT    = audit/process audit/memfile audit/object audit/base audit/route audit/mirror audit/host \
           audit/namespace audit/scope audit/claim audit/search audit/facts \
           audit/place audit/unlisted audit/record audit/load audit/iterate audit/steer audit/redirect \
           audit/libc/start audit/libc/calls audit/libc/text audit/libc/format \
           audit/started audit/hooks audit/stub
LAUNCHER = launcher/main launcher/run launcher/conf launcher/static_tls launcher/program \
           launcher/say launcher/start \
           launcher/doctor launcher/doctor_program launcher/doctor_scope launcher/doctor_setting \
           launcher/doctor_start launcher/peek launcher/report launcher/ask launcher/files \
           launcher/interpreter launcher/verdict launcher/walk launcher/check \
           launcher/check_print launcher/check_json launcher/json \
           launcher/explain launcher/explain_run launcher/explain_read launcher/explain_bind \
           launcher/explain_seen launcher/explain_json launcher/explain_print \
           launcher/picture \
           launcher/enable launcher/enable_steps launcher/enable_files launcher/enable_content \
           launcher/enable_record launcher/enable_dpkg launcher/enable_find launcher/enable_env \
           launcher/enable_linked launcher/enable_status

# Where `make install` puts things, below $(DESTDIR). The launcher finds the module in
# LIBDIR/pypy-isolate, and below PREFIX both may be moved together.
PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib

CC      ?= gcc
CFLAGS  ?= -O2 -g
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
ALL_CFLAGS = -std=gnu11 $(WARN) $(WERROR) -I. -D_GNU_SOURCE -fPIC -fvisibility=hidden \
             -fno-plt $(PROTECTION) -fstack-clash-protection $(CPPFLAGS) $(CFLAGS) -fno-lto

# What the processor can check of a program's jumps, by what the compiler makes code for.
TARGET    := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
PROTECTION = $(PROTECTION_$(TARGET))
PROTECTION_x86_64  = -fcf-protection
PROTECTION_i686    = -fcf-protection
# Atomics of libgcc's would take the note away: its objects have none.
PROTECTION_aarch64 = -mbranch-protection=standard -mno-outline-atomics

# Distributions ask for LTO, which does not see what assembly defines (policy/compiled_in.h).

OUT = build
objects = $(patsubst %,$(OUT)/%.o,$(1))
# The module has no libc (audit/libc/start.h), nor what a compiler leans on in one.
bare    = $(patsubst %,$(OUT)/bare/%.o,$(1))
BARE    = -U_FORTIFY_SOURCE -fno-stack-protector

MODULE  = libpypy-isolate.so
PROGRAM = pypy-isolate

# Else a full disk leaves half a file, which is newer than what it is made of.
.DELETE_ON_ERROR:

all: $(MODULE) $(PROGRAM)

# No start files, either: there is nothing to construct, and those of some systems carry no
# CET note, which takes it from the whole module.
LINK_MODULE = $(CC) -shared -nostdlib -Wl,-soname,$(notdir $(MODULE)) \
              -Wl,-z,relro,-z,now,-z,defs,-z,noexecstack \
              -Wl,--version-script=audit/exports.map $(LDFLAGS)

$(MODULE): $(call bare,$(PURE) $(SETTINGS) $(AUDIT)) Makefile
	$(LINK_MODULE) -o $@ $(filter %.o,$^) -lgcc

$(PROGRAM): $(call objects,$(PURE) $(SETTINGS) $(LAUNCHER)) Makefile
	$(CC) -pie -Wl,-z,relro,-z,now -Wl,--wrap=__libc_start_main $(LDFLAGS) -o $@ $(filter %.o,$^)

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/bare/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(BARE) -MMD -MP -c -o $@ $<

$(OUT)/bare/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# It is those functions, and every load copies by them.
$(OUT)/bare/audit/libc/text.o: BARE += -O3 -fno-builtin -fno-tree-loop-distribute-patterns

# Compiled in without comments, which every process would have to read over; the lines keep
# their numbers.
TEXTS = pypy-isolate.conf policy/groups.conf policy/capi/pypy.list policy/capi/cpython.list
$(OUT)/policy/builtin.o $(OUT)/bare/policy/builtin.o: $(TEXTS:%=$(OUT)/texts/%)
$(OUT)/policy/builtin.o $(OUT)/bare/policy/builtin.o: ALL_CFLAGS += -DTEXTS='"$(OUT)/texts/"'

$(OUT)/texts/%: % Makefile
	@mkdir -p $(@D)
	sed 's/^#.*//' $< >$@

$(OUT)/launcher/picture.o: $(wildcard launcher/picture/*)

# What ld.so puts for $LIB in programs of this compiler, and in the 32-bit ones that they start.
lib_of = $(if $(call of_gcc,$(1),multiarch),lib/$(call of_gcc,$(1),multiarch),$(notdir $(call of_gcc,$(1),multi-os-directory)))
of_gcc = $(shell $(CC) $(1) -print-$(2) 2>/dev/null)
LIBS = -DLIB='"$(call lib_of)"' -DLIB_32='"$(if $(filter x86_64,$(TARGET)),$(call lib_of,-m32))"'
$(OUT)/launcher/run.o: ALL_CFLAGS += $(LIBS)

# Compiled in: another LIBDIR than last time is another launcher.
$(OUT)/launcher/run.o: ALL_CFLAGS += -DLIBDIR='"$(LIBDIR:$(PREFIX)/%=%)/pypy-isolate"'
$(OUT)/launcher/run.o: $(OUT)/libdir

# What `enable` puts in an interpreter's place is a program of its own, within the launcher.
$(OUT)/standin: $(call objects,launcher/standin launcher/start) Makefile
	$(CC) -pie -s -Wl,-z,relro,-z,now -Wl,--wrap=__libc_start_main $(LDFLAGS) -o $@ $(filter %.o,$^)

$(OUT)/launcher/enable_content.o: ALL_CFLAGS += -DSTANDIN_BUILT='"$(OUT)/standin"'
$(OUT)/launcher/enable_content.o: $(OUT)/standin

$(OUT)/libdir: always
	@mkdir -p $(@D)
	@echo '$(PREFIX) $(LIBDIR)' | cmp -s - $@ || echo '$(PREFIX) $(LIBDIR)' >$@

-include $(shell find $(OUT) -type f -name '*.d' 2>/dev/null)

# What a person sees first: before and after, on real modules.
demo:
	@tests/demo

# The page that `explain --html` makes of a run: numpy, lxml and pillow, and of the modules of
# the demonstration those that are hijacked.
picture:
	@tests/setup demo five lxml numpy pillow pyminizip
	@$(MAKE) --no-print-directory all
	@PYTHONPATH=cache/real/site-packages:cache/five/site-packages ./pypy-isolate explain \
	  --html $(OUT)/picture.html \
	  pypy3 -c 'import five, lxml.etree, numpy.random, pyminizip, PIL._imagingft, PIL._webp'
	@echo 'To be opened in a browser: $(OUT)/picture.html'

check: setup
	@$(MAKE) --no-print-directory all
	bats tests

# Installs what the others need and this machine lacks, and says so.
setup:
	@tests/setup

# The module once more, with its system calls, memory and dlmopen() made to fail one at a
# time: tests/faults.bats.
WRAPPED = arena_take arena_text mmap mprotect read access readlink getcwd statx \
          madvise open fcntl syscall base_find
FAULTS  = $(OUT)/faults/$(MODULE)

faults: $(FAULTS)

$(FAULTS): $(call bare,$(PURE) $(SETTINGS) $(AUDIT) tests/fixture/faults/fault) Makefile
	@mkdir -p $(@D)
	$(LINK_MODULE) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) -lgcc

# Four readers of the sources, and two of the rest; each must have nothing to say.
# .clang-tidy says what is asked. gcc writes its objects nowhere.
SOURCES = $(wildcard policy/*.c audit/*.c audit/libc/*.c launcher/*.c)
AS_BUILT = -std=gnu11 -I. -D_GNU_SOURCE -DLIBDIR='"lib"' $(LIBS)

lint:
	@tests/setup lint
	@$(MAKE) --no-print-directory -k -j2 $(SOURCES:%=analyze/%) $(SOURCES:%=tidy/%)
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --error-exitcode=1 --max-configs=1 -I. -D_GNU_SOURCE -D__x86_64__ -D__LP64__ \
	  -D__WORDSIZE=64 '-DElfW(type)=Elf64_##type' policy audit launcher
	shellcheck -x .ci/run tests/setup tests/demo tests/matrix/root tests/matrix/run tests/matrix/foreign tests/fuzz/run tests/enable/root tests/bench/run tests/*.bats $(shell find tests -name '*.bash')
	mandoc -T lint -W warning man/*.[1-8]

analyze/%:
	@gcc $(AS_BUILT) $(WARN) -Werror -O2 -fanalyzer -c -o /dev/null $*

tidy/%:
	@clang-tidy --quiet $* -- $(AS_BUILT) 2>/dev/null

# The tests of the program with ASan and UBSan in it, and of the module with UBSan that
# traps: an audit module comes before any runtime that could report. The pure parts have
# both in each run of `make check`. Left out (the tag unsanitized): ASan beside jemalloc, and
# where there is no /proc.
SANITIZE = build/sanitize
MISTAKES = -O1 -g -fsanitize=undefined
sanitize: all
	@tests/setup sanitize
	$(MAKE) OUT=$(SANITIZE)/program PROGRAM=$(SANITIZE)/pypy-isolate \
	  CFLAGS='$(MISTAKES),address -fno-sanitize-recover=all' \
	  LDFLAGS='-fsanitize=address,undefined' $(SANITIZE)/pypy-isolate
	$(MAKE) OUT=$(SANITIZE)/module MODULE=$(SANITIZE)/libpypy-isolate.so \
	  CFLAGS='$(MISTAKES) -fsanitize-undefined-trap-on-error' $(SANITIZE)/libpypy-isolate.so
	ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 \
	  ISOLATE_BUILT=$(CURDIR)/$(SANITIZE) bats --filter-tags '!unsanitized' \
	  $(patsubst %,tests/%.bats,conf launcher launcher_settings trust descriptors hostile \
	  run_packages run_global run_dlfcn run_refuse run_late)
	valgrind -q --error-exitcode=9 --leak-check=full ./pypy-isolate conf >/dev/null

bench: all
	tests/bench/run

# The curves of the last one, as build/bench.svg.
bench-plot:
	@[ -e $(OUT)/bench.json ] || $(MAKE) --no-print-directory bench
	pypy3 tests/bench/plot.py $(OUT)/bench.json $(OUT)/bench
	gnuplot -e 'dir = "$(OUT)/bench"; out = "$(OUT)/bench.svg"' tests/bench/plot.gp

# The proof of `check` once more, with all that the other tests have installed for python3.
prove: all
	@tests/setup check suites together
	CHECK_MORE='$(CURDIR)/cache/suites/cpython/lib $(CURDIR)/cache/together/cpython/lib' bats tests/check_real.bats

# Hostile files: FUZZ_SECONDS of libFuzzer for each of FUZZ, tests/fuzz/*.c. What is found
# stays in cache/fuzz.
FUZZ         = elf image lookup conf cache closure
FUZZ_SECONDS = 60
FUZZ_CFLAGS  = -std=gnu11 $(WARN) -I. -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer \
               -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_SHARED  = tests/fuzz/arena tests/fuzz/views tests/fuzz/poke \
               $(filter-out policy/arena,$(PURE))

fuzz:
	@tests/setup fuzz
	@$(MAKE) --no-print-directory $(FUZZ:%=$(OUT)/fuzz/%)
	@tests/fuzz/run $(OUT)/fuzz $(FUZZ_SECONDS) $(FUZZ)

$(FUZZ:%=$(OUT)/fuzz/%): $(OUT)/fuzz/%: $(OUT)/fuzz/tests/fuzz/%.o \
  $(FUZZ_SHARED:%=$(OUT)/fuzz/%.o)
	clang -fsanitize=fuzzer,address,undefined -o $@ $^

$(OUT)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/fuzz/policy/builtin.o: $(TEXTS)

# Wheels for CPython that are too large for each run of `make check`.
check-wheels: all
	bats tests/wheels

# Engines of many machines, whose workers are isolated: Spark, some 300 MB, and Celery.
check-engines: all
	bats tests/engines

# Other people's tests, with us and without, name by name: an hour or two.
suites: all
	@tests/setup suites
	tests/suites/run

# What is installed below PREFIX/share: FILE=PLACE.
ZSH_FUNCTIONS = site-functions
SHARED = $(foreach page,$(wildcard man/*.[1-8]),$(page)=man/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
         $(foreach file,pypy-isolate.conf $(wildcard man/*.json),$(file)=doc/pypy-isolate/$(notdir $(file))) \
         launcher/gdb.py=pypy-isolate/gdb.py \
         launcher/completions/pypy-isolate.bash=bash-completion/completions/pypy-isolate \
         launcher/completions/_pypy-isolate=zsh/$(ZSH_FUNCTIONS)/_pypy-isolate \
         launcher/completions/pypy-isolate.fish=fish/vendor_completions.d/pypy-isolate.fish
INSTALLED = $(PREFIX)/bin/pypy-isolate $(LIBDIR)/pypy-isolate/libpypy-isolate.so \
            $(foreach each,$(SHARED),$(PREFIX)/share/$(lastword $(subst =, ,$(each))))

install: all
	install -D $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/pypy-isolate
	install -D -m 644 $(MODULE) $(DESTDIR)$(LIBDIR)/pypy-isolate/libpypy-isolate.so
	for each in $(SHARED); do \
	  install -D -m 644 $${each%=*} $(DESTDIR)$(PREFIX)/share/$${each#*=} || exit; done

# Of directories, those that are ours alone. What was enabled would look for us.
uninstall:
	[ -n "$(DESTDIR)" ] || [ ! -x $(PREFIX)/bin/pypy-isolate ] || $(PREFIX)/bin/pypy-isolate disable --all
	rm -f $(INSTALLED:%=$(DESTDIR)%)
	for each in $(LIBDIR) $(PREFIX)/share $(PREFIX)/share/doc; do \
	  [ ! -d $(DESTDIR)$$each/pypy-isolate ] || rmdir $(DESTDIR)$$each/pypy-isolate; done

# For PyPI, in build/dist: the sources, and a wheel for each compiler.
WHEEL_CC = gcc aarch64-linux-gnu-gcc
HATCHLING = cache/packaging/cpython/bin/hatchling build -d $(OUT)/dist

wheel:
	@tests/setup wheel
	$(HATCHLING) -t sdist
	for cc in $(WHEEL_CC); do CC=$$cc $(HATCHLING) -t wheel || exit; done

# An RPM package, in build/rpm. Debian's rpm does not know that gcc is here, and what it runs
# after the install step needs another sh.
VERSION = $(shell sed -n 's/.*_VERSION "\(.*\)"/\1/p' policy/version.h)
TARBALL = $(OUT)/rpm/$(PROGRAM)-$(VERSION).tar.gz

rpm:
	@tests/setup rpm
	mkdir -p $(dir $(TARBALL))
	tar --exclude-vcs --exclude=./build --exclude=./cache \
	  --transform='s,^\.,$(PROGRAM)-$(VERSION),' -czf $(TARBALL) .
	rpmbuild -tb --quiet --nodeps --define '_topdir $(abspath $(OUT))/rpm' \
	  --define '_buildhost -' --define 'build_ldflags -s' --define '__os_install_post %{nil}' \
	  $(TARBALL)

# The tests of a live interpreter in other Debian releases, with what was built here; one
# table. It needs root. -all has the slow files, too; -short takes some minutes for the oldest
# and the newest release.
SUITES = bullseye bookworm trixie sid
SHORT  = -f run_capi -f run_routes -f run_python2

check-matrix check-matrix-all check-matrix-short: all
	@tests/setup matrix
	@tests/matrix/run $(if $(filter %-all,$@),-a) $(if $(filter %-short,$@),$(SHORT)) $(SUITES)

check-matrix-short: SUITES = bullseye sid

# The same in roots of other architectures, with what is built for each into build/arch;
# all but i386 by qemu-user. -all has more files. ROWS="bookworm-arm64" selects.
ROWS = $(shell tests/matrix/foreign rows)

check-arch check-arch-all:
	@tests/setup matrix arch
	@for row in $(ROWS); do \
	  $(MAKE) --no-print-directory -s CC="$$(tests/matrix/foreign compiler $$row)-gcc" \
	    OUT=$(OUT)/arch/$$row MODULE=$(OUT)/arch/$$row/libpypy-isolate.so \
	    PROGRAM=$(OUT)/arch/$$row/pypy-isolate all || exit; done
	@tests/matrix/run $(if $(filter %-all,$@),-a) $(ROWS)

clean:
	rm -rf $(OUT) $(MODULE) $(PROGRAM)

# Those that are no files.
.PHONY: all always
.PHONY: bench bench-plot
.PHONY: check check-arch check-arch-all check-engines check-wheels prove sanitize suites
.PHONY: check-matrix check-matrix-all check-matrix-short
.PHONY: clean
.PHONY: demo picture
.PHONY: faults fuzz lint
.PHONY: install uninstall rpm wheel
.PHONY: setup
