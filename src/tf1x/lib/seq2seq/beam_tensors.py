"""Tensors of beams: `tile_batch`, and following beams back to their start."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.ops import array, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_gather import gather_nd
from tf1x.ops.array_moves import Tile, concat, stack, transpose
from tf1x.ops.array_select import sequence_mask, where
from tf1x.ops.gather_tree import GatherTree

__all__ = ["gather_tree_from_array", "tile_batch"]


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Each row of a tensor `multiplier` times: rows a, b become a, a, b, b.

    Args:
        t: a tensor [batch, ...], or a nest of them.
        multiplier: an int, the beam width.

    Returns:
        Tensors [batch * multiplier, ...] in the form of `t`.

    Raises:
        ValueError: a scalar, or a tensor of unknown rank.
    """
    with scopes.name_scope(name, "tile_batch", nest.flatten(t)):
        return nest.map_structure(lambda x: _tiled(x, multiplier), t)


def _tiled(x: Any, multiplier: int) -> Tensor:
    x = convert.to_tensor(x, name="t")
    if not x.shape.ndims:
        raise ValueError("t must have statically known rank")
    shape = array.shape(x)
    copies = [1, multiplier, *[1] * (x.shape.ndims - 1)]
    tiled = Tile(array.expand_dims(x, 1), copies)
    tiled = array.reshape(tiled, concat(([shape[0] * multiplier], shape[1:]), 0))
    rows = x.shape[0].value
    known = TensorShape([None if rows is None else rows * multiplier])
    tiled.set_shape(known.concatenate(x.shape[1:]))
    return tiled


def gather_tree_from_array(t: Any, parent_ids: Any, sequence_length: Any) -> Tensor:
    """What each final beam had in each step, at the place where it stood after that step.

    Alignments that a cell wrote in a step stand where the beams were before it: as in TensorFlow,
    those of a step in which beams changed places are another beam's.

    Args:
        t: [time, batch, beams, ...] or [time, batch * beams, ...].
        parent_ids: which beam of the step before each one continues, [time, batch, beams], int32.
        sequence_length: of the final beams, [batch, beams]; steps after it stay as they are.

    Returns:
        A tensor of the shape of `t`.
    """
    t = convert.to_tensor(t)
    parent_ids = convert.to_tensor(parent_ids, name="parent_ids")
    sequence_length = convert.to_tensor(sequence_length, name="sequence_length")
    dims = array.shape(parent_ids)
    time, batch, beams = (parent_ids.shape[i].value or dims[i] for i in range(3))
    own = Tile(array.reshape(array.range_(beams), [1, 1, -1]), [time, batch, 1])
    longest = math_ops.cast(reduce.reduce_max(sequence_length, axis=1), int32)
    sources = GatherTree(own, parent_ids, max_sequence_lengths=longest, end_token=beams + 1)
    valid = transpose(sequence_mask(sequence_length, maxlen=time), perm=[2, 0, 1])
    sources = where(valid, sources, own)
    steps = Tile(array.reshape(array.range_(time), [-1, 1, 1]), [1, batch, beams])
    rows = Tile(array.reshape(array.range_(batch), [1, -1, 1]), [time, 1, beams])
    flat = array.reshape(t, stack([time, batch, beams, -1]))
    ordered = gather_nd(flat, stack([steps, rows, sources], -1))
    return array.reshape(ordered, array.shape(t))
