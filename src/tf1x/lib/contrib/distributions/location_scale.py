"""The Cauchy, Gumbel, half-normal and logistic distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.ops import array, checks, elementary, math, nn, random
from tf1x.ops.array_select import where_v2
from tf1x.ops.math_functions import sigmoid
from tf1x.ops.special_math import Erf, Erfinv, Lgamma


class _LocationScale(ScalarDistribution):
    """`loc + scale z`, where z has a fixed distribution."""

    _parameter_names: tuple[str, ...] = ("loc", "scale")

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str | None = None,
    ) -> None:
        parameters = dict(locals())
        name = name or type(self).__name__
        parameters["name"] = name
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

    loc = parameter("loc", "What is added.")
    scale = parameter("scale", "The factor.")

    def _z(self, x: Any) -> Tensor:
        with scopes.name_scope("standardize", None, [x]):
            return (x - self.loc) / self.scale

    def _uniform(self, n: Any, seed: int | None, least: float, dtype: Any) -> Tensor:
        return random.random_uniform(self._sample_shape(n), least, 1.0, dtype, seed)

    def _positive_uniform(self, n: Any, seed: int | None) -> Tensor:
        """Uniform in (0, 1): the logarithm of 0 would be infinite."""
        least = np.finfo(self.dtype.as_numpy_dtype).tiny
        return self._uniform(n, seed, least, self.dtype)

    def _everywhere(self, of_scale: Tensor) -> Tensor:
        """A value for each distribution of the batch."""
        return of_scale + array.zeros_like(self.loc)

    def _mode(self) -> Tensor:
        return self.loc + array.zeros_like(self.scale)


class Cauchy(_LocationScale):
    """The distribution of density 1 / (pi scale (1 + z^2)), z = (x - loc) / scale.

    It has no mean: that is NaN, or a ValueError unless `allow_nan_stats`.
    """

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        angle = np.pi / 2 * self._uniform(n, seed, -1.0, self.dtype)
        return self.loc + self.scale * elementary.Tan(angle)

    def _log_prob(self, x: Any) -> Tensor:
        kernel = elementary.Log1p(elementary.Square(self._z(x)))
        return -kernel - (np.log(np.pi) + elementary.Log(self.scale))

    def _cdf(self, x: Any) -> Tensor:
        return elementary.Atan(self._z(x)) / np.pi + 0.5

    def _log_cdf(self, x: Any) -> Tensor:
        return elementary.Log1p(2 / np.pi * elementary.Atan(self._z(x))) - np.log(2)

    def _quantile(self, p: Any) -> Tensor:
        return self.loc + self.scale * elementary.Tan(np.pi * (p - 0.5))

    def _entropy(self) -> Tensor:
        return self._everywhere(np.log(4 * np.pi) + elementary.Log(self.scale))

    def _undefined(self, statistic: str) -> Tensor:
        if not self.allow_nan_stats:
            raise ValueError(f"`{statistic}` is undefined for Cauchy distribution.")
        return self._nan()

    def _mean(self) -> Tensor:
        return self._undefined("mean")

    def _stddev(self) -> Tensor:
        return self._undefined("stddev")


class Gumbel(_LocationScale):
    """The distribution of maxima: `cdf(x)` is exp(-exp(-(x - loc) / scale))."""

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        z = -elementary.Log(-elementary.Log(self._positive_uniform(n, seed)))
        return z * self.scale + self.loc

    def _log_prob(self, x: Any) -> Tensor:
        z = self._z(x)
        return -(z + elementary.Exp(-z)) - elementary.Log(self.scale)

    def _log_cdf(self, x: Any) -> Tensor:
        return -elementary.Exp(-self._z(x))

    def _quantile(self, p: Any) -> Tensor:
        return self.loc - self.scale * elementary.Log(-elementary.Log(p))

    def _entropy(self) -> Tensor:
        return self._everywhere(1.0 + elementary.Log(self.scale) + np.euler_gamma)

    def _mean(self) -> Tensor:
        return self.loc + self.scale * np.euler_gamma

    def _stddev(self) -> Tensor:
        return self._everywhere(self.scale * (np.pi / np.sqrt(6)))


@RegisterKL(Gumbel, Gumbel)
def _kl_gumbel_gumbel(a: Gumbel, b: Gumbel, name: str | None = None) -> Tensor:
    with scopes.name_scope(name, "kl_gumbel_gumbel"):
        ratio = a.scale / b.scale
        shift = (b.loc - a.loc) / b.scale
        return (
            elementary.Log(b.scale)
            - elementary.Log(a.scale)
            + np.euler_gamma * (ratio - 1.0)
            + elementary.Exp(shift + Lgamma(ratio + 1.0))
            - 1.0
            - shift
        )


class Logistic(_LocationScale):
    """The distribution whose `cdf(x)` is sigmoid((x - loc) / scale)."""

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        uniform = self._positive_uniform(n, seed)
        z = elementary.Log(uniform) - elementary.Log1p(-uniform)
        return z * self.scale + self.loc

    def _log_prob(self, x: Any) -> Tensor:
        z = self._z(x)
        return -z - 2.0 * nn.Softplus(-z) - elementary.Log(self.scale)

    def _cdf(self, x: Any) -> Tensor:
        return sigmoid(self._z(x))

    def _log_cdf(self, x: Any) -> Tensor:
        return -nn.Softplus(-self._z(x))

    def _survival_function(self, x: Any) -> Tensor:
        return sigmoid(-self._z(x))

    def _log_survival_function(self, x: Any) -> Tensor:
        return -nn.Softplus(self._z(x))

    def _quantile(self, p: Any) -> Tensor:
        return self.loc + self.scale * (elementary.Log(p) - elementary.Log1p(-p))

    def _entropy(self) -> Tensor:
        return self._everywhere(2.0 + elementary.Log(self.scale))

    def _mean(self) -> Tensor:
        return self._mode()

    def _stddev(self) -> Tensor:
        return self._everywhere(self.scale * (np.pi / np.sqrt(3)))


class HalfNormal(ScalarDistribution):
    """The distribution of |x| for normal x with mean 0 and standard deviation `scale`."""

    _parameter_names = ("scale",)

    def __init__(
        self,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "HalfNormal",
    ) -> None:
        parameters = dict(locals())
        with (
            scopes.name_scope(name, None, [scale]) as name,
            scopes.control_dependencies([checks.assert_positive(scale)] if validate_args else []),
        ):
            self._scale = array.identity(scale, name="scale")
        super().__init__(
            self._scale.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._scale],
            name,
        )

    scale = parameter("scale", "The standard deviation of the normal distribution.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        values = random.random_normal(self._sample_shape(n), dtype=self.dtype, seed=seed)
        return math.Abs(values * self.scale)

    def _log_prob(self, x: Any) -> Tensor:
        density = (
            0.5 * np.log(2 / np.pi)
            - elementary.Log(self.scale)
            - 0.5 * elementary.Square(x / self.scale)
        )
        return where_v2(x < 0.0, self._scalar(-np.inf), density)

    def _cdf(self, x: Any) -> Tensor:
        cdf: Tensor = Erf(math.Maximum(x, 0.0) / self.scale / np.sqrt(2.0))
        return cdf

    def _quantile(self, p: Any) -> Tensor:
        return np.sqrt(2.0) * self.scale * Erfinv(p)

    def _entropy(self) -> Tensor:
        return 0.5 * elementary.Log(np.pi * elementary.Square(self.scale) / 2.0) + 0.5

    def _mean(self) -> Tensor:
        return self.scale * np.sqrt(2.0 / np.pi)

    def _mode(self) -> Tensor:
        return array.zeros(self.batch_shape_tensor(), self.dtype)

    def _variance(self) -> Tensor:
        return elementary.Square(self.scale) * (1.0 - 2.0 / np.pi)


@RegisterKL(HalfNormal, HalfNormal)
def _kl_half_normal_half_normal(a: HalfNormal, b: HalfNormal, name: str | None = None) -> Tensor:
    with scopes.name_scope(name, "kl_half_normal_half_normal"):
        ratio = elementary.Square(a.scale / b.scale)
        return -0.5 * elementary.Log(ratio) + 0.5 * ratio - 0.5
