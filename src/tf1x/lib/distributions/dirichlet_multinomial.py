"""The Dirichlet-multinomial distribution."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.checks import (
    embed_check_categorical_event_shape,
    embed_check_nonnegative_integer_form,
)
from tf1x.lib.distributions.distribution import (
    NOT_REPARAMETERIZED,
    VectorDistribution,
    parameter,
)
from tf1x.lib.distributions.util import gen_new_seed, log_combinations
from tf1x.ops import (
    array,
    array_diag,
    array_moves,
    array_select,
    checks,
    elementary,
    math,
    random,
    reduce,
)
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.special_math import lbeta


class DirichletMultinomial(VectorDistribution):
    """`Multinomial` counts whose probabilities are drawn from a `Dirichlet`.

    Args:
        total_count: how many draws, floats; samples need a scalar.
        concentration: of the Dirichlet, positive, [..., k].
    """

    def __init__(
        self,
        total_count: Any,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "DirichletMultinomial",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [total_count, concentration]) as name:
            self._total_count = convert.to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = embed_check_nonnegative_integer_form(self._total_count)
            concentration = convert.to_tensor(concentration, name="concentration")
            if validate_args:
                concentration = embed_check_categorical_event_shape(concentration)
                message = "Concentration parameter must be positive."
                positive = checks.assert_positive(concentration, message=message)
                concentration = with_dependencies([positive], concentration)
            self._concentration = self._pattern = concentration
            self._total_concentration = reduce.reduce_sum(concentration, -1)
        super().__init__(
            concentration.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._total_count, self._concentration],
            name,
        )

    total_count = parameter("total_count", "The number of draws.")
    concentration = parameter("concentration", "The weight of each class.")
    total_concentration = parameter("total_concentration", "The sum of the weights.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        draws = math.cast(self.total_count, int32)
        size = self.event_shape_tensor()[0]
        gammas = random.random_gamma([n], self.concentration, dtype=self.dtype, seed=seed)
        logits = array.Reshape(elementary.Log(gammas), [-1, size])
        drawn = random.multinomial(logits, draws, gen_new_seed(seed, "dirichlet_multinomial"))
        counts = reduce.reduce_sum(array_select.one_hot(drawn, size), -2)
        shape = array_moves.concat([[n], self.batch_shape_tensor(), [size]], 0)
        return math.cast(array.Reshape(counts, shape), self.dtype)

    def _log_prob(self, counts: Any) -> Tensor:
        counts = self._checked(counts)
        ordered = lbeta(self.concentration + counts) - lbeta(self.concentration)
        return ordered + log_combinations(self.total_count, counts)

    def _mean(self) -> Tensor:
        return self._counts() * (self.concentration / self._total())

    def _variance(self) -> Tensor:
        scale = self._scale()
        x = scale * self._mean()
        return x * (self._counts() * scale - x)

    def _covariance(self) -> Tensor:
        x = self._scale() * self._mean()
        outer = array.expand_dims(x, -1) * array.expand_dims(x, -2)
        return array_diag.matrix_set_diag(-outer, self._variance())

    def _counts(self) -> Tensor:
        return self.total_count[..., None]

    def _total(self) -> Tensor:
        return self.total_concentration[..., None]

    def _scale(self) -> Tensor:
        total = self._total()
        scale: Tensor = elementary.Sqrt((1.0 + total / self._counts()) / (1.0 + total))
        return scale

    def _checked(self, counts: Any) -> Tensor:
        if not self.validate_args:
            return counts
        counts = embed_check_nonnegative_integer_form(counts)
        total = reduce.reduce_sum(counts, -1)
        message = "counts last-dimension must sum to `self.total_count`"
        return with_dependencies(
            [checks.assert_equal(self.total_count, total, message=message)], counts
        )
