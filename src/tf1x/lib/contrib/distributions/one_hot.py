"""One of k classes as a one-hot vector, and the smooth distributions that come close to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.lib.contrib.distributions.bijectors import elementwise
from tf1x.lib.contrib.distributions.location_scale import Logistic
from tf1x.lib.contrib.distributions.transformed import TransformedDistribution
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    VectorDistribution,
    parameter,
)
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.lib.distributions.util import get_logits_and_probs
from tf1x.ops import (
    array,
    array_diag,
    array_moves,
    array_select,
    checks,
    elementary,
    math,
    nn_functions,
    random,
    reduce,
)
from tf1x.ops.cross_entropy import softmax_cross_entropy_with_logits_v2
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.special_math import Lgamma


class OneHotCategorical(VectorDistribution):
    """A class with the probabilities `probs` or `softmax(logits)`, as a one-hot vector.

    Args:
        logits, probs: one of them, [..., k].
        dtype: of the samples.
    """

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "OneHotCategorical",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [logits, probs]) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits, probs, multidimensional=True, validate_args=validate_args, name=name
            )
            self._pattern = self._logits
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs],
            name,
        )

    logits = parameter("logits", "Log-probabilities of the classes, up to a constant.")
    probs = parameter("probs", "The probabilities of the classes.")

    @property
    def event_size(self) -> Tensor:
        """The number of classes, an int32 scalar."""
        return self.event_shape_tensor()[0]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array_moves.concat([[n], array.shape(self.logits)], 0)
        rows = array.Reshape(self.logits, [-1, self.event_size])
        drawn = array_moves.transpose(random.multinomial(rows, n, seed))
        vectors = array_select.one_hot(drawn, self.event_size, dtype=self.dtype)
        return array.Reshape(vectors, shape)

    def _log_prob(self, x: Any) -> Tensor:
        x = math.cast(self._checked(x), self.logits.dtype)
        labels, logits = x + array.zeros_like(self.logits), self.logits + array.zeros_like(x)
        return -softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)

    def _entropy(self) -> Tensor:
        return -reduce.reduce_sum(nn_functions.log_softmax(self.logits) * self.probs, axis=-1)

    def _mean(self) -> Tensor:
        return array.identity(self.probs)

    def _mode(self) -> Tensor:
        return array_select.one_hot(
            reduce.argmax(self.logits, axis=-1), self.event_size, dtype=self.dtype
        )

    def _variance(self) -> Tensor:
        return self.probs * (1.0 - self.probs)

    def _covariance(self) -> Tensor:
        outer = self.probs[..., None] * self.probs[..., None, :]
        return array_diag.matrix_set_diag(-outer, self._variance())

    def _checked(self, x: Any) -> Any:
        if not self.validate_args:
            return x
        ones = array.ones([], x.dtype)
        return with_dependencies(
            [
                checks.assert_non_positive(x - ones),
                checks.assert_near(ones, reduce.reduce_sum(x, -1)),
            ],
            x,
        )


@RegisterKL(OneHotCategorical, OneHotCategorical)
def _kl_one_hot(a: OneHotCategorical, b: OneHotCategorical, name: str | None = None) -> Tensor:
    with scopes.name_scope(name, "kl_categorical_categorical"):
        ratio = nn_functions.log_softmax(a.logits) - nn_functions.log_softmax(b.logits)
        return reduce.reduce_sum(nn_functions.softmax(a.logits) * ratio, axis=-1)


class ExpRelaxedOneHotCategorical(VectorDistribution):
    """The logarithms of `RelaxedOneHotCategorical` values, which do not underflow."""

    def __init__(
        self,
        temperature: Any,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "ExpRelaxedOneHotCategorical",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [logits, probs, temperature]) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits,
                probs,
                multidimensional=True,
                validate_args=validate_args,
                name=name,
                dtype=dtype,
            )
            self._pattern = self._logits
            self._temperature = convert.to_tensor(
                temperature, self._logits.dtype.base_dtype, name="temperature"
            )
            if validate_args:
                positive = checks.assert_positive(self._temperature)
                self._temperature = with_dependencies([positive], self._temperature)
        super().__init__(
            self._logits.dtype.base_dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._logits, self._probs, self._temperature],
            name,
        )

    logits = parameter("logits", "Log-probabilities of the classes, up to a constant.")
    probs = parameter("probs", "The probabilities of the classes.")
    temperature = parameter("temperature", "The closer to 0, the closer to one-hot vectors.")

    @property
    def event_size(self) -> Tensor:
        """The number of classes, an int32 scalar."""
        return self.event_shape_tensor()[0]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array_moves.concat([[n], array.shape(self.logits)], 0)
        least = np.finfo(self.dtype.as_numpy_dtype).tiny
        uniform = random.random_uniform(shape, least, 1.0, self.dtype, seed)
        gumbel = -elementary.Log(-elementary.Log(uniform))
        return nn_functions.log_softmax((gumbel + self.logits) / self._columns())

    def _columns(self) -> Tensor:
        return self.temperature if not self.temperature.shape.ndims else self.temperature[..., None]

    def _log_prob(self, x: Any) -> Tensor:
        size = math.cast(self.event_size, self.dtype)
        normalization = Lgamma(size) + (size - 1.0) * elementary.Log(self.temperature)
        # The density of x depends on differences of x only, so log-probabilities need no bounds.
        logs = nn_functions.log_softmax(self.logits - x * self._columns())
        return reduce.reduce_sum(logs, -1) + normalization


class RelaxedOneHotCategorical(TransformedDistribution):
    """Probability vectors near the corners (the Concrete or Gumbel-softmax distribution).

    Args:
        temperature: a scalar, or one for each distribution.
    """

    def __init__(
        self,
        temperature: Any,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "RelaxedOneHotCategorical",
    ) -> None:
        parameters = dict(locals())
        base = ExpRelaxedOneHotCategorical(
            temperature, logits, probs, dtype, validate_args, allow_nan_stats
        )
        super().__init__(base, elementwise.Exp(validate_args), name=name)
        self._parameters = parameters

    @property
    def temperature(self) -> Tensor:
        """The closer to 0, the closer to one-hot vectors."""
        return self.distribution.temperature

    @property
    def logits(self) -> Tensor:
        """Log-probabilities of the classes, up to a constant."""
        return self.distribution.logits

    @property
    def probs(self) -> Tensor:
        """The probabilities of the classes."""
        return self.distribution.probs

    @property
    def event_size(self) -> Tensor:
        """The number of classes, an int32 scalar."""
        return self.distribution.event_size


class RelaxedBernoulli(TransformedDistribution):
    """Values between 0 and 1, near 1 with probability `probs` and near 0 otherwise.

    The sigmoid of logistic values with the mean `logits / temperature`.
    """

    def __init__(
        self,
        temperature: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "RelaxedBernoulli",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [logits, probs, temperature]) as name:
            self._temperature = convert.to_tensor(temperature, name="temperature")
            if validate_args:
                positive = checks.assert_positive(self._temperature)
                self._temperature = with_dependencies([positive], self._temperature)
            self._logits, self._probs = get_logits_and_probs(
                logits, probs, validate_args=validate_args
            )
            base = Logistic(
                self._logits / self._temperature,
                1.0 / self._temperature,
                validate_args,
                allow_nan_stats,
                f"{name}Logistic",
            )
        super().__init__(base, elementwise.Sigmoid(validate_args), name=name)
        self._parameters = parameters

    temperature = parameter("temperature", "The closer to 0, the closer to 0 and 1.")
    logits = parameter("logits", "The logarithm of the odds of 1.")
    probs = parameter("probs", "The probability of 1.")
