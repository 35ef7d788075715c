"""Argument scopes: default values for the keyword arguments of chosen functions."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])
Scope = dict[str, dict[str, Any]]

_stack: list[Scope] = [{}]
_arguments: dict[str, tuple[str, ...]] = {}


def arg_scope_func_key(op: Any) -> str:
    """The key of a function in a scope: the same for a function and its decorated form."""
    key: str = getattr(op, "_key_op", str(op))
    return key


def current_arg_scope() -> Scope:
    """The defaults in force here: function key to argument names to values."""
    return _stack[-1]


def add_arg_scope(func: _F) -> _F:
    """Decorate a function so that `arg_scope` can set defaults for its keyword arguments."""
    key = arg_scope_func_key(func)

    @functools.wraps(func)
    def with_defaults(*args: Any, **kwargs: Any) -> Any:
        defaults = current_arg_scope().get(key)
        return func(*args, **({**defaults, **kwargs} if defaults else kwargs))

    parameters = inspect.signature(func).parameters.values()
    _arguments[key] = tuple(p.name for p in parameters if p.default is not p.empty)
    with_defaults._key_op = key  # type: ignore[attr-defined]
    return with_defaults  # type: ignore[return-value]


def has_arg_scope(func: Any) -> bool:
    """Whether a function was decorated with `add_arg_scope`."""
    return arg_scope_func_key(func) in _arguments


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The names of the arguments that `arg_scope` can set for a decorated function."""
    assert has_arg_scope(func), f"{func} is not decorated with @add_arg_scope"
    return _arguments[arg_scope_func_key(func)]


@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[Scope]:
    """Set defaults of keyword arguments for the functions given.

    Args:
        list_ops_or_scope: functions decorated with `add_arg_scope`, or a scope that an earlier
            `arg_scope` gave, to enter it again (then without `kwargs`).
        kwargs: the defaults; an argument that the program passes wins over them.

    Yields:
        The scope, which can be entered again.

    Raises:
        ValueError: a function is not decorated, or `kwargs` together with a scope.
        TypeError: neither a list nor a scope.

    Example:
        >>> with arg_scope([layers.conv2d], padding="SAME"):
        ...     y = layers.conv2d(x, 64, 3)
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError(
                "When attempting to re-use a scope by suppling a dictionary, kwargs must be empty."
            )
        scope = dict(list_ops_or_scope)
    elif isinstance(list_ops_or_scope, (list, tuple)):
        scope = dict(current_arg_scope())
        for op in list_ops_or_scope:
            if not has_arg_scope(op):
                name = (getattr(op, "__module__", None), getattr(op, "__name__", str(op)))
                raise ValueError(f"{name} is not decorated with @add_arg_scope")
            key = arg_scope_func_key(op)
            scope[key] = {**scope.get(key, {}), **kwargs}
    else:
        raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
    _stack.append(scope)
    try:
        yield scope
    finally:
        _stack.pop()
