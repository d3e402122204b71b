#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What TAB completes, typed into the real shells.

# root is of helper.bash.
# shellcheck disable=SC2154

load helper

setup_file() {
  provide shells
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  mkdir empty home
  cd empty || return 1
  export PATH=$root:$PATH TERM=xterm HOME=$BATS_TEST_TMPDIR/home
  unset "${!XDG_@}"
  completions=$root/launcher/completions
}

# verbs: those that the program names, and those that it will
verbs() {
  { "$root/pypy-isolate" --help | sed -n '/^usage/,/^$/s/^.*pypy-isolate \([a-z].*\)/\1/p' |
    grep -oE '^[a-z]+( \| [a-z]+)*'; echo run; } | tr -d '|' | xargs -n 1 | sort -u
}

# options: each of the manual's as "VERB OPTION"
options() {
  awk '/^\.Sh DESCRIPTION/ { exit }
    /^\.(Op )?Cm / { sub(/^\.(Op )?Cm /, ""); verbs = $0; gsub(/[|]|Cm/, "", verbs); next }
    verbs != "" && /Fl -[a-z]/ {
      while (match($0, /Fl -[a-z]+/)) {
        n = split(verbs, each, " ")
        for (i = 1; i <= n; ++i)
          print each[i], "-" substr($0, RSTART + 3, RLENGTH - 3)
        $0 = substr($0, RSTART + RLENGTH)
      }
    }
    /^\.Nm/ { verbs = "" }' "$root/man/pypy-isolate.1"
}

# typed KEYS WORD...: what is typed, what must come of it; and then the line is given up.
typed() {
  printf '%s => %s\n' "$1" "${*:2}" '\x15echo agai""n\r' again
}

# steps INIT
steps() {
  local verb
  typed "$1; echo re''ady\\r" ready
  # shellcheck disable=SC2046 # words
  typed 'pypy-isolate \t' $(verbs) pypy3
  for verb in $(options | cut -d ' ' -f 1 | sort -u); do
    # shellcheck disable=SC2046
    typed "pypy-isolate $verb --\\t" $(options | sed -n "s/^$verb //p")
  done
  for verb in 'check -i' doctor enable disable status run 'explain --json file' ''; do
    typed "pypy-isolate $verb py\\t" pypy3 python3
  done
  # What is not ambiguous is written, and it is right: the program runs.
  typed 'pypy-isolate --ver\t\r' 0.1.0
  typed 'pypy-isolate ru\t echo 40 2 | tr " " +\r' 40+2
  # Behind a command, its own.
  typed 'pypy-isolate run ls --si\t' --size
  typed 'pypy-isolate ls --si\t' --size
}

@test "completions: the program's verbs and options are known here" {
  run verbs
  assert_line check
  assert_line run
  refute_output --partial INTERPRETER
  run options
  assert_line 'check --symbols'
  assert_line 'doctor --timeout'
}

@test "completions: bash" {
  steps ". /usr/share/bash-completion/bash_completion; . $completions/pypy-isolate.bash; \
bind 'set show-all-if-ambiguous on'" |
    /usr/bin/python3 "$root/tests/fixture/terminal.py" bash --norc -i
}

@test "completions: zsh" {
  steps "fpath=($completions \$fpath); autoload -U compinit; compinit -D -u" |
    /usr/bin/python3 "$root/tests/fixture/terminal.py" zsh -f -i
}

@test "completions: fish" {
  steps "source $completions/pypy-isolate.fish" |
    /usr/bin/python3 "$root/tests/fixture/terminal.py" fish -i
}
