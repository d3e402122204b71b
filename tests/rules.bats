#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Rules + facts -> verdict, as tables: FUNCTION ARGUMENT... ANSWER [WHY], where
# WHY is the line of the file that must have decided (tests/fixture/rulestest.c).

# shellcheck disable=SC2154 # set by helper

load helper

setup_file() {
  cd "$BATS_TEST_DIRNAME/.." || return
  "${CC:-gcc}" -std=gnu11 -I. -D_GNU_SOURCE "${strict[@]}" -o "$BATS_FILE_TMPDIR/rulestest" \
    tests/fixture/rulestest.c policy/{arena,diag,glob,conf,conf_check,conf_error,rules,capi,builtin,package}.c
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
}

# The table on standard input holds under t.conf, after the compiled-in rules.
expect_table() {
  [ -e t.conf ] || : >t.conf
  run "$BATS_FILE_TMPDIR/rulestest" t.conf
  assert_output ''
  assert_success
}

# The same without the compiled-in rules.
expect_table_alone() {
  RULESTEST_ALONE=1 expect_table
}

@test "rulestest: a wrong row, a short row and an empty table fail" {
  # The other tests here are worth nothing otherwise.
  run "$BATS_FILE_TMPDIR/rulestest" <<<'verdict /x leave'
  assert_failure 1
  assert_output 'verdict /x: want leave , got isolate built-in'
  run "$BATS_FILE_TMPDIR/rulestest" <<<'verdict /x isolate -'
  assert_failure 1
  run "$BATS_FILE_TMPDIR/rulestest" <<<'glob /x'
  assert_failure 1
  run "$BATS_FILE_TMPDIR/rulestest" </dev/null
  assert_failure 1
}

@test "glob: literals, ?, * and sets, against the whole text" {
  expect_table <<'TABLE'
glob  ''          ''          yes
glob  ''          a           no
glob  a           ''          no
glob  abc         abc         yes
glob  abc         abcd        no
glob  abc         ab          no
glob  ?           a           yes
glob  ?           ''          no
glob  ?           ab          no
glob  *           ''          yes
glob  *           /a/b        yes
glob  **          a           yes
glob  a*          a           yes
glob  *a          ba          yes
glob  *a          ab          no
glob  a*c         abbc        yes
glob  a*b*c       a-b-b-c     yes
glob  a*b*c       a-c-b       no
glob  *ab         aab         yes
glob  *aab*b      aaabab      yes
glob  */lib/*     /usr/lib/x  yes
glob  */lib/*     /usr/lib    no
glob  a?c         abc         yes
glob  lib*.so.?   libz.so.1   yes
glob  lib*.so.?   libz.so.10  no
TABLE
}

@test "glob: sets" {
  expect_table <<'TABLE'
glob  [abc]       b           yes
glob  [abc]       d           no
glob  [abc]       ''          no
glob  [a-c]       b           yes
glob  [a-c]       -           no
glob  [a-c0-9]x   7x          yes
glob  [!a-c]      d           yes
glob  [!a-c]      b           no
glob  [!a]        ''          no
glob  []]         ]           yes
glob  []a]        a           yes
glob  [!]]        ]           no
glob  [!]]        a           yes
glob  [a-]        -           yes
glob  [-a]        -           yes
glob  [*]         *           yes
glob  [*]         a           no
glob  [[]         [           yes
glob  a[!/]*b     a/b         no
glob  *[0-9].so   lib3.so     yes
glob  [           [           yes
glob  [ab         [ab         yes
glob  [ab         a           no
glob  [!          [!          yes
glob  []          []          yes
whole [ab]*       yes
whole a[          no
whole []          no
whole []]         yes
whole [!]         no
whole [a][b       no
whole ''          yes
possible [a-c]*    yes
possible [z-a]     no
possible a[z-a]b   no
possible [!z-a]    yes
possible [a][9-0]  no
possible [         yes
possible ''        yes
TABLE
}

@test "glob: many stars take no exponential time" {
  local a; a=$(printf 'a%.0s' {1..2000})
  run timeout 10 "$BATS_FILE_TMPDIR/rulestest" <<<"glob a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b $a no"
  assert_output ''
  assert_success
}

@test "package: the entry right below the last site directory, up to its first dot" {
  expect_table <<'TABLE'
package  /v/lib/pypy3.9/site-packages/numpy/core/x.so             numpy
package  /v/lib/pypy3.9/site-packages/numpy.libs/libgfortran.so   numpy
package  /v/lib/pypy3.9/site-packages/numpy.pypy39-pp73-x.so      numpy
package  /usr/lib/python3/dist-packages/lxml/etree.so             lxml
package  /v/site-packages/a/vendor/site-packages/b/c.so           b
package  /v/site-packages/a/vendor/dist-packages/b/c.so           b
package  /v/dist-packages/a/vendor/site-packages/b/c.so           b
package  /v/site-packages/.libs_cffi_backend/libffi.so            .libs_cffi_backend
package  /v/site-packages/..x/y.so                                ..x
package  /v/site-packages/plain                                   plain
package  /v/site-packages//numpy/x.so                             numpy
TABLE
}

@test "package: in what setuptools and pex unpack" {
  expect_table <<'TABLE'
package  /v/site-packages/foo-1.0-py3.9.egg/foo/x.so                    foo
package  /v/site-packages/foo-1.0-py3.9-linux-x86_64.egg/foo.so         foo
package  /h/.cache/Python-Eggs/foo-1.0-py3.9.egg-tmp/foo/x.so           foo
package  /h/.pex/installed_wheels/ab/foo-1.0-cp311-linux.whl/foo/x.so   foo
TABLE
}

@test "package: elsewhere the entry of the directory that Python imports from" {
  expect_table <<'TABLE'
package        /srv/app/plugins/x.so               x
package        /srv/app/plugins/x.pypy39-pp73.so   x
package        /srv/site-packages.old/x/y.so       y
package        /srv/my-site-packages/x/y.so        y
package        /x.so                               x
package        x.so                                x
package        ''                                  ''
package_below  /srv/app /srv/app/foo/sub/x.so      foo
package_below  /srv/app /srv/app//foo/x.so         foo
package_below  /srv/app /srv/app/foo.libs/x.so     foo
package_below  /srv/app /srv/app/x.so              x
package_below  /        /foo/x.so                  foo
TABLE
}

@test "site: directories of one's own, and which rule knows them" {
  printf 'site "/srv/app/libs"\n' >t.conf
  expect_table <<'TABLE'
package  /srv/app/libs/numpy/core/x.so       numpy             1
package  /v/site-packages/numpy/core/x.so    numpy             built-in
package  /srv/app/libs2/numpy/x.so           x                 -
TABLE
}

@test "package: a name too long is cut, never written past the end" {
  expect_table <<'TABLE'
package_in  4  /v/site-packages/numpy/x.so  num
package_in  5  /v/site-packages/numpy/x.so  nump
package_in  6  /v/site-packages/numpy/x.so  numpy
package_in  1  /v/site-packages/numpy/x.so  ''
package_in  2  /srv/app/xyz.so              x
package_in  3  /srv/app/xyz.so              xy
package_in  4  /srv/app/xyz.so              xyz
TABLE
}

@test "default: the system and the standard library of PyPy and CPython are left" {
  expect_table <<'TABLE'
verdict  /lib/x86_64-linux-gnu/libc.so.6                                leave
verdict  /lib64/ld-linux-x86-64.so.2                                    leave
verdict  /usr/lib/x86_64-linux-gnu/libfoo.so                            leave
verdict  /usr/lib64/libfoo.so.1                                         leave
verdict  /usr/local/lib/libfoo.so                                       leave
verdict  /usr/lib/uwsgi/plugins/python3_plugin.so                       leave
verdict  /usr/lib/pypy3.9/_sqlite3_cffi.pypy39-pp73-x86_64-linux-gnu.so leave
verdict  /usr/lib/pypy/lib_pypy/_gdbm_cffi.pypy-73-i386-linux-gnu.so    leave
verdict  /usr/lib/python3.11/lib-dynload/_bz2.cpython-311.so            leave
verdict  /opt/pypy3.10-v7.3.17-linux64/lib/pypy3.10/_blake2/_b.so       leave
verdict  /opt/pypy3.9-v7.3.11-linux64/lib/pypy3.9/_lzma_cffi.so         leave
verdict  /opt/pypy2.7-v7.3.17-linux64/lib_pypy/_tkinter/tklib.so        leave
verdict  /opt/pypy3.9-v7.3.11-linux64/bin/libpypy3.9-c.so               leave
verdict  /opt/pypy2.7-v7.3.17-linux64/bin/libpypy-c.so                  leave
verdict  /home/u/.pyenv/versions/3.11.7/lib/libpython3.11.so.1.0        leave
verdict  /home/u/.pyenv/versions/3.11.7/lib/python3.11/lib-dynload/_s.so leave
verdict  /nix/store/abc-zlib-1.3/lib/libz.so.1                          leave
TABLE
}

@test "default: packages are isolated, wherever they are, and so is the rest" {
  expect_table <<'TABLE'
verdict  /home/u/venv/lib/pypy3.9/site-packages/numpy/core/x.so         isolate
verdict  /home/u/venv/site-packages/numpy/core/x.so                     isolate
verdict  /opt/pypy3.10-v7.3.17-linux64/lib/pypy3.10/site-packages/a.so  isolate
verdict  /opt/pypy2.7-v7.3.17-linux64/site-packages/a.so                isolate
verdict  /usr/lib/python3/dist-packages/lxml/etree.so                   isolate
verdict  /usr/lib/pypy3.9/dist-packages/x.so                            isolate
verdict  /usr/local/lib/pypy3.9/dist-packages/x.so                      isolate
verdict  /usr/lib64/python3.9/site-packages/x.so                        isolate
verdict  /usr/local/lib/python3.12/site-packages/x/y.so                 isolate
verdict  /nix/store/abc-numpy/lib/python3.11/site-packages/numpy/x.so   isolate
verdict  /v/site-packages/foo/lib_pypy/x.so                             isolate
verdict  /home/u/libfoo.so                                              isolate
verdict  /home/u/usr/lib/libfoo.so                                      isolate
verdict  /home/u/lib/pypy3-tests/x.so                                   isolate
verdict  /home/u/.cache/Python-Eggs/x.egg-tmp/x.so                      isolate
TABLE
}

@test "default: each verdict names the compiled-in rule, and no rule means leave" {
  expect_table <<'TABLE'
verdict      /home/u/libfoo.so  isolate  built-in
unlisted     /home/u/x.so       deny     built-in
per          package            built-in
mode         enforce            built-in
shared       libc.so.6          yes      built-in
duplicate    libstdc++.so.6     yes      built-in
shared       libz.so.1          no       built-in
duplicate    libz.so.1          yes      built-in
shared       libssl.so.3        no       -
duplicate    libssl.so.3        no       -
group        numpy              -        -
TABLE
  expect_table_alone <<'TABLE'
verdict      /home/u/libfoo.so  leave    -
unlisted     /home/u/x.so       deny     -
per          package            -
mode         enforce            -
shared       libc.so.6          no       -
interpreter  libpypy3.9-c.so    -        -
executable   0                  -        -
TABLE
}

@test "default: the glibc family and the unwinder are shared, libstdc++ is not" {
  expect_table <<'TABLE'
shared  libc.so.6         yes
shared  libm.so.6         yes
shared  libmvec.so.1      yes
shared  libpthread.so.0   yes
shared  libdl.so.2        yes
shared  librt.so.1        yes
shared  libutil.so.1      yes
shared  libresolv.so.2    yes
shared  libanl.so.1       yes
shared  libnsl.so.1       yes
shared  libnss_files.so.2 yes
shared  libthread_db.so.1 yes
shared  libgcc_s.so.1     yes
shared  libnsl.so.2       no
shared  libstdc++.so.6    no
shared  libcrypt.so.1     no
TABLE
}

@test "default: interpreters by file name, and by the program itself" {
  expect_table <<'TABLE'
interpreter  libpypy3.9-c.so        pypy     built-in
interpreter  libpypy-c.so           pypy
interpreter  libpypy3-c.so          pypy
interpreter  libpypy3.9-c.so.1      pypy
interpreter  libpython3.11.so.1.0   cpython
interpreter  libpython2.7.so        cpython
interpreter  libpypy3.9.so          -        -
interpreter  libboost_python311.so  -
interpreter  exports                -
interpreter  executable             -
interpreter  capi/pypy.list         -
executable   0                      cpython
executable   1                      pypy
executable   2                      -
TABLE
}

@test "isolate, leave: the last match wins" {
  cat >t.conf <<'CONF'
isolate "/srv/*"
leave   "/srv/app/*"
isolate "/srv/app/in/*" "/srv/app/also/*"
leave   "*/site-packages/gmpy2/*"
CONF
  expect_table <<'TABLE'
verdict  /srv/x.so                       isolate  1
verdict  /srv/app/x.so                   leave    2
verdict  /srv/app/in/x.so                isolate  3
verdict  /srv/app/also/x.so              isolate  3
verdict  /v/site-packages/gmpy2/x.so     leave    4
verdict  /v/site-packages/gmpy/x.so      isolate  built-in
verdict  /usr/lib/x.so                   leave    built-in
TABLE
}

@test "share, duplicate: the last that names a library decides, patterns included" {
  cat >t.conf <<'CONF'
share     "libxml2.so.*" libfoo.so.1
duplicate "libfoo.so.*" libgcc_s.so.1
share     libstdc++.so.6 libfoo.so.3
CONF
  expect_table <<'TABLE'
shared     libxml2.so.2    yes  1
duplicate  libxml2.so.2    no   1
shared     libfoo.so.1     no   2
duplicate  libfoo.so.1     yes  2
shared     libfoo.so.3     yes  3
shared     libgcc_s.so.1   no   2
shared     libstdc++.so.6  yes  3
duplicate  libstdc++.so.6  no   3
shared     libxml2Xso.2    no   -
TABLE
}

@test "group: a package's group, by name or pattern, or the group's own name" {
  cat >t.conf <<'CONF'
group qt PySide6 shiboken6
group qt "PyQt?"
group sci numpy scipy
CONF
  expect_table <<'TABLE'
group  PySide6    qt   1
group  shiboken6  qt   1
group  PyQt5      qt   2
group  PyQt       -    -
group  qt         qt   2
group  scipy      sci  3
group  sc         -    -
group  PySide     -    -
TABLE
}

@test "group: the same name in a later file replaces the earlier group" {
  cat >first.conf <<'CONF'
group qt PySide6 shiboken6
group sci numpy
group old a b
CONF
  cat >t.conf <<'CONF'
include first.conf
group qt PyQt5
group new b
CONF
  expect_table <<'TABLE'
group  PySide6    pyside6  built-in
group  shiboken6  pyside6  built-in
group  PyQt5      qt   2
group  numpy      sci  2
group  a          old  3
group  b          new  3
TABLE
}

@test "per, mode: the last one" {
  printf 'per module\nper process\nmode off\nmode permissive\n' >t.conf
  expect_table <<<$'per process 2\nmode permissive 4'
  printf 'per package\nper module\nmode enforce\nmode off\n' >t.conf
  expect_table <<<$'per module 2\nmode off 4'
  printf 'per process\nper package\nmode off\nmode enforce\n' >t.conf
  expect_table <<<$'per package 2\nmode enforce 4'
}

@test "unlisted: for all modules or those at a path, the last match" {
  cat >t.conf <<'CONF'
unlisted warn
unlisted deny "*/site-packages/*"
unlisted warn "*/site-packages/a/*" "*/site-packages/b/*"
CONF
  expect_table <<'TABLE'
unlisted  /srv/x.so                warn  1
unlisted  /v/site-packages/c/x.so  deny  2
unlisted  /v/site-packages/a/x.so  warn  3
unlisted  /v/site-packages/b/x.so  warn  3
TABLE
}

@test "interpreter: a new name adds, the same name replaces" {
  cat >t.conf <<'CONF'
interpreter mine "libmine*.so" "libpypy9*" exports capi/pypy.list
interpreter cpython "libpython3*.so*" exports capi/cpython.list
interpreter other "libother.so" executable exports capi/cpython.list
CONF
  expect_table <<'TABLE'
interpreter  libmine2.so           mine     1
interpreter  libpypy9-c.so         mine     1
interpreter  libpypy3.9-c.so       pypy     built-in
interpreter  libpython3.11.so.1.0  cpython  2
interpreter  libpython2.7.so.1.0   -        -
interpreter  executable            -        -
executable   0                     other    3
executable   1                     pypy     built-in
executable   2                     -
TABLE
}

@test "include: its rules stand in place of the line" {
  printf 'mode off\nper module\n' >in.conf
  printf 'mode permissive\nper process\ninclude in.conf\nper package\n' >t.conf
  expect_table <<<$'mode off 1\nper package 4'
}
