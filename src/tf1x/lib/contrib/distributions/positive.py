"""The chi-squared, inverse gamma, Kumaraswamy and Pareto distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.contrib.distributions.bijectors import elementwise
from tf1x.lib.contrib.distributions.transformed import TransformedDistribution
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.lib.distributions.gamma import Gamma
from tf1x.lib.distributions.uniform import Uniform
from tf1x.ops import array, checks, elementary, math, nn, random
from tf1x.ops.array_select import where_v2
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.special_math import Digamma, Igammac, Lgamma


class Chi2(Gamma):
    """The distribution of the sum of `df` squared standard normal values."""

    _parameter_names = ("df",)

    def __init__(
        self,
        df: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Chi2",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [df]) as name:
            self._df = convert.to_tensor(df, name="df")
            half = convert.constant(0.5, self._df.dtype, name="rate")
            super().__init__(0.5 * self._df, half, validate_args, allow_nan_stats, name)
        self._parameters = parameters

    df = parameter("df", "The degrees of freedom.")


class Chi2WithAbsDf(Chi2):
    """`Chi2` with `floor(abs(df))` degrees of freedom."""

    def __init__(
        self,
        df: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Chi2WithAbsDf",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [df]) as name:
            whole = math.Floor(math.Abs(df, name="abs_df"), name="floor_abs_df")
            super().__init__(whole, validate_args, allow_nan_stats, name)
        self._parameters = parameters


class InverseGamma(ScalarDistribution):
    """The distribution of 1 / x for x of `Gamma(concentration, rate)`."""

    _parameter_names = ("concentration", "rate")

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "InverseGamma",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [concentration, rate]) as name:
            with scopes.control_dependencies(
                [checks.assert_positive(concentration), checks.assert_positive(rate)]
                if validate_args
                else []
            ):
                self._concentration = array.identity(concentration, name="concentration")
                self._rate = array.identity(rate, name="rate")
            checks.assert_same_float_dtype([self._concentration, self._rate])
        super().__init__(
            self._concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._concentration, self._rate],
            name,
        )

    concentration = parameter("concentration", "The shape parameter, alpha.")
    rate = parameter("rate", "The scale, beta.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return 1.0 / random.random_gamma([n], self.concentration, self.rate, self.dtype, seed)

    def _log_prob(self, x: Any) -> Tensor:
        normalization = Lgamma(self.concentration) - self.concentration * elementary.Log(self.rate)
        return -(1.0 + self.concentration) * elementary.Log(x) - self.rate / x - normalization

    def _cdf(self, x: Any) -> Tensor:
        cdf: Tensor = Igammac(self.concentration, self.rate / x)
        return cdf

    def _entropy(self) -> Tensor:
        return (
            self.concentration
            + elementary.Log(self.rate)
            + Lgamma(self.concentration)
            - (1.0 + self.concentration) * Digamma(self.concentration)
        )

    def _mean(self) -> Tensor:
        """Undefined unless the concentration is above 1."""
        return self._above(1.0, self.rate / (self.concentration - 1.0), "mean")

    def _variance(self) -> Tensor:
        """Undefined unless the concentration is above 2."""
        below = elementary.Square(self.concentration - 1.0) * (self.concentration - 2.0)
        return self._above(2.0, elementary.Square(self.rate) / below, "variance")

    def _above(self, least: float, statistic: Tensor, name: str) -> Tensor:
        if self.allow_nan_stats:
            return where_v2(self.concentration > least, statistic, self._nan())
        message = f"{name} undefined when any concentration <= {least}"
        enough = checks.assert_less(self._scalar(least), self.concentration, message=message)
        return with_dependencies([enough], statistic)

    def _mode(self) -> Tensor:
        return self.rate / (1.0 + self.concentration)


class InverseGammaWithSoftplusConcentrationRate(InverseGamma):
    """`InverseGamma` whose parameters are the softplus of those given."""

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "InverseGammaWithSoftplusConcentrationRate",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [concentration, rate]) as name:
            concentration = nn.Softplus(concentration, name="softplus_concentration")
            rate = nn.Softplus(rate, name="softplus_rate")
            super().__init__(concentration, rate, validate_args, allow_nan_stats, name)
        self._parameters = parameters


class Pareto(ScalarDistribution):
    """The distribution over [scale, inf) of density x^-(concentration + 1)."""

    _parameter_names = ("concentration", "scale")

    def __init__(
        self,
        concentration: Any,
        scale: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Pareto",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [concentration, scale]) as name:
            with scopes.control_dependencies(
                [checks.assert_positive(concentration), checks.assert_positive(scale)]
                if validate_args
                else []
            ):
                self._concentration = array.identity(concentration, name="concentration")
                self._scale = array.identity(scale, name="scale")
            checks.assert_same_float_dtype([self._concentration, self._scale])
        super().__init__(
            self._concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._concentration, self._scale],
            name,
        )

    concentration = parameter("concentration", "How fast the tail falls.")
    scale = parameter("scale", "The least value.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape, dtype = self._sample_shape(n), self.dtype
        least = np.finfo(dtype.as_numpy_dtype).tiny
        uniform = random.random_uniform(shape, least, 1.0, dtype, seed)
        return self.scale * elementary.Exp(-elementary.Log(uniform) / self.concentration)

    def _log_prob(self, x: Any) -> Tensor:
        density = (
            elementary.Log(self.concentration)
            + self.concentration * elementary.Log(self.scale)
            - (self.concentration + 1.0) * elementary.Log(x)
        )
        return where_v2(x < self.scale, self._scalar(-np.inf), density)

    def _cdf(self, x: Any) -> Tensor:
        above = -elementary.Expm1(self.concentration * elementary.Log(self.scale / x))
        return where_v2(x < self.scale, self._scalar(0.0), above)

    def _log_survival_function(self, x: Any) -> Tensor:
        log = self.concentration * elementary.Log(self.scale / x)
        return where_v2(x < self.scale, self._scalar(0.0), log)

    def _entropy(self) -> Tensor:
        return (
            elementary.Log(self.scale)
            - elementary.Log(self.concentration)
            + 1.0
            + 1.0 / self.concentration
        )

    def _mean(self) -> Tensor:
        """Infinite unless the concentration is above 1."""
        above = self.concentration > 1.0
        below = where_v2(above, self.concentration - 1.0, self._scalar(1.0))
        mean = self.concentration * self.scale / below
        return where_v2(above, mean, self._scalar(np.inf))

    def _variance(self) -> Tensor:
        """Infinite unless the concentration is above 2."""
        above = self.concentration > 2.0
        alpha = where_v2(above, self.concentration, self._scalar(3.0))
        below = elementary.Square(alpha - 1.0) * (alpha - 2.0)
        variance = elementary.Square(self.scale) * alpha / below
        return where_v2(above, variance, self._scalar(np.inf))

    def _mode(self) -> Tensor:
        return self.scale + array.zeros_like(self.concentration)


class Kumaraswamy(TransformedDistribution):
    """The distribution over (0, 1) of density x^(a - 1) (1 - x^a)^(b - 1).

    Here a is `concentration1` and b is `concentration0`.
    """

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Kumaraswamy",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [concentration1, concentration0]) as name:
            self._concentration1 = convert.to_tensor(concentration1, name="concentration1")
            self._concentration0 = convert.to_tensor(concentration0, name="concentration0")
            checks.assert_same_float_dtype([self._concentration1, self._concentration0])
            zeros = array.zeros_like(self._concentration1 + self._concentration0)
            base = Uniform(zeros, array.ones_like(zeros), validate_args, allow_nan_stats)
            bijector = elementwise.Kumaraswamy(
                self._concentration1, self._concentration0, validate_args
            )
        super().__init__(base, bijector, validate_args=validate_args, name=name)
        self._parameters = parameters

    concentration1 = parameter("concentration1", "a.")
    concentration0 = parameter("concentration0", "b.")

    def _entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = Digamma(b + 1.0) + np.euler_gamma
        return (1.0 - 1.0 / b) + (1.0 - 1.0 / a) * harmonic - elementary.Log(a) - elementary.Log(b)

    def _moment(self, order: int) -> Tensor:
        a, b = self.concentration1, self.concentration0
        log = elementary.Log(b) + Lgamma(1.0 + order / a) + Lgamma(b)
        moment: Tensor = elementary.Exp(log - Lgamma(1.0 + order / a + b))
        return moment

    def _mean(self) -> Tensor:
        return self._moment(1)

    def _variance(self) -> Tensor:
        return self._moment(2) - elementary.Square(self._moment(1))

    def _mode(self) -> Tensor:
        """Undefined unless both concentrations are above 1."""
        a, b = self.concentration1, self.concentration0
        mode = ((a - 1.0) / (a * b - 1.0)) ** (1.0 / a)
        defined = math.LogicalAnd(a > 1.0, b > 1.0)
        if self.allow_nan_stats:
            return where_v2(defined, mode, np.array(np.nan, self.dtype.as_numpy_dtype))
        undefined = checks.assert_less(
            array.ones([], self.dtype),
            math.Minimum(a, b),
            message="Mode undefined when any concentration <= 1",
        )
        return with_dependencies([undefined], mode)
