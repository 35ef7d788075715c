"""Decorators that warn, in the log, of functions and arguments with a successor."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from tf1x.lib import logging

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_said: set[Any] = set()
_silenced = 0


@contextmanager
def silence() -> Any:
    """No warnings of deprecation inside."""
    global _silenced
    _silenced += 1
    try:
        yield
    finally:
        _silenced -= 1


def _check(date: str | None, instructions: str) -> None:
    if date is not None and not re.match(r"20\d\d-[01]\d-[0123]\d", date):
        raise ValueError("Date must be YYYY-MM-DD.")
    if not instructions:
        raise ValueError("Don't deprecate things without conversion instructions!")


def _warn(key: Any, what: str, date: str | None, instructions: str, once: bool = True) -> None:
    if _silenced or (once and key in _said):
        return
    _said.add(key)
    when = "in a future version" if date is None else f"after {date}"
    logging.warning(
        "%s and will be removed %s.\nInstructions for updating:\n%s", what, when, instructions
    )


def _name(func: Any) -> str:
    return f"{func.__qualname__} (from {func.__module__})"


def deprecated(date: str | None, instructions: str, warn_once: bool = True) -> Decorator:
    """Decorate a function or class so that its first use logs a warning.

    Args:
        date: when it is to go, "YYYY-MM-DD"; None for some day.
        instructions: what to use in its place.
        warn_once: if false, every use warns.

    Raises:
        ValueError: a date of another form, or no instructions.
    """
    _check(date, instructions)

    def decorate(item: Any) -> Any:
        is_class = inspect.isclass(item)
        func = item.__init__ if is_class else item

        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            _warn(func, f"{_name(item)} is deprecated", date, instructions, warn_once)
            return func(*args, **kwargs)

        if is_class:
            item.__init__ = wrapper
            return item
        return wrapper

    return decorate


def deprecated_args(
    date: str | None, instructions: str, *deprecated_arg_names_or_tuples: Any, **kwargs: Any
) -> Decorator:
    """Decorate a function so that the first use of these arguments logs a warning.

    Args:
        deprecated_arg_names_or_tuples: names, or pairs of a name and the value that may be passed
            without a warning.

    Raises:
        ValueError: the function has no such argument, or see `deprecated`.
    """
    _check(date, instructions)
    warn_once = kwargs.pop("warn_once", True)
    if kwargs:
        raise ValueError(f"Illegal argument to deprecated_args: {', '.join(kwargs)}")
    pairs = [n if isinstance(n, tuple) else (n,) for n in deprecated_arg_names_or_tuples]

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(func)
        open_ended = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
        for name, *_ in pairs:
            if name not in signature.parameters and not open_ended:
                raise ValueError(f"The following deprecated arguments are not present: [{name!r}]")

        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            given = {**signature.bind_partial(*args, **kwargs).arguments, **kwargs}
            for name, *allowed in pairs:
                if name in given and not any(_same(given[name], value) for value in allowed):
                    what = f"calling {_name(func)} with {name} is deprecated"
                    _warn((func, name), what, date, instructions, warn_once)
            return func(*args, **kwargs)

        return wrapper

    return decorate


def deprecated_arg_values(
    date: str | None, instructions: str, warn_once: bool = True, **deprecated_kwargs: Any
) -> Decorator:
    """Decorate a function so that passing exactly these values logs a warning; see `deprecated`."""
    _check(date, instructions)
    if not deprecated_kwargs:
        raise ValueError("Specify which argument values are deprecated.")

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(func)

        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind_partial(*args, **kwargs).arguments
            for name, value in deprecated_kwargs.items():
                if name in given and _same(given[name], value):
                    what = f"calling {_name(func)} with {name}={value} is deprecated"
                    _warn((func, name), what, date, instructions, warn_once)
            return func(*args, **kwargs)

        return wrapper

    return decorate


def _same(a: Any, b: Any) -> bool:
    """Identity or equality; tensors and arrays are compared by identity."""
    return a is b or (isinstance(a, (bool, int, float, str, bytes)) and a == b)


def experimental(func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function so that its first use logs that it may change."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if func not in _said:
            _said.add(func)
            logging.warning("%s is experimental and may change or be removed.", _name(func))
        return func(*args, **kwargs)

    return wrapper
