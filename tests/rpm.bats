#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The RPM package, made and installed by Debian's rpm.

load helper_install

setup_file() {
  provide rpm
  install_begin
  RPM=$COPY/build/rpm/RPMS/$(uname -m)/pypy-isolate-$(rpm --eval \
    "$(sed -n 's/^Version: *//p' "$TOP/packaging/pypy-isolate.spec")-1").$(uname -m).rpm
  export RPM
  cd "$BATS_FILE_TMPDIR" && quietly make -C "$COPY" rpm
}

setup() {
  live_test
}

# What its examiner says that is not for us: keys and groups are a distribution's, and it
# knows neither pages by another ending than .bz2 nor section 5 for a file's format. That the
# module needs no library is on purpose.
strangers='no-signature|no-packager-tag|no-group-tag|no-url-tag|invalid-license MIT|'
strangers+='manpage-not-compressed|no-manual-page-for-binary|bad-manual-page-folder|'
strangers+='shared-library-without-dependency-information'

@test "rpm: it has what \`make install\` installs, and rpmlint nothing to say" {
  would_install "$PWD/root" PREFIX=/usr LIBDIR=/usr/lib64
  run comm -23 <(cd root && find . -type f | cut -c 2- | LC_ALL=C sort) \
    <(rpm -qlp "$RPM" | LC_ALL=C sort)
  assert_output ''
  run rpm -qp --provides "$RPM"
  refute_output --partial libpypy
  run bash -c 'rpmlint "$1" | grep ": [WE]: " | grep -Ev "$2"' - "$RPM" "$strangers"
  assert_output ''
}

@test "rpm: installed it works, and erased it leaves nothing" {
  # What it requires is outside of this root.
  rpm --root "$PWD/root" --nodeps -i "$RPM"
  isolates "$PWD/root/usr/bin/pypy-isolate"
  rpm --root "$PWD/root" --nodeps -e pypy-isolate
  run find root -name '*pypy-isolate*'
  assert_output ''
}

@test "rpm: built twice, in two places, it is the same" {
  cp -r "$COPY" other
  rm -r other/build
  sleep 1
  quietly make -C other rpm
  same_bytes "$RPM" "other/${RPM#"$COPY/"}"
}
