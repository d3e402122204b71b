# SPDX-License-Identifier: MIT
"""HDF5 beside it, which wants libz and brings libaec: a file with filters, there and back."""
import os
import tempfile

import h5py
import numpy as np

print(h5py.__version__, h5py.version.hdf5_version)
data = np.arange(60000, dtype="i4").reshape(200, 300)
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "a.h5")
    with h5py.File(path, "w") as file:
        for name, options in (("plain", {}), ("gzip", {"compression": "gzip", "shuffle": True}),
                              ("lzf", {"compression": "lzf"}), ("check", {"fletcher32": True})):
            file.create_dataset("group/" + name, data=data, chunks=(20, 30), **options)
        file.attrs["text"] = ["isolate", "\u00e9"]
        file["group/records"] = np.array([(1, 2.5)], dtype=[("a", "i2"), ("b", "f8")])
    with h5py.File(path) as file:
        for name, each in file["group"].items():
            print(name, each.shape, each.dtype, each.compression,
                  name == "records" or bool((each[...] == data).all()))
        print(list(file.attrs["text"]), file["group/gzip"].id.get_storage_size() < data.nbytes)
    for bad in (path + "x", __file__):
        try:
            h5py.File(bad)
        except OSError as error:
            print("error", type(error).__name__)
