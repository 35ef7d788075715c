"""`summary_op_util`: how a summary op of a library gets its tag and its collections."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from tf1x.core import scopes
from tf1x.ops import summary_functions


def collect(val: Any, collections: Any, default_collections: Any) -> None:
    """Note a summary in collections."""
    graph = scopes.get_default_graph()
    for key in default_collections if collections is None else collections:
        graph.add_to_collection(key, val)


def summary_scope(
    name: str | None, family: str | None = None, default_name: str | None = None, values: Any = None
) -> AbstractContextManager[tuple[str, str]]:
    """The name scope of a summary op; gives its tag and the scope."""
    return summary_functions._scope(name, family, (values or [None])[0], default_name)


def skip_summary() -> bool:
    """Whether another replica writes the summary: never."""
    return False


clean_tag = summary_functions._clean
