# SPDX-License-Identifier: MIT
# The object lists are the architecture: policy decides, audit acts, launcher is
# what a person types. PURE knows no process, so both others may use it.

PURE     = policy/arena policy/diag policy/glob policy/conf policy/conf_check policy/conf_error \
           policy/rules policy/capi policy/builtin policy/package policy/placement \
           audit/elf_read audit/elf_segments audit/elf_dynamic audit/elf_hash audit/elf_symbols \
           audit/elf_versions audit/elf_relocs audit/image audit/ld_cache audit/closure
SETTINGS = audit/settings audit/status audit/libraries
AUDIT    = audit/process audit/memfile audit/object audit/base audit/route audit/mirror audit/host \
           audit/namespace audit/scope audit/claim audit/search audit/facts \
           audit/place audit/unlisted audit/load audit/iterate audit/steer audit/slots audit/hooks audit/stub
LAUNCHER = launcher/main launcher/run launcher/conf launcher/static_tls launcher/program

CC      ?= gcc
CFLAGS  ?= -O2 -g
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
ALL_CFLAGS = -std=gnu11 $(WARN) $(WERROR) -I. -D_GNU_SOURCE -fPIC -fvisibility=hidden \
             -fno-plt -fcf-protection -fstack-clash-protection $(CFLAGS)
ifneq ($(shell uname -m),x86_64)
ALL_CFLAGS := $(filter-out -fcf-protection,$(ALL_CFLAGS))
endif

OUT = build
objects = $(patsubst %,$(OUT)/%.o,$(1))

MODULE  = libpypy-isolate.so
PROGRAM = pypy-isolate

all: $(MODULE) $(PROGRAM)

$(MODULE): $(call objects,$(PURE) $(SETTINGS) $(AUDIT))
	$(CC) -shared -Wl,-soname,$(MODULE) -Wl,-z,relro,-z,now,-z,defs,-z,noexecstack \
	  -Wl,--version-script=audit/exports.map $(LDFLAGS) -o $@ $^

$(PROGRAM): $(call objects,$(PURE) $(SETTINGS) $(LAUNCHER))
	$(CC) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $^

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/policy/builtin.o: pypy-isolate.conf policy/groups.conf policy/capi/pypy.list policy/capi/cpython.list

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

# What a person sees first: before and after, on real modules.
demo: setup
	@tests/demo

check: setup
	@$(MAKE) --no-print-directory all
	bats tests

# Installs what the others need and this machine lacks, and says so.
setup:
	@tests/setup

# The module once more, with its system calls, memory and dlmopen() made to fail one at a
# time: tests/faults.bats.
WRAPPED = arena_take arena_text mmap mprotect read access readlink getcwd stat statx getrandom \
          mincore open fcntl syscall object_address
FAULTS  = $(OUT)/faults/$(MODULE)

faults: $(FAULTS)

$(FAULTS): $(call objects,$(PURE) $(SETTINGS) $(AUDIT) tests/fixture/faults/fault)
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,$(MODULE) -Wl,-z,relro,-z,now,-z,defs,-z,noexecstack \
	  -Wl,--version-script=audit/exports.map $(WRAPPED:%=-Wl,--wrap=%) $(LDFLAGS) -o $@ $^

lint:
	shellcheck -x .ci/run tests/setup tests/demo $(shell find tests -name '*.bash')
	mandoc -T lint -W warning man/*

bench: all
	tests/bench/run

# Other people's tests, with us and without, name by name: an hour or two.
suites: all
	@tests/setup suites
	tests/suites/run

clean:
	rm -rf $(OUT) $(MODULE) $(PROGRAM)

.PHONY: all faults check setup demo bench suites lint clean
