#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The image of pypy-isolate-recipes(7), built from its text, and run with the capabilities and
# the seccomp filter that containers get.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load helper_embed

setup() {
  embed_test
}

teardown_file() {
  rmdir /sys/fs/cgroup/*/libpod_parent{/conmon,} 2>/dev/null || true
}

setup_file() {
  [ "$(id -u)" = 0 ] || cannot "an image of another root directory needs root"
  provide five image
  FIVE=$cache/five/site-packages
  PORT=$(free_port)
  BASE=docker.io/library/debian:$("$root/tests/fixture/debian" --own)
  export FIVE PORT BASE EMBED=$embed PAGE=pypy-isolate-recipes.7
  export CONTAINERS_STORAGE_CONF=$BATS_FILE_TMPDIR/storage.conf
  printf '%s\n' '[storage]' 'driver = "overlay"' "runroot = \"$BATS_FILE_TMPDIR/run\"" \
    "graphroot = \"$BATS_FILE_TMPDIR/graph\"" >"$CONTAINERS_STORAGE_CONF"
  cd "$BATS_FILE_TMPDIR" || return
  make_context
  containers >build.log 2>&1 <<'SH' || { cat build.log; return 1; }
    podman import "$CACHE/image/debian.tar" "$BASE"
    for image in app plain; do
      buildah build --isolation chroot --layers --pull=never --network host \
        -f "Dockerfile.$image" -t "$image" context
    done
SH
}

# The recipe, for a free port; and without the line that isolates.
make_context() {
  mkdir context
  "$root/tests/fixture/debs" "$PWD" >build.log 2>&1 || { cat build.log; return 1; }
  cp {lib,}pypy-isolate_*.deb "$embed/app.py" context/
  cp "$root/tests/recipes/packages-pypy.txt" context/requirements.txt
  recipe Dockerfile Dockerfile.app debian:bookworm "$BASE" :8000 ":$PORT"
  recipe Dockerfile Dockerfile.plain debian:bookworm "$BASE" :8000 ":$PORT" \
    ' && pypy-isolate enable pypy3' ''
}

# containers <SCRIPT: bash, of which neither a process nor a mount is left. In there start runs
# a container, whose root directory cannot be written, and both have what show.py needs.
containers() {
  # shellcheck disable=SC2016 # it is the other shell's
  { echo 'start() {
      podman --runtime runc --cgroup-manager=cgroupfs run --rm --network host --read-only \
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 -v "$FIVE:/srv/five:ro" \
        -v "$SHOW:/srv/show.py:ro" -e PYTHONPATH=/srv/five "$@"
    }'
    cat
  } >"${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/script"
  CACHE=$cache SHOW=$show unshare --mount --propagation private --pid --fork --kill-child \
    --mount-proc bash -euo pipefail "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/script" 3>&-
}

@test "an image, plain: modules get the interpreter's libraries" {
  run --separate-stderr containers <<'SH'
    start plain pypy3 /srv/show.py
SH
  gets "$hosts"
}

@test "an image: its workers are isolated, and what exec starts in there" {
  run --separate-stderr containers <<'SH'
    trap 'podman logs app >log 2>&1; podman rm -f app >/dev/null' EXIT
    start -d --name app app >/dev/null
    for turn in {1..300}; do
      mapfile -t workers < <(podman top app pid | grep -vw -e PID -e 1)
      [ ${#workers[@]} != 3 ] || break
      sleep 0.1
    done
    podman top app user seccomp capeff | sort -u | tr -s ' ' >top
    podman exec app pypy3 /srv/show.py >exec
    podman exec app pypy-isolate --module >module
    maps=("${workers[@]/#//proc/}")
    podman exec app grep -l '/libpypy-isolate\.so$' "${maps[@]/%//maps}" >isolated
    python3 "$EMBED/ask.py" "http://127.0.0.1:$PORT" 40 "$(IFS=,; echo "${workers[*]}")" \
      /srv/show.py
SH
  gets "$own" || fail "$stderr $(<log)"
  assert_equal "$(cat exec)" "$output"
  assert_equal "$(<top)" $'USER SECCOMP EFFECTIVE CAPS\nwww-data filter none'
  assert_equal "$(wc -l <isolated)" 3
  # What the manual says where a path must be.
  run grep -hoE '/usr/lib[^ "]*/libpypy-isolate\.so' "$root"/man/*.[17]
  assert_equal "$(sort -u <<<"$output")" "$(<module)"
}

@test "an image, run by nobody in particular, who may nothing, with no memory to share" {
  run --separate-stderr containers <<'SH'
    start --ipc none --cap-drop all --security-opt no-new-privileges --user 12345 \
      app venv/bin/python /srv/show.py
SH
  assert_equal "$stderr" ''
  gets "$own"
}

@test "an image: ENV LD_AUDIT instead of enable" {
  run --separate-stderr containers <<'SH'
    start -e LD_AUDIT=/usr/lib/x86_64-linux-gnu/pypy-isolate/libpypy-isolate.so plain venv/bin/python /srv/show.py
SH
  assert_equal "$stderr" ''
  gets "$own"
}
