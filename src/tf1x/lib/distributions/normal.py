"""The normal distribution."""

from __future__ import annotations

import math as python_math
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.distributions import special_math
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.ops import array, checks, elementary, math, nn, random

_LOG_2_PI = python_math.log(2.0 * python_math.pi)


class Normal(ScalarDistribution):
    """The normal distribution with mean `loc` and standard deviation `scale`."""

    _parameter_names = ("loc", "scale")

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Normal",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [loc, scale]) as name:
            with scopes.control_dependencies(
                [checks.assert_positive(scale)] if validate_args else []
            ):
                self._loc = array.identity(loc, name="loc")
                self._scale = array.identity(scale, name="scale")
            checks.assert_same_float_dtype([self._loc, self._scale])
        super().__init__(
            self._scale.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._loc, self._scale],
            name,
        )

    loc = parameter("loc", "The mean.")
    scale = parameter("scale", "The standard deviation.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = self._sample_shape(n)
        sampled = random.random_normal(shape, 0.0, 1.0, self.loc.dtype, seed)
        return sampled * self.scale + self.loc

    def _log_prob(self, x: Any) -> Tensor:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _log_unnormalized_prob(self, x: Any) -> Tensor:
        return -0.5 * elementary.Square(self._z(x))

    def _log_normalization(self) -> Tensor:
        return 0.5 * _LOG_2_PI + elementary.Log(self.scale)

    def _log_cdf(self, x: Any) -> Tensor:
        return special_math.log_ndtr(self._z(x))

    def _cdf(self, x: Any) -> Tensor:
        return special_math.ndtr(self._z(x))

    def _log_survival_function(self, x: Any) -> Tensor:
        return special_math.log_ndtr(-self._z(x))

    def _survival_function(self, x: Any) -> Tensor:
        return special_math.ndtr(-self._z(x))

    def _quantile(self, p: Any) -> Tensor:
        z = special_math.ndtri(p)
        with scopes.name_scope("reconstruct", None, [z]):
            return z * self.scale + self.loc

    def _entropy(self) -> Tensor:
        scale = self.scale * array.ones_like(self.loc)
        return 0.5 * (_LOG_2_PI + 1.0) + elementary.Log(scale)

    def _mean(self) -> Tensor:
        return self.loc * array.ones_like(self.scale)

    def _stddev(self) -> Tensor:
        return self.scale * array.ones_like(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _z(self, x: Any) -> Tensor:
        with scopes.name_scope("standardize", None, [x]):
            return (x - self.loc) / self.scale


class NormalWithSoftplusScale(Normal):
    """`Normal` whose standard deviation is `softplus(scale)`."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "NormalWithSoftplusScale",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [scale]) as name:
            scale = nn.Softplus(scale, name="softplus_scale")
            super().__init__(loc, scale, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@RegisterKL(Normal, Normal)
def _kl_normal_normal(a: Normal, b: Normal, name: str | None = None) -> Tensor:
    with scopes.name_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        one, two, half = (convert.constant(v, a.dtype) for v in (1, 2, 0.5))
        variance_a, variance_b = elementary.Square(a.scale), elementary.Square(b.scale)
        ratio = variance_a / variance_b
        distance: Tensor = math.SquaredDifference(a.loc, b.loc) / (two * variance_b)
        return distance + half * (ratio - one - elementary.Log(ratio))
