# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of what is built to be installed.
#
# install_begin in setup_file(): COPY is a copy of the sources, because what is built for
# another place must not be left in the tree.

# Bats sets stderr; ISOLATE is helper_live's.
# shellcheck disable=SC2034

load helper_live

install_begin() {
  live_begin
  COPY=$BATS_FILE_TMPDIR/pypy-isolate
  export COPY
  mkdir "$COPY"
  tar -C "$TOP" --exclude=./build --exclude=./cache --exclude=./.git -cf - . |
    tar -C "$COPY" --no-same-owner -xf -
  make -s -C "$COPY" clean
  ln -s "$TOP/cache" "$COPY/cache"
}

# isolates PROGRAM
isolates() {
  script <<'PY'
import own.mod
print(own.mod.version())
PY
  ISOLATE=$1
  isolated
  prints own
}

# quietly COMMAND...: what it says is of interest only if it fails.
quietly() {
  "$@" >build.log 2>&1 || { cat build.log; return 1; }
}

# same_bytes FILE FILE
same_bytes() {
  run cmp "$1" "$2"
  assert_output ''
  assert_success
}

# would_install DIRECTORY MAKE-ARGUMENT...: what `make install` puts there; nothing is built.
would_install() {
  touch "$COPY/pypy-isolate" "$COPY/libpypy-isolate.so"
  make -s -C "$COPY" -o all install DESTDIR="$1" "${@:2}"
}
