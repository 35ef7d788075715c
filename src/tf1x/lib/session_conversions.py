"""`session.register_session_run_conversion_functions`: classes of programs as fetches and feeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.runtime.feeds import register_feed_conversion
from tf1x.runtime.fetches import register_fetch_conversion

_registered: set[type] = set()


def register_session_run_conversion_functions(
    tensor_type: type,
    fetch_function: Callable[[Any], tuple[list[Any], Callable[[list[Any]], Any]]],
    feed_function: Callable[[Any, Any], list[tuple[Any, Any]]] | None = None,
    feed_function_for_partial_run: Callable[[Any], list[Any]] | None = None,
) -> None:
    """Let `session.run` take instances of a class, as fetches and as keys of `feed_dict`.

    Args:
        fetch_function: an instance to `(tensors, a function of their values)`.
        feed_function: (instance, value) to a list of (tensor, value).
        feed_function_for_partial_run: an instance to the list of those tensors.

    Raises:
        ValueError: the class, or one that it extends, is registered already.
    """
    if any(issubclass(tensor_type, known) for known in _registered):
        raise ValueError(f"{tensor_type} has already been registered so ignore it.")
    _registered.add(tensor_type)
    register_fetch_conversion(
        tensor_type,
        lambda item: list(fetch_function(item)[0]),
        lambda item, values: fetch_function(item)[1](values),
    )
    if feed_function is None:
        return
    feed = feed_function
    tensors = feed_function_for_partial_run or (lambda item: [t for t, _ in feed(item, None)])
    register_feed_conversion(
        tensor_type, tensors, lambda item, value: [v for _, v in feed(item, value)]
    )
