"""Tridiagonal matrices: products and systems of equations."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from tf1x.core import convert
from tf1x.core.dtypes import complex64, complex128, float32, float64
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array, array_diag, array_moves, array_pad, complex_math, xp
from tf1x.ops.shape_rules import dims

_TYPES = (float64, float32, complex64, complex128)


def _like_rhs(index: int) -> Any:
    return lambda op: [op.inputs[index].shape]


def _solved_shape(op: Operation) -> Any:
    diagonals, rhs = dims(op), dims(op, 1)
    if diagonals is not None and len(diagonals) >= 2 and diagonals[-2] not in (None, 3):
        raise ValueError(f"Expected 3 diagonals got {diagonals[-2]}")
    return [rhs]


@op(
    "diagonals: T, rhs: T -> output: T",
    T=_TYPES,
    shape=_solved_shape,
    needs_jax=True,
    attrs={"partial_pivoting": ("bool", True), "perturb_singular": ("bool", False)},
)
def TridiagonalSolve(diagonals: Any, rhs: Any) -> Any:
    """The X with A X = `rhs`, [..., M, K], where A has the diagonals [..., 3, M]: upper, main, lower.

    The last element of the upper and the first of the lower diagonal are not used. Where A is
    singular, X is not finite.
    """
    upper, main, lower = (diagonals[..., i, :] for i in range(3))
    places = np.arange(main.shape[-1])
    lower = xp.where(places == 0, 0, lower)
    upper = xp.where(places == places[-1:], 0, upper)
    return jax.lax.linalg.tridiagonal_solve(lower, main, upper, rhs)


@op(
    "superdiag: T, maindiag: T, subdiag: T, rhs: T -> output: T",
    T=_TYPES,
    shape=_like_rhs(3),
)
def TridiagonalMatMul(superdiag: Any, maindiag: Any, subdiag: Any, rhs: Any) -> Any:
    """A `rhs`, [..., M, N], where A has three diagonals, each [..., 1, M]."""
    upper, main, lower = (xp.swapaxes(x, -1, -2) for x in (superdiag, maindiag, subdiag))
    zeros = xp.zeros_like(rhs[..., :1, :])
    next_row = xp.concatenate([rhs[..., 1:, :], zeros], axis=-2)
    row_before = xp.concatenate([zeros, rhs[..., :-1, :]], axis=-2)
    return main * rhs + upper * next_row + lower * row_before


def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Tensor:
    """The X with A X = `rhs`, for a tridiagonal A.

    Args:
        diagonals: "compact": [..., 3, M], the upper, main and lower diagonal (the last element of
            the upper and the first of the lower one do not count); "sequence": a list of the
            three, of length M or M - 1; "matrix": [..., M, M].
        rhs: [..., M, K], or [..., M] for one right side.
        transpose_rhs, conjugate_rhs: do so with `rhs` first.

    Raises:
        ValueError: shapes that do not fit, or another `diagonals_format`.
    """
    if perturb_singular and not partial_pivoting:
        raise ValueError("partial_pivoting must be True if perturb_singular is.")
    diagonals = _compact(diagonals, diagonals_format)
    rhs = convert.to_tensor(rhs, diagonals.dtype)
    rank, rhs_rank = diagonals.shape.ndims, rhs.shape.ndims
    if rank is not None and rank < 2:
        raise ValueError(f"Expected diagonals to have rank at least 2, got {rank}")
    if rank and rhs_rank and rhs_rank not in (rank, rank - 1):
        raise ValueError(f"Expected the rank of rhs to be {rank - 1} or {rank}, got {rhs_rank}")
    one = bool(rank and rhs_rank and rhs_rank == rank - 1)
    if one:
        rhs = complex_math.conj(rhs) if conjugate_rhs else rhs
        rhs = array.expand_dims(rhs, -1)
    elif transpose_rhs:
        rhs = array_moves.matrix_transpose(rhs, conjugate=conjugate_rhs)
    elif conjugate_rhs:
        rhs = complex_math.conj(rhs)
    if rank and not diagonals.shape[-1:].is_compatible_with(rhs.shape[-2:-1]):
        raise ValueError(
            "Expected number of left-hand sided and right-hand sides to be equal, got "
            f"{diagonals.shape[-1]} and {rhs.shape[-2]}"
        )
    result = TridiagonalSolve(
        diagonals,
        rhs,
        partial_pivoting=partial_pivoting,
        perturb_singular=perturb_singular,
        name=name,
    )
    return array.squeeze(result, -1) if one else result


def _compact(diagonals: Any, form: str) -> Tensor:
    """Diagonals in any form as a tensor [..., 3, M]."""
    if form == "compact":
        return convert.to_tensor(diagonals)
    if form == "sequence":
        if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
            raise ValueError("Expected diagonals to be a sequence of length 3.")
        upper, main, lower = (convert.to_tensor(x) for x in diagonals)
        size = main.shape[-1].value
        lower = _filled(lower, "subdiagonal", size, [1, 0])
        upper = _filled(upper, "superdiagonal", size, [0, 1])
        return array_moves.stack((upper, main, lower), axis=-2)
    if form == "matrix":
        matrix = convert.to_tensor(diagonals)
        rows, columns = matrix.shape[-2].value, matrix.shape[-1].value
        if rows and columns and rows != columns:
            raise ValueError(
                f"Expected last two dimensions of diagonals to be same, got {columns} and {rows}"
            )
        return array_diag.matrix_diag_part(matrix, k=(-1, 1), padding_value=0.0, align="LEFT_RIGHT")
    raise ValueError(f"Unrecognized diagonals_format: {form}")


def _filled(x: Tensor, name: str, size: int | None, padding: list[int]) -> Tensor:
    given = x.shape[-1].value
    if not given or size is None or given == size:
        return x
    if given != size - 1:
        raise ValueError(f"Expected {name} to be have length {size} or {size - 1}, got {given}.")
    return array_pad.pad(x, [[0, 0]] * ((x.shape.ndims or 1) - 1) + [padding])


def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None
) -> Tensor:
    """A `rhs`, [..., M, N], for a tridiagonal A; `diagonals` as in `tf.linalg.tridiagonal_solve`."""
    if diagonals_format == "sequence":
        parts = [convert.to_tensor(x) for x in diagonals]
    else:
        compact = _compact(diagonals, diagonals_format)
        parts = [compact[..., i, :] for i in range(3)]
    rows = [array.expand_dims(x, -2) for x in parts]
    result: Tensor = TridiagonalMatMul(*rows, rhs, name=name)
    return result
