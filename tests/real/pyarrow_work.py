# SPDX-License-Identifier: MIT
"""Arrow and Parquet (C++, threads; zstd, lz4, snappy, bzip2, gzip and brotli linked in)."""
import io

import pyarrow as pa
from pyarrow import compute, csv, fs, ipc, parquet

print(pa.__version__)
table = pa.table({"n": pa.array(range(5000)), "s": ["text %d" % (i % 7) for i in range(5000)],
                  "f": pa.array([None, 2.5] * 2500)})
for codec in ("snappy", "gzip", "zstd", "lz4", "brotli", "none"):
    file = io.BytesIO()
    parquet.write_table(table, file, compression=codec)
    print(codec, parquet.read_table(io.BytesIO(file.getvalue())).equals(table))
packed = pa.BufferOutputStream()
with pa.CompressedOutputStream(packed, "bz2") as out:
    out.write(b"isolate" * 1000)
print(packed.getvalue().to_pybytes()[:3])
print(table.group_by("s").aggregate([("n", "sum"), ("f", "mean")]).sort_by("s").to_pylist()[:2])
stream = pa.BufferOutputStream()
with ipc.new_stream(stream, table.schema) as writer:
    writer.write_table(table)
print(ipc.open_stream(stream.getvalue()).read_all().num_rows)
print(csv.read_csv(io.BytesIO(b"a,b\n1,x\n2,y\n")).to_pydict())
print(compute.strptime(pa.array(["2024-02-29"]), "%Y-%m-%d", "s")[0].as_py(), table["n"].to_numpy().sum())
print(fs.LocalFileSystem().get_file_info("/nonexistent").type)
try:
    parquet.read_table(io.BytesIO(b"nonsense" * 10))
except pa.ArrowInvalid as error:
    print("error", type(error).__name__)
