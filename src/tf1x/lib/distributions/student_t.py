"""Student's t distribution."""

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
from tf1x.lib.distributions.util import gen_new_seed
from tf1x.ops import array, array_moves, checks, elementary, math, nn, random
from tf1x.ops.array_select import where_v2
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.special_math import Betainc, Digamma, Lgamma, lbeta


class StudentT(ScalarDistribution):
    """Student's t with `df` degrees of freedom, moved by `loc` and stretched by `scale`.

    `scale` is not its standard deviation; only its absolute value matters to densities.
    """

    _parameter_names = ("df", "loc", "scale")

    def __init__(
        self,
        df: Any,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "StudentT",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [df, loc, scale]) as name:
            with scopes.control_dependencies([checks.assert_positive(df)] if validate_args else []):
                self._df = array.identity(df, name="df")
                self._loc = array.identity(loc, name="loc")
                self._scale = array.identity(scale, name="scale")
            checks.assert_same_float_dtype([self._df, self._loc, self._scale])
        super().__init__(
            self._scale.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._df, self._loc, self._scale],
            name,
        )

    df = parameter("df", "The degrees of freedom.")
    loc = parameter("loc", "The middle.")
    scale = parameter("scale", "The factor of a standard t variable.")

    def _ones(self) -> Tensor:
        return array.ones(self.batch_shape_tensor(), self.dtype)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        normal = random.random_normal(self._sample_shape(n), dtype=self.dtype, seed=seed)
        df = self.df * self._ones()
        other = gen_new_seed(seed, "student_t")
        chi2 = random.random_gamma([n], 0.5 * df, 0.5, self.dtype, other)
        return normal * elementary.Rsqrt(chi2 / df) * self.scale + self.loc

    def _log_prob(self, x: Any) -> Tensor:
        y = (x - self.loc) / self.scale
        kernel = -0.5 * (self.df + 1.0) * elementary.Log1p(y**2.0 / self.df)
        return kernel - self._log_normalization()

    def _log_normalization(self) -> Tensor:
        return (
            elementary.Log(math.Abs(self.scale))
            + 0.5 * elementary.Log(self.df)
            + 0.5 * np.log(np.pi)
            + Lgamma(0.5 * self.df)
            - Lgamma(0.5 * (self.df + 1.0))
        )

    def _cdf(self, x: Any) -> Tensor:
        y = (x - self.loc) / math.Abs(self.scale)
        t = self.df / (y**2.0 + self.df)
        like = array.zeros_like(t)
        tail = 0.5 * Betainc(like + 0.5 * self.df, like + 0.5, t)
        return where_v2(math.Less(y, 0.0), tail, 1.0 - tail)

    def _entropy(self) -> Tensor:
        ones = array.expand_dims(self._ones(), -1)
        df = ones * array.expand_dims(self.df, -1)
        half = 0.5 * (self.df + 1.0)
        return (
            elementary.Log(math.Abs(self.scale))
            + 0.5 * elementary.Log(self.df)
            + lbeta(array_moves.concat([df, ones], -1) / 2.0)
            + half * (Digamma(half) - Digamma(0.5 * self.df))
        )

    def _mean(self) -> Tensor:
        """`loc`, undefined unless `df` is above 1."""
        return self._above_one(self.loc * self._ones(), "mean")

    def _variance(self) -> Tensor:
        """`scale^2 df / (df - 2)` if `df` is above 2, else infinite; undefined unless above 1."""
        finite = self.df > 2.0
        below = where_v2(finite, self.df - 2.0, array.ones_like(self.df))
        variance = self._ones() * elementary.Square(self.scale) * self.df / below
        infinite = array.Fill(self.batch_shape_tensor(), self._scalar(np.inf), name="inf")
        return self._above_one(where_v2(finite, variance, infinite), "variance")

    def _above_one(self, statistic: Tensor, name: str) -> Tensor:
        if self.allow_nan_stats:
            return where_v2(math.Greater(self.df, self._ones()), statistic, self._nan())
        message = f"{name} not defined for components of df <= 1"
        one = array.ones([], self.dtype)
        return with_dependencies([checks.assert_less(one, self.df, message=message)], statistic)

    def _mode(self) -> Tensor:
        return array.identity(self.loc)


class StudentTWithAbsDfSoftplusScale(StudentT):
    """`StudentT` with `floor(abs(df))` degrees of freedom and the scale `softplus(scale)`."""

    def __init__(
        self,
        df: Any,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "StudentTWithAbsDfSoftplusScale",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [df, scale]) as name:
            df = math.Floor(math.Abs(df))
            scale = nn.Softplus(scale, name="softplus_scale")
            super().__init__(df, loc, scale, validate_args, allow_nan_stats, name)
        self._parameters = parameters
