"""The matrices that stretch multivariate distributions, as linear operators."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_diag, checks
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.linear_operator import (
    LinearOperator,
    LinearOperatorDiag,
    LinearOperatorLowerTriangular,
    LinearOperatorLowRankUpdate,
    LinearOperatorScaledIdentity,
)


def operator(
    loc: Any = None,
    scale_diag: Any = None,
    scale_tril: Any = None,
    scale_identity_multiplier: Any = None,
    scale_perturb_factor: Any = None,
    scale_perturb_diag: Any = None,
    validate_args: bool = False,
    dtype: Any = None,
) -> LinearOperator:
    """The sum of the matrices that are given, as the cheapest kind of operator that it is.

    `loc` tells the size where nothing else does.

    Raises:
        ValueError: nothing is given that tells the size.
    """

    def tensor(value: Any, name: str) -> Tensor | None:
        return None if value is None else convert.to_tensor(value, dtype, name=name)

    diagonal, triangle = tensor(scale_diag, "scale_diag"), tensor(scale_tril, "scale_tril")
    multiple = tensor(scale_identity_multiplier, "scale_identity_multiplier")
    factor = tensor(scale_perturb_factor, "scale_perturb_factor")
    if triangle is not None:
        base = _triangular(triangle, diagonal, multiple, validate_args)
    else:
        base = _diagonal(loc, diagonal, multiple, factor, validate_args)
    if factor is None:
        return base
    return LinearOperatorLowRankUpdate(
        base,
        u=factor,
        diag_update=tensor(scale_perturb_diag, "scale_perturb_diag"),
        is_self_adjoint=True if triangle is None else None,
        is_non_singular=True,
        is_square=True,
    )


def _triangular(
    triangle: Tensor, diagonal: Tensor | None, multiple: Tensor | None, validate_args: bool
) -> LinearOperator:
    triangle = array_diag.MatrixBandPart(triangle, -1, 0)
    added = array_diag.matrix_diag_part(triangle)
    if diagonal is not None:
        added = added + diagonal
    if multiple is not None:
        added = added + multiple[..., None]
    if diagonal is not None or multiple is not None:
        triangle = array_diag.matrix_set_diag(triangle, added)
    if validate_args:
        triangle = _nonzero(added, triangle)
    return LinearOperatorLowerTriangular(triangle, is_non_singular=True)


def _nonzero(diagonal: Tensor, matrix: Tensor) -> Tensor:
    """`matrix`, once its diagonal is found to have no 0."""
    zeros, message = array.zeros_like(diagonal), "Diagonal part must be non-zero."
    nonzero = checks.assert_none_equal(diagonal, zeros, message=message)
    checked: Tensor = with_dependencies([nonzero], matrix)
    return checked


def _diagonal(
    loc: Any,
    diagonal: Tensor | None,
    multiple: Tensor | None,
    factor: Tensor | None,
    validate_args: bool,
) -> LinearOperator:
    if diagonal is not None:
        if multiple is not None:
            diagonal = diagonal + multiple[..., None]
        if validate_args:
            diagonal = _nonzero(diagonal, diagonal)
        return LinearOperatorDiag(diagonal, is_non_singular=True)
    size = _size(loc, factor)
    if multiple is None:
        multiple = array.ones([], _dtype(loc, factor))
    return LinearOperatorScaledIdentity(size, multiple, is_non_singular=True)


def _dtype(loc: Any, factor: Tensor | None) -> Any:
    return (factor if factor is not None else convert.to_tensor(loc)).dtype.base_dtype


def _size(loc: Any, factor: Tensor | None) -> Any:
    """The number of rows, an int where it is known."""
    known, axis = (convert.to_tensor(loc, name="loc"), -1) if loc is not None else (factor, -2)
    if known is None or known.shape.ndims == 0:
        raise ValueError(
            "Need the size of the matrix: `scale_diag`, `scale_tril` or a vector `loc`."
        )
    size = None if known.shape.ndims is None else known.shape.as_list()[axis]
    return array.shape(known)[axis] if size is None else size
