#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What began it all (PyPy issue 2617): PyPy 5.8 was linked to libssl and libcrypto, and a
# module with an OpenSSL of its own got those. A copy of pypy3 is linked as that was, and
# modules speak TLS with a server in another process, by OpenSSL 1.1.1 and 3.5.

# Bats sets stderr; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

load helper_live

setup_file() {
  provide openssl pygit2 cryptography ssh-python
  build_slotwalk
  live_begin
  SITE=$cache/openssl/site-packages:$cache/real/site-packages
  OPENSSL=$TOP/tests/fixture/openssl
  AUTHORITIES=$BATS_FILE_TMPDIR
  PYTHON=$BATS_FILE_TMPDIR/pypy3
  export SITE OPENSSL AUTHORITIES PYTHON
  unset SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF
  cp "$(readlink -f "$(command -v pypy3)")" "$PYTHON"
  patchelf --add-needed libcrypto.so.3 --add-needed libssl.so.3 \
    --add-needed libncursesw.so.6 "$PYTHON"
  "$OPENSSL/authority" "$AUTHORITIES"
  /usr/bin/python3 "$OPENSSL/serve.py" "$AUTHORITIES/server.pem" "$BATS_FILE_TMPDIR/port" \
    >"$BATS_FILE_TMPDIR/server.log" 2>&1 3>&- &
  for _ in {1..300}; do
    [ ! -e "$BATS_FILE_TMPDIR/port" ] || break
    sleep 0.1
  done
  PORT=$(<"$BATS_FILE_TMPDIR/port")
  # The version of the interpreter's: this file, whoever loads it.
  THEIRS=$(/usr/bin/python3 -c 'import ctypes
version = ctypes.CDLL("libcrypto.so.3").OpenSSL_version
version.restype = ctypes.c_char_p
print(version(0).decode().split()[1])')
  export PORT THEIRS
}

setup() {
  live_test
  PYTHONPATH=$PYTHONPATH:$OPENSSL
}

# spoken NAME ABOUT: what talk.py says of a module that has done all it should.
spoken() {
  echo "$1 $2
TLSv1.3 /CN=the server ok b'detalosi'
not verified: unable to get local issuer certificate"
}

@test "2017: pypy3 linked as PyPy 5.8 was has OpenSSL in the global scope" {
  run ldd "$PYTHON"
  for library in libcrypto.so.3 libssl.so.3 libncursesw.so.6 libexpat.so.1 libz.so.1 \
    libbz2.so.1.0 libffi.so.8; do
    assert_output --partial "$library => "
  done
  plain -c 'import ctypes, sys; print(sys.implementation.name, ctypes.CDLL(None).SSL_new != 0)'
  prints 'pypy True'
}

@test "2017: 1.1.1 linked in: plain binds to the interpreter's and crashes, isolated works" {
  plain "$OPENSSL/talk.py" static1
  assert_output "static1 $THEIRS libcrypto.so.3 libssl.so.3"
  assert_equal "$status" 139
  isolated "$OPENSSL/talk.py" static1
  prints "$(spoken static1 '1.1.1w own')"
}

@test "2017: 3.5 beside it: plain gets the interpreter's by the same version, isolated its own" {
  plain "$OPENSSL/talk.py" shared3
  prints "$(spoken shared3 "$THEIRS libcrypto.so.3 libssl.so.3")"
  isolated "$OPENSSL/talk.py" shared3
  prints "$(spoken shared3 '3.5.8 own')"
}

@test "2017: 1.1.1 beside it: the versions of its symbols save it, plain as isolated" {
  same "$OPENSSL/talk.py" shared1
  prints "$(spoken shared1 '1.1.1w own')"
}

@test "2017: all of them in one process with the interpreter's own ssl, in any order" {
  local names
  for names in 'ssl static1 shared1 shared3' 'shared3 static1 shared1 ssl'; do
    # shellcheck disable=SC2086 # these are words
    isolated "$OPENSSL/talk.py" $names
    prints "$(for name in $names; do
      case $name in
        ssl) spoken ssl "the interpreter's" ;;
        shared3) spoken shared3 '3.5.8 own' ;;
        *) spoken "$name" '1.1.1w own' ;;
      esac
    done)"
  done
}

@test "2017: four OpenSSLs in eight threads: each connection is verified, or refused" {
  script <<'PY'
import threading
import talk
modules = [talk.load(name) for name in ("ssl", "static1", "shared1", "shared3")] * 2
seen, wrong = [], []
def work(module, number):
    for turn in range(15):
        text = b"%d of %d" % (turn, number)
        seen.append(talk.talk(module, "ca", text) == ("TLSv1.3", "/CN=the server", "ok", text[::-1]))
        try:
            wrong.append(talk.talk(module, "other"))
        except OSError as error:
            seen.append(str(error) == "not verified: unable to get local issuer certificate")
threads = [threading.Thread(target=work, args=(module, number))
           for number, module in enumerate(modules)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(seen), all(seen), wrong, [module.version()[0].split()[1] for module in modules[1:4]])
PY
  isolated
  prints "240 True [] ['1.1.1w', '1.1.1w', '3.5.8']"
}

@test "2017: slots of the plain modules point into the interpreter's, of isolated ones none" {
  export PYTHONPATH=$SITE
  echo 'import static1.tls, shared1.tls, shared3.tls' >script.py
  walk script.py
  assert_equal "$status" 1
  [ "$(reported hijack)" -ge 1000 ] || fail "$output"
  assert_regex "$output" 'hijack tls[^ ]+ SSL_CTX_new libssl.so.3'
  assert_regex "$output" 'hijack libssl-[^ ]+ EVP_MD_fetch libcrypto.so.3'
  walk "$ISOLATE" script.py
  expect_clean_walk
}

@test "2017: RTLD_GLOBAL makes the same of a pypy3 that is not linked so; isolated is safe" {
  PYTHON=$(command -v pypy3)
  script <<'PY'
import ctypes
kept = [ctypes.CDLL(name, ctypes.RTLD_GLOBAL) for name in ("libcrypto.so.3", "libssl.so.3")]
import talk
talk.main(["shared3"])
PY
  plain
  prints "$(spoken shared3 "$THEIRS libcrypto.so.3 libssl.so.3")"
  isolated
  prints "$(spoken shared3 '3.5.8 own')"
}

# Wheels from PyPI.

@test "2017: pygit2 asks an https server by the OpenSSL of its wheel" {
  script <<'PY'
import os, sys, tempfile
import pygit2
pygit2.settings.set_ssl_cert_locations("%s/%s.pem" % (os.environ["AUTHORITIES"], sys.argv[1]), None)
with tempfile.TemporaryDirectory() as directory:
    repository = pygit2.init_repository(directory)
    remote = repository.remotes.create("there", "https://localhost:%s/x" % os.environ["PORT"])
    try:
        print([(each["name"], str(each["oid"])) for each in remote.ls_remotes()])
    except pygit2.GitError as error:
        print(error)
PY
  same script.py ca
  prints "[('refs/heads/main', '1234567890123456789012345678901234567890')]"
  same script.py other
  prints 'the SSL certificate is invalid'
  echo 'import pygit2' >script.py
  walk script.py
  assert_regex "$output" 'hijack libgit2-[^ ]+ SSL_connect libssl.so.3'
  walk "$ISOLATE" script.py
  expect_clean_walk
}

@test "2017: six OpenSSLs of modules and wheels in one process, and the interpreter's" {
  script <<'PY'
import pygit2, ssh.key
from cryptography.hazmat.backends.openssl import backend
import look, talk
talk.main(["ssl", "static1", "shared1", "shared3"])
print("cryptography", backend.openssl_version_text().split()[1])
for package in "pygit2", "ssh_python", "shared1", "shared3":
    print(package, look.mapped("/%s.libs/libcrypto-" % package))
print(look.mapped("/libcrypto.so.3"))
PY
  isolated
  prints "$(spoken ssl "the interpreter's")
$(spoken static1 '1.1.1w own')
$(spoken shared1 '1.1.1w own')
$(spoken shared3 '3.5.8 own')
cryptography 3.3.2
pygit2 1
ssh_python 1
shared1 1
shared3 1
1"
  walk "$ISOLATE" script.py
  expect_clean_walk
}
