"""Python's builtin functions, on tensors and datasets what TensorFlow has for them."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

from tf1x.core import convert, dtypes, scopes
from tf1x.lib.autograph.lists import TensorList
from tf1x.lib.autograph.state import is_staged, is_tensor


def _dataset(value: Any) -> bool:
    if scopes.executing_eagerly():
        return False
    from tf1x.lib.data.dataset import Dataset

    return isinstance(value, Dataset)


def len_(value: Any) -> Any:
    """The rows of a tensor, an int where that is known."""
    if isinstance(value, TensorList):
        return value.size()
    if not is_staged(value):
        from tf1x.ops.tensor_array import TensorArray

        return value.size() if isinstance(value, TensorArray) else len(value)
    tensor = convert.to_tensor(value)
    dims = tensor.shape.tuple
    if dims == ():
        raise ValueError(f"len requires a non-scalar tensor, got one of shape {tensor.shape}")
    if dims and dims[0] is not None:
        return dims[0]
    from tf1x.ops.array import shape

    return shape(tensor)[0]


def range_(*args: Any) -> Any:
    """`range`, of tensors `tf.range`."""
    if not any(is_staged(a) for a in args):
        return range(*args)
    from tf1x.ops import array
    from tf1x.ops.math import Maximum

    if len(args) == 1:
        return array.range_(args[0])
    if len(args) == 2:  # none where the start lies behind the end
        return array.range_(args[0], Maximum(args[0], args[1]))
    return array.range_(*args)


def int_(value: Any = 0, *base: Any) -> Any:
    """`int`; of a tensor an int32."""
    if not is_staged(value):
        return int(value, *base)
    return _number(value, dtypes.int32)


def float_(value: Any = 0.0) -> Any:
    """`float`; of a tensor a float32."""
    if not is_staged(value):
        return float(value)
    return _number(value, dtypes.float32)


def _number(value: Any, dtype: dtypes.DType) -> Any:
    if convert.to_tensor(value).dtype.base_dtype is dtypes.string:
        from tf1x.ops.strings_functions import string_to_number

        return string_to_number(value, dtype)
    from tf1x.ops.math import cast

    return cast(value, dtype)


def abs_(value: Any) -> Any:
    return abs(value)  # tensors have `__abs__`


def max_(*args: Any, **kwargs: Any) -> Any:
    """`max`; of tensors the largest element of one vector, or of several scalars."""
    return _extreme(max, "reduce_max", "Maximum", args, kwargs)


def min_(*args: Any, **kwargs: Any) -> Any:
    """`min`, as `max_`."""
    return _extreme(min, "reduce_min", "Minimum", args, kwargs)


def _extreme(python: Any, reduction: str, pair: str, args: Any, kwargs: Any) -> Any:
    if not any(is_staged(a) for a in args):
        return python(*args, **kwargs)
    name = python.__name__
    if kwargs:
        raise ValueError(f"These keyword arguments are not currently supported: {list(kwargs)}")
    from tf1x.ops import math, reduce

    tensors = [convert.to_tensor(a) for a in args]
    if len(args) == 1:
        if tensors[0].shape.ndims != 1:
            raise ValueError(f"{name} arg must be a rank-1 tensor, got {tensors[0]}")
        return getattr(reduce, reduction)(tensors[0], axis=0)
    for tensor in tensors:
        if tensor.shape.ndims != 0:
            raise ValueError(f"{name} arguments must be scalars, got {tensor}")
    value = args[0]
    for other in args[1:]:
        value = getattr(math, pair)(value, other)
    return value


def print_(*values: Any, **kwargs: Any) -> None:
    """`print`; where a value is a tensor, when the graph runs."""
    if not any(is_staged(v) for v in values):
        print(*values, **kwargs)
        return
    from tf1x.ops.script import py_func

    places = [i for i, v in enumerate(values) if is_tensor(v)]

    def show(*arrays: Any) -> None:
        shown = list(values)
        for place, array in zip(places, arrays, strict=True):
            item = array.item() if getattr(array, "ndim", 1) == 0 else array
            shown[place] = item.decode("utf-8", "replace") if isinstance(item, bytes) else array
        print(*shown, **{"file": sys.stdout, **kwargs})

    py_func(show, [values[i] for i in places], [])


def enumerate_(values: Any, start: Any = 0) -> Any:
    return values.enumerate(start) if _dataset(values) else enumerate(values, start)


def zip_(*values: Any, **kwargs: Any) -> Any:
    if values and all(_dataset(v) for v in values):
        return type(values[0]).zip(values)
    return zip(*values, **kwargs)


def map_(function: Callable[..., Any], *values: Any) -> Any:
    from tf1x.lib.autograph.convert import converted

    if values and all(_dataset(v) for v in values):
        return zip_(*values).map(function) if len(values) > 1 else values[0].map(function)
    return map(converted(function), *values)


def filter_(function: Any, values: Any) -> Any:
    from tf1x.lib.autograph.convert import converted

    if _dataset(values):
        return values.filter(function)
    return filter(function if function is None else converted(function), values)


_NAMES = (
    "abs", "enumerate", "filter", "float", "int", "len", "map", "max", "min", "print", "range", "zip",
)  # fmt: skip
_OVERLOADS: dict[Any, Callable[..., Any]] = {
    getattr(builtins, name): globals()[f"{name}_"] for name in _NAMES
}


def overload(function: Any) -> Any:
    """What stands for one of Python's builtin functions, or None."""
    if getattr(function, "__module__", None) != "builtins":
        return None
    try:
        return _OVERLOADS.get(function)
    except TypeError:  # it cannot be hashed
        return None
