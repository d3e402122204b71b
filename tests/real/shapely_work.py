# SPDX-License-Identifier: MIT
"""GEOS (C++) beside it, ufuncs of numpy over it."""
import numpy as np
import shapely
from shapely import geometry, wkb, wkt

print(shapely.__version__, shapely.geos_version)
circles = [geometry.Point(x, 0).buffer(1) for x in range(6)]
union = shapely.union_all(circles)
print("%.6f %.6f %s" % (union.area, union.length, union.is_valid))
print(wkt.loads("POLYGON((0 0,4 0,4 4,0 4,0 0))").intersection(union).geom_type)
print(wkb.loads(wkb.dumps(union)).equals(union), len(shapely.to_geojson(union)) > 100)
points = shapely.points(np.random.default_rng(1).uniform(-2, 8, (2000, 2)))
print(int(shapely.contains(union, points).sum()), shapely.STRtree(circles).query(points[0]).tolist())
print(shapely.voronoi_polygons(shapely.multipoints(points[:50])).geom_type)
for bad in ("POLYGON((0 0,1", "nonsense"):
    try:
        wkt.loads(bad)
    except shapely.errors.ShapelyError as error:
        print("error", type(error).__name__)
