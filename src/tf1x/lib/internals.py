"""What TensorFlow keeps private and programs import all the same (see importer/private_paths.py)."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core.shapes import TensorShape


class ArgSpec(NamedTuple):
    """What `inspect.getargspec` returned until Python 3.11 dropped it."""

    args: list[str]
    varargs: str | None
    keywords: str | None
    defaults: tuple[Any, ...] | None


def getargspec(func: Callable[..., Any]) -> ArgSpec:
    """The positional parameters of a function, with their defaults."""
    return ArgSpec(*inspect.getfullargspec(func)[:4])


def remove_undocumented(
    module_name: str, allowed_exception_list: Any = None, doc_string_modules: Any = None
) -> None:
    """Leave the module as it is: TensorFlow deletes the names that it does not document."""


def vector(length: Any) -> TensorShape:
    """The shape of a vector."""
    return TensorShape([length])


def matrix(rows: Any, cols: Any) -> TensorShape:
    """The shape of a matrix."""
    return TensorShape([rows, cols])


def RegisterShape(op_type: str) -> Callable[[Any], Any]:
    """A decorator that does nothing, as since TensorFlow 0.12: ops have shape rules of their own."""
    return lambda function: function


_uids = itertools.count()


def uid() -> int:
    """A number that no other call gives."""
    return next(_uids)


def make_decorator(
    target: Callable[..., Any],
    decorator_func: Callable[..., Any],
    decorator_name: str | None = None,
    decorator_doc: str = "",
    decorator_argspec: Any = None,
) -> Callable[..., Any]:
    """`decorator_func` with the name, documentation and signature of `target`."""
    return functools.update_wrapper(decorator_func, target)


def unwrap(maybe_tf_decorator: Any) -> tuple[list[Any], Any]:
    """What wraps a function, outermost first, and the function itself."""
    layers = []
    target = maybe_tf_decorator
    while hasattr(target, "__wrapped__"):
        layers.append(target)
        target = target.__wrapped__
    return layers, target


def enabled() -> bool:
    """Whether TensorFlow 2's behaviour is on (`tensorflow.python.tf2.enabled`): never."""
    return False
