# SPDX-License-Identifier: MIT
"""Graphs; GraphML through its vendored libxml2 (which wants libz) and OpenMP."""
import random
import tempfile

import igraph

random.seed(3)
print(igraph.__version__)
graph = igraph.Graph.Lattice([12, 12], circular=False)
print(graph.vcount(), graph.ecount(), graph.diameter(), sum(graph.distances(0)[0]))
print("%.6f" % max(graph.pagerank()), "%.3f" % max(graph.betweenness()))
print(len(graph.community_multilevel()) > 2, graph.maxflow_value(0, 143))
with tempfile.NamedTemporaryFile(suffix=".graphml") as file:
    graph.write_graphml(file.name)
    print(igraph.Graph.Read_GraphML(file.name).isomorphic(graph))
with tempfile.NamedTemporaryFile(suffix=".graphmlz") as file:
    graph.write_graphmlz(file.name)
    print(open(file.name, "rb").read(2).hex())
try:
    graph.delete_vertices(9999)
except igraph.InternalError as error:
    print("error", type(error).__name__)
