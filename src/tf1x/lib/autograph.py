"""`tf.autograph`: tf1x does not turn Python's `if` and `while` into graphs, and says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core.errors import UnsupportedError


def _refuse(name: str) -> Any:
    raise UnsupportedError(
        f"tf.autograph.{name}: tf1x does not rewrite Python's control flow. Write tf.cond for `if`, "
        "tf.while_loop for `while` and `for`, and tf.Print for `print` on tensors; or run the "
        "function eagerly (tf.enable_eager_execution)."
    )


def to_graph(e: Any, *args: Any, **kwargs: Any) -> Any:
    """Raises UnsupportedError, which says what to write."""
    return _refuse("to_graph")


def to_code(e: Any, *args: Any, **kwargs: Any) -> Any:
    """Raises UnsupportedError."""
    return _refuse("to_code")


def convert(*args: Any, **kwargs: Any) -> Any:
    """Raises UnsupportedError."""
    return _refuse("convert")


def stack(*args: Any, **kwargs: Any) -> Any:
    """Raises UnsupportedError."""
    return _refuse("stack")


def set_element_type(*args: Any, **kwargs: Any) -> Any:
    """Raises UnsupportedError."""
    return _refuse("set_element_type")


def do_not_convert(func: Callable[..., Any] | None = None, *args: Any, **kwargs: Any) -> Any:
    """The function as it is (also as a decorator with arguments): nothing is converted."""
    return func if callable(func) else lambda function: function
