# SPDX-License-Identifier: MIT
"""Password hashes in Rust, the GIL released."""
import bcrypt

salt = b"$2b$06$abcdefghijklmnopqrstuu"
print(bcrypt.__version__)
print(bcrypt.hashpw(b"isolate", salt).decode())
print(bcrypt.checkpw(b"isolate", bcrypt.hashpw(b"isolate", bcrypt.gensalt(4))))
print(bcrypt.kdf(b"a", b"b", 32, 4, ignore_few_rounds=True).hex())
try:
    bcrypt.hashpw(b"a", b"no salt")
except ValueError as error:
    print("error", error)
