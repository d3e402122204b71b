# SPDX-License-Identifier: MIT
"""Ciphers in libraries that cffi opens by path (ABI mode)."""
import Crypto
from Crypto.Cipher import AES, ChaCha20_Poly1305
from Crypto.Hash import BLAKE2b, SHA3_512
from Crypto.Protocol.KDF import scrypt
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

print(Crypto.__version__)
print(BLAKE2b.new(data=b"isolate", digest_bits=256).hexdigest())
print(SHA3_512.new(b"isolate").hexdigest()[:32])
print(scrypt(b"password", b"salt", 16, 1024, 8, 1).hex())
cipher = AES.new(bytes(32), AES.MODE_GCM, nonce=bytes(12))
text, tag = cipher.encrypt_and_digest(b"isolate")
print(text.hex(), tag.hex())
key = ECC.construct(curve="Ed25519", seed=bytes(32))
print(eddsa.new(key, "rfc8032").sign(b"isolate").hex()[:32])
try:
    ChaCha20_Poly1305.new(key=bytes(32), nonce=bytes(12)).decrypt_and_verify(b"text", bytes(16))
except ValueError as error:
    print("error", error)
