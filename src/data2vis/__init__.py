"""Data2Vis: a table in, ranked Vega-Lite charts out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data2vis.effectiveness import score
from data2vis.grammar import Grammar
from data2vis.spec import Chart, Encoding
from data2vis.table import Profile, Table, TableError

if TYPE_CHECKING:
    from data2vis.notebook import Suggestions, suggest
    from data2vis.recommend import Recommendation, Recommender

__all__ = [
    "Chart",
    "Encoding",
    "Grammar",
    "Profile",
    "Recommendation",
    "Recommender",
    "Suggestions",
    "Table",
    "TableError",
    "score",
    "suggest",
]


def __getattr__(name: str) -> Any:
    # These bring JAX with them, which takes a second or two.
    if name in ("Recommendation", "Recommender"):
        from data2vis import recommend

        return getattr(recommend, name)
    if name in ("Suggestions", "suggest"):
        from data2vis import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
