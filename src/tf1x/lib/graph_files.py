"""Public names of graph files: MetaGraphs, GraphDefs, SavedModels, imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

_META_GRAPH = "tf1x.lib.train.meta_graph"
lazy(_META_GRAPH, "train.export_meta_graph", "train.import_meta_graph")
lazy("tf1x.lib.graph_io", "train.write_graph", "io.write_graph")
