"""Restorations that wait for objects to make their variables (lib/train/checkpointable.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from tf1x.core import scopes

# By the graph in which the variables will be. Each returns whether it has more to wait for.
_waiting: WeakKeyDictionary[Any, list[Callable[[], bool]]] = WeakKeyDictionary()


def wait(restore: Callable[[], bool]) -> None:
    """Call `restore` whenever objects have new variables, for as long as it returns True."""
    _waiting.setdefault(scopes.get_default_graph().outermost, []).append(restore)


def objects_changed() -> None:
    """A layer was built, an optimizer made its slots, an attribute was set."""
    if not _waiting:
        return
    graph = scopes.get_default_graph().outermost
    if waiting := _waiting.get(graph):
        _waiting[graph] = [restore for restore in waiting if restore()]
