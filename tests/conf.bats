#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The text of a policy -> rules, or every error in it; through `pypy-isolate conf`.

# shellcheck disable=SC2154 # set by helper

load helper

setup() {
  root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
  cd "$BATS_TEST_TMPDIR" || return
}

iso() {
  run --separate-stderr "$built/pypy-isolate" "$@"
}

# The text on standard input is t.conf, and these lines are all that is said
# about it.
expect_errors() {
  cat >t.conf
  iso conf t.conf
  # shellcheck disable=SC2154	# set by run
  assert_equal "$stderr" "$(printf '%s\n' "$@")"
  assert_equal "$output" ''
  assert_equal "$status" 125
}

# The same for a good text, and its rules.
expect_rules() {
  cat >t.conf
  iso conf t.conf
  assert_equal "$stderr" ''
  assert_equal "$(rules_of t.conf)" "$(printf '%s\n' "$@")"
  assert_equal "$status" 0
}

# The rules of a file in the listing, without place and mark, in file order.
rules_of() {
  sed -nE "s|^$1:[0-9]+ +||p" <<<"$output" | sed 's/  # .*//' | tac
}

repeat() {
  printf "%$2s" '' | sed "s| |$1|g"
}

# ---- the compiled-in text ----

@test "conf: the compiled-in texts are the files, byte for byte but for the comments" {
  # The linker keeps the section and may only fill up between what it joins.
  objcopy -O binary --only-section=.builtin_text "$built/pypy-isolate" texts
  cat "$root"/pypy-isolate.conf "$root"/policy/{groups.conf,capi/{pypy,cpython}.list} |
    awk '{ print /^#/ ? "" : $0 }' >files
  cmp texts files
}

@test "conf: the shipped file has the rules that are in force without it" {
  cp "$root/pypy-isolate.conf" t.conf
  iso conf t.conf
  assert_equal "$status" 0
  assert_line --index 0 '# read: built-in, t.conf; the strongest rule is first'
  sed -nE 's/^built-in:([0-9]+) +/\1 /p' <<<"$output" | sed 's/  # .*//' >ours
  sed -nE 's/^t.conf:([0-9]+) +/\1 /p' <<<"$output" | sed 's/  # .*//' >file
  cmp ours file
  # As many as the file has lines that are no comment; an include is no rule.
  assert_equal "$(wc -l <file)" "$(grep '^[a-z]' t.conf | grep -vc '^include ')"
}

@test "conf: no other file is needed" {
  # A system with an /etc/pypy-isolate.conf has more, but these, too.
  iso conf
  assert_equal "$status" 0
  assert_line --regexp '^# read: built-in(, /etc/pypy-isolate.conf)?; the strongest rule is first$'
  assert_line --regexp '^built-in:[0-9]+ +isolate "\*"$'
}

# ---- the listing ----

@test "conf: the strongest rule is first, with its place" {
  printf 'per module\n' >in.conf
  printf '\n  mode off\ninclude in.conf\n' >t.conf
  iso conf t.conf
  assert_line --index 0 '# read: built-in, t.conf, in.conf; the strongest rule is first'
  assert_line --index 1 --regexp '^in.conf:1 +per module$'
  assert_line --index 2 --regexp '^t.conf:2 +mode off$'
  assert_line --index 3 --regexp '^built-in:[0-9]+ +mode enforce  # overridden by t.conf:2$'
  assert_line --regexp '^built-in:[0-9]+ +per package  # overridden by in.conf:1$'
}

@test "conf: rules that later ones override are marked, wholly or in part" {
  cat >t.conf <<'CONF'
share      liba.so.1 libb.so.1
duplicate  "libb.so.*"
leave      "/srv/a/*" "/opt/*"
isolate    "/srv/*"
leave      "/opt/*"
unlisted   warn "/srv/*"
unlisted   warn
group      qt PyQt5
group      qt shiboken6
group      all PyQt6
leave      "/x/[ab]"
isolate    "/x/[ab]"
leave      "/y/*" "/z/[ab]"
isolate    "/y/?" "*ab*"
CONF
  iso conf t.conf
  assert_line --regexp '^t.conf:1 .* libb.so.1  # overridden in part by t.conf:2$'
  assert_line --regexp '^t.conf:3 .*  # overridden by t.conf:4$'
  assert_line --regexp '^t.conf:6 .*  # overridden by t.conf:7$'
  assert_line --regexp '^t.conf:11 .*  # overridden by t.conf:12$'
  assert_line --regexp '^built-in:[0-9]+ +unlisted deny  # overridden by t.conf:7$'
  # Nothing else is: a pattern need not be within one that matches its text, and
  # lines of one group add up.
  assert_equal "$(grep -v '^built-in/groups.conf' <<<"$output" | grep -c '# overridden')" 5
  assert_line --regexp '^built-in/groups.conf:[0-9]+ +group pyqt .*  # overridden in part by t.conf:8$'
}

@test "conf: a group or interpreter of the same name in a later file overrides" {
  printf 'group qt PySide6\n' >in.conf
  cat >t.conf <<'CONF'
include in.conf
group qt PyQt5
interpreter cpython "libpython3*" exports capi/cpython.list
CONF
  iso conf t.conf
  assert_line --regexp '^in.conf:1 +group qt PySide6  # overridden by t.conf:2$'
  assert_line --regexp '^built-in:[0-9]+ +interpreter cpython .*  # overridden by t.conf:3$'
  refute_line --regexp '^built-in:[0-9]+ +interpreter pypy .*#'
}

@test "conf: PYPY_ISOLATE overrides the mode, PYPY_ISOLATE_CONF names the file" {
  printf 'mode permissive\n' >t.conf
  PYPY_ISOLATE=off PYPY_ISOLATE_CONF=t.conf iso conf
  assert_line --index 1 --regexp '^PYPY_ISOLATE +mode off$'
  assert_line --index 2 --regexp '^t.conf:1 +mode permissive  # overridden by PYPY_ISOLATE$'
  PYPY_ISOLATE=sometimes iso conf t.conf
  assert_equal "$stderr" "PYPY_ISOLATE: 'sometimes' is no mode: off, permissive or enforce"
  assert_equal "$status" 125
}

@test "conf: a file that is not there, a word too many, no room for the output" {
  iso conf nothere.conf
  assert_equal "$stderr" 'pypy-isolate: nothere.conf: No such file or directory'
  assert_equal "$status" 125
  iso conf a b
  assert_equal "${stderr%%$'\n'*}" "pypy-isolate: unexpected 'b'"
  assert_equal "$status" 125
  run bash -c '"$1" conf >/dev/full' _ "$built/pypy-isolate"
  assert_equal "$status" 125
  assert_output --partial 'standard output: No space left on device'
}

# ---- good texts ----

@test "conf: words, quotes, comments, spaces and tabs" {
  expect_rules 'share liba.so.1 "lib b.so" "lib#c.so"' 'per module' 'leave "/ä/*"' \
    <<<$'# comment\n\n \t \n\tshare\tliba.so.1 "lib b.so"   "lib#c.so" # no\n"per" "module" #x\nleave /ä/*'
}

@test "conf: an empty file, and a last line without newline" {
  expect_rules </dev/null
  expect_rules 'mode off' < <(printf 'mode off')
  expect_rules < <(printf '# only this')
}

@test "conf: lines, words and files as long as they may be" {
  # shellcheck disable=SC2046
  expect_rules "share$(repeat ' a' 255)" <<<"share$(repeat ' a' 255)"
  expect_rules "share $(repeat a 4090)" <<<"share $(repeat a 4090)"
  expect_rules < <(repeat '#\n' 32768)
}

@test "conf: across files the later of share and duplicate wins, and groups may overlap" {
  printf 'share libssl.so.3\ngroup a x y\n' >in.conf
  expect_rules 'duplicate libssl.so.3' 'group b x' 'group a y' \
    <<<$'include in.conf\nduplicate libssl.so.3\ngroup b x\ngroup a y'
}

@test "conf: a file can be included twice, and 8 deep" {
  printf 'share libssl.so.3\ngroup a x\n' >in.conf
  expect_rules 'mode off' <<<$'include in.conf\ninclude in.conf\nmode off'
  for i in {1..7}; do echo "include $((i + 1)).conf" >"$i.conf"; done
  echo 'per process' >8.conf
  expect_rules 'mode off' <<<$'include 1.conf\nmode off'
  assert_equal "$(rules_of 8.conf)" 'per process'
}

# ---- bytes ----

@test "conf error: CR LF, once a file, and the rest of the line is read" {
  expect_errors \
    't.conf:1:8: the line ends in CR LF; every line must end in LF alone' \
    "t.conf:1:6: 'on' is no word for 'mode'; use enforce, permissive or off" \
    "t.conf:2:5: 'x' is no word for 'per'; use package, module or process" \
    < <(printf 'mode on\r\nper x\r\nper module\r\n')
}

@test "conf error: control characters, in comments, too" {
  expect_errors \
    't.conf:1:3: control character 0x00; only text, spaces and tabs are allowed' \
    't.conf:2:6: control character 0x1b; only text, spaces and tabs are allowed' \
    't.conf:3:1: control character 0x7f; only text, spaces and tabs are allowed' \
    't.conf:4:1: control character 0x0d; only text, spaces and tabs are allowed' \
    < <(printf '# \0\nmode \033[1m\n\177\n\rmode off')
}

@test "conf error: a byte order mark" {
  expect_errors 't.conf:1:1: a byte order mark; save the file without it' \
    < <(printf '\xef\xbb\xbfmode off\n')
}

@test "conf error: a line too long, too many words, a file too long" {
  expect_errors \
    't.conf:1:4097: the line is longer than 4096 bytes; use several lines of the same directive' \
    't.conf:2:519: more than 256 words; use several lines of the same directive' \
    "t.conf:3:5: 'x' is no word for 'per'; use package, module or process" \
    <<<"share $(repeat a 4091)"$'\n'"share  $(repeat ' a' 300)"$'\nper x'
  expect_errors 't.conf:1:1: the file is longer than 65536 bytes' \
    < <(repeat '#\n' 32768; printf '#')
}

# ---- words ----

@test "conf error: quotes that do not close, or not where they must" {
  expect_errors \
    "t.conf:1:9: no closing '\"' on this line" \
    't.conf:2:7: an empty word' \
    "t.conf:3:10: no space after the closing '\"'" \
    "t.conf:4:8: '\"' inside a word; quotes go around the whole word" \
    "t.conf:5:1: no closing '\"' on this line" \
    <<<$'isolate "/a b\nshare "" a\nshare "a"b c\nshare a"b"\n"'
}

@test "conf error: a comment that touches a word" {
  expect_errors \
    "t.conf:1:9: '#' inside a word; put a space before a comment, or quote the word" \
    "t.conf:2:12: no space after the closing '\"'" \
    <<<$'mode off#x\nmode  "off"#x'
}

@test "conf error: a '[' that nothing closes" {
  expect_errors \
    "t.conf:1:9: '[' without ']' in '/[ab'; '[[]' matches a '['" \
    "t.conf:2:7: '[' without ']' in 'lib[].so'; '[[]' matches a '['" \
    "t.conf:3:15: '[' without ']' in '*['; '[[]' matches a '['" \
    "t.conf:4:9: '[' without ']' in 'a['; '[[]' matches a '['" \
    "t.conf:5:15: '[' without ']' in '[x'; '[[]' matches a '['" \
    <<'CONF'
isolate /[ab
share lib[].so
unlisted warn *[
group a a[
interpreter x [x exports capi/pypy.list
CONF
}

# ---- directives ----

@test "conf error: an unknown directive" {
  expect_errors "t.conf:2:3: unknown directive 'isolat'; there are interpreter, share, isolate, leave, site, per, group, duplicate, unlisted, mode and include" \
    <<<$'\n  isolat "*"'
}

@test "conf error: a missing word" {
  expect_errors \
    't.conf:1:1: a word is missing; write: interpreter NAME PATTERN... [executable] exports LISTFILE' \
    't.conf:2:1: a word is missing; write: share SONAME...' \
    't.conf:3:1: a word is missing; write: isolate PATTERN...' \
    't.conf:4:1: a word is missing; write: leave PATTERN...' \
    't.conf:5:1: a word is missing; write: per package|module|process' \
    't.conf:6:1: a word is missing; write: group NAME PACKAGE...' \
    't.conf:7:1: a word is missing; write: duplicate SONAME...' \
    't.conf:8:1: a word is missing; write: unlisted deny|warn [PATTERN...]' \
    't.conf:9:1: a word is missing; write: mode enforce|permissive|off' \
    't.conf:10:1: a word is missing; write: include FILE' \
    <<<$'interpreter x exports capi/pypy.list\nshare\nisolate\nleave\nper\ngroup qt\nduplicate\nunlisted\nmode\ninclude'
}

@test "conf error: a word too many" {
  expect_errors \
    't.conf:1:12: a word too many; write: per package|module|process' \
    't.conf:3:10: a word too many; write: mode enforce|permissive|off' \
    't.conf:4:11: a word too many; write: include FILE' \
    <<<$'per module process\nmode off #\nmode off off\ninclude a b'
}

@test "conf error: per, mode and unlisted take certain words" {
  expect_errors \
    "t.conf:1:5: 'modul' is no word for 'per'; use package, module or process" \
    "t.conf:2:7: 'Enforce' is no word for 'mode'; use enforce, permissive or off" \
    "t.conf:3:10: 'allow' is no word for 'unlisted'; use deny or warn" \
    <<<$'per modul\nmode  Enforce\nunlisted allow "*"'
}

@test "conf error: a pattern that can match no path" {
  expect_errors \
    "t.conf:1:9: 'numpy' can match no path; paths are absolute, so begin with '/' or '*'" \
    "t.conf:2:12: 'lib/*' can match no path; paths are absolute, so begin with '/' or '*'" \
    "t.conf:3:15: 'x' can match no path; paths are absolute, so begin with '/' or '*'" \
    <<<$'isolate numpy\nleave "/*" "lib/*"\nunlisted warn x\nleave "[/]x" "?x" "*x"'
}

@test "conf error: a pattern that can match nothing" {
  expect_errors \
    "t.conf:1:9: '/srv/app/' can match no path; no path here ends in '/'; /* is all that is below" \
    "t.conf:2:7: '/srv/../x' can match no path; paths here have no '//', '/./' and '/../'" \
    "t.conf:2:17: '/a//b' can match no path; paths here have no '//', '/./' and '/../'" \
    "t.conf:3:7: no byte is in a set of 'lib[z-a].so', so it can match nothing" \
    "t.conf:4:13: 'PIL.Image' can match no package; a package is the first part of a module's name, as in 'import PART.rest'" \
    "t.conf:4:23: 'torch/lib' can match no package; a package is the first part of a module's name, as in 'import PART.rest'" \
    "t.conf:5:6: 'site-packages' can match no path; paths are absolute, so begin with '/' or '*'" \
    <<<$'isolate /srv/app/\nleave /srv/../x /a//b\nshare lib[z-a].so\ngroup image PIL.Image torch/lib .lib_x foo "*.libs" ..x\nsite site-packages'
}

@test "conf error: a path where a name belongs" {
  expect_errors \
    "t.conf:1:7: '/usr/lib/liba.so' is a path; 'share' takes a SONAME, without a directory" \
    "t.conf:2:11: '*/a' is a path; 'duplicate' takes a SONAME, without a directory" \
    "t.conf:3:18: '*/libx.so' is a path; 'interpreter' takes patterns of a file name, without a directory" \
    <<<$'share /usr/lib/liba.so\nduplicate */a\ninterpreter mine "*/libx.so" exports capi/pypy.list'
}

@test "conf error: share and duplicate of one SONAME in one file" {
  expect_errors \
    "t.conf:3:9: 'share' and 'duplicate' both name libssl.so.3" \
    "t.conf:4:19: 'share' and 'duplicate' both name liba.so.1" \
    <<<$'duplicate libssl.so.3\nshare liba.so.1\n  share libssl.so.3\nduplicate libb.so liba.so.1'
}

@test "conf error: a second glibc" {
  expect_errors \
    "t.conf:1:11: 'libc.so.6' would duplicate libc.so.6; a process has one glibc" \
    "t.conf:2:11: '*' would duplicate libc.so.6; a process has one glibc" \
    "t.conf:3:19: 'libm*.so.1' would duplicate libmvec.so.1; a process has one glibc" \
    <<<$'duplicate libc.so.6\nduplicate "*"\nduplicate libz.so "libm*.so.1"'
}

@test "conf error: a package in two groups, or twice in one, of one file" {
  expect_errors \
    't.conf:2:9: package y is in a group already, at line 1; it can be in one' \
    't.conf:3:13: package p is in a group already, at line 3; it can be in one' \
    't.conf:4:9: package x is in a group already, at line 1; it can be in one' \
    <<<$'group a x y\ngroup b y z\ngroup c p q p\ngroup a x'
}

# ---- interpreter ----

@test "conf error: an interpreter without pattern, or without exports at its end" {
  expect_errors \
    "t.conf:1:15: no pattern before 'executable'; say which library is the interpreter" \
    "t.conf:2:17: an 'interpreter' line must end in 'exports LISTFILE'" \
    "t.conf:3:25: an 'interpreter' line must end in 'exports LISTFILE'" \
    <<<$'interpreter x executable exports capi/pypy.list\ninterpreter x a b c\ninterpreter x a exports capi/pypy.list executable'
}

@test "conf error: a list that cannot be read, or is none" {
  printf 'probe Py_A\nPy_B\nPy_A\n' >l.list
  expect_errors \
    't.conf:1:25: no.list: no such file' \
    "t.conf:2:25: l.list:3: 'Py_A' cannot come after 'Py_B': the order is that of LC_ALL=C sort -u" \
    <<<$'interpreter x a exports no.list\ninterpreter x a exports l.list'
}

@test "conf: a list beside the file goes before the compiled-in one of that name" {
  mkdir capi
  printf 'probe Py_A\nPy_B\nPy_A\n' >capi/pypy.list
  expect_errors "t.conf:1:25: capi/pypy.list:3: 'Py_A' cannot come after 'Py_B': the order is that of LC_ALL=C sort -u" \
    <<<'interpreter x a exports capi/pypy.list'
  mkdir d
  mv capi d
  echo 'interpreter x a exports capi/pypy.list' >d/t.conf
  iso conf d/t.conf
  assert_equal "$status" 125
  assert_equal "${stderr%%list:*}" 'd/t.conf:1:25: d/capi/pypy.'
}

# ---- include ----

@test "conf error: an include that cannot be read" {
  mkdir dir
  expect_errors \
    't.conf:1:9: no.conf: no such file' \
    't.conf:2:9: dir: not a regular file' \
    "t.conf:3:6: 'x' is no word for 'mode'; use enforce, permissive or off" \
    <<<$'include no.conf\ninclude dir\nmode x'
}

@test "conf error: errors of an included file stand between those around it" {
  printf 'mode x\nper x\n' >in.conf
  expect_errors \
    't.conf:1:1: a word is missing; write: share SONAME...' \
    "in.conf:1:6: 'x' is no word for 'mode'; use enforce, permissive or off" \
    "in.conf:2:5: 'x' is no word for 'per'; use package, module or process" \
    't.conf:3:1: a word is missing; write: leave PATTERN...' \
    <<<$'share\ninclude in.conf\nleave'
}

@test "conf error: an include within itself" {
  printf '\ninclude t.conf\n' >in.conf
  expect_errors "in.conf:2:9: 'include' of t.conf within itself" <<<'include in.conf'
  expect_errors "t.conf:1:9: 'include' of t.conf within itself" <<<'include t.conf'
}

@test "conf error: includes too deep, and too many" {
  for i in {1..8}; do echo "include $((i + 1)).conf" >"$i.conf"; done
  : >9.conf
  expect_errors "8.conf:1:9: 'include' more than 8 files deep" <<<'include 1.conf'
  expect_errors 't.conf:65:9: more than 64 files included' \
    < <(repeat 'include 9.conf\n' 65)
}

# ---- time ----

# comparisons LINES: how many strcmp() a text takes with so many groups of 50, no two
# words the same
comparisons() {
  awk -v lines="$1" 'BEGIN {
    for (i = 0; i < lines; i++) {
      printf "group g%d", i
      for (k = 0; k < 50; k++) printf " x%d", i * 50 + k
      print ""
    }
  }' >t.conf
  "$BATS_TEST_TMPDIR/conftest" t.conf
}

@test "conf: twice the text takes twice the time, and not four times" {
  (cd "$root" && gcc -std=gnu11 -O1 -fno-builtin -D_GNU_SOURCE -I. -Wl,--wrap=strcmp \
    -o "$BATS_TEST_TMPDIR/conftest" tests/fixture/conftest.c \
    policy/{arena,diag,glob,conf,conf_check,conf_error,rules,capi,builtin}.c)
  local once twice
  once=$(comparisons 10)
  twice=$(comparisons 20)
  [ "$once" -ge 500 ]
  [ "$twice" -lt $((3 * once)) ] || fail "$once comparisons, then $twice"
}

@test "conf error: more libraries than can be compared with each other" {
  expect_errors "t.conf:9:11: more than 1024 libraries in 'share' and 'duplicate'; a pattern stands for many" \
    < <(for _ in {1..7}; do echo "share$(repeat ' a' 128)"; done
      printf '%s\n' "duplicate$(repeat ' b' 128)" 'duplicate c d e' 'mode off')
}

# ---- the manual ----

@test "conf: the manual is in order and has every directive" {
  run mandoc -T lint -W warning "$root/man/pypy-isolate.conf.5"
  assert_output ''
  assert_success
  mandoc -T utf8 "$root/man/pypy-isolate.conf.5" | col -b >manual
  for word in interpreter share isolate leave site per group duplicate unlisted mode include; do
    run grep -E "^ +$word [a-z]" manual
    assert_success
  done
}

# ---- any bytes ----

# Words of a policy and bytes that are none, in any order.
scramble() {
  awk -v seed="$1" 'BEGIN {
    srand(seed)
    count = split("interpreter share isolate leave site per group duplicate unlisted mode " \
      "include [b-a] executable exports capi/pypy.list t.conf off deny package /* */lib/* [a [a-z] [!]] " \
      "liba.so.1 # \" \"\" \"a \"*\" \\ \303\244 \377 \001 \r \t", token, " ")
    for (i = 0; i < 2000; i++)
      printf "%s%s", token[int(rand() * count) + 1], substr("     \n", int(rand() * 6) + 1, 1)
  }'
}

@test "conf: words and bytes in any order are refused, never a crash" {
  for seed in {1..40}; do
    LC_ALL=C scramble "$seed" >t.conf
    iso conf t.conf
    assert_equal "$status" 125
    # One line an error, each with its place.
    LC_ALL=C run grep -acvE '^[a-z./]+:[0-9]+:[0-9]+: .' <<<"$stderr"
    assert_output 0
  done
}
