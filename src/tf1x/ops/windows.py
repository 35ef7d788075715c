"""Sliding windows over the dimensions of an array: where they lie, their maxima and sums.

Everything is done one dimension after the other, by strided slices, one for each position within
a window, or by reshaping. Measured on CPU, `lax.reduce_window` takes up to three times as long
forward, and the gradient of its maximum (`select_and_scatter`) 7 to 40 times as long.

Dimensions are reduced from last to first, so "the first maximum" of a window is the first in
row-major order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from tf1x.core.errors import InvalidArgumentError
from tf1x.ops import xp

PADDINGS = ("SAME", "VALID", "EXPLICIT")
# Windows side by side and longer than this are reduced by reshaping.
_UNROLLED = 8


@dataclass(frozen=True)
class Window:
    """Windows along one dimension.

    Attributes:
        axis: the dimension.
        length: its size.
        size, stride, count: the windows' size, the distance between them, and their number.
        before: how far the first window begins before the array.
    """

    axis: int
    length: int
    size: int
    stride: int
    count: int
    before: int

    @property
    def apart(self) -> bool:
        """Whether no two windows overlap."""
        return self.stride >= self.size

    def cells(self) -> np.ndarray[Any, Any]:
        """How many elements of the array each window covers."""
        starts = np.arange(self.count) * self.stride - self.before
        return np.minimum(starts + self.size, self.length) - np.maximum(starts, 0)


def check_padding(op_type: str, padding: str, allowed: Sequence[str]) -> None:
    """Raises ValueError unless `padding` is one of `allowed`."""
    if padding not in allowed:
        names = ", ".join(f'"{name}"' for name in allowed)
        raise ValueError(
            f"Attr 'padding' of '{op_type}' Op passed string '{padding}' not in: {names}."
        )


def output_size(
    length: int | None, size: int, stride: int, padding: str, around: tuple[int, int] = (0, 0)
) -> int | None:
    """The number of windows along a dimension, None where its length is unknown.

    Raises:
        ValueError: no window fits, or `stride` is not positive.
    """
    if stride <= 0:
        raise ValueError(f"Stride must be > 0, but got {stride}")
    if length is None:
        return None
    if padding == "SAME":
        return -(-length // stride)
    whole = length + sum(around)
    if whole < size:
        raise ValueError(f"Negative dimension size caused by subtracting {size} from {whole}")
    return (whole - size) // stride + 1


def pairs(explicit: Sequence[int], rank: int) -> list[tuple[int, int]]:
    """The attribute `explicit_paddings` as (before, after) for each dimension.

    Raises:
        ValueError: it is not `rank` pairs of non-negative numbers.
    """
    if len(explicit) != 2 * rank:
        raise ValueError(
            f"explicit_paddings attribute must contain {2 * rank} values, but got: {len(explicit)}"
        )
    if any(width < 0 for width in explicit):
        raise ValueError("All elements of explicit_paddings must be nonnegative")
    return list(zip(explicit[::2], explicit[1::2], strict=True))


def window(
    axis: int,
    length: int,
    size: int,
    stride: int,
    padding: str,
    around: tuple[int, int] = (0, 0),
) -> Window:
    """The windows along a dimension of that length; `around` is its explicit padding."""
    if padding == "SAME":
        count = -(-length // stride)
        before = max((count - 1) * stride + size - length, 0) // 2
    else:
        count = max(0, (length + sum(around) - size) // stride + 1)
        before = around[0]
    if count <= 1:
        stride = max(stride, size)  # so that a single window counts as apart
    return Window(axis, length, size, stride, count, before)


def windows(
    shape: Sequence[int],
    sizes: Sequence[int],
    strides: Sequence[int],
    padding: str,
    explicit: Sequence[int] = (),
) -> list[Window]:
    """The windows along every dimension that they change, the last dimension first."""
    around = pairs(explicit, len(shape)) if padding == "EXPLICIT" else [(0, 0)] * len(shape)
    found = []
    for axis, (size, stride, edges) in enumerate(zip(sizes, strides, around, strict=True)):
        if max(edges) >= size and any(edges):
            raise InvalidArgumentError(
                None, None, f"Padding {edges} needs to be smaller than the window size {size}"
            )
        if size > 1 or stride > 1 or any(edges):
            found.append(window(axis, shape[axis], size, stride, padding, edges))
    return found[::-1]


# -- pieces of an array --------------------------------------------------------------------------


def fitted(x: Any, axis: int, before: int, length: int, fill: Any) -> Any:
    """`x` moved by `before` along `axis` and cut or filled up to `length`."""
    after = length - before - x.shape[axis]
    if not before and not after:
        return x
    fill = np.asarray(fill, x.dtype)
    if xp.is_jax(x):
        widths = [(0, 0, 0)] * x.ndim
        widths[axis] = (before, after, 0)
        return lax.pad(x, fill, widths)
    cut = [slice(None)] * x.ndim
    cut[axis] = slice(max(0, -before), x.shape[axis] - max(0, -after))
    wide = [(0, 0)] * x.ndim
    wide[axis] = (max(0, before), max(0, after))
    return np.pad(x[tuple(cut)], wide, constant_values=fill)


def every(x: Any, axis: int, start: int, count: int, stride: int) -> Any:
    """`count` slices of `x` along `axis`, `stride` apart, from `start`."""
    stop = min(start + count * stride, x.shape[axis])
    if xp.is_jax(x):
        return lax.slice_in_dim(x, min(start, stop), stop, stride, axis)
    return x[(*[slice(None)] * axis, slice(start, stop, stride))]


def slots(x: Any, window: Window, fill: Any) -> list[Any]:
    """For each position within the windows, the elements there; `fill` outside of the array.

    Only positions that reach outside are padded: within a fusion XLA tests every padded element.
    """
    w = window
    found = []
    for j in range(w.size):
        start = j - w.before
        first = min(max(0, -(start // w.stride)), w.count)  # the first and the last window
        last = min(-(-(w.length - start) // w.stride), w.count)  # that have it inside
        inside = every(x, w.axis, start + first * w.stride, max(0, last - first), w.stride)
        found.append(fitted(inside, w.axis, first, w.count, fill))
    return found


def split(x: Any, axis: int, by: int) -> Any:
    """`x` with dimension `axis` split into (size / by, by)."""
    shape = x.shape
    return xp.reshape(x, (*shape[:axis], shape[axis] // by, by, *shape[axis + 1 :]))


def joined(x: Any, axis: int) -> Any:
    """The inverse of `split`."""
    shape = x.shape
    return xp.reshape(x, (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :]))


def _long(window: Window) -> bool:
    return window.apart and window.size > _UNROLLED


def _side_by_side(x: Any, window: Window, fill: Any) -> Any:
    """Windows that are apart as (count, size), in place of the dimension."""
    w = window
    whole = fitted(x, w.axis, w.before, w.count * w.stride, fill)
    return every(split(whole, w.axis, w.stride), w.axis + 1, 0, w.size, 1)


def _positions(count: int, window: Window, rank: int, kind: Any) -> Any:
    """0, 1, ..., count - 1 along the dimension that `split` puts after the window's."""
    return np.arange(count, dtype=kind).reshape(-1, *[1] * (rank - window.axis - 1))


# -- maxima --------------------------------------------------------------------------------------


def lowest(dtype: Any) -> Any:
    """The least finite value of a type, with which maxima begin."""
    kind = np.dtype(dtype)
    return (jnp.iinfo if kind.kind in "iu" else jnp.finfo)(kind).min


def largest(x: Any, window: Window) -> tuple[Any, Any]:
    """The maximum of each window, and the position within it of the first one.

    As in TensorFlow a NaN counts for nothing.
    """
    kind = np.int8 if window.size + window.stride < 127 else np.int32
    start = np.asarray(lowest(x.dtype), x.dtype)
    if _long(window):
        cells = _side_by_side(x, window, start)
        cells = xp.where(cells > start, cells, start)
        best = xp.max(cells, axis=window.axis + 1, initial=start)
        position = _positions(window.size, window, x.ndim, kind)
        here = xp.where(
            cells == xp.expand_dims(best, window.axis + 1), position, kind(window.size - 1)
        )
        return best, xp.min(here, axis=window.axis + 1)
    best, which = start, kind(0)
    for j, slot in enumerate(slots(x, window, start)):
        better = slot > best
        best = xp.where(better, slot, best)
        which = xp.where(better, kind(j), which)
    return best, which


def maxima(x: Any, over: Sequence[Window]) -> Any:
    """The maximum of each window."""
    for window in over:
        x, _ = largest(x, window)
    return x


def first_maxima(x: Any, over: Sequence[Window]) -> list[Any]:
    """For each dimension, the position of the first maximum within its windows."""
    found = []
    for window in over:
        x, which = largest(x, window)
        found.append(which)
    return found


def taken(values: Any, over: Sequence[Window], which: Sequence[Any]) -> Any:
    """Of `values`, those at the positions `which` of `first_maxima`."""
    for window, position in zip(over, which, strict=True):
        zero = np.zeros((), values.dtype)
        found = zero
        for j, slot in enumerate(slots(values, window, zero)):
            found = xp.where(position == j, slot, found)
        values = found
    return values


# -- back from windows to elements ---------------------------------------------------------------


Brought = Callable[[Any], Any]


def _returned(
    g: Any, window: Window, chosen: Callable[[Any, Brought], Any], kind: Any = np.int32
) -> Any:
    """The sum of what each element gets from the windows that cover it.

    Args:
        g: what the windows have to give.
        chosen: which elements get it, given their positions within their windows, and a function
            that lays a value of the windows out beside them.
        kind: the type of the positions.
    """
    w = window
    reach = (w.size - 1) // w.stride
    rows = w.count + reach
    zero = np.zeros((), g.dtype)
    position = _positions(w.stride, w, g.ndim, kind)
    total = None
    # Windows reach over several stretches of `stride` elements: first what they give to the
    # stretch in which they begin, then what to the next. (To pad what they give is faster than
    # to pad what the elements get.)
    for i in range(reach + 1):

        def brought(value: Any, i: int = i) -> Any:
            return xp.expand_dims(fitted(value, w.axis, i, rows, 0), w.axis + 1)

        part = xp.where(chosen(position + kind(i * w.stride), brought), brought(g), zero)
        total = part if total is None else total + part
    return fitted(joined(total, w.axis), w.axis, -w.before, w.length, zero)


def to_first_maxima(g: Any, over: Sequence[Window], which: Sequence[Any]) -> Any:
    """`g` returned to the elements at the positions `which` of `first_maxima`."""
    for window, first in zip(reversed(over), reversed(which), strict=True):

        def chosen(position: Any, brought: Brought, first: Any = first) -> Any:
            return position == brought(first)

        g = _returned(g, window, chosen, first.dtype.type)
    return g


# -- sums ----------------------------------------------------------------------------------------


def sums(x: Any, over: Sequence[Window]) -> Any:
    """The sum of each window."""
    zero = np.zeros((), x.dtype)
    for window in over:
        if _long(window):
            x = xp.sum(_side_by_side(x, window, zero), axis=window.axis + 1, dtype=x.dtype)
            continue
        total, *rest = slots(x, window, zero)
        for slot in rest:
            total = total + slot
        x = total
    return x


def to_all(g: Any, over: Sequence[Window]) -> Any:
    """`g` returned to every element of its window: the transpose of `sums`."""
    for window in reversed(over):
        g = _returned(g, window, lambda position, _, size=window.size: position < size)
    return g


def counts(over: Sequence[Window], rank: int, dtype: Any) -> Any:
    """How many elements each window covers, in a form that broadcasts to all windows."""
    total = np.ones((), np.int64)
    for window in over:
        shape = [1] * rank
        shape[window.axis] = window.count
        total = total * window.cells().reshape(shape)
    return total.astype(dtype)
