"""The beta distribution."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.lib.distributions.util import gen_new_seed
from tf1x.ops import array, checks, elementary, math, nn, random
from tf1x.ops.array_select import where_v2
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.special_math import Betainc, Digamma, Lgamma, Xlogy


class Beta(ScalarDistribution):
    """The distribution over (0, 1) of density x^(concentration1 - 1) (1 - x)^(concentration0 - 1).

    Both concentrations are positive.
    """

    _parameter_names = ("concentration1", "concentration0")

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Beta",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [concentration1, concentration0]) as name:
            first = convert.to_tensor(concentration1, name="concentration1")
            self._concentration1 = _checked_concentration(first, validate_args)
            second = convert.to_tensor(concentration0, name="concentration0")
            self._concentration0 = _checked_concentration(second, validate_args)
            checks.assert_same_float_dtype([self._concentration1, self._concentration0])
            self._total_concentration = self._concentration1 + self._concentration0
        super().__init__(
            self._total_concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._concentration1, self._concentration0, self._total_concentration],
            name,
        )

    concentration1 = parameter("concentration1", "How much the mass is towards 1.")
    concentration0 = parameter("concentration0", "How much the mass is towards 0.")
    total_concentration = parameter("total_concentration", "The sum of both concentrations.")

    def _batch_parameters(self) -> list[Tensor]:
        return [self.total_concentration]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        like, dtype = self.total_concentration, self.dtype
        alpha1 = array.ones_like(like, dtype=dtype) * self.concentration1
        alpha0 = array.ones_like(like, dtype=dtype) * self.concentration0
        gamma1 = random.random_gamma([n], alpha1, dtype=dtype, seed=seed)
        other = gen_new_seed(seed, "beta")
        gamma0 = random.random_gamma([n], alpha0, dtype=dtype, seed=other)
        return gamma1 / (gamma1 + gamma0)

    def _log_prob(self, x: Any) -> Tensor:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _log_cdf(self, x: Any) -> Tensor:
        log_cdf: Tensor = elementary.Log(self._cdf(x))
        return log_cdf

    def _cdf(self, x: Any) -> Tensor:
        like = array.zeros_like(x + self.total_concentration)
        cdf: Tensor = Betainc(like + self.concentration1, like + self.concentration0, like + x)
        return cdf

    def _log_unnormalized_prob(self, x: Any) -> Tensor:
        x = self._checked(x)
        ones = Xlogy(self.concentration1 - 1.0, x)
        return ones + (self.concentration0 - 1.0) * elementary.Log1p(-x)

    def _log_normalization(self) -> Tensor:
        both = Lgamma(self.concentration1) + Lgamma(self.concentration0)
        return both - Lgamma(self.total_concentration)

    def _entropy(self) -> Tensor:
        return (
            self._log_normalization()
            - (self.concentration1 - 1.0) * Digamma(self.concentration1)
            - (self.concentration0 - 1.0) * Digamma(self.concentration0)
            + (self.total_concentration - 2.0) * Digamma(self.total_concentration)
        )

    def _mean(self) -> Tensor:
        return self._concentration1 / self._total_concentration

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._mean()) / (1.0 + self.total_concentration)

    def _mode(self) -> Tensor:
        """Undefined unless both concentrations are above 1."""
        mode = (self.concentration1 - 1.0) / (self.total_concentration - 2.0)
        if self.allow_nan_stats:
            defined = math.LogicalAnd(self.concentration1 > 1.0, self.concentration0 > 1.0)
            return where_v2(defined, mode, self._nan())
        one = array.ones([], self.dtype)
        conditions = [
            checks.assert_less(one, item, message=f"Mode undefined for {name} <= 1.")
            for name, item in (
                ("concentration1", self.concentration1),
                ("concentration0", self.concentration0),
            )
        ]
        return with_dependencies(conditions, mode)

    def _checked(self, x: Any) -> Tensor:
        if not self.validate_args:
            return x
        one = array.ones([], self.dtype)
        conditions = [
            checks.assert_positive(x, message="sample must be positive"),
            checks.assert_less(x, one, message="sample must be less than `1`."),
        ]
        return with_dependencies(conditions, x)


def _checked_concentration(concentration: Tensor, validate_args: bool) -> Tensor:
    if not validate_args:
        return concentration
    message = "Concentration parameter must be positive."
    return with_dependencies(
        [checks.assert_positive(concentration, message=message)], concentration
    )


class BetaWithSoftplusConcentration(Beta):
    """`Beta` whose concentrations are the softplus of those given."""

    def __init__(
        self,
        concentration1: Any,
        concentration0: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "BetaWithSoftplusConcentration",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [concentration1, concentration0]) as name:
            first = nn.Softplus(concentration1, name="softplus_concentration1")
            second = nn.Softplus(concentration0, name="softplus_concentration0")
            super().__init__(first, second, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@RegisterKL(Beta, Beta)
def _kl_beta_beta(a: Beta, b: Beta, name: str | None = None) -> Tensor:
    tensors = [
        t for d in (a, b) for t in (d.concentration1, d.concentration0, d.total_concentration)
    ]
    with scopes.name_scope(name, "kl_beta_beta", tensors):
        return (
            b._log_normalization()
            - a._log_normalization()
            - Digamma(a.concentration1) * (b.concentration1 - a.concentration1)
            - Digamma(a.concentration0) * (b.concentration0 - a.concentration0)
            + Digamma(a.total_concentration) * (b.total_concentration - a.total_concentration)
        )
