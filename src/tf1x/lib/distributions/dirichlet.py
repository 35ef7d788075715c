"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    VectorDistribution,
    parameter,
)
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.ops import array, array_diag, checks, elementary, math, random, reduce
from tf1x.ops.array_select import where_v2
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.special_math import Digamma, Xlogy, lbeta


class Dirichlet(VectorDistribution):
    """Vectors of k probabilities, of density `prod(x ** (concentration - 1))`.

    Args:
        concentration: positive, [..., k].
    """

    def __init__(
        self,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Dirichlet",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [concentration]) as name:
            concentration = convert.to_tensor(concentration, name="concentration")
            if validate_args:
                concentration = _checked_concentration(concentration)
            self._concentration = self._pattern = concentration
            self._total_concentration = reduce.reduce_sum(concentration, -1)
        super().__init__(
            concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._concentration, self._total_concentration],
            name,
        )

    concentration = parameter("concentration", "The weight of each element.")
    total_concentration = parameter("total_concentration", "The sum of the weights.")

    def _total(self) -> Tensor:
        return self.total_concentration[..., None]

    def _size(self) -> Tensor:
        return math.cast(self.event_shape_tensor()[0], self.dtype)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        gammas = random.random_gamma([n], self.concentration, dtype=self.dtype, seed=seed)
        return gammas / reduce.reduce_sum(gammas, -1, keepdims=True)

    def _log_prob(self, x: Any) -> Tensor:
        x = self._checked(x)
        kernel = reduce.reduce_sum(Xlogy(self.concentration - 1.0, x), -1)
        return kernel - lbeta(self.concentration)

    def _entropy(self) -> Tensor:
        size = self._size()
        return (
            lbeta(self.concentration)
            + (self.total_concentration - size) * Digamma(self.total_concentration)
            - reduce.reduce_sum((self.concentration - 1.0) * Digamma(self.concentration), axis=-1)
        )

    def _mean(self) -> Tensor:
        return self.concentration / self._total()

    def _variance(self) -> Tensor:
        scale = self._scale()
        x = scale * self._mean()
        return x * (scale - x)

    def _covariance(self) -> Tensor:
        x = self._scale() * self._mean()
        outer = array.expand_dims(x, -1) * array.expand_dims(x, -2)
        return array_diag.matrix_set_diag(-outer, self._variance())

    def _scale(self) -> Tensor:
        scale: Tensor = elementary.Rsqrt(1.0 + self._total())
        return scale

    def _mode(self) -> Tensor:
        """Undefined unless all concentrations are above 1."""
        mode = (self.concentration - 1.0) / (self._total() - self._size())
        if self.allow_nan_stats:
            nan = array.Fill(array.shape(mode), np.array(np.nan, mode.dtype.as_numpy_dtype))
            defined = reduce.reduce_all(self.concentration > 1.0, axis=-1, keepdims=True)
            return where_v2(defined, mode, nan)
        one = array.ones([], self.dtype)
        message = "Mode undefined when any concentration <= 1"
        return with_dependencies(
            [checks.assert_less(one, self.concentration, message=message)], mode
        )

    def _checked(self, x: Any) -> Tensor:
        if not self.validate_args:
            return x
        one, total = array.ones([], self.dtype), reduce.reduce_sum(x, -1)
        conditions = [
            checks.assert_positive(x, message="samples must be positive"),
            checks.assert_near(one, total, message="sample last-dimension must sum to `1`"),
        ]
        return with_dependencies(conditions, x)


def _checked_concentration(concentration: Tensor) -> Tensor:
    conditions = [
        checks.assert_positive(concentration, message="Concentration parameter must be positive."),
        checks.assert_rank_at_least(
            concentration, 1, message="Concentration parameter must have >=1 dimensions."
        ),
        checks.assert_less(
            1,
            array.shape(concentration)[-1],
            message="Concentration parameter must have event_size >= 2.",
        ),
    ]
    return with_dependencies(conditions, concentration)


@RegisterKL(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Tensor:
    with scopes.name_scope(name, "kl_dirichlet_dirichlet", [a.concentration, b.concentration]):
        total = Digamma(reduce.reduce_sum(a.concentration, axis=-1, keepdims=True))
        means_of_logs = Digamma(a.concentration) - total
        distance = (a.concentration - b.concentration) * means_of_logs
        return (
            reduce.reduce_sum(distance, axis=-1) - lbeta(a.concentration) + lbeta(b.concentration)
        )
