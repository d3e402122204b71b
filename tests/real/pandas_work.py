# SPDX-License-Identifier: MIT
"""Frames: CSV there and back, groups, joins, dates (Cython over numpy's C API)."""
import io

import numpy as np
import pandas as pd

print(pd.__version__)
frame = pd.DataFrame({"key": list("abcab") * 400, "value": np.arange(2000.0),
                      "when": pd.date_range("2024-01-01", periods=2000, freq="h", tz="UTC")})
print(frame.groupby("key")["value"].agg(["sum", "mean", "std"]).round(3).to_dict())
again = pd.read_csv(io.StringIO(frame.to_csv(index=False)), parse_dates=["when"])
print(again.equals(frame), (again == frame).all().all())
print(frame.merge(frame.head(10), on="key").shape, frame.pivot_table("value", "key").round(2).shape)
print(frame.set_index("when")["value"].resample("7D").max().tolist()[:3])
print(frame["value"].rolling(5).median().iloc[-1], frame.sort_values("key").iloc[0].to_dict()["value"])
print(pd.Series(["x1", None, "y22"]).str.extract(r"(\d+)")[0].tolist())
try:
    pd.to_datetime("not a date")
except ValueError as error:
    print("error", type(error).__name__)
