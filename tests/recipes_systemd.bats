#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The unit of pypy-isolate-recipes(7) under a systemd that is process 1, in a root directory to
# throw away.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154

load helper_embed

setup_file() {
  [ "$(id -u)" = 0 ] || cannot "only root can mount a root directory"
  provide enable five recipes
  FIVE=$cache/five/site-packages
  export FIVE
}

setup() {
  embed_test
  PAGE=pypy-isolate-recipes.7
  mkdir -p srv/{app,units/app.service.d}
  chmod 755 srv
  cp "$embed/app.py" "$embed/ask.py" "$show" srv/app/
  recipe app.service srv/units/app.service /srv/app/venv "$cache/recipes/pypy" \
    /usr/bin/pypy-isolate /usr/local/bin/pypy-isolate
  printf '%s\n' '[Service]' "Environment=PYTHONPATH=$FIVE" PYTHONDONTWRITEBYTECODE=1 \
    >srv/units/app.service.d/path.conf
  cat >srv/units/check.service <<'UNIT'
[Unit]
Requires=app.service systemd-journald.service
After=app.service
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
ExecStart=/bin/bash /srv/check
UNIT
  # What of a system that starts is of no use here.
  for unit in systemd-sysctl systemd-udevd systemd-udev-trigger systemd-tmpfiles-setup; do
    ln -s /dev/null "srv/units/$unit.service"
  done
  cat >srv/check <<'SH'
cd /srv
for turn in {1..300}; do
  mapfile -t pids < <(pgrep -P "$(systemctl show -P MainPID app.service)")
  [ ${#pids[@]} != 3 ] || break
  sleep 0.1
done
python3 app/ask.py http://127.0.0.1:8000 20 "$(IFS=,; echo "${pids[*]}")" /srv/app/show.py >answer 2>&1
for pid in "${pids[@]}"; do
  echo "$(ps -o user= "$pid") $(sed -n s/^0:://p "/proc/$pid/cgroup") $(grep -c '/libpypy-isolate\.so$' "/proc/$pid/maps")"
done >workers
cat /proc/1/comm >first
journalctl -o cat -u app.service >journal
SH
}

teardown() {
  # shellcheck disable=SC2016 # it is the other shell's
  unshare --mount --propagation private sh -c '
    mount -t cgroup2 cgroup2 /mnt
    [ ! -d "/mnt/$1" ] || find "/mnt/$1" -depth -type d -exec rmdir {} +' sh "$CGROUP"
}

# boots OWNERS: the modules of the unit's workers get these owners' libraries
boots() {
  CGROUP=isolate-$BATS_TEST_NUMBER-$$
  SRV=$PWD/srv timeout -s KILL 120 "$root/tests/enable/root" "$PWD" \
    bash -c "$(<"$root/tests/enable/boot")" boot "$CGROUP" >boot.log 2>&1 </dev/null 3>&- || true
  run cat srv/first
  assert_output systemd || fail "$(<boot.log)"
  run cat srv/answer
  [ "${#lines[@]}" = 5 ] || fail "$output $(<srv/journal)"
  gets "$1"
}

# A unit that starts gunicorn alone.
plainly() {
  sed -i 's,^ExecStart=/usr/local/bin/pypy-isolate ,ExecStart=,' srv/units/app.service
}

@test "systemd as process 1, plain: modules get the interpreter's libraries" {
  plainly
  boots "$hosts"
}

@test "systemd as process 1: the unit's workers are isolated, and the journal has what we say" {
  echo 'Environment=PYPY_ISOLATE_LOG=debug' >>srv/units/app.service.d/path.conf
  boots "$own"
  run grep -Ec '^www-data /system\.slice/app\.service [1-9]' srv/workers
  assert_output 3
  run grep -c 'pypy-isolate: .*namespace [0-9]*, package five' srv/journal
  assert_output 3
}

@test "systemd as process 1, and enable --env: the unit of another is isolated" {
  plainly
  echo 'pypy-isolate enable --env' >srv/before
  boots "$own"
}
