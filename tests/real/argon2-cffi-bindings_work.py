# SPDX-License-Identifier: MIT
"""Argon2, a module that cffi compiled in API mode; threads inside."""
from _argon2_cffi_bindings import ffi, lib

out = ffi.new("uint8_t[]", 32)
error = lib.argon2_hash(2, 1024, 4, b"password", 8, b"somesalt", 8, out, 32, ffi.NULL, 0,
                        lib.Argon2_id, lib.ARGON2_VERSION_NUMBER)
print(error, bytes(out).hex())
print(ffi.string(lib.argon2_error_message(lib.ARGON2_SALT_TOO_SHORT)).decode())
