"""The gamma and exponential distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.ops import array, array_moves, checks, elementary, nn, random
from tf1x.ops.array_select import where_v2
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.special_math import Digamma, Igamma, Lgamma, Xlogy


class Gamma(ScalarDistribution):
    """The distribution over positive numbers of density x^(concentration - 1) exp(-rate x)."""

    _parameter_names: tuple[str, ...] = ("concentration", "rate")

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Gamma",
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
    rate = parameter("rate", "The inverse scale, beta.")

    def _batch_parameters(self) -> list[Tensor]:
        return [self.concentration, self.rate]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return random.random_gamma([n], self.concentration, self.rate, self.dtype, seed)

    def _log_prob(self, x: Any) -> Tensor:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _cdf(self, x: Any) -> Tensor:
        cdf: Tensor = Igamma(self.concentration, self.rate * self._checked(x))
        return cdf

    def _log_unnormalized_prob(self, x: Any) -> Tensor:
        x = self._checked(x)
        return Xlogy(self.concentration - 1.0, x) - self.rate * x

    def _log_normalization(self) -> Tensor:
        return Lgamma(self.concentration) - self.concentration * elementary.Log(self.rate)

    def _entropy(self) -> Tensor:
        return (
            self.concentration
            - elementary.Log(self.rate)
            + Lgamma(self.concentration)
            + (1.0 - self.concentration) * Digamma(self.concentration)
        )

    def _mean(self) -> Tensor:
        return self.concentration / self.rate

    def _variance(self) -> Tensor:
        return self.concentration / elementary.Square(self.rate)

    def _stddev(self) -> Tensor:
        return elementary.Sqrt(self.concentration) / self.rate

    def _mode(self) -> Tensor:
        """Undefined unless the concentration is above 1."""
        mode = (self.concentration - 1.0) / self.rate
        if self.allow_nan_stats:
            return where_v2(self.concentration > 1.0, mode, self._nan())
        message = "mode not defined when any concentration <= 1"
        one = array.ones([], self.dtype)
        return with_dependencies(
            [checks.assert_less(one, self.concentration, message=message)], mode
        )

    def _checked(self, x: Any) -> Tensor:
        checks.assert_same_float_dtype([x], self.dtype)
        return with_dependencies([checks.assert_positive(x)], x) if self.validate_args else x


class GammaWithSoftplusConcentrationRate(Gamma):
    """`Gamma` whose parameters are the softplus of those given."""

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "GammaWithSoftplusConcentrationRate",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [concentration, rate]) as name:
            concentration = nn.Softplus(concentration, name="softplus_concentration")
            rate = nn.Softplus(rate, name="softplus_rate")
            super().__init__(concentration, rate, validate_args, allow_nan_stats, name)
        self._parameters = parameters


class Exponential(Gamma):
    """The exponential distribution with mean `1 / rate`."""

    _parameter_names = ("rate",)

    def __init__(
        self,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Exponential",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [rate]) as name:
            rate = convert.to_tensor(rate, name="rate")
        super().__init__(array.ones([], rate.dtype), rate, validate_args, allow_nan_stats, name)
        self._parameters = parameters

    def _log_survival_function(self, value: Any) -> Tensor:
        return self._log_prob(value) - elementary.Log(self.rate)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array_moves.concat([[n], array.shape(self.rate)], 0)
        # Not 0, whose logarithm is infinite.
        least = np.finfo(self.dtype.as_numpy_dtype).tiny
        sampled = random.random_uniform(shape, least, 1.0, self.dtype, seed)
        return -elementary.Log(sampled) / self.rate


class ExponentialWithSoftplusRate(Exponential):
    """`Exponential` whose rate is `softplus(rate)`."""

    def __init__(
        self,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "ExponentialWithSoftplusRate",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [rate]) as name:
            rate = nn.Softplus(rate, name="softplus_rate")
            super().__init__(rate, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@RegisterKL(Gamma, Gamma)
def _kl_gamma_gamma(a: Gamma, b: Gamma, name: str | None = None) -> Tensor:
    tensors = [t for d in (a, b) for t in (d.concentration, d.rate)]
    with scopes.name_scope(name, "kl_gamma_gamma", tensors):
        return (
            (a.concentration - b.concentration) * Digamma(a.concentration)
            + Lgamma(b.concentration)
            - Lgamma(a.concentration)
            + b.concentration * elementary.Log(a.rate)
            - b.concentration * elementary.Log(b.rate)
            + a.concentration * (b.rate / a.rate - 1.0)
        )
