"""Padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core.dtypes import INDICES, int32
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, xp
from tf1x.ops.shape_rules import dims


def _padded(op: Operation) -> Any:
    shape, widths = dims(op), constant_value(op.inputs[1])
    if widths is None:
        pairs = op.inputs[1].shape.tuple
        rank = len(shape) if shape is not None else pairs[0] if pairs else None
        return [None if rank is None else (None,) * rank]
    if shape is None:
        return [(None,) * len(widths)]
    if len(widths) != len(shape):
        raise ValueError(f"Shape must be rank {len(widths)} but is rank {len(shape)}")
    return [
        tuple(
            None if d is None else d + int(a) + int(b)
            for d, (a, b) in zip(shape, widths, strict=True)
        )
    ]


def padding_widths(paddings: Any, rank: int) -> list[tuple[int, int]]:
    widths = [(int(a), int(b)) for a, b in xp.static(paddings).reshape(-1, 2)]
    if len(widths) != rank or any(min(pair) < 0 for pair in widths):
        raise InvalidArgumentError(
            None, None, f"Paddings must be {rank} pairs of non-negative numbers: {widths}"
        )
    return widths


def pad_with(input: Any, paddings: Any, value: Any) -> Any:
    widths = padding_widths(paddings, np.ndim(input))
    return xp.pad(input, widths, constant_values=value) if widths else input


@op(
    "input: T, paddings: Tpaddings -> output: T",
    Tpaddings=(INDICES, int32),
    shape=_padded,
    exact=True,
)
def Pad(input: Any, paddings: Any) -> Any:
    """`input` with `paddings[i]` = (before, after) zeros around dimension i."""
    nothing = np.array(b"" if input.dtype == object else 0, input.dtype)
    return pad_with(input, paddings, nothing)


@op(
    "input: T, paddings: Tpaddings, constant_values: T -> output: T",
    Tpaddings=(INDICES, int32),
    shape=_padded,
    exact=True,
    grad=array.first_input_gradient,
)
def PadV2(input: Any, paddings: Any, constant_values: Any) -> Any:
    """`Pad` with another value than zero."""
    return pad_with(input, paddings, constant_values)


@op(
    "input: T, paddings: Tpaddings -> output: T",
    Tpaddings=(INDICES, int32),
    shape=_padded,
    exact=True,
)
def MirrorPad(input: Any, paddings: Any, *, mode: str) -> Any:
    """`input` padded with its own mirror image, without ("REFLECT") or with ("SYMMETRIC") the border."""
    widths = padding_widths(paddings, np.ndim(input))
    most = 0 if mode == "SYMMETRIC" else 1
    for size, pair in zip(np.shape(input), widths, strict=True):
        if max(pair) > size - most:
            raise InvalidArgumentError(
                None,
                None,
                f"paddings must be {'less than' if most else 'no greater than'} the dimension size: {pair[0]}, {pair[1]} {'not less than' if most else 'greater than'} {size}",
            )
    return xp.pad(input, widths, mode=mode.lower()) if widths else input


@export("pad")
def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    name: str | None = None,
    constant_values: Any = 0,
) -> Tensor:
    """`tensor` with `paddings[i]` = (before, after) entries around dimension i.

    Args:
        mode: "CONSTANT", "REFLECT" (mirrored without the border) or "SYMMETRIC" (with it).
    """
    mode = mode.upper()
    if mode in ("REFLECT", "SYMMETRIC"):
        result = MirrorPad(tensor, paddings, mode=mode, name=name)
    elif mode != "CONSTANT":
        raise ValueError(
            f'Unknown padding mode {mode!r}: it is "CONSTANT", "REFLECT" or "SYMMETRIC".'
        )
    elif (
        not isinstance(constant_values, Tensor)
        and np.ndim(constant_values) == 0
        and not constant_values
    ):
        result = Pad(tensor, paddings, name=name)
    else:
        result = PadV2(tensor, paddings, constant_values, name=name)
    return _with_padded_shape(result, paddings)


def _with_padded_shape(result: Tensor, paddings: Any) -> Tensor:
    """Use the widths that are known where others are tensors, as in `[[0, 0], [0, n]]`."""
    shape = result.op.inputs[0].shape.tuple
    if shape is None or result.shape.is_fully_defined() or not isinstance(paddings, (list, tuple)):
        return result
    sizes = []
    for size, pair in zip(shape, paddings, strict=False):
        widths = (
            [constant_value(w) if isinstance(w, Tensor) else w for w in pair]
            if isinstance(pair, (list, tuple))
            else [None]
        )
        sizes.append(None if size is None or None in widths else size + int(sum(widths)))  # type: ignore[arg-type]
    result.set_shape(sizes)
    return result
