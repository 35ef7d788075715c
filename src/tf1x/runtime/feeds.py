"""What a run is given: values for tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from tf1x.core import convert, dtypes, nest
from tf1x.core.graph import Graph
from tf1x.core.operation import Tensor

# (type, to tensors, a value to the tensors' values), for SparseTensor and the like.
_expansions: list[tuple[Any, Callable[[Any], list[Tensor]], Callable[[Any, Any], list[Any]]]] = []


def register_feed_conversion(
    kind: Any, expand: Callable[[Any], list[Tensor]], split: Callable[[Any, Any], list[Any]]
) -> None:
    """Feed instances of `kind` as the tensors `expand(x)` with the values `split(x, value)`."""
    _expansions.append((kind, expand, split))


class Feeds:
    """The resolved keys of a feed_dict.

    Attributes:
        tensors: what is fed, in order.
        plain: whether every key stands for one tensor.
    """

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.plain = True
        self._splits: list[Callable[[Any], list[Any]] | None] = []
        self._counts: list[int] = []

    def add(self, tensors: list[Tensor], split: Callable[[Any], list[Any]] | None) -> None:
        self.tensors += tensors
        self._splits.append(split)
        self._counts.append(len(tensors))
        self.plain = self.plain and split is None

    def flatten(self, feed_dict: Any) -> Iterator[tuple[Tensor, Any]]:
        """Tensors and the values given for them."""
        if not feed_dict:
            return
        tensors = iter(self.tensors)
        for split, count, value in zip(self._splits, self._counts, feed_dict.values(), strict=True):
            parts = [value] if split is None else split(value)
            if len(parts) != count:
                raise ValueError(f"A feed wants {count} values, got {len(parts)}.")
            for part in parts:
                yield next(tensors), part


def as_dict(feed_dict: Any) -> dict[Any, Any]:
    """A mapping as a dict.

    Raises:
        TypeError: it is no mapping.
    """
    if not hasattr(feed_dict, "items"):
        raise TypeError(f"feed_dict must be a dictionary, got {type(feed_dict).__name__}.")
    return dict(feed_dict.items())


def resolve(graph: Graph, feed_dict: Any) -> Feeds:
    """The tensors that the keys of `feed_dict` stand for.

    Raises:
        TypeError: a key that is no tensor, variable or name, or a feed_dict that is no dict.
        ValueError: a tensor that may not be fed.
    """
    found = Feeds()
    if not feed_dict:
        return found
    for key in feed_dict:
        expansion = next((e for e in _expansions if isinstance(key, e[0])), None)
        if expansion is None and isinstance(key, (tuple, list)):
            tensors = [_tensor(graph, part) for part in nest.flatten(key)]
            found.add(tensors, lambda value, key=key: _split(key, value))  # type: ignore[misc]
        elif expansion is None:
            found.add([_tensor(graph, key)], None)
        else:
            _, expand, split = expansion
            found.add(expand(key), lambda value, key=key, split=split: split(key, value))  # type: ignore[misc]
    return found


def _split(key: Any, value: Any) -> list[Any]:
    """The values of a nest of tensors, in their order; each may itself be a list of numbers."""
    if not isinstance(key, (tuple, list)):
        return [value]
    return [leaf for part, item in zip(key, value, strict=True) for leaf in _split(part, item)]


def _tensor(graph: Graph, key: Any) -> Tensor:
    try:
        tensor = graph.as_graph_element(key, allow_operation=False)
    except (TypeError, ValueError, KeyError) as error:
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {error.args[0]}") from None
    assert isinstance(tensor, Tensor)
    if not graph.is_feedable(tensor):
        raise ValueError(f"Tensor {tensor} may not be fed.")
    return tensor


def to_array(tensor: Tensor, value: Any) -> Any:
    """A fed value as an array of the tensor's type.

    Raises:
        TypeError: the value is a tensor, or a Python number that the type cannot hold.
        ValueError: its shape does not fit, or it is no array.
    """
    return taker(tensor)(value)


def taker(tensor: Tensor) -> Callable[[Any], Any]:
    """`to_array` for one tensor, with all that is known of it looked up."""
    wanted = tensor._dtype.numpy_dtype
    of_bytes, to_numpy = wanted.hasobject, np.asarray

    def take(value: Any) -> Any:
        kind = type(value)
        if kind is np.ndarray:
            suits = value.dtype == wanted and not of_bytes
            array = value if suits else _numpy(tensor, value)
        elif kind is list and not of_bytes:
            array = to_numpy(value, wanted)
        elif kind not in _PLAIN and isinstance(value, jax.Array) and value.dtype == wanted:
            array = value
        else:
            array = _numpy(tensor, value)
        dims = tensor._shape._dims
        shape = array.shape
        if dims is None or dims == shape:
            return array
        if len(dims) == len(shape):
            for size, given in zip(dims, shape):
                if size is not None and size != given:
                    break
            else:
                return array
        raise ValueError(
            f"Cannot feed value of shape {shape} for Tensor {tensor.name}, which has shape {tensor.shape}"
        )

    return take


_PLAIN = frozenset({np.ndarray, list, tuple, float, int, bool})


def _numpy(tensor: Tensor, value: Any) -> np.ndarray[Any, Any]:
    kind = type(value)
    if kind not in _PLAIN and (isinstance(value, Tensor) or hasattr(value, "_as_graph_element")):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include "
            "Python scalars, strings, lists, numpy ndarrays, or TensorHandles. "
            f"For reference, the tensor object was {value!r} which was passed to the feed "
            f"with key {tensor.name!r}."
        )
    dtype = tensor._dtype
    wanted = dtype.numpy_dtype
    if wanted.hasobject:
        return convert.to_array(value, dtypes.string)
    array = np.asarray(value, wanted)
    if kind is int and dtype.is_integer and int(array) != value:
        raise TypeError(
            f"Type of feed value {value} is not compatible with Tensor type {dtype.name}. "
            "Try explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
        )
    return array
