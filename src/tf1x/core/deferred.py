"""Restorations that wait for objects to make their variables (lib/train/checkpointable.py)."""

from __future__ import annotations

from collections.abc import Callable

# Each returns whether it has more to wait for.
_waiting: list[Callable[[], bool]] = []


def wait(restore: Callable[[], bool]) -> None:
    """Call `restore` whenever objects have new variables, for as long as it returns True."""
    _waiting.append(restore)


def objects_changed() -> None:
    """A layer was built, an optimizer made its slots, an attribute was set."""
    if _waiting:
        _waiting[:] = [restore for restore in list(_waiting) if restore()]
