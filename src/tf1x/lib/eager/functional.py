"""Functions that give the gradients of functions: `tf.contrib.eager.implicit_gradients` and kin."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tf1x.core import convert, nest
from tf1x.lib.eager.tape import GradientTape


def implicit_value_and_gradients(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls `f` and returns (its value, pairs of gradient and variable).

    The variables are the trainable ones that `f` reads.

    Raises (when it is called):
        ValueError: `f` returns None, or no variable was read.
    """

    @functools.wraps(f)
    def grad_fn(*args: Any, **kwargs: Any) -> Any:
        with GradientTape() as tape:
            value = f(*args, **kwargs)
        if value is None:
            raise ValueError(
                f"Cannot differentiate a function that returns None; did you forget to return a "
                f"value from {getattr(f, '__name__', f)}?"
            )
        variables = sorted(
            tape.watched_variables(), key=lambda v: v.handle.id if hasattr(v.handle, "id") else 0
        )
        if not variables:
            raise ValueError(
                "No trainable variables were accessed while the function was being computed."
            )
        return value, list(zip(tape.gradient(value, variables), variables, strict=True))

    return grad_fn


def implicit_gradients(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that returns pairs: the gradient of `f` by each variable it reads, and the variable."""

    @functools.wraps(f)
    def grad_fn(*args: Any, **kwargs: Any) -> Any:
        return implicit_value_and_gradients(f)(*args, **kwargs)[1]

    return grad_fn


def value_and_gradients_function(
    f: Callable[..., Any], params: Sequence[Any] | None = None
) -> Callable[..., Any]:
    """A function that returns (the value of `f`, its gradients by some of its arguments).

    Args:
        params: names or positions of arguments, by default all. The function takes `dy=`, a
            gradient to start from.

    Raises:
        ValueError: `f` has no such parameter, or returns None.
    """
    positions = _positions(f, params)

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        dy = kwargs.pop("dy", None)
        if kwargs:
            raise ValueError("The gradient can only be taken with respect to positional arguments.")
        chosen = list(range(len(args))) if positions is None else positions
        values = [nest.map_structure(_tensor, a) if i in chosen else a for i, a in enumerate(args)]
        with GradientTape() as tape:
            sources = [values[i] for i in chosen]
            tape.watch(sources)
            value = f(*values)
        if value is None:
            raise ValueError(
                f"Cannot differentiate a function that returns None; did you forget to return a "
                f"value from {getattr(f, '__name__', f)}?"
            )
        return value, tape.gradient(value, sources, output_gradients=dy)

    return decorated


def gradients_function(
    f: Callable[..., Any], params: Sequence[Any] | None = None
) -> Callable[..., Any]:
    """A function that returns the gradients of `f` by its arguments; see `value_and_gradients_function`."""
    both = value_and_gradients_function(f, params)

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return decorated


def _tensor(value: Any) -> Any:
    return value if hasattr(value, "_reference") else convert.to_tensor(value)


def _positions(f: Callable[..., Any], params: Sequence[Any] | None) -> list[int] | None:
    if params is None:
        return None
    names = list(inspect.signature(f).parameters)
    found = []
    for param in params:
        if isinstance(param, str):
            if param not in names:
                raise ValueError(
                    f"The function has no parameter {param!r}; it has {', '.join(names)}."
                )
            found.append(names.index(param))
        elif isinstance(param, int):
            found.append(param)
        else:
            raise ValueError(f"params must be all strings or all integers; got {params}.")
    return found
