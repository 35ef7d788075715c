"""Grayscale dilation and erosion of images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tf1x.api import renamed
from tf1x.core import scopes
from tf1x.core.dtypes import REALS
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array_moves, math, xp
from tf1x.ops.conv_arrays import Geometry, check_gradient
from tf1x.ops.shape_rules import dims, like, merge_dim, with_rank
from tf1x.ops.windows import PADDINGS, every, fitted, lowest


def _geometry(strides: Sequence[int], rates: Sequence[int], padding: str) -> Geometry:
    return Geometry.of("Dilation2D", strides, padding, (), "NHWC", rates, PADDINGS[:2])


def _output_dims(geometry: Geometry, x: Sequence[Any], w: Sequence[Any]) -> tuple[Any, ...]:
    *kernel, depth = w
    channels = merge_dim(x[-1], depth)
    return geometry.whole(x[0], geometry.counts(x[1:-1], kernel), channels)


def _shape(op: Operation) -> Any:
    geometry = _geometry(*(op.attrs[name] for name in ("strides", "rates", "padding")))
    return [_output_dims(geometry, with_rank(dims(op, 0), 4), with_rank(dims(op, 1), 3))]


def _gradient(op: Operation, grad: Tensor) -> list[Any]:
    attrs = {name: op.attrs[name] for name in ("strides", "rates", "padding")}
    x, w = op.inputs
    return [
        Dilation2DBackpropInput(x, w, grad, **attrs),
        Dilation2DBackpropFilter(x, w, grad, **attrs),
    ]


class _Places:
    """For each position within the kernel, the elements of the image that the windows see there."""

    def __init__(self, geometry: Geometry, x: Sequence[int], w: Sequence[int]) -> None:
        self.shape = _output_dims(geometry, x, w)
        self._geometry = geometry
        self._sizes = tuple(x[1:-1])
        self._kernel = tuple(w[:-1])
        self._edges = geometry.edges(self._sizes, self._kernel)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return iter(np.ndindex(*self._kernel))

    def of(self, x: Any, index: tuple[int, ...]) -> Any:
        """The elements of `x`, zeros beyond its edges."""
        for axis, (i, step, stride, count, size, edges) in enumerate(self._along(index)):
            x = fitted(x, axis + 1, edges[0], size + sum(edges), 0)
            x = every(x, axis + 1, i * step, count, stride)
        return x

    def back(self, g: Any, index: tuple[int, ...]) -> Any:
        """The transpose of `of`."""
        for axis, (i, step, stride, count, size, edges) in enumerate(self._along(index)):
            spread = xp.expand_dims(g, axis + 2)
            spread = fitted(spread, axis + 2, 0, stride, 0)
            shape = (*g.shape[: axis + 1], count * stride, *g.shape[axis + 2 :])
            g = fitted(xp.reshape(spread, shape), axis + 1, i * step - edges[0], size, 0)
        return g

    def inside(self, index: tuple[int, ...]) -> Any:
        """Which windows see an element of the image there."""
        seen = np.ones((1, *self._sizes, 1), np.bool_)
        return self.of(seen, index)

    def _along(self, index: tuple[int, ...]) -> Any:
        geometry, counts = self._geometry, self.shape[1:-1]
        return zip(
            index,
            geometry.dilations,
            geometry.strides,
            counts,
            self._sizes,
            self._edges,
            strict=True,
        )


def _largest(x: Any, w: Any, places: _Places) -> tuple[Any, Any]:
    """The maximum of each window of `x` plus `w`, and which of its positions is the first such."""
    best = which = None
    start = np.asarray(lowest(x.dtype), x.dtype)
    for number, index in enumerate(places):
        here = xp.where(places.inside(index), places.of(x, index) + w[index], start)
        if best is None:
            best, which = here, xp.zeros(here.shape, np.int32)
            continue
        better = here > best
        best = xp.where(better, here, best)
        which = xp.where(better, np.int32(number), which)
    return best, which


@op("input: T, filter: T -> output: T", T=REALS, shape=_shape, grad=_gradient)
def Dilation2D(
    input: Any, filter: Any, *, strides: list[int], rates: list[int], padding: str
) -> Any:
    """The maximum of each window of images plus a filter.

    Args:
        input: (batch, height, width, channels).
        filter: (height, width, channels).
        strides, rates: distances between windows, and between a window's elements, for all four
            dimensions.
        padding: "SAME" or "VALID"; elements beyond the edges count for nothing.
    """
    places = _Places(_geometry(strides, rates, padding), input.shape, filter.shape)
    return _largest(input, filter, places)[0]


@op(
    "input: T, filter: T, out_backprop: T -> in_backprop: T",
    T=REALS,
    shape=like(0),
    grad=None,
)
def Dilation2DBackpropInput(
    input: Any,
    filter: Any,
    out_backprop: Any,
    *,
    strides: list[int],
    rates: list[int],
    padding: str,
) -> Any:
    """The gradient of `Dilation2D` for its input: each window's goes to the first of its maxima."""
    geometry = _geometry(strides, rates, padding)
    places = _Places(geometry, input.shape, filter.shape)
    check_gradient(geometry, places.shape, out_backprop.shape)
    _, which = _largest(input, filter, places)
    total = xp.zeros(input.shape, input.dtype)
    zero = np.zeros((), input.dtype)
    for number, index in enumerate(places):
        total = total + places.back(xp.where(which == number, out_backprop, zero), index)
    return total


@op(
    "input: T, filter: T, out_backprop: T -> filter_backprop: T",
    T=REALS,
    shape=like(1),
    grad=None,
)
def Dilation2DBackpropFilter(
    input: Any,
    filter: Any,
    out_backprop: Any,
    *,
    strides: list[int],
    rates: list[int],
    padding: str,
) -> Any:
    """The gradient of `Dilation2D` for its filter: each window's goes to the first of its maxima."""
    geometry = _geometry(strides, rates, padding)
    places = _Places(geometry, input.shape, filter.shape)
    check_gradient(geometry, places.shape, out_backprop.shape)
    _, which = _largest(input, filter, places)
    zero = np.zeros((), input.dtype)
    sums = [
        xp.sum(xp.where(which == number, out_backprop, zero), axis=(0, 1, 2), dtype=input.dtype)
        for number, _ in enumerate(places)
    ]
    return xp.reshape(xp.stack(sums), filter.shape)


@renamed(filters="filter", dilations="rates")
def dilation2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
) -> Tensor:
    """The grayscale dilation of images: the maximum of each window plus the filter.

    Args:
        input: (batch, height, width, channels).
        filter: (height, width, channels).
        strides, rates: four numbers each.
        padding: "SAME" or "VALID".
    """
    return Dilation2D(input, filter, strides=strides, rates=rates, padding=padding, name=name)


def erosion2d(
    value: Any, kernel: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Tensor:
    """The grayscale erosion of images: the minimum of each window less the kernel.

    The arguments are those of `dilation2d`.
    """
    with scopes.name_scope(name, "erosion2d", [value, kernel]) as scope:
        negative = math.Neg(value)
        mirrored = array_moves.reverse(kernel, [0, 1])
        return math.Neg(
            Dilation2D(
                negative, mirrored, strides=strides, rates=rates, padding=padding, name=scope
            )
        )
