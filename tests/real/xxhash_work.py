# SPDX-License-Identifier: MIT
"""Hashes over the buffer protocol."""
import xxhash

data = bytes(range(256)) * 1000
print(xxhash.VERSION, xxhash.XXHASH_VERSION)
print(xxhash.xxh32_hexdigest(data), xxhash.xxh64_hexdigest(memoryview(data)[1:]))
print(xxhash.xxh3_128_hexdigest(bytearray(data), seed=7))
state = xxhash.xxh3_64()
for i in range(0, len(data), 999):
    state.update(data[i:i + 999])
print(state.hexdigest() == xxhash.xxh3_64_hexdigest(data))
