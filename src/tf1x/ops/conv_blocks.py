"""Dilated windows: a function of the images' blocks, taken back to the images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import convert
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value
from tf1x.ops import array, array_blocks, array_moves


def padding_attrs(padding: Any, length: int = 4) -> dict[str, Any]:
    """The attributes `padding` and `explicit_paddings` from a string or a list of pairs."""
    if padding == "EXPLICIT":
        raise ValueError(
            "'EXPLICIT' is not a valid value for `padding`: give a list of (before, after) pairs."
        )
    if not isinstance(padding, (list, tuple)):
        return {"padding": padding, "explicit_paddings": []}
    pairs = [list(p) if isinstance(p, (list, tuple)) else [p] for p in padding]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(
            f"When `padding` is a list, each element of `padding` must be a list/tuple of size 2. "
            f"Received: padding={padding}"
        )
    if len(pairs) != length:
        raise ValueError(
            f"When padding is a list, it must be of size {length}. "
            f"Received: padding={padding} of size {len(pairs)}"
        )
    return {"padding": "EXPLICIT", "explicit_paddings": [n for pair in pairs for n in pair]}


def channels_last(data_format: str | None) -> bool:
    return data_format is None or not data_format.startswith("NC")


@export("nn.with_space_to_batch")
def with_space_to_batch(
    input: Any,
    dilation_rate: Any,
    padding: Any,
    op: Callable[..., Any],
    filter_shape: Any = None,
    spatial_dims: Any = None,
    data_format: str | None = None,
) -> Tensor:
    """`op` with dilated windows: applied to `space_to_batch_nd` of the input, and taken back.

    Args:
        dilation_rate: one number a spatial dimension; all 1 applies `op` as it is.
        padding: "SAME" (then `filter_shape` is needed) or "VALID".
        op: takes the images, the number of spatial dimensions and the padding.
        spatial_dims: which dimensions are spatial, by default those after the batch.
    """
    input = convert.to_tensor(input, name="input")
    return by_blocks(input, dilation_rate, padding, op, filter_shape, spatial_dims, data_format)


def by_blocks(
    input: Tensor,
    dilation_rate: Any,
    padding: Any,
    op: Callable[..., Any],
    filter_shape: Any,
    spatial_dims: Any,
    data_format: str | None,
    run_filter_shape: Callable[[], Tensor] | None = None,
) -> Tensor:
    """`with_space_to_batch`; a filter shape that is not known is made by `run_filter_shape`."""
    rates = convert.to_tensor(dilation_rate, int32, name="dilation_rate")
    if rates.shape.ndims not in (None, 1) or not rates.shape.is_fully_defined():
        raise ValueError(
            f"`dilation_rate` must be a vector of known length. Received: {rates.shape}"
        )
    count = rates.shape.as_list()[0]
    first = 1 if channels_last(data_format) else 2
    spatial = _spatial_dims(range(first, first + count) if spatial_dims is None else spatial_dims)
    needed = spatial[-1] + first % 2
    if input.shape.ndims is not None and input.shape.ndims < needed:
        raise ValueError(f"`input.shape.rank` must be at least {needed}. Received: {input.shape}")
    known = constant_value(rates)
    if known is not None:
        if np.any(known < 1):
            raise ValueError(f"`dilation_rate` must be positive. Received: dilation_rate={known}")
        if np.all(known == 1):
            return op(input, count, padding)
    base = _base_paddings(
        padding, filter_shape, run_filter_shape, count, rates if known is None else known, first
    )
    paddings, crops = array_blocks.required_space_to_batch_paddings(
        input_shape=_sizes(input, spatial), base_paddings=base, block_shape=rates
    )
    blocks = _among_all(rates, 1, spatial)
    paddings, crops = _among_all(paddings, 0, spatial), _among_all(crops, 0, spatial)
    result = op(array_blocks.space_to_batch_nd(input, blocks, paddings), count, "VALID")
    return array_blocks.batch_to_space_nd(result, blocks, crops)


def _spatial_dims(given: Any) -> list[int]:
    spatial = [int(axis) for axis in given]
    if spatial != sorted(set(spatial)) or min(spatial) < 1:
        raise ValueError(
            f"`spatial_dims` must be a monotonically increasing sequence of positive integers. "
            f"Received: spatial_dims={spatial}"
        )
    return spatial


def _sizes(input: Tensor, spatial: Sequence[int]) -> Any:
    if input.shape.ndims is not None:
        found = [input.shape.as_list()[axis] for axis in spatial]
        if None not in found:
            return found
    shape = array.shape(input)
    return array_moves.stack([shape[axis] for axis in spatial])


def _base_paddings(
    padding: Any,
    filter_shape: Any,
    run_filter_shape: Callable[[], Tensor] | None,
    count: int,
    rates: Any,
    first: int,
) -> Any:
    """What turns `padding` into "VALID": (before, after) for each spatial dimension."""
    if isinstance(padding, (list, tuple)):
        pairs = np.reshape(padding_attrs(padding, count + 2)["explicit_paddings"], (-1, 2))
        return pairs[first:][:count]
    if padding == "VALID":
        return np.zeros([count, 2], np.int32)
    if padding != "SAME":
        raise ValueError(f"`padding` must be one of 'SAME' or 'VALID'. Received: padding={padding}")
    if filter_shape is None:
        raise ValueError(
            f"`filter_shape` must be specified for `padding='SAME'`. Received: {padding}"
        )
    known = filter_shape
    if isinstance(filter_shape, TensorShape) and run_filter_shape is not None:
        if not filter_shape.is_fully_defined():
            known = run_filter_shape()
    else:
        known = convert.to_tensor(filter_shape, name="filter_shape")
    if isinstance(known, TensorShape):
        convert.to_tensor(known, name="filter_shape")
        known = np.array(known.as_list(), np.int32)
    elif constant_value(known) is not None:
        known = constant_value(known)
    extra = (known[:count] - 1) * rates
    start = extra // 2
    end = extra - start
    return array_moves.stack([[start[i], end[i]] for i in range(count)])


def _among_all(values: Tensor, fill: int, spatial: Sequence[int]) -> Any:
    """One row for each dimension after the batch: `values` for the spatial ones, else `fill`."""
    known = constant_value(values)
    rows: Any = values if known is None else known
    rest = values.shape.as_list()[1:]
    parts: list[Any] = []
    done = at = 0
    while at < len(spatial):
        start = at
        if spatial[at] > 1:
            parts.append(
                np.full([spatial[at] - 1 - done, *rest], fill, values.dtype.as_numpy_dtype)
            )
        while at + 1 < len(spatial) and spatial[at + 1] == spatial[at] + 1:
            at += 1
        parts.append(rows[start : at + 1])
        done = spatial[at]
        at += 1
    return np.concatenate(parts) if known is not None else array_moves.concat(parts, 0)
