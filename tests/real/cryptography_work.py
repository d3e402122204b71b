# SPDX-License-Identifier: MIT
"""OpenSSL linked into a Rust module, callbacks and exceptions across it."""
from cryptography import __version__
from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

print(__version__, backend.openssl_version_text())
digest = hashes.Hash(hashes.SHA3_256())
digest.update(b"isolate")
print(digest.finalize().hex())
print(AESGCM(bytes(16)).encrypt(bytes(12), b"text", b"more").hex())
print(Scrypt(salt=b"salt", length=16, n=1024, r=8, p=1).derive(b"password").hex())
key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
print(key.sign(b"text").hex()[:32])
private = rsa.generate_private_key(65537, 2048)
signature = private.sign(b"text", padding.PKCS1v15(), hashes.SHA256())
private.public_key().verify(signature, b"text", padding.PKCS1v15(), hashes.SHA256())
pem = ec.derive_private_key(7, ec.SECP256R1()).public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
print(pem.decode().splitlines()[1])
print(Fernet(Fernet.generate_key()).decrypt is not None)
try:
    key.public_key().verify(bytes(64), b"text")
except InvalidSignature:
    print("error InvalidSignature")
