#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pypy-isolate-messages(7) has each message of the sources, and no other.

load helper

# shellcheck disable=SC2154 # set by helper
page=$root/man/pypy-isolate-messages.7

setup() {
  cd "$root" || return 1
}

# of_sources FILE...: their messages, a line each
of_sources() {
  python3 tests/messages/collect.py sources gcc "$@"
}

of_page() {
  python3 tests/messages/collect.py page "$1"
}

@test "messages: the page has all of the sources, and the sources all of the page" {
  of_sources policy/*.c audit/*.c launcher/*.c >"$BATS_TEST_TMPDIR/sources"
  of_page "$page" >"$BATS_TEST_TMPDIR/page"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/sources")" -gt 200 ]
  run diff "$BATS_TEST_TMPDIR/sources" "$BATS_TEST_TMPDIR/page"
  assert_output ''
}

@test "messages: what the sources can say is found, whichever way it is written" {
  mkdir -p "$BATS_TEST_TMPDIR/"{audit,launcher}
  cd "$BATS_TEST_TMPDIR"
  cat >audit/a.c <<'C'
#include <stdio.h>
#define WHERE "in here"
/* "no message at all" */
static const char *fault(int n) { return n ? "the first fault" : "the second, " WHERE; }
const char *b = "%s: mode %04o of \"%-*.*s\", %5.1f%% of it" /* "in a comment" */
		" and more";
const char *one = "word", *format = "%s: %zu%s", c = '"', *d = "one two";
C
  run python3 "$root/tests/messages/collect.py" sources gcc audit/a.c
  assert_output 'one two
the first fault
the second, in here
{}: mode {} of "{}", {}% of it and more'
  cat >launcher/b.c <<'C'
void say(const char *, ...), print(const char *, const char *);
void all(int n) {
	print("this is output", "of a verb");
	say("a message %s", n ? "with a part" : (n, "or another part"));
	print("more of it", "");
}
C
  run python3 "$root/tests/messages/collect.py" sources gcc launcher/b.c
  assert_output 'a message {}
or another part
with a part'
}

@test "messages: each has a cause or a cure below it" {
  # The last item of each list has a text; those before it may share that.
  run awk '/^\.El/ && last ~ /^\.It/ { print last } { last = $0 }
    /^\.(Ss|Sh)/ && open { print } /^\.Bl/ { open = 1 } /^\.El/ { open = 0 }' "$page"
  assert_output ''
}

@test "messages: a person sees them in the page as they are printed" {
  # Of the launcher, the policy, the module and ld.so's trust, one each.
  local text
  text=$(mandoc -T ascii -O width=1000 "$page" | col -b | tr -s ' \n\t' ' ')
  local message
  for message in "is there, but not what runs it: see its #! line, or its ld.so with \`file\`" \
    "'[' without ']' in 'pattern'; '[[]' matches a '['" \
    "no space after the closing '\"'" \
    'put this line into file: unlisted warn "pattern"' \
    "ELF file's phentsize not the expected size"; do
    [[ $text == *"$message"* ]] || fail "not in the page: $message"
  done
}
