# SPDX-License-Identifier: MIT
"""Keys by libssh, which brings OpenSSL 1.1.1 and Kerberos."""
import os
import tempfile

import ssh
from ssh import key, keytypes

print(ssh.__version__)
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "id")
    for kind, bits in ("RSAKey", 2048), ("ECDSA_P256", 256), ("ED25519Key", 0):
        made = key.generate(getattr(keytypes, kind)(), bits)
        made.export_privkey_file(path, passphrase=b"secret")
        again = key.import_privkey_file(path, passphrase=b"secret")
        same = again.export_pubkey_base64() == made.export_pubkey_base64()
        print(kind, made.is_private(), again.ecdsa_name(), same)
    try:
        key.import_privkey_file(path, passphrase=b"wrong")
    except key.KeyImportError as error:
        print("error", type(error).__name__)
