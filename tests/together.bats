#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Packages that hand each other native objects: nodes of libxml2, arrays, widgets of
# Qt, images of Tk. Each script does real work, which must come out with us as
# without, on packages that really are in namespaces; and what plain loading shares
# has one copy still.
# shellcheck disable=SC2154,SC2030,SC2031	# set by helper.bash; a variable is its test's own

load helper

setup_file() {
  provide together numpy pillow matplotlib contourpy cycler fonttools importlib-resources \
    kiwisolver packaging pyparsing python-dateutil six zipp
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  cpython=$cache/together/cpython/bin/python3
  pypy=$cache/together/pypy/bin/pypy3
  work=$root/tests/together
  front=()
  unset LD_AUDIT LD_PRELOAD LD_BIND_NOW PYTHONPATH
  export PYTHONDONTWRITEBYTECODE=1
}

# maps_of DIRECTORY COMMAND...: runs it, and whoever runs keep_maps.py leaves its maps.
maps_of() {
  mkdir -p "$1"
  MAPS=$PWD/$1 PYPY_ISOLATE_LOG=debug:$PWD/log \
    run --separate-stderr timeout -k 5 100 "${front[@]}" "${@:2}"
}

# works_alike INTERPRETER NAME [ARGUMENT...]: NAME_work.py, with us and without.
works_alike() {
  local command=("$1" "$work/keep_maps.py" "$work/$2_work.py" "${@:3}")
  maps_of plain "${command[@]}"
  assert_success
  local before=$output before_stderr=$stderr
  [ "$before" ] || fail "$2 printed nothing"
  maps_of isolated "$root/pypy-isolate" "${command[@]}"
  assert_equal "status $status: $output $stderr" "status 0: $before $before_stderr"
}

# placed PACKAGE...: modules of each were put into a namespace that is not base.
placed() {
  local package
  for package; do
    grep -Eq "/${package}[./][^ ]*: namespace [1-9]" log ||
      fail "no module of $package was isolated: $(cat log)"
  done
}

# mapped MAPS LIBRARY: the library's files, each as often as a copy of it begins there.
mapped() {
  awk -v library="/$2" '$3 ~ /^0+$/ && index($6, library) { print $6 }' "$1"
}

# one_copy LIBRARY...: with us as without, each process had it, and its file once.
one_copy() {
  local library maps
  for library; do
    for maps in plain/* isolated/*; do
      [ "$(mapped "$maps" "$library")" ] || fail "$library: not in $maps"
      [ -z "$(mapped "$maps" "$library" | sort | uniq -d)" ] ||
        fail "$library: more than one copy: $(grep -F "/$library" "$maps")"
    done
  done
}

@test "together: every script has a test" {
  for script in "$work"/*_work.py; do
    name=$(basename "$script" _work.py)
    grep -Eq "^  works_alike [^ ]+ $name\b" "$BATS_TEST_FILENAME" || fail "$name: no test"
  done
}

@test "together: Debian's lxml and xmlsec, xmlsec first" {
  works_alike /usr/bin/python3 xmlsec xmlsec lxml.etree
  placed lxml xmlsec
  one_copy libxml2.so.2 libxslt.so.1
}

@test "together: Debian's lxml and xmlsec, lxml first" {
  works_alike /usr/bin/python3 xmlsec lxml.etree xmlsec
  placed lxml xmlsec
  one_copy libxml2.so.2 libxslt.so.1
}

@test "together: numpy, scipy and pandas" {
  works_alike "$cpython" scipy
  placed numpy scipy pandas
  one_copy libscipy_openblas
}

@test "together: threadpoolctl finds and limits the OpenBLAS of numpy and of scipy" {
  works_alike "$cpython" threadpool scipy
  assert_equal "${#lines[@]}" 6
  placed numpy scipy
  one_copy libscipy_openblas
}

@test "together: threadpoolctl finds and limits the OpenBLAS of numpy, under pypy3" {
  export PYTHONPATH=$cache/real/site-packages
  works_alike "$pypy" threadpool
  assert_equal "${#lines[@]}" 5
  placed numpy
  one_copy libscipy_openblas
}

@test "together: Pillow and Debian's Tk" {
  front=(xvfb-run -a)
  works_alike /usr/bin/python3 imagetk
  placed PIL
  one_copy libtcl8.6.so libtk8.6.so
}

@test "together: Pillow and Debian's Tk, under pypy3" {
  front=(xvfb-run -a)
  export PYTHONPATH=$cache/real/site-packages
  works_alike "$pypy" imagetk
  placed PIL
  one_copy libtcl8.6.so libtk8.6.so
}

@test "together: matplotlib, numpy and Debian's Tk, under pypy3" {
  front=(xvfb-run -a)
  export PYTHONPATH=$cache/real/site-packages MPLCONFIGDIR=$PWD
  works_alike "$pypy" tkagg
  placed matplotlib numpy
  one_copy libtcl8.6.so libtk8.6.so libscipy_openblas
}

# Two ranks, with memory that they share, and loopback to mpirun.
mpi_works_alike() {
  front=(mpirun --allow-run-as-root --oversubscribe -np 2)
  export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader OMPI_MCA_oob_tcp_if_include=lo
  export OMPI_MCA_plm=isolated OMPI_MCA_btl_vader_single_copy_mechanism=none
  works_alike /usr/bin/python3 mpi "$PWD/shared" "$@"
  placed mpi4py
  one_copy libmpi.so.40 libopen-pal.so.40 mca_pml_ob1.so
}

@test "together: mpi4py and the plugins of OpenMPI" {
  mpi_works_alike
}

@test "together: mpi4py's communicator in the libmpi that ctypes finds" {
  mpi_works_alike ctypes
}

@test "together: PySide6 and shiboken6" {
  export QT_QPA_PLATFORM=offscreen
  works_alike "$cpython" qt
  placed PySide6 shiboken6
  one_copy libshiboken6.abi3.so libpyside6.abi3.so libQt6Core.so
}

@test "together: lxml and xmlsec as pip compiles them, xmlsec first, under pypy3" {
  works_alike "$pypy" xmlsec xmlsec lxml.etree
  placed lxml xmlsec
  one_copy libxml2.so.2 libxslt.so.1
}

@test "together: lxml and xmlsec as pip compiles them, lxml first, under pypy3" {
  works_alike "$pypy" xmlsec lxml.etree xmlsec
  placed lxml xmlsec
  one_copy libxml2.so.2 libxslt.so.1
}
