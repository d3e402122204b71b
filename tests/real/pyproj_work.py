# SPDX-License-Identifier: MIT
"""Transformations and the SQLite database of PROJ."""
import pyproj

print(pyproj.__version__, pyproj.proj_version_str)
utm = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True)
print("%.3f %.3f" % utm.transform(15.5, 52.25))
print("%.6f %.6f" % utm.transform(*utm.transform(15.5, 52.25), direction="INVERSE"))
print("%.3f %.3f %.3f" % pyproj.Geod(ellps="WGS84").inv(0, 0, 10, 10))
print(pyproj.CRS("EPSG:3035").name, len(pyproj.get_codes("EPSG", "ELLIPSOID")) > 30)
try:
    pyproj.CRS("EPSG:999999")
except pyproj.exceptions.CRSError as error:
    print("error", type(error).__name__)
