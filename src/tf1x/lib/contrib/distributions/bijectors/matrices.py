"""Bijectors of matrices."""

from __future__ import annotations

import math as python_math
from typing import Any

import numpy as np

from tf1x.core import convert
from tf1x.core.dtypes import float32, int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.contrib.distributions.bijectors.base import Bijector
from tf1x.lib.contrib.distributions.bijectors.compose import Chain
from tf1x.lib.contrib.distributions.bijectors.elementwise import AffineScalar, Softplus
from tf1x.lib.distributions.util import fill_triangular, fill_triangular_inverse
from tf1x.ops import array, array_diag, array_moves, elementary, linalg, math, matmul, reduce


class FillTriangular(Bijector):
    """Vectors as lower (or upper) triangular matrices; see `fill_triangular`."""

    def __init__(
        self, upper: bool = False, validate_args: bool = False, name: str = "fill_triangular"
    ) -> None:
        self._upper = upper
        super().__init__(
            None, True, validate_args, None, forward_min_event_ndims=1, inverse_min_event_ndims=2,
            name=name,
        )  # fmt: skip

    def _forward(self, x: Tensor) -> Tensor:
        return fill_triangular(x, self._upper)

    def _inverse(self, y: Tensor) -> Tensor:
        return fill_triangular_inverse(y, self._upper)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return convert.constant(0.0, x.dtype)

    def _forward_event_shape(self, input_shape: TensorShape) -> TensorShape:
        if input_shape.ndims is None:
            return input_shape
        size = input_shape.as_list()[-1]
        rows = None if size is None else (python_math.isqrt(8 * size + 1) - 1) // 2
        return input_shape[:-1].concatenate([rows, rows])

    def _inverse_event_shape(self, output_shape: TensorShape) -> TensorShape:
        if output_shape.ndims is None:
            return output_shape
        rows = output_shape.as_list()[-1]
        size = None if rows is None else rows * (rows + 1) // 2
        return output_shape[:-2].concatenate([size])

    def _forward_event_shape_tensor(self, input_shape: Tensor) -> Tensor:
        root = elementary.Sqrt(0.25 + math.cast(2 * input_shape[-1:], float32))
        rows = math.cast(root, int32)
        return array_moves.concat([input_shape[:-1], rows, rows], 0)

    def _inverse_event_shape_tensor(self, output_shape: Tensor) -> Tensor:
        rows = output_shape[-1:]
        return array_moves.concat([output_shape[:-2], rows * (rows + 1) // 2], 0)


class TransformDiagonal(Bijector):
    """`diag_bijector` applied to the diagonals of matrices."""

    def __init__(
        self,
        diag_bijector: Bijector,
        validate_args: bool = False,
        name: str = "transform_diagonal",
    ) -> None:
        self._of_diagonal = diag_bijector
        super().__init__(
            diag_bijector.graph_parents,
            diag_bijector.is_constant_jacobian,
            validate_args,
            forward_min_event_ndims=2,
            name=name,
        )

    def _forward(self, x: Tensor) -> Tensor:
        diagonal = self._of_diagonal.forward(array_diag.matrix_diag_part(x))
        return array_diag.matrix_set_diag(x, diagonal)

    def _inverse(self, y: Tensor) -> Tensor:
        diagonal = self._of_diagonal.inverse(array_diag.matrix_diag_part(y))
        return array_diag.matrix_set_diag(y, diagonal)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        return self._of_diagonal.forward_log_det_jacobian(array_diag.matrix_diag_part(x), 1)

    def _inverse_log_det_jacobian(self, y: Tensor) -> Tensor:
        return self._of_diagonal.inverse_log_det_jacobian(array_diag.matrix_diag_part(y), 1)


class ScaleTriL(Chain):
    """Vectors as lower triangular matrices with positive diagonals.

    Args:
        diag_bijector: what makes the diagonal positive, `Softplus` by default.
        diag_shift: added to it (before), or None.
    """

    def __init__(
        self,
        diag_bijector: Bijector | None = None,
        diag_shift: Any = 1e-5,
        validate_args: bool = False,
        name: str = "scale_tril",
    ) -> None:
        diagonal = diag_bijector or Softplus(validate_args=validate_args)
        if diag_shift is not None:
            diagonal = Chain([AffineScalar(diag_shift), diagonal])
        parts = [TransformDiagonal(diagonal, validate_args), FillTriangular()]
        super().__init__(parts, validate_args, name)


class CholeskyOuterProduct(Bijector):
    """y = x x^T for lower triangular matrices x with positive diagonals."""

    def __init__(self, validate_args: bool = False, name: str = "cholesky_outer_product") -> None:
        super().__init__(validate_args=validate_args, forward_min_event_ndims=2, name=name)

    def _forward(self, x: Tensor) -> Tensor:
        return matmul.matmul(x, x, adjoint_b=True)

    def _inverse(self, y: Tensor) -> Tensor:
        triangle: Tensor = linalg.Cholesky(y)
        return triangle

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        # Of the entries on and below the diagonal: 2^k prod(x[i, i] ** (k - i)).
        diagonal = array_diag.matrix_diag_part(x)
        size = math.cast(array.shape(diagonal)[-1], x.dtype)
        powers = size - math.cast(array.range_(array.shape(diagonal)[-1]), x.dtype)
        return size * np.log(2.0) + reduce.reduce_sum(powers * elementary.Log(diagonal), -1)


class MatrixInverseTriL(Bijector):
    """y = x^-1 for lower triangular matrices x."""

    def __init__(self, validate_args: bool = False, name: str = "matrix_inverse_tril") -> None:
        super().__init__(validate_args=validate_args, forward_min_event_ndims=2, name=name)

    def _forward(self, x: Tensor) -> Tensor:
        ones = array.ones(array.shape(x)[:-1], x.dtype)
        inverse: Tensor = linalg.MatrixTriangularSolve(x, array_diag.matrix_diag(ones))
        return inverse

    def _inverse(self, y: Tensor) -> Tensor:
        return self._forward(y)

    def _forward_log_det_jacobian(self, x: Tensor) -> Tensor:
        # Each of the k (k + 1) / 2 entries is divided by two diagonal elements.
        diagonal = array_diag.matrix_diag_part(x)
        size = math.cast(array.shape(diagonal)[-1], x.dtype)
        logs = reduce.reduce_sum(elementary.Log(math.Abs(diagonal)), -1)
        return -(size + 1.0) * logs
