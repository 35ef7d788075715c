"""Blocks of pixels moved between space, depth and batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import INDICES, int32
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, array_moves, xp
from tf1x.ops.array_pad import pad_with, padding_widths
from tf1x.ops.shape_rules import dims, with_rank

Sizes = tuple[int | None, ...]


def _divided(size: int | None, by: int) -> int | None:
    if size is not None and size % by:
        raise ValueError(f"Dimension size must be evenly divisible by {by} but is {size}")
    return None if size is None else size // by


def _times(size: int | None, by: int) -> int | None:
    return None if size is None else size * by


def _image_rule(change: Callable[[Sizes, int], Sizes]) -> Callable[[Operation], Any]:
    """A shape rule from a function on (batch, height, width, channels)."""

    def rule(op: Operation) -> Any:
        n, *rest = with_rank(dims(op), 4)
        if op.attrs["data_format"] == "NCHW":
            n, h, w, c = change((n, rest[1], rest[2], rest[0]), op.attrs["block_size"])
            return [(n, c, h, w)]
        return [change((n, *rest), op.attrs["block_size"])]

    return rule


def _to_depth_dims(shape: Sizes, block: int) -> Sizes:
    n, h, w, c = shape
    return n, _divided(h, block), _divided(w, block), _times(c, block * block)


def _to_space_dims(shape: Sizes, block: int) -> Sizes:
    n, h, w, c = shape
    return n, _times(h, block), _times(w, block), _divided(c, block * block)


def _channels_last(
    function: Callable[[Any, int], Any], input: Any, block: int, data_format: str
) -> Any:
    if data_format == "NHWC":
        return function(input, block)
    return xp.transpose(function(xp.transpose(input, (0, 2, 3, 1)), block), (0, 3, 1, 2))


def _to_depth(x: Any, block: int) -> Any:
    n, h, w, c = x.shape
    blocks = xp.reshape(x, (n, h // block, block, w // block, block, c))
    return xp.reshape(
        xp.transpose(blocks, (0, 1, 3, 2, 4, 5)), (n, h // block, w // block, block * block * c)
    )


def _to_space(x: Any, block: int) -> Any:
    n, h, w, c = x.shape
    blocks = xp.reshape(x, (n, h, w, block, block, c // (block * block)))
    return xp.reshape(
        xp.transpose(blocks, (0, 1, 3, 2, 4, 5)), (n, h * block, w * block, c // (block * block))
    )


@op("input: T -> output: T", shape=_image_rule(_to_depth_dims), exact=True)
def SpaceToDepth(input: Any, *, block_size: int, data_format: str = "NHWC") -> Any:
    """Each square block of pixels becomes one pixel with all their channels."""
    return _channels_last(_to_depth, input, block_size, data_format)


@op("input: T -> output: T", shape=_image_rule(_to_space_dims), exact=True)
def DepthToSpace(input: Any, *, block_size: int, data_format: str = "NHWC") -> Any:
    """The inverse of `SpaceToDepth`."""
    return _channels_last(_to_space, input, block_size, data_format)


@export("space_to_depth", "nn.space_to_depth")
def space_to_depth(
    input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC"
) -> Tensor:
    """Each square block of pixels as one pixel with all their channels."""
    return SpaceToDepth(input, block_size=block_size, data_format=data_format, name=name)


@export("depth_to_space", "nn.depth_to_space")
def depth_to_space(
    input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC"
) -> Tensor:
    """The inverse of `space_to_depth`."""
    return DepthToSpace(input, block_size=block_size, data_format=data_format, name=name)


def _batch_shape(sign: int) -> Callable[[Operation], Any]:
    """The rule of SpaceToBatchND (sign 1: pad, then divide) and BatchToSpaceND (-1)."""

    def rule(op: Operation) -> Any:
        shape, block, edges = dims(op), constant_value(op.inputs[1]), constant_value(op.inputs[2])
        if shape is None or block is None:
            return [None if shape is None else (None,) * len(shape)]
        count = int(np.prod(block))
        sizes = []
        for i, by in enumerate(block.tolist()):
            size, edge = shape[1 + i], None if edges is None else int(edges[i].sum())
            if size is None or edge is None:
                sizes.append(None)
            else:
                sizes.append(_divided(size + edge, by) if sign > 0 else size * by - edge)
        batch = _times(shape[0], count) if sign > 0 else _divided(shape[0], count)
        return [(batch, *sizes, *shape[1 + len(block) :])]

    return rule


@op(
    "input: T, block_shape: Tblock_shape, paddings: Tpaddings -> output: T",
    Tblock_shape=(INDICES, int32),
    Tpaddings=(INDICES, int32),
    shape=_batch_shape(1),
    exact=True,
)
def SpaceToBatchND(input: Any, block_shape: Any, paddings: Any) -> Any:
    """Blocks of the (padded) spatial dimensions moved into the batch dimension."""
    block = xp.static_shape(block_shape)
    count = len(block)
    rest = np.ndim(input) - 1 - count
    x = pad_with(
        input,
        [(0, 0), *padding_widths(paddings, count), *[(0, 0)] * rest],
        np.zeros((), input.dtype),
    )
    n, *sizes = x.shape
    split: list[int] = [n]
    for size, by in zip(sizes, block, strict=False):
        if size % by:
            raise InvalidArgumentError(
                None, None, f"padded_shape={size} is not divisible by block_shape={by}"
            )
        split += [size // by, by]
    x = xp.reshape(x, (*split, *sizes[count:]))
    within, outside = [2 * i + 2 for i in range(count)], [2 * i + 1 for i in range(count)]
    x = xp.transpose(x, (*within, 0, *outside, *range(2 * count + 1, x.ndim)))
    return xp.reshape(x, (n * int(np.prod(block)), *split[1::2], *sizes[count:]))


@op(
    "input: T, block_shape: Tblock_shape, crops: Tcrops -> output: T",
    Tblock_shape=(INDICES, int32),
    Tcrops=(INDICES, int32),
    shape=_batch_shape(-1),
    exact=True,
)
def BatchToSpaceND(input: Any, block_shape: Any, crops: Any) -> Any:
    """The inverse of `SpaceToBatchND`; `crops` is what its paddings added."""
    block = xp.static_shape(block_shape)
    count = len(block)
    n, *sizes = input.shape
    if n % int(np.prod(block)):
        raise InvalidArgumentError(
            None,
            None,
            f"Input batch dimension ({n}) is not divisible by product of block sizes ({int(np.prod(block))})",
        )
    batch = n // int(np.prod(block))
    x = xp.reshape(input, (*block, batch, *sizes))
    order = [count]
    for i in range(count):
        order += [count + 1 + i, i]
    x = xp.transpose(x, (*order, *range(2 * count + 1, x.ndim)))
    whole = [size * by for size, by in zip(sizes, block, strict=False)]
    x = xp.reshape(x, (batch, *whole, *sizes[count:]))
    edges = padding_widths(crops, count)
    return x[
        (slice(None), *(slice(a, size - b) for (a, b), size in zip(edges, whole, strict=True)))
    ]


@export("space_to_batch_nd", "manip.space_to_batch_nd")
def space_to_batch_nd(
    input: Any, block_shape: Any, paddings: Any, name: str | None = None
) -> Tensor:
    """Blocks of the spatial dimensions (those after the batch), after padding, moved into the batch."""
    return SpaceToBatchND(input, block_shape, paddings, name=name)


@export("batch_to_space_nd", "manip.batch_to_space_nd")
def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """The inverse of `space_to_batch_nd`."""
    return BatchToSpaceND(input, block_shape, crops, name=name)


def _square(block: Any) -> Any:
    return np.array([block, block], np.int64)


@export("space_to_batch", "nn.space_to_batch")
@renamed(block_shape="block_size")
def space_to_batch(input: Any, paddings: Any, block_size: int, name: str | None = None) -> Tensor:
    """`space_to_batch_nd` of images with square blocks."""
    return SpaceToBatchND(input, _square(block_size), paddings, name=name)


@export("batch_to_space", "nn.batch_to_space")
@renamed(block_shape="block_size")
def batch_to_space(input: Any, crops: Any, block_size: int, name: str | None = None) -> Tensor:
    """`batch_to_space_nd` of images with square blocks."""
    return BatchToSpaceND(input, _square(block_size), crops, name=name)


@export("required_space_to_batch_paddings")
def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """(paddings, crops) with which `space_to_batch_nd` takes spatial dimensions of any size.

    Args:
        input_shape: the sizes of the spatial dimensions.
        base_paddings: the least padding, none by default.
    """
    with scopes.name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        sizes: Any = convert.to_tensor(input_shape, int32, name="input_shape")
        block: Any = convert.to_tensor(block_shape, int32, name="block_shape")
        count = block.shape.with_rank(1).num_elements()
        if count is None:
            raise ValueError("block_shape must have a known length.")
        if count == 0:
            return array.zeros([0, 2], int32), array.zeros([0, 2], int32)
        sizes.shape.assert_is_compatible_with([count])
        if base_paddings is None:
            base: Any = array.zeros([count, 2], int32)
        else:
            base = convert.to_tensor(base_paddings, int32, name="base_paddings")
            base.shape.assert_is_compatible_with([count, 2])
        known = [constant_value(t) for t in (sizes, block, base)]
        if all(v is not None for v in known):
            sizes, block, base = known
        start, end = base[:, 0], base[:, 1]
        extra = (block - (sizes + start + end) % block) % block
        end = end + extra
        paddings = array_moves.stack([[start[i], end[i]] for i in range(count)], name="paddings")
        crops = array_moves.stack([[0, extra[i]] for i in range(count)], name="crops")
        return paddings, crops
