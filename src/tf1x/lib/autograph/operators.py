"""What converted code calls, under the name `ag__`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.autograph.conditionals import (
    and_,
    assert_stmt,
    if_exp,
    if_stmt,
    not_,
    or_,
    returned,
)
from tf1x.lib.autograph.convert import converted
from tf1x.lib.autograph.lists import append
from tf1x.lib.autograph.loops import for_stmt, while_stmt
from tf1x.lib.autograph.python_builtins import overload


def call(function: Any) -> Any:
    """What to call for `function` in converted code: it, converted."""
    return overload(function) or converted(function)


def builtin(function: Any) -> Any:
    """The same where the functions that are called are not converted."""
    return overload(function) or function


__all__ = [
    "and_", "append", "assert_stmt", "builtin", "call", "for_stmt", "if_exp", "if_stmt", "not_",
    "or_", "returned", "while_stmt",
]  # fmt: skip
