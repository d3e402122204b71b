#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What README.md and CONTRIBUTING.md say is there, is there.

# root is of helper.bash; what is searched for stands between backticks.
# shellcheck disable=SC2016,SC2154

load helper

# Each `FILE`: `FUNCTION()`, `FUNCTION()` of CONTRIBUTING.md as lines "FILE FUNCTION".
steps() {
  grep -oE '`[a-z]+/[a-z_]+\.[cS]`: `[a-z_]+(\(\))?`(, `[a-z_]+(\(\))?`)*' "$root/CONTRIBUTING.md" |
    tr -d '`,():' | awk '{ for (i = 2; i <= NF; ++i) print $1, $i }'
}

@test "docs: each step of CONTRIBUTING.md is a function of the file that it names" {
  local file function count=0
  while read -r file function; do
    grep -qE "^([a-zA-Z].*[ *])?$function\(|STUB	$function," "$root/$file" ||
      fail "$file has no $function"
    count=$((count + 1))
  done < <(steps)
  assert [ "$count" -gt 25 ]
}

# The part of README.md that names the sources of FOLDER.
described() {
  sed -n "/^| \*\*$1\/\*\*/,/^| \*\*/p" "$root/README.md" | grep -oE '`[^`]+`' | tr -d '`'
}

@test "docs: README.md names each source file of policy and audit" {
  local folder file name
  for folder in policy audit; do
    for file in "$root/$folder"/*.[cS]; do
      name=$(basename "${file%.c}")
      described "$folder" | while read -r pattern; do
        # shellcheck disable=SC2053 # a pattern
        [[ $name != $pattern ]] || echo known
      done | grep -q known || fail "README.md does not name $folder/$name"
    done
  done
}

@test "docs: the targets of make that they name are targets" {
  local target
  while read -r target; do
    make -C "$root" -n "$target" >/dev/null || fail "make $target"
  done < <(grep -ohE '(`|^    )make [a-z][a-z-]+' "$root"/{README,CONTRIBUTING}.md |
    sed 's/.*make //' | sort -u)
}

@test "docs: files that they name are there" {
  local name
  while read -r name; do
    compgen -G "$root/$name" >/dev/null || fail "$name"
  done < <(grep -ohE '`(tests|policy|audit|launcher|packaging|man|debian)/[^` ]+`' \
    "$root"/{README,CONTRIBUTING}.md | tr -d '`' | grep -v NAME | sort -u)
}
