"""Small functions that layers share (`tf.contrib.layers.python.layers.utils`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes, static
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.variables import Variable
from tf1x.ops.control_flow import cond

# -- outputs by name -------------------------------------------------------------------------------


def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Add a tensor to collections (None for none) under a further name; returns the tensor."""
    if collections:
        append_tensor_alias(outputs, alias)
        scopes.add_to_collections(collections, outputs)
    return outputs


def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Give a tensor a further name, without a final "/"; returns the tensor."""
    if alias.endswith("/"):
        alias = alias[:-1]
    tensor.aliases = [*getattr(tensor, "aliases", []), alias]
    return tensor


def get_tensor_aliases(tensor: Any) -> list[str]:
    """The further names of a tensor; where it has none, its own without ":0"."""
    found: list[str] = getattr(tensor, "aliases", [])
    return found or [tensor.name.removesuffix(":0")]


def gather_tensors_aliases(tensors: Any) -> list[str]:
    """The names of all tensors; see `get_tensor_aliases`."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def convert_collection_to_dict(collection: str, clear_collection: bool = False) -> dict[str, Any]:
    """Names to the tensors of a collection.

    Args:
        clear_collection: empty the collection.
    """
    found = scopes.get_collection(collection)
    if clear_collection:
        scopes.get_default_graph().clear_collection(collection)
    return {alias: tensor for tensor in found for alias in get_tensor_aliases(tensor)}


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """The collections for a variable: those of its name in a dict, else all of them."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


# -- values known while the graph is built ---------------------------------------------------------


def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """The value of a tensor that the graph determines, None for others; other objects as they are.

    Raises:
        ValueError: None, or a tensor of another type than `dtype`.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    if not isinstance(value, (Tensor, Variable)):
        return value
    if dtype and value.dtype != dtype:
        raise ValueError(f"It has the wrong type {value.dtype} instead of {dtype}")
    return None if isinstance(value, Variable) else static.constant_value(value)


def static_cond(pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any]) -> Any:
    """`fn1()` if `pred`, a Python value, holds, else `fn2()`.

    Raises:
        TypeError: one of them is not callable.
    """
    for function, name in ((fn1, "fn1"), (fn2, "fn2")):
        if not callable(function):
            raise TypeError(f"{name} must be callable.")
    return fn1() if pred else fn2()


def smart_cond(
    pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any], name: str | None = None
) -> Any:
    """`tf.cond`, decided at once where the value of `pred` is known."""
    known = constant_value(pred)
    if known is None:
        return cond(pred, fn1, fn2, name=name)
    return static_cond(known, fn1, fn2)


# -- shapes ----------------------------------------------------------------------------------------


def _dimension(shape: TensorShape, index: int, min_rank: int, what: str) -> int:
    if shape.ndims is None:
        raise ValueError("dims of shape must be known but is None")
    if shape.ndims < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {shape.ndims}")
    size: int | None = shape.as_list()[index]
    if size is None:
        raise ValueError(f"{what} must be known but is None")
    return size


def channel_dimension(shape: TensorShape, data_format: str, min_rank: int = 1) -> int:
    """The number of channels; `data_format` is "channels_first", or "NC...", or another.

    Raises:
        ValueError: it is not known, or the rank is below `min_rank`.
    """
    first = data_format == "channels_first" or data_format.startswith("NC")
    return _dimension(shape, 1 if first else -1, min_rank, "dimension of channels")


def first_dimension(shape: TensorShape, min_rank: int = 1) -> int:
    """The size of the first dimension; raises ValueError as `channel_dimension` does."""
    return _dimension(shape, 0, min_rank, "first dimension")


def last_dimension(shape: TensorShape, min_rank: int = 1) -> int:
    """The size of the last dimension; raises ValueError as `channel_dimension` does."""
    return _dimension(shape, -1, min_rank, "last dimension")


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """`value`, a positive int or `n` of them, as a tuple of `n`.

    Raises:
        ValueError: `value` is something else.
        TypeError: `n` is not a positive int.
    """
    if not isinstance(n, int):
        raise TypeError("n must be an integer")
    if n < 1:
        raise ValueError("n must be >= 1")
    given = (value,) * n if isinstance(value, int) else value
    try:
        sizes = tuple(int(size) for size in given)
    except (TypeError, ValueError):
        raise TypeError(f"value must be either an integer or a sequence of {n} integers") from None
    if len(sizes) != n:
        raise ValueError(f"Expected sequence of {n} positive integers, but received: {value}")
    if any(size < 1 for size in sizes):
        raise ValueError(f"All values must be positive, but received: {value}")
    return sizes


def two_element_tuple(int_or_tuple: Any) -> tuple[int, int]:
    """An int, or a pair of them, as a pair.

    Raises:
        ValueError: something else.
    """
    if isinstance(int_or_tuple, TensorShape) and int_or_tuple.ndims == 2:
        int_or_tuple = int_or_tuple.as_list()
    if isinstance(int_or_tuple, (list, tuple)):
        if len(int_or_tuple) != 2:
            raise ValueError(f"Must be a list with 2 elements: {int_or_tuple}")
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    if isinstance(int_or_tuple, int):
        return int_or_tuple, int_or_tuple
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")
