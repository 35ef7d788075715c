"""NumPy's functions as the program's own files call them: arguments that it no longer takes.

Only calls of the form `np.name(...)` in the program's files get these (importer/old_source.py
puts them there); libraries go on calling NumPy's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from types import GeneratorType
from typing import Any

import numpy as np

from tf1x.importer.shims import note

_STREAMS = (GeneratorType, map, filter, zip)
_DIRECTIVE = re.compile(r"%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[hlL]?([a-zA-Z%])")


def _ragged(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """Rows of different lengths gave an array of lists until NumPy 1.24; `copy=False` was a wish
    until 2.0; -1 was a uint8 until 2.0."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("copy", True) is False:
            del kwargs["copy"]
            note(f"np.{name}(..., copy=False) copies where it must")
            return call_with(np.asarray, *args, **kwargs)
        return call_with(original, *args, **kwargs)

    def call_with(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ValueError as error:
            if "inhomogeneous" not in str(error) or len(args) > 1 or "dtype" in kwargs:
                raise
            note(f"np.{name} of rows of different lengths gives an array of objects")
            return function(*args, dtype=object, **kwargs)
        except OverflowError:
            dtype = np.dtype(kwargs.pop("dtype", args[1] if len(args) > 1 else None))
            if dtype.kind not in "iu":
                raise
            note(f"np.{name}: integers out of the range of {dtype} wrap around")
            return function(args[0], **kwargs).astype(dtype)

    return call


def _renamed(name: str, original: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if old in kwargs:
            note(f"np.{name}({old}=...) is np.{name}({new}=...)")
            kwargs[new] = kwargs.pop(old)
        return original(*args, **kwargs)

    return call


def _of_streams(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def call(arrays: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(arrays, _STREAMS):
            note(f"np.{name} of a generator takes its values as a list")
            arrays = list(arrays)
        return original(arrays, *args, **kwargs)

    return call


def _counted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def call(start: Any, stop: Any, num: Any = 50, *args: Any, **kwargs: Any) -> Any:
        if isinstance(num, (float, np.floating)):
            note(f"np.{name} of {num} points takes a whole number of them")
            num = int(num)
        return original(start, stop, num, *args, **kwargs)

    return call


def _saving(original: Callable[..., Any]) -> Callable[..., Any]:
    as_array = _ragged("array", np.array)

    def call(file: Any, *args: Any, **kwargs: Any) -> Any:
        named = {k: as_array(v) if isinstance(v, (list, tuple)) else v for k, v in kwargs.items()}
        return original(file, *(as_array(v) if isinstance(v, list) else v for v in args), **named)

    return call


@functools.cache
def functions() -> dict[str, Callable[..., Any]]:
    """The functions by name, made around NumPy's as they are now."""
    found = {name: _ragged(name, getattr(np, name)) for name in ("array", "asarray")}
    found["reshape"] = _renamed("reshape", np.reshape, "newshape", "shape")
    for name in ("percentile", "nanpercentile", "quantile", "nanquantile"):
        found[name] = _renamed(name, getattr(np, name), "interpolation", "method")
    for name in ("vstack", "hstack", "dstack", "stack", "concatenate", "column_stack", "sum"):
        found[name] = _of_streams(name, getattr(np, name))
    for name in ("savez", "savez_compressed"):
        found[name] = _saving(getattr(np, name))
    found["linspace"] = _counted("linspace", np.linspace)
    return {name: functools.update_wrapper(call, getattr(np, name)) for name, call in found.items()}


# -- arrays of one element as numbers ------------------------------------------------------------


def number(kind: Any, value: Any) -> Any:
    """`kind(value)`; float and int took any array of one element until NumPy 2.4."""
    single = isinstance(value, np.ndarray) and value.ndim and value.size == 1
    if single and kind in (float, int):
        note(f"{kind.__name__}() of an array of one element takes the element")
        value = value.item()
    return kind(value)


def formatted(template: Any, values: Any) -> Any:
    """`template % values`, where %d and %f took any array of one element until NumPy 2.4."""
    try:
        return template % values
    except TypeError as error:
        if "0-dimensional" not in str(error):
            raise
        note("%d and %f of an array of one element take the element")
        return _with_numbers(template, values)


def _with_numbers(template: Any, values: Any) -> Any:
    if not isinstance(values, tuple):
        values = (values,)
    directives = [d for d in _directives(template) if d != "%"]
    items = [
        v.item() if isinstance(v, np.ndarray) and v.size == 1 and d not in "sra" else v
        for d, v in zip(directives, values, strict=True)
    ]
    return template % tuple(items)


def _directives(template: str) -> list[str]:
    return _DIRECTIVE.findall(template)
