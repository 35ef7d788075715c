"""The Bernoulli distribution."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import bool_, int32
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.checks import embed_check_integer_casting_closed
from tf1x.lib.distributions.distribution import (
    NOT_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.lib.distributions.util import get_logits_and_probs
from tf1x.ops import array, math, nn, random
from tf1x.ops.cross_entropy import sigmoid_cross_entropy_with_logits
from tf1x.ops.math_functions import sigmoid


class Bernoulli(ScalarDistribution):
    """1 with probability `probs` (or `sigmoid(logits)`), else 0.

    Args:
        dtype: of the samples.
    """

    _parameter_names = ("logits",)

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Bernoulli",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits, probs, validate_args=validate_args, name=name
            )
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs],
            name,
        )

    logits = parameter("logits", "The logarithm of the odds of 1.")
    probs = parameter("probs", "The probability of 1.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        uniform = random.random_uniform(self._sample_shape(n), dtype=self.probs.dtype, seed=seed)
        return math.cast(math.Less(uniform, self.probs), self.dtype)

    def _log_prob(self, event: Any) -> Tensor:
        if self.validate_args:
            event = embed_check_integer_casting_closed(event, bool_)
        event, logits = math.cast(event, self.logits.dtype), self.logits
        shapes = event.shape, logits.shape
        if not (all(s.is_fully_defined() for s in shapes) and shapes[0] == shapes[1]):
            logits, event = array.ones_like(event) * logits, array.ones_like(logits) * event
        return -sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self) -> Tensor:
        return -self.logits * (sigmoid(self.logits) - 1) + nn.Softplus(-self.logits)

    def _mean(self) -> Tensor:
        return array.identity(self.probs)

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Tensor:
        return math.cast(self.probs > 0.5, self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Tensor:
    with scopes.name_scope(name, "kl_bernoulli_bernoulli", [a.logits, b.logits]):
        of_zero = nn.Softplus(-b.logits) - nn.Softplus(-a.logits)
        of_one = nn.Softplus(b.logits) - nn.Softplus(a.logits)
        return sigmoid(a.logits) * of_zero + sigmoid(-a.logits) * of_one
