"""Data2Vis: a table in, ranked Vega-Lite charts out."""

from __future__ import annotations

from data2vis.effectiveness import score
from data2vis.grammar import Grammar
from data2vis.spec import Chart, Encoding
from data2vis.table import Profile, Table, TableError

__all__ = ["Chart", "Encoding", "Grammar", "Profile", "Table", "TableError", "score"]
