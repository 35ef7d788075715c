"""`tf.autograph`: Python's control flow on tensors as ops.

A function's source is rewritten so that `if`, `while`, `for`, `and`, `or`, `not`, conditional
expressions, `assert`, and calls become calls of operators. These do what Python does where the
values are Python's, and build `tf.cond`, `tf.while_loop` and the like where they are tensors of a
graph: names.py and jumps.py prepare, rewrite.py rewrites, convert.py finds and makes functions,
conditionals.py, loops.py, lists.py and python_builtins.py are the operators.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Any

from tf1x.core import nest, scopes
from tf1x.core.effect_order import EffectOrder
from tf1x.core.operation import Operation
from tf1x.lib.autograph.convert import called, code_of, converted, unbound_locals, unconverted
from tf1x.lib.autograph.lists import set_element_type, stack
from tf1x.lib.autograph.loops import set_loop_options
from tf1x.lib.autograph.python_builtins import overload
from tf1x.ops import composite

__all__ = [
    "Feature", "called", "convert", "converted", "do_not_convert", "set_element_type", "set_loop_options",
    "stack", "to_code", "to_graph",
]  # fmt: skip


class Feature(enum.Enum):
    """Names of optional parts of the conversion; all of them are always on."""

    ALL = "ALL"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        return tuple(cls)

    @classmethod
    def all_but(cls, exclude: Any) -> tuple[Feature, ...]:
        excluded = exclude if isinstance(exclude, (list, tuple, set)) else (exclude,)
        return tuple(f for f in cls if f not in excluded)


def to_graph(
    entity: Callable[..., Any],
    recursive: bool = True,
    experimental_optional_features: Any = None,
    **_others: Any,
) -> Callable[..., Any]:
    """A function that builds ops for the Python control flow of `entity`.

    In a graph, what the function returns waits for what it does (`assert`, `print`, assignments).

    Args:
        recursive: whether the functions that it calls are converted too.
        experimental_optional_features: accepted; see `Feature`.

    Raises:
        ValueError: `entity` is no function.

    Example:
        >>> def f(x):
        ...     if x > 0:
        ...         x = x * x
        ...     return x
        >>> tf.autograph.to_graph(f)(tf.constant(3.0))
    """
    if not callable(entity) or isinstance(entity, type):
        raise ValueError(f"Cannot apply autograph to {entity!r}: it is not a function")
    inner = converted(getattr(entity, "python_function", entity), recursive)

    @functools.wraps(entity)
    def function(*args: Any, **kwargs: Any) -> Any:
        with unbound_locals():
            return _in_order(inner, args, kwargs)

    return function


def _in_order(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function; its results are there when all its effects have happened."""
    graph = scopes.get_default_graph()
    if graph.is_eager or getattr(graph, "effects", None) is not None:
        return function(*args, **kwargs)
    effects = EffectOrder()
    count = len(graph.get_operations())
    graph.effects = effects  # branches and bodies look for it
    try:
        result = function(*args, **kwargs)
    finally:
        del graph.effects
    for op in graph.get_operations()[count:]:
        effects.note(op)
    pending = effects.pending()
    return _after(result, pending) if pending else result


def _after(result: Any, pending: list[Operation]) -> Any:
    from tf1x.ops.array import Identity
    from tf1x.ops.grouping import group

    if result is None:
        return group(*pending)
    with scopes.control_dependencies(pending):
        leaves = [
            composite.pack(leaf, [Identity(t) for t in composite.flatten(leaf)])
            if hasattr(leaf, "op") or composite.is_composite(leaf)
            else leaf
            for leaf in nest.flatten(result)
        ]
    return nest.pack_sequence_as(result, leaves) if nest.is_nested(result) else leaves[0]


def to_code(
    entity: Callable[..., Any],
    recursive: bool = True,
    experimental_optional_features: Any = None,
    **_others: Any,
) -> str:
    """The Python source that `to_graph` makes of a function; operators are called `ag__`.

    Raises:
        UnsupportedError: the function's own source cannot be read.
    """
    return code_of(entity, recursive)


def convert(
    recursive: bool = False, optional_features: Any = None, verbose: Any = None, **_others: Any
) -> Callable[..., Any]:
    """A decorator: the function as `to_graph` gives it."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        made: list[Callable[..., Any]] = []

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if not made:
                made.append(to_graph(function, recursive))
            return made[0](*args, **kwargs)

        return unconverted(wrapper)

    return decorate


def do_not_convert(func: Callable[..., Any] | None = None, *args: Any, **kwargs: Any) -> Any:
    """A decorator (with or without arguments): the function is called as it is."""
    if func is None or not callable(func):
        return do_not_convert
    if overload(func):
        return func

    @functools.wraps(func)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        return func(*arguments, **named)

    return unconverted(wrapper)
