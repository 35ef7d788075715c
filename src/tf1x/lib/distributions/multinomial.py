"""The multinomial distribution."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.checks import embed_check_nonnegative_integer_form
from tf1x.lib.distributions.distribution import (
    NOT_REPARAMETERIZED,
    VectorDistribution,
    parameter,
)
from tf1x.lib.distributions.util import get_logits_and_probs, log_combinations
from tf1x.ops import (
    array,
    array_diag,
    array_moves,
    array_select,
    checks,
    math,
    nn_functions,
    random,
    reduce,
)
from tf1x.ops.grouping import with_dependencies


class Multinomial(VectorDistribution):
    """How often each of k classes comes up in `total_count` draws.

    Args:
        total_count: [...], floats.
        logits, probs: one of them, [..., k]; see `Categorical`.
    """

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Multinomial",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [total_count, logits, probs]) as name:
            self._total_count = convert.to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = embed_check_nonnegative_integer_form(self._total_count)
            self._logits, self._probs = get_logits_and_probs(
                logits, probs, multidimensional=True, validate_args=validate_args, name=name
            )
            self._pattern = self._counts() * self._probs  # the mean
        super().__init__(
            self._probs.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._total_count, self._logits, self._probs],
            name,
        )

    total_count = parameter("total_count", "The number of draws.")
    logits = parameter("logits", "Log-probabilities of the classes, up to a constant.")
    probs = parameter("probs", "The probabilities of the classes.")

    def _counts(self) -> Tensor:
        return self._total_count[..., None]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        # TensorFlow draws for one distribution after the other, in a loop whose steps race.
        draws = math.cast(self.total_count, int32)
        most = reduce.reduce_max(draws)
        size = self.event_shape_tensor()[0]
        draws = array.ones_like(self.logits[..., 0], dtype=int32) * draws
        every = array.ones_like(draws[..., None], dtype=self.logits.dtype)
        rows = array.Reshape(every * self.logits, [-1, size])
        drawn = random.multinomial(rows, n * most, seed)
        drawn = array.Reshape(drawn, array_moves.stack([array.shape(rows)[0], n, most]))
        vectors = array_select.one_hot(drawn, size, dtype=self.dtype)
        if self.total_count.shape.ndims != 0:
            counted = array_select.sequence_mask(array.Reshape(draws, [-1]), most, self.dtype)
            vectors = vectors * counted[:, None, :, None]
        counts = array_moves.transpose(reduce.reduce_sum(vectors, axis=-2), [1, 0, 2])
        shape = array_moves.concat([[n], self.batch_shape_tensor(), [size]], 0)
        return array.Reshape(counts, shape)

    def _log_prob(self, counts: Any) -> Tensor:
        counts = self._checked(counts)
        kernel = reduce.reduce_sum(counts * nn_functions.log_softmax(self.logits), -1)
        return kernel + log_combinations(self.total_count, counts)

    def _mean(self) -> Tensor:
        return array.identity(self._pattern)

    def _variance(self) -> Tensor:
        return self._pattern - self._pattern * self._full_probs()

    def _covariance(self) -> Tensor:
        probs = array.expand_dims(self._full_probs(), -2)
        outer = array.expand_dims(self._pattern, -1) * probs
        return array_diag.matrix_set_diag(-outer, self._variance())

    def _full_probs(self) -> Tensor:
        """The probabilities for each distribution of the batch."""
        return self.probs * array.ones_like(self._counts())

    def _checked(self, counts: Any) -> Tensor:
        if not self.validate_args:
            return counts
        counts = embed_check_nonnegative_integer_form(counts)
        total = reduce.reduce_sum(counts, -1)
        message = "counts must sum to `self.total_count`"
        return with_dependencies(
            [checks.assert_equal(self.total_count, total, message=message)], counts
        )
