"""Multivariate normal distributions."""

from __future__ import annotations

import math as python_math
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.contrib.distributions import scales
from tf1x.lib.contrib.distributions.bijectors.affine import AffineLinearOperator
from tf1x.lib.distributions.distribution import FULLY_REPARAMETERIZED, Distribution, parameter
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.ops import (
    array,
    array_broadcast,
    array_diag,
    array_moves,
    checks,
    elementary,
    linalg,
    math,
    nn,
    random,
    reduce,
)
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.linear_operator import LinearOperatorDiag


class MultivariateNormalLinearOperator(Distribution):
    """`scale x + loc` for a vector x of independent standard normal values.

    The covariance is `scale scale^T`.

    Args:
        loc: the mean [..., k], or None for 0.
        scale: a LinearOperator of k rows.
    """

    def __init__(
        self,
        loc: Any = None,
        scale: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalLinearOperator",
    ) -> None:
        parameters = dict(locals())
        if scale is None:
            raise ValueError("Missing required `scale` parameter.")
        if not scale.dtype.is_floating:
            raise TypeError("`scale` parameter must have floating-point dtype.")
        with scopes.name_scope(name, None, [loc]) as name:
            if loc is not None:
                loc = convert.to_tensor(loc, scale.dtype.base_dtype, name="loc")
        self._loc, self._scale = loc, scale
        parents = [*scale.graph_parents, *([] if loc is None else [loc])]
        super().__init__(
            scale.dtype.base_dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            parents,
            name,
        )

    loc = parameter("loc", "The mean, or None for 0.")
    scale = parameter("scale", "What stretches standard normal vectors, a LinearOperator.")

    @property
    def bijector(self) -> AffineLinearOperator:
        """What makes values of standard normal ones."""
        return AffineLinearOperator(self.loc, self.scale, validate_args=self.validate_args)

    # -- shapes --------------------------------------------------------------------------------

    def _batch_shape(self) -> TensorShape:
        batch = self.scale.batch_shape
        if self.loc is None:
            return batch
        return array_broadcast.broadcast_static_shape(batch, _without_last(self.loc))

    def _batch_shape_tensor(self) -> Tensor:
        batch = self.scale.batch_shape_tensor()
        if self.loc is None:
            return batch
        return array_broadcast.broadcast_dynamic_shape(batch, array.shape(self.loc)[:-1])

    def _event_shape(self) -> TensorShape:
        return TensorShape([self.scale.range_dimension])

    def _event_shape_tensor(self) -> Tensor:
        return self.scale.range_dimension_tensor()[None]

    def _full_shape(self) -> Tensor:
        return array_moves.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)

    # -- samples and densities -----------------------------------------------------------------

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array_moves.concat([[n], self._full_shape()], 0)
        values = self.scale.matvec(random.random_normal(shape, dtype=self.dtype, seed=seed))
        return values if self.loc is None else values + self.loc

    def _log_prob(self, x: Any) -> Tensor:
        z = self.scale.solvevec(x if self.loc is None else x - self.loc)
        return -0.5 * reduce.reduce_sum(elementary.Square(z), -1) - self._log_normalization()

    def _log_normalization(self) -> Tensor:
        half = 0.5 * python_math.log(2.0 * python_math.pi)
        return half * self._size() + self.scale.log_abs_determinant()

    def _size(self) -> Tensor:
        return math.cast(self.scale.range_dimension_tensor(), self.dtype)

    # -- statistics ----------------------------------------------------------------------------

    def log_det_covariance(self, name: str = "log_det_covariance") -> Tensor:
        """The logarithm of the covariance's determinant."""
        with self._name_scope(name):
            return 2.0 * self.scale.log_abs_determinant()

    def det_covariance(self, name: str = "det_covariance") -> Tensor:
        """The covariance's determinant."""
        with self._name_scope(name):
            det: Tensor = elementary.Exp(2.0 * self.scale.log_abs_determinant())
            return det

    def _entropy(self) -> Tensor:
        entropy = 0.5 * self._size() + self._log_normalization()
        return array_broadcast.BroadcastTo(entropy, self.batch_shape_tensor())

    def _mean(self) -> Tensor:
        if self.loc is None:
            return array.zeros(self._full_shape(), self.dtype)
        return array_broadcast.BroadcastTo(self.loc, self._full_shape())

    def _mode(self) -> Tensor:
        return self._mean()

    def _covariance(self) -> Tensor:
        if isinstance(self.scale, LinearOperatorDiag):
            return array_diag.matrix_diag(elementary.Square(self.scale.diag_part()))
        return self.scale.matmul(self.scale.to_dense(), adjoint_arg=True)

    def _variance(self) -> Tensor:
        return elementary.Square(self._stddev())

    def _stddev(self) -> Tensor:
        if isinstance(self.scale, LinearOperatorDiag):
            return math.Abs(self.scale.diag_part())
        squares = elementary.Square(self.scale.to_dense())
        stddev: Tensor = elementary.Sqrt(reduce.reduce_sum(squares, -1))
        return stddev


def _without_last(x: Tensor) -> TensorShape:
    return TensorShape(None) if x.shape.ndims is None else x.shape[:-1]


class MultivariateNormalDiag(MultivariateNormalLinearOperator):
    """Independent normal values, as vectors.

    Args:
        loc: [..., k].
        scale_diag: their standard deviations [..., k].
        scale_identity_multiplier: [...], added to them.

    Raises:
        ValueError: nothing tells the size.
    """

    def __init__(
        self,
        loc: Any = None,
        scale_diag: Any = None,
        scale_identity_multiplier: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiag",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None) as name:
            scale = scales.operator(
                loc, scale_diag, None, scale_identity_multiplier, validate_args=validate_args
            )
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)
        self._parameters = parameters


class MultivariateNormalDiagWithSoftplusScale(MultivariateNormalDiag):
    """`MultivariateNormalDiag` with the standard deviations `softplus(scale_diag)`."""

    def __init__(
        self,
        loc: Any,
        scale_diag: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiagWithSoftplusScale",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [scale_diag]) as name:
            diag = nn.Softplus(scale_diag)
            super().__init__(loc, diag, None, validate_args, allow_nan_stats, name)
        self._parameters = parameters


class MultivariateNormalDiagPlusLowRank(MultivariateNormalLinearOperator):
    """A normal distribution with the scale `diag(scale_diag) + V diag(d) V^T`.

    Args:
        scale_perturb_factor: V, [..., k, r].
        scale_perturb_diag: d, [..., r]; ones by default.
    """

    def __init__(
        self,
        loc: Any = None,
        scale_diag: Any = None,
        scale_identity_multiplier: Any = None,
        scale_perturb_factor: Any = None,
        scale_perturb_diag: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiagPlusLowRank",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None) as name:
            scale = scales.operator(
                loc,
                scale_diag,
                None,
                scale_identity_multiplier,
                scale_perturb_factor,
                scale_perturb_diag,
                validate_args,
            )
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)
        self._parameters = parameters


class MultivariateNormalTriL(MultivariateNormalLinearOperator):
    """A normal distribution with the lower triangular scale `scale_tril` (the identity if None).

    What stands above the diagonal of `scale_tril` does not count.
    """

    def __init__(
        self,
        loc: Any = None,
        scale_tril: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalTriL",
    ) -> None:
        parameters = dict(locals())
        if loc is None and scale_tril is None:
            raise ValueError("Must specify one or both of `loc`, `scale_tril`.")
        with scopes.name_scope(name, None) as name:
            scale = scales.operator(loc, None, scale_tril, validate_args=validate_args)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)
        self._parameters = parameters


class MultivariateNormalFullCovariance(MultivariateNormalTriL):
    """A normal distribution with the covariance `covariance_matrix`, symmetric and positive."""

    def __init__(
        self,
        loc: Any = None,
        covariance_matrix: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalFullCovariance",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [loc, covariance_matrix]) as name:
            triangle = None
            if covariance_matrix is not None:
                matrix = convert.to_tensor(covariance_matrix, name="covariance_matrix")
                if validate_args:
                    transposed = array_moves.matrix_transpose(matrix)
                    symmetric = checks.assert_near(
                        matrix, transposed, message="Matrix was not symmetric."
                    )
                    matrix = with_dependencies([symmetric], matrix)
                triangle = linalg.Cholesky(matrix)
        super().__init__(loc, triangle, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@RegisterKL(MultivariateNormalLinearOperator, MultivariateNormalLinearOperator)
def _kl_normal_normal(
    a: MultivariateNormalLinearOperator,
    b: MultivariateNormalLinearOperator,
    name: str | None = None,
) -> Tensor:
    with scopes.name_scope(name, "kl_mvn"):
        logs = b.scale.log_abs_determinant() - a.scale.log_abs_determinant()
        if all(isinstance(d.scale, LinearOperatorDiag) for d in (a, b)):
            ratios = a.scale.diag_part() / b.scale.diag_part()
            spread = reduce.reduce_sum(elementary.Square(ratios), -1)
        else:
            ratios = b.scale.solve(a.scale.to_dense())
            spread = reduce.reduce_sum(elementary.Square(ratios), [-2, -1])
        distance = b.scale.solvevec(b.mean() - a.mean())
        squares = reduce.reduce_sum(elementary.Square(distance), -1)
        return logs + 0.5 * (-a._size() + spread + squares)
