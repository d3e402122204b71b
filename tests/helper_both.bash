# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Fixture modules and a script -> what the interpreter said, plain and isolated.
#
# The hard thing is not to be fooled: an isolated run that isolated nothing looks
# right. So each run reports in which namespace every fixture module was, and one
# that was in base (or, under plain pypy3, outside it) fails the test.

# shellcheck disable=SC2034 # tests use what is set here

load helper

TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
FIXTURE="$TOP/tests/fixture"
PYTHON=${PYTHON:-pypy3}
# The one place that says how to isolate: words to put before the interpreter.
ISOLATE=${ISOLATE:-$built/pypy-isolate}
ISOLATE_TIMEOUT=${ISOLATE_TIMEOUT:-60}	# seconds; nothing here may hang

unset LD_PRELOAD LD_AUDIT LD_BIND_NOW
export PYTHONDONTWRITEBYTECODE=1

# fixture_key NAME: all that a built fixture depends on.
fixture_key() {
  { (cd "$FIXTURE" && find capi/module.h "$1" -type f -exec sha256sum {} + | sort)
    "$PYTHON" --version
    gcc --version
    declare -f build_one build_site
  } | sha256sum | cut -c 1-16
}

# build_one SOURCE TARGET: a comment 'build: FLAGS' in the source is for the compiler.
build_one() {
  local compiler=gcc flags
  [[ $1 == *.cc ]] && compiler=g++
  read -ra flags < <(sed -n 's,.* build: \(.*\) \*/$,\1,p' "$1"; echo)
  mkdir -p "${2%/*}"
  "$compiler" -O1 -g -Wall -Wextra -Werror -Wno-missing-field-initializers \
    -Wno-cast-function-type -D_GNU_SOURCE -shared -fPIC -I"$INCLUDE" -I"$FIXTURE/capi" \
    -o "$2" "$1" "${flags[@]}"
}

# build_site NAME DIRECTORY: a module of each source, in the directory its source is in.
build_site() {
  local source INCLUDE SUFFIX
  read -r INCLUDE SUFFIX < <("$PYTHON" -c 'import sysconfig as s
print(s.get_paths()["include"], s.get_config_var("EXT_SUFFIX"))')
  while read -r source; do
    build_one "$FIXTURE/$1/$source" "$2/${source%.*}$SUFFIX" || return
  done < <(cd "$FIXTURE/$1" && find . -name '*.c' -o -name '*.cc')
}

# site_of NAME: prints the site-packages that tests/fixture/NAME was built into.
site_of() {
  local home fresh
  home="$TOP/cache/fixture/$1-$(fixture_key "$1")"
  if [[ ! -d $home ]]; then
    mkdir -p "$TOP/cache/fixture"
    fresh=$(mktemp -d "$TOP/cache/fixture/new.XXXXXX")
    if ! build_site "$1" "$fresh/site-packages" >&2; then
      rm -rf "$fresh"
      return 1
    fi
    # Another run may have been faster; then its build is as good.
    mv -T "$fresh" "$home" 2>/dev/null || rm -rf "$fresh"
  fi
  echo "$home/site-packages"
}

# site_begin NAME, in setup_file(): SITE is where the fixture's modules are.
site_begin() {
  command -v "$PYTHON" >/dev/null || cannot "no $PYTHON here"
  SITE=$(site_of "$1")
  export SITE
}

# check_namespaces base|isolated REPORT: every module of ours is where it belongs, and
# isolated packages are apart, but with MAY_SHARE.
check_namespaces() {
  local namespace module
  local -A package_in=()
  if [[ ! -s $2 ]]; then
    echo "no fixture module was loaded, or the script did not get to its end"
    return 1
  fi
  while read -r namespace module; do
    if [[ $1 == base && $namespace != 0 ]] || [[ $1 == isolated && $namespace == 0 ]]; then
      echo "$module is in namespace $namespace, and not $1"
      return 1
    fi
    module=${module%%[/.]*}
    [[ $1 == isolated && -z ${MAY_SHARE:-} ]] || continue
    if [[ ${package_in[$namespace]:=$module} != "$module" ]]; then
      echo "$module and ${package_in[$namespace]} are both in namespace $namespace"
      return 1
    fi
  done <"$2"
}

# Before glibc 2.34 a preloaded jemalloc hangs at the start under any auditor, also one that
# does nothing, unless libpthread is preloaded with it.
beside=''
! glibc_before 2.34 || beside=:libpthread.so.0

# interpret SCRIPT [WORD...]: the words are put before the interpreter.
interpret() {
  timeout -k 5 "$ISOLATE_TIMEOUT" env ${PRELOAD:+LD_PRELOAD="$PRELOAD$beside"} "${@:2}" "$PYTHON" \
    "$FIXTURE/inside.py" "$BATS_TEST_TMPDIR/report" "$SITE" "$1" </dev/null
}

# What is said on standard error. In a root of another architecture (matrix/root) the shell
# is none of it, and its ld.so says that it has no use for the audit module, nor for what is
# preloaded.
complaints() {
  if [[ ${MATRIX_ROW:-} ]]; then
    grep -vE "^ERROR: ld\.so: object '.*' .*cannot be (pre)?loaded .*[:;] ignored\.$" || true
  else
    cat
  fi
}

# run_script plain|isolated SCRIPT: sets output (of stdout), errors and status. A
# library in PRELOAD is preloaded into the interpreter. Standard output is a file, and
# with PIPED a pipe.
run_script() {
  local prefix=() where=base report="$BATS_TEST_TMPDIR/report" wrong
  if [[ $1 == isolated ]]; then
    read -ra prefix <<<"$ISOLATE"
    where=isolated
  fi
  rm -f "$report"
  status=0
  if [[ ${PIPED:-} ]]; then
    interpret "$2" "${prefix[@]}" 2>"$BATS_TEST_TMPDIR/err" | cat >"$BATS_TEST_TMPDIR/out"
    status=${PIPESTATUS[0]}
  else
    interpret "$2" "${prefix[@]}" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
  fi
  output=$(<"$BATS_TEST_TMPDIR/out")
  errors=$(complaints <"$BATS_TEST_TMPDIR/err")
  wrong=$(check_namespaces "$where" "$report") || fail "$1${PRELOAD:+ with $PRELOAD}: $wrong
exit status $status, and it said
$output
$errors"
}

# expects TEXT: the last run said this, nothing on standard error, and exited with 0
# or EXPECT_STATUS.
expects() {
  assert_equal "$errors" ''
  assert_equal "$output" "$1"
  assert_equal "$status" "${EXPECT_STATUS:-0}"
}

# both TEXT <SCRIPT: it says TEXT under plain pypy3 and isolated.
both() {
  local script="$BATS_TEST_TMPDIR/script.py" how
  cat >"$script"
  for how in plain isolated; do
    run_script "$how" "$script"
    echo "$how${PRELOAD:+ with $PRELOAD}:"	# seen when it fails
    expects "$1"
  done
}

# Those that can be preloaded. tcmalloc has static TLS with an alignment of 64, which under any
# auditor ld.so has on x86 alone (run_machine.bats).
mallocs=(libjemalloc.so.2)
[[ $(gcc -dumpmachine) != @(x86_64|i?86)-* ]] || mallocs+=(libtcmalloc_minimal.so.4)

# with_every_malloc TEXT <SCRIPT: both, with libc's malloc, jemalloc and tcmalloc.
with_every_malloc() {
  local script PRELOAD
  script=$(cat)
  for PRELOAD in '' "${mallocs[@]}"; do
    [[ -z $PRELOAD || -z $(LD_PRELOAD=$PRELOAD$beside "$PYTHON" -c '' 2>&1) ]] ||
      cannot "no $PRELOAD here"
    both "$1" <<<"$script"
  done
}
