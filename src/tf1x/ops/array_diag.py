"""Diagonals and bands of matrices.

A band of diagonals `k = [low, high]` is kept packed: row `high - d` holds diagonal d (d > 0 above
the main one), each row as long as the longest diagonal; `align` says at which end the shorter ones
are filled up, first for the diagonals above, then for those below. A single diagonal is a vector.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import COMPLEX, FLOATS, INDICES, float32, int32, int64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, array_moves, math, xp
from tf1x.ops.array_moves import scalar_int
from tf1x.ops.shape_rules import dims, merge_dim, unchanged

_LARGE = 4096


@dataclass(frozen=True)
class _Band:
    """The diagonals `low` to `high` of a matrix of some size, and how they are packed."""

    rows: int
    cols: int
    low: int
    high: int
    align: str

    @property
    def single(self) -> bool:
        return self.low == self.high

    @property
    def width(self) -> int:
        """The length of the longest diagonal."""
        return max(min(self.rows + min(self.high, 0), self.cols - max(self.low, 0)), 0)

    @property
    def shape(self) -> tuple[int, ...]:
        """The packed form's shape."""
        return (self.width,) if self.single else (self.high - self.low + 1, self.width)

    def _gap(self, d: Any) -> Any:
        """By how much the elements of diagonal `d` are moved to the right in its row."""
        above, below = self.align.split("_")
        length = xp.minimum(self.rows + xp.minimum(d, 0), self.cols - xp.maximum(d, 0))
        left = ((d >= 0) & (above == "LEFT")) | ((d <= 0) & (below == "LEFT"))
        return xp.where(left, 0, self.width - length)

    def sources(self) -> tuple[Any, Any]:
        """For every element of the matrix, whether it is in the band, and its flat packed place."""
        large = xp.is_tracing() and self.rows * self.cols > _LARGE
        space = jnp if large else np
        row, col = space.arange(self.rows)[:, None], space.arange(self.cols)[None, :]
        d = col - row
        inside = (d >= self.low) & (d <= self.high)
        place = (self.high - d) * self.width + xp.minimum(row, col) + self._gap(d)
        return inside, xp.where(inside, place, 0)

    def targets(self) -> tuple[Any, Any]:
        """For every packed element, whether it is of the matrix, and its flat place there."""
        d = np.arange(self.high, self.low - 1, -1)[:, None]
        step = np.arange(self.width)[None, :] - self._gap(d)
        row, col = step - np.minimum(d, 0), step + np.maximum(d, 0)
        inside = (step >= 0) & (row < self.rows) & (col < self.cols)
        place = np.where(inside, row * self.cols + col, 0)
        return inside.reshape(self.shape), place.reshape(self.shape)


def _band_of(k: Any, rows: int, cols: int, align: str) -> _Band:
    """The band that the tensor `k` (one or two numbers) names.

    Raises:
        ValueError: it is empty or lies outside of the matrix.
    """
    numbers_ = np.asarray(k).reshape(-1).tolist()
    low, high = numbers_[0], numbers_[-1]
    if low > high:
        raise ValueError(
            f"lower_diag_index must not be larger than upper_diag_index: {low} > {high}"
        )
    for d in (low, high):
        if not (-rows < d < cols or (d == 0 and not rows * cols)):
            raise ValueError(
                f"diag_index is out of bound: {d}. It must be between {-rows} and {cols}"
            )
    return _Band(rows, cols, low, high, align)


def _band_for(k: Any, packed: tuple[int, ...], rows: int, cols: int, align: str) -> _Band:
    """The band of a matrix with the packed diagonals of a given shape; sizes of -1 follow from them.

    Raises:
        ValueError: the sizes given are too small, or neither one fits.
    """
    numbers_ = np.asarray(k).reshape(-1).tolist()
    low, high = numbers_[0], numbers_[-1]
    width = packed[-1]
    if low != high and (len(packed) < 2 or packed[-2] != high - low + 1):
        raise ValueError(
            f"The number of diagonals provided in the input does not match the lower_diag_index and upper_diag_index range: {list(packed)}"
        )
    least_rows, least_cols = width - min(high, 0), width + max(low, 0)
    if rows == -1 and cols == -1:
        rows = cols = max(least_rows, least_cols)
    rows, cols = least_rows if rows == -1 else rows, least_cols if cols == -1 else cols
    if rows < least_rows or cols < least_cols:
        raise ValueError(f"The number of rows or columns is too small: {rows}, {cols}")
    if rows != least_rows and cols != least_cols:
        raise ValueError(
            "The number of rows or columns is not consistent with the specified d_lower, d_upper, and diagonal."
        )
    return _Band(rows, cols, low, high, align)


def _flat(x: Any, last: int) -> Any:
    """`x` with its `last` final dimensions made one."""
    shape = np.shape(x)
    return xp.reshape(x, (*shape[: len(shape) - last], int(np.prod(shape[len(shape) - last :]))))


def _take(x: Any, places: Any) -> Any:
    if not x.shape[-1]:
        return xp.zeros((*x.shape[:-1], *places.shape), x.dtype)
    return (
        jnp.take(x, places, axis=-1, mode="clip")
        if xp.is_jax(x, places)
        else np.take(x, places, axis=-1)
    )


def _build(diagonal: Any, band: _Band, padding: Any) -> Any:
    inside, places = band.sources()
    return xp.where(inside, _take(_flat(diagonal, len(band.shape)), places), padding)


def _extract(input: Any, band: _Band, padding: Any) -> Any:
    inside, places = band.targets()
    return xp.where(inside, _take(_flat(input, 2), places), padding)


def _replace(input: Any, diagonal: Any, band: _Band) -> Any:
    if np.shape(diagonal)[-len(band.shape) :] != band.shape:
        raise InvalidArgumentError(
            None,
            None,
            f"Expected diagonals of shape {list(band.shape)}, got {list(np.shape(diagonal))}",
        )
    return _build(diagonal, band, input)


def _zero(x: Any) -> Any:
    return np.zeros((), x.dtype)


# -- shape rules ---------------------------------------------------------------------------------


def _diag_shape(op: Operation) -> Any:
    """The rule of MatrixDiag and its later forms."""
    shape = dims(op)
    extra = [constant_value(t) for t in op.inputs[1:4]] or [np.array(0), np.array(-1), np.array(-1)]
    k, rows, cols = extra
    if shape is None or k is None:
        return [None]
    single = k.size == 1 or k[0] == k[1]
    batch = shape[:-1] if single else shape[:-2]
    if rows is None or cols is None or shape[-1] is None or (not single and shape[-2] is None):
        return [(*batch, None, None)]
    band = _band_for(k, shape[-2:], int(rows), int(cols), "LEFT_LEFT")  # type: ignore[arg-type]
    return [(*batch, band.rows, band.cols)]


def _part_shape(op: Operation) -> Any:
    shape = dims(op)
    k = constant_value(op.inputs[1]) if len(op.inputs) > 1 else np.array(0)
    if shape is None or k is None:
        return [None]
    if len(shape) < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {len(shape)}")
    single = k.size == 1 or k[0] == k[1]
    if None in shape[-2:]:
        return [(*shape[:-2], *(() if single else (int(k[1] - k[0]) + 1,)), None)]
    return [(*shape[:-2], *_band_of(k, *shape[-2:], "LEFT_LEFT").shape)]  # type: ignore[misc]


def _set_shape(op: Operation) -> Any:
    shape, diagonal = dims(op), dims(op, 1)
    if shape is None or diagonal is None:
        return [shape]
    batch = [merge_dim(a, b) for a, b in zip(shape[:-2], diagonal, strict=False)]
    return [(*batch, *shape[-2:])]


# -- ops -----------------------------------------------------------------------------------------

_FIRST_ONLY = array.first_input_gradient


@op("diagonal: T -> output: T", shape=_diag_shape, exact=True)
def MatrixDiag(diagonal: Any) -> Any:
    """Square matrices with the given diagonals, zero elsewhere."""
    return _build(diagonal, _band_for(0, np.shape(diagonal), -1, -1, "LEFT_LEFT"), _zero(diagonal))


@op("input: T -> diagonal: T", shape=_part_shape, exact=True)
def MatrixDiagPart(input: Any) -> Any:
    """The main diagonals of matrices."""
    return _extract(input, _band_of(0, *np.shape(input)[-2:], "LEFT_LEFT"), _zero(input))


@op("input: T, diagonal: T -> output: T", shape=_set_shape, exact=True)
def MatrixSetDiag(input: Any, diagonal: Any) -> Any:
    """Matrices with their main diagonals replaced."""
    return _replace(input, diagonal, _band_of(0, *np.shape(input)[-2:], "LEFT_LEFT"))


def _declare_band_ops(version: str) -> tuple[Any, Any, Any]:
    """The second and third form of the three ops: bands of diagonals; the third with `align`."""

    def diag(
        diagonal: Any, k: Any, num_rows: Any, num_cols: Any, padding_value: Any, align: str
    ) -> Any:
        sizes = scalar_int(num_rows), scalar_int(num_cols)
        band = _band_for(xp.static(k), np.shape(diagonal), *sizes, align)
        return _build(diagonal, band, padding_value)

    def part(input: Any, k: Any, padding_value: Any, align: str) -> Any:
        return _extract(input, _band_of(xp.static(k), *np.shape(input)[-2:], align), padding_value)

    def set_(input: Any, diagonal: Any, k: Any, align: str) -> Any:
        return _replace(input, diagonal, _band_of(xp.static(k), *np.shape(input)[-2:], align))

    return (
        _with_align("diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T -> output: T", f"MatrixDiag{version}", diag, "Matrices with the given bands of diagonals.", shape=_diag_shape, grad=_FIRST_ONLY),
        _with_align("input: T, k: int32, padding_value: T -> diagonal: T", f"MatrixDiagPart{version}", part, "The packed diagonals of matrices.", shape=_part_shape, grad=_FIRST_ONLY),
        _with_align("input: T, diagonal: T, k: int32 -> output: T", f"MatrixSetDiag{version}", set_, "Matrices with a band of diagonals replaced.", shape=_set_shape),
    )  # fmt: skip


def _with_align(
    signature: str, name: str, function: Callable[..., Any], doc: str, **options: Any
) -> Any:
    def aligned(*values: Any, align: str = "RIGHT_LEFT") -> Any:
        return function(*values, align)

    def plain(*values: Any) -> Any:
        return function(*values, "LEFT_LEFT")

    lower = aligned if name.endswith("V3") else plain
    lower.__doc__ = doc
    return op(signature, type=name, exact=True, **options)(lower)


MatrixDiagV2, MatrixDiagPartV2, MatrixSetDiagV2 = _declare_band_ops("V2")
MatrixDiagV3, MatrixDiagPartV3, MatrixSetDiagV3 = _declare_band_ops("V3")


@op(
    "input: T, num_lower: Tindex, num_upper: Tindex -> band: T",
    Tindex=(INDICES, int64),
    shape=unchanged,
    exact=True,
    export=("matrix_band_part", "linalg.band_part", "batch_matrix_band_part"),
)
def MatrixBandPart(input: Any, num_lower: Any, num_upper: Any) -> Any:
    """Matrices with zeros outside of a band; a negative number of diagonals keeps them all."""
    rows, cols = np.shape(input)[-2:]
    distance = xp.arange(0, rows, 1)[:, None] - xp.arange(0, cols, 1)[None, :]
    inside = ((num_lower < 0) | (distance <= num_lower)) & (
        (num_upper < 0) | (-distance <= num_upper)
    )
    return xp.where(inside, input, _zero(input))


_TENSOR_DIAG = (*FLOATS, int32, int64, *COMPLEX)


def _tensor_diag_part_shape(op: Operation) -> Any:
    shape = dims(op)
    if shape is None:
        return [None]
    if len(shape) % 2 or not shape:
        raise ValueError(f"Input must have even and non-zero rank, input rank is {len(shape)}")
    half = len(shape) // 2
    return [tuple(merge_dim(a, b) for a, b in zip(shape[:half], shape[half:], strict=True))]


@op(
    "diagonal: T -> output: T",
    T=_TENSOR_DIAG,
    shape=lambda op: [None if dims(op) is None else dims(op) * 2],
    exact=True,
    export=("diag", "linalg.tensor_diag"),
)  # type: ignore[operator]
def Diag(diagonal: Any) -> Any:
    """A tensor of twice the rank with `diagonal` where both halves of the index agree, else zero."""
    flat = xp.reshape(diagonal, (-1,))
    return xp.reshape(MatrixDiag.opdef.lower(flat), np.shape(diagonal) * 2)


@op(
    "input: T -> diagonal: T",
    T=_TENSOR_DIAG,
    shape=_tensor_diag_part_shape,
    exact=True,
    export=("diag_part", "linalg.tensor_diag_part"),
)
def DiagPart(input: Any) -> Any:
    """The elements for which both halves of the index agree."""
    shape = np.shape(input)[: np.ndim(input) // 2]
    size = int(np.prod(shape))
    return xp.reshape(MatrixDiagPart.opdef.lower(xp.reshape(input, (size, size))), shape)


# -- functions -----------------------------------------------------------------------------------


def _padding_like(tensor: Any, value: Any) -> Any:
    """`value` as a bool where the matrices are."""
    return bool(value) if getattr(tensor, "dtype", None) == "bool" else value


@export("matrix_diag", "linalg.diag", "batch_matrix_diag")
def matrix_diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Matrices with the given diagonals, `padding_value` elsewhere.

    Args:
        k: which diagonal (0 the main one, positive above), or (lowest, highest) of a band, packed
            as this module's head describes.
        num_rows, num_cols: the size of the matrices, by default the smallest that fits.
    """
    padding_value = _padding_like(diagonal, padding_value)
    return MatrixDiagV3(diagonal, k, num_rows, num_cols, padding_value, align=align, name=name)


@export("matrix_diag_part", "linalg.diag_part", "batch_matrix_diag_part")
def matrix_diag_part(
    input: Any,
    name: str = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """The diagonals `k` of matrices; see `matrix_diag`."""
    return MatrixDiagPartV3(input, k, _padding_like(input, padding_value), align=align, name=name)


@export("matrix_set_diag", "linalg.set_diag", "batch_matrix_set_diag")
def matrix_set_diag(
    input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """Matrices with their diagonals `k` replaced; see `matrix_diag`."""
    return MatrixSetDiagV3(input, diagonal, k, align=align, name=name)


@export("eye", "linalg.eye")
def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Identity matrices.

    Args:
        batch_shape: leading dimensions of equal matrices.
    """
    with scopes.name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        square = num_columns is None
        batch = [] if batch_shape is None else batch_shape
        columns = num_rows if num_columns is None else num_columns
        if isinstance(num_rows, Tensor) or isinstance(columns, Tensor):
            size: Any = math.Minimum(num_rows, columns)
        else:
            if not all(
                isinstance(n, numbers.Integral) or hasattr(n, "__index__")
                for n in (num_rows, columns)
            ):
                raise TypeError(
                    f"num_rows and num_columns must be positive integer values: {num_rows}, {num_columns}"
                )
            num_rows, columns = int(num_rows), int(columns)
            square = num_rows == columns
            size = min(num_rows, columns)
        if isinstance(batch, Tensor) or isinstance(size, Tensor):
            batch = convert.to_tensor(batch, int32, name="shape")
            diagonal: Any = array_moves.concat((batch, [size]), 0)
            whole: Any = None if square else array_moves.concat((batch, [num_rows, columns]), 0)
        else:
            diagonal = [*batch, size]
            whole = [*batch, num_rows, columns]
        ones = array.ones(diagonal, dtype)
        if square:
            return matrix_diag(ones)
        return matrix_set_diag(array.zeros(whole, dtype), ones)
