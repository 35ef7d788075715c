"""The binomial, geometric, negative binomial and Poisson distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.checks import embed_check_nonnegative_integer_form
from tf1x.lib.distributions.distribution import (
    NOT_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.lib.distributions.multinomial import Multinomial
from tf1x.lib.distributions.util import gen_new_seed, get_logits_and_probs
from tf1x.ops import array, array_moves, checks, elementary, math, random
from tf1x.ops.array_select import where_v2
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.math_functions import log_sigmoid, sigmoid
from tf1x.ops.special_math import Betainc, Igammac, Lgamma, Xlog1py, Xlogy


class _Counts(ScalarDistribution):
    """Distributions of whole numbers from 0 on, held as floats."""

    def _checked(self, value: Any) -> Any:
        return embed_check_nonnegative_integer_form(value) if self.validate_args else value

    def _or_zero(self, value: Any, cdf: Tensor) -> Tensor:
        """`cdf`, and 0 for negative values."""
        return where_v2(value < 0.0, array.zeros_like(cdf), cdf)

    def _begin(self, logits: Any, probs: Any, validate_args: bool, name: str) -> None:
        self._logits, self._probs = get_logits_and_probs(
            logits, probs, validate_args=validate_args, name=name
        )


def _betainc(a: Any, b: Any, x: Any) -> Tensor:
    """`Betainc`, with broadcasting."""
    like = array.zeros_like(a + b + x)
    value: Tensor = Betainc(like + a, like + b, like + x)
    return value


class Binomial(_Counts):
    """How many of `total_count` trials succeed, each with probability `probs`.

    Args:
        total_count: [...], floats.
        logits, probs: one of them: the logarithm of the odds of success, or its probability.
    """

    _parameter_names = ("total_count", "probs")

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Binomial",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [total_count, logits, probs]) as name:
            self._total_count = convert.to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = embed_check_nonnegative_integer_form(self._total_count)
            self._begin(logits, probs, validate_args, name)
        super().__init__(
            self._probs.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._total_count, self._logits, self._probs],
            name,
        )

    total_count = parameter("total_count", "The number of trials.")
    logits = parameter("logits", "The logarithm of the odds of success.")
    probs = parameter("probs", "The probability of success.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        both = array_moves.stack([1.0 - self.probs, self.probs], -1)
        return Multinomial(self.total_count, probs=both).sample(n, seed)[..., 1]

    def _log_prob(self, counts: Any) -> Tensor:
        counts = self._checked(counts)
        rest = self.total_count - counts
        kernel = Xlogy(counts, self.probs) + Xlog1py(rest, -self.probs)
        ways = Lgamma(1.0 + counts) + Lgamma(1.0 + rest) - Lgamma(1.0 + self.total_count)
        return kernel - ways

    def _cdf(self, counts: Any) -> Tensor:
        counts = math.Floor(counts)
        all_of_them = counts >= self.total_count
        safe = where_v2(all_of_them, array.zeros_like(counts + self.total_count), counts)
        cdf = _betainc(self.total_count - safe, 1.0 + safe, 1.0 - self.probs)
        return self._or_zero(counts, where_v2(all_of_them, array.ones_like(cdf), cdf))

    def _mean(self) -> Tensor:
        return self.total_count * self.probs

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Tensor:
        mode: Tensor = math.Floor((1.0 + self.total_count) * self.probs)
        return mode


class Geometric(_Counts):
    """How many trials fail before the first success, which has the probability `probs`."""

    _parameter_names = ("probs",)

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Geometric",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [logits, probs]) as name:
            self._begin(logits, probs, validate_args, name)
            if validate_args:
                self._probs = with_dependencies([checks.assert_positive(self._probs)], self._probs)
        super().__init__(
            self._probs.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs],
            name,
        )

    logits = parameter("logits", "The logarithm of the odds of success.")
    probs = parameter("probs", "The probability of success.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        least = np.finfo(self.dtype.as_numpy_dtype).tiny
        uniform = random.random_uniform(self._sample_shape(n), least, 1.0, self.dtype, seed)
        draws: Tensor = math.Floor(elementary.Log(uniform) / elementary.Log1p(-self.probs))
        return draws

    def _log_prob(self, counts: Any) -> Tensor:
        counts = self._checked(counts)
        return Xlog1py(counts, -self.probs) + elementary.Log(self.probs)

    def _cdf(self, counts: Any) -> Tensor:
        trials = math.Floor(counts) + 1.0
        cdf = -elementary.Expm1(Xlog1py(math.Maximum(trials, 0.0), -self.probs))
        return self._or_zero(counts, cdf)

    def _entropy(self) -> Tensor:
        failures = (1.0 - self.probs) / self.probs
        return -elementary.Log(self.probs) - failures * elementary.Log1p(-self.probs)

    def _mean(self) -> Tensor:
        mean: Tensor = elementary.Exp(-self.logits)
        return mean

    def _variance(self) -> Tensor:
        return self._mean() / self.probs

    def _mode(self) -> Tensor:
        return array.zeros(self.batch_shape_tensor(), self.dtype)


class NegativeBinomial(_Counts):
    """How many trials succeed, with probability `probs`, before `total_count` have failed."""

    _parameter_names = ("total_count", "probs")

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "NegativeBinomial",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [total_count, logits, probs]) as name:
            self._begin(logits, probs, validate_args, name)
            with scopes.control_dependencies(
                [checks.assert_positive(total_count)] if validate_args else []
            ):
                self._total_count = array.identity(
                    convert.to_tensor(total_count, self._probs.dtype)
                )
        super().__init__(
            self._probs.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._total_count, self._probs, self._logits],
            name,
        )

    total_count = parameter("total_count", "The number of failures.")
    logits = parameter("logits", "The logarithm of the odds of success.")
    probs = parameter("probs", "The probability of success.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        # Poisson counts whose rates are of a gamma distribution.
        rate = elementary.Exp(-self.logits)
        rates = random.random_gamma([n], self.total_count, rate, self.dtype, seed)
        other = gen_new_seed(seed, "negative_binom")
        return random.random_poisson(rates, [], self.dtype, other)

    def _log_prob(self, x: Any) -> Tensor:
        x = self._checked(x)
        kernel = self.total_count * log_sigmoid(-self.logits) + x * log_sigmoid(self.logits)
        ways = Lgamma(self.total_count) + Lgamma(1.0 + x) - Lgamma(self.total_count + x)
        return kernel - ways

    def _cdf(self, x: Any) -> Tensor:
        safe = math.Floor(math.Maximum(x, 0.0))
        return self._or_zero(x, _betainc(self.total_count, 1.0 + safe, sigmoid(-self.logits)))

    def _mean(self) -> Tensor:
        return self.total_count * elementary.Exp(self.logits)

    def _variance(self) -> Tensor:
        return self._mean() / sigmoid(-self.logits)

    def _mode(self) -> Tensor:
        mode = math.Floor((self.total_count - 1.0) * elementary.Exp(self.logits))
        return where_v2(self.total_count > 1.0, mode, array.zeros_like(mode))


class Poisson(_Counts):
    """Counts of independent events with the mean `rate`, or `exp(log_rate)`.

    Args:
        interpolate_nondiscrete: give densities of values that are no whole numbers a smooth
            value; otherwise probability 0.
    """

    _parameter_names = ("rate",)

    def __init__(
        self,
        rate: Any = None,
        log_rate: Any = None,
        interpolate_nondiscrete: bool = True,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Poisson",
    ) -> None:
        parameters = dict(locals())
        if (rate is None) == (log_rate is None):
            raise ValueError("Must specify exactly one of `rate` and `log_rate`.")
        with scopes.name_scope(name, None, [rate, log_rate]) as name:
            if log_rate is None:
                rate = convert.to_tensor(rate, name="rate")
                if validate_args:
                    rate = with_dependencies([checks.assert_positive(rate)], rate)
                self._rate, self._log_rate = rate, elementary.Log(rate, name="log_rate")
            else:
                self._log_rate = convert.to_tensor(log_rate, name="log_rate")
                self._rate = elementary.Exp(self._log_rate, name="rate")
        if not self._rate.dtype.is_floating:
            raise TypeError(f"[log_]rate.dtype ({self._rate.dtype.name}) is a not a float-type.")
        self._interpolate = interpolate_nondiscrete
        super().__init__(
            self._rate.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._rate],
            name,
        )

    rate = parameter("rate", "The mean.")
    log_rate = parameter("log_rate", "The logarithm of the mean.")
    interpolate_nondiscrete = parameter(
        "interpolate", "Whether values between whole numbers have a density."
    )

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return random.random_poisson(self.rate, [n], self.dtype, seed)

    def _log_prob(self, x: Any) -> Tensor:
        x = self._checked(x)
        safe = math.Maximum(x if self._interpolate else math.Floor(x), 0.0)
        log_prob = safe * self.log_rate - Lgamma(1.0 + safe) - self.rate
        return where_v2(math.Equal(x, safe), log_prob, self._scalar(-np.inf))

    def _cdf(self, x: Any) -> Tensor:
        safe = math.Maximum(x if self._interpolate else math.Floor(x), 0.0)
        return self._or_zero(x, Igammac(1.0 + safe, self.rate))

    def _mean(self) -> Tensor:
        return array.identity(self.rate)

    def _variance(self) -> Tensor:
        return array.identity(self.rate)

    def _mode(self) -> Tensor:
        """The lower one where there are two."""
        floor = math.Floor(self.rate)
        return where_v2(math.Equal(self.rate, floor), floor - 1.0, floor)
