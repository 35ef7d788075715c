"""Named rules for static shapes.

A rule takes an `Operation` whose inputs and attributes are set and gives one shape for each
output: a tuple of ints and `None`s, `None` for unknown rank, or a `TensorShape`. It raises
ValueError where the inputs do not fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tf1x.core.operation import Operation
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value

Dims = tuple[int | None, ...] | None
Rule = Callable[[Operation], Sequence[Any]]


def dims(op: Operation, index: int = 0) -> Dims:
    """The static shape of an input as a tuple, or None."""
    return op.inputs[index].shape.tuple


def nothing(op: Operation) -> Sequence[Any]:
    """For ops without outputs."""
    return ()


def scalar(op: Operation) -> Sequence[Any]:
    return [()] * len(op.opdef.output_dtypes(op.attrs))


def unchanged(op: Operation) -> Sequence[Any]:
    """Every output has the shape of the first input."""
    return [op.inputs[0].shape] * len(op.opdef.output_dtypes(op.attrs))


def like(index: int) -> Rule:
    """Every output has the shape of the given input."""
    return lambda op: [op.inputs[index].shape] * len(op.opdef.output_dtypes(op.attrs))


def same_as_inputs(op: Operation) -> Sequence[Any]:
    """Output i has the shape of input i."""
    return [t.shape for t in op.inputs]


def from_attr(name: str = "shape") -> Rule:
    """The output's shape is an attribute."""
    return lambda op: [op.attrs[name]]


def merged(op: Operation) -> Sequence[Any]:
    """All inputs must agree; the output is what they say together."""
    shape = TensorShape.of(None)
    for tensor in op.inputs:
        shape = shape.merge_with(tensor.shape)
    return [shape] * len(op.opdef.output_dtypes(op.attrs))


def broadcast_dims(*shapes: Dims) -> Dims:
    """The shape to which `shapes` broadcast together.

    Raises:
        ValueError: they do not.
    """
    if any(s is None for s in shapes):
        return None
    known: list[tuple[int | None, ...]] = [s for s in shapes if s is not None]
    rank = max((len(s) for s in known), default=0)
    result: list[int | None] = []
    for position in range(-rank, 0):
        sizes = {s[position] for s in known if len(s) >= -position} - {1}
        fixed = sizes - {None}
        if len(fixed) > 1:
            a, b = sorted(fixed)[:2]  # type: ignore[type-var]
            raise ValueError(f"Dimensions must be equal, but are {a} and {b}")
        result.append(next(iter(fixed)) if fixed else (None if sizes else 1))
    return tuple(result)


def broadcast(op: Operation) -> Sequence[Any]:
    """NumPy's broadcasting over all inputs."""
    shape = broadcast_dims(*(t.shape.tuple for t in op.inputs))
    return [shape] * len(op.opdef.output_dtypes(op.attrs))


def normalized_axes(axes: Any, rank: int) -> list[int]:
    """Axes as non-negative ints.

    Raises:
        ValueError: one is out of range.
    """
    found = []
    for axis in np.asarray(axes).reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise ValueError(
                f"Invalid reduction dimension {axis} for input with {rank} dimensions."
            )
        found.append(axis % rank)
    return found


def reduced_dims(shape: Dims, axes: Any, keep: bool) -> Dims:
    """`shape` without the dimensions `axes`, or with ones in their place where `keep`.

    `axes` is None where it is not known.
    """
    if shape is None:
        return None
    if axes is None:
        return (None,) * len(shape) if keep else None
    gone = set(normalized_axes(axes, len(shape)))
    if keep:
        return tuple(1 if i in gone else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in gone)


def reduction(op: Operation) -> Sequence[Any]:
    """Input 0 reduced over the axes in input 1, with the attribute `keep_dims`."""
    axes = constant_value(op.inputs[1])
    return [reduced_dims(dims(op), axes, op.attrs.get("keep_dims", False))]


def product(sizes: Sequence[int | None]) -> int | None:
    """The product, or None when a factor is unknown."""
    total = 1
    for size in sizes:
        if size is None:
            return None
        total *= size
    return total


def merge_dim(a: int | None, b: int | None) -> int | None:
    """The common size.

    Raises:
        ValueError: the sizes differ.
    """
    if a is not None and b is not None and a != b:
        raise ValueError(f"Dimensions must be equal, but are {a} and {b}")
    return b if a is None else a


def with_rank(shape: Dims, rank: int) -> tuple[int | None, ...]:
    """`shape`, which must have that rank; unknown dims where it is unknown."""
    if shape is None:
        return (None,) * rank
    if len(shape) != rank:
        raise ValueError(f"Shape must be rank {rank} but is rank {len(shape)}")
    return shape
