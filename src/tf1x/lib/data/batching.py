"""Shapes and values of batches: what `batch` and `padded_batch` make of an element's structure."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert
from tf1x.core.dtypes import int64, string
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.static import constant_value
from tf1x.lib.data import structure
from tf1x.lib.data.arguments import int64_tensor
from tf1x.lib.data.structure import Spec


def batched_spec(spec: Any, size: Tensor, drop: Tensor) -> Any:
    """What batches look like; their size is known where no smaller one can come."""
    known = constant_value(size) if constant_value(drop) else None
    count = None if known is None else int(known)
    return structure.map_leaves(lambda leaf: leaf.batched(count), spec)


def padded_shape(shape: Any, leaf: Spec) -> Tensor:
    """A padded shape as a vector, -1 where it is the largest in the batch."""
    if isinstance(shape, Tensor):
        return int64_tensor(shape, "padded_shape")
    shape = as_shape(shape)
    if shape.ndims is None:
        raise ValueError("Padded shapes must have a known rank.")
    dims = [-1 if d is None else d for d in shape.as_list()]
    own = leaf.shape.tuple
    if own is not None and (
        len(own) != len(dims)
        or any(n is not None and d != -1 and n > d for n, d in zip(own, dims, strict=True))
    ):
        raise ValueError(
            f"The padded shape {tuple(dims)} is not compatible with the shape {leaf.shape} of the "
            "corresponding input component."
        )
    return convert.to_tensor(np.array(dims, np.int64), int64)


def static_shape(padded_shape: Tensor) -> TensorShape:
    known = constant_value(padded_shape)
    if known is None:
        return TensorShape.of((None,) * (padded_shape.shape.num_elements() or 0))
    return TensorShape.of(tuple(None if d == -1 else int(d) for d in known))


def padding_tensors(spec: Any, values: Any) -> list[Tensor]:
    leaves = structure.flatten(spec)
    if values is None:
        given: list[Any] = [None] * len(leaves)
    elif structure.is_structure(spec) and structure.is_structure(values):
        structure.assert_same(spec, values)
        given = structure.flatten(values)
    else:
        given = [values] * len(leaves)
    found = []
    for leaf, value in zip(leaves, given, strict=True):
        if value is None:
            value = b"" if leaf.dtype is string else np.zeros((), leaf.dtype.as_numpy_dtype)
        tensor = convert.to_tensor(value, name="padding_value")
        if tensor.shape.ndims not in (0, None):
            raise ValueError(f"Padding value should be a scalar, but is {value!r}.")
        if tensor.dtype is not leaf.dtype:
            raise TypeError(
                f"Padding value {value!r} does not match the output type {leaf.dtype!r}."
            )
        found.append(tensor)
    return found
