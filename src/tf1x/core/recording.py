"""Who watches ops as they are made: gradient tapes.

`Graph.add_op` tells every recorder of the thread about each new op; variables tell them when they
are read. Nothing here knows what a recorder does with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Recorders(threading.local):
    def __init__(self) -> None:
        self.items: list[Any] = []


_recorders = _Recorders()


def active() -> list[Any]:
    """The thread's recorders, outermost first: each has `note(op)` and `accessed(variable)`."""
    return _recorders.items


def push(recorder: Any) -> None:
    _recorders.items = [*_recorders.items, recorder]


def pop(recorder: Any) -> None:
    _recorders.items = [item for item in _recorders.items if item is not recorder]


def note(op: Any) -> None:
    """Tell the recorders about an op, or about anything else with inputs and outputs."""
    for recorder in _recorders.items:
        recorder.note(op)


def accessed(variable: Any) -> None:
    """Tell the recorders that a variable is read."""
    for recorder in _recorders.items:
        recorder.accessed(variable)


@contextmanager
def paused() -> Iterator[None]:
    """Within, nothing is recorded."""
    saved, _recorders.items = _recorders.items, []
    try:
        yield
    finally:
        _recorders.items = saved
