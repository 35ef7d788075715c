"""The continuous uniform distribution."""

from __future__ import annotations

import math as python_math
from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.ops import array, checks, elementary, math, random
from tf1x.ops.array_broadcast import broadcast_dynamic_shape
from tf1x.ops.array_select import where_v2


class Uniform(ScalarDistribution):
    """The uniform distribution over [low, high)."""

    _parameter_names = ("low", "high")

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [low, high]) as name:
            message = "uniform not defined when low >= high."
            with scopes.control_dependencies(
                [checks.assert_less(low, high, message=message)] if validate_args else []
            ):
                self._low = array.identity(low, name="low")
                self._high = array.identity(high, name="high")
            checks.assert_same_float_dtype([self._low, self._high])
        super().__init__(
            self._low.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._low, self._high],
            name,
        )

    low = parameter("low", "The lower bound.")
    high = parameter("high", "The upper bound, which no value reaches.")

    def range(self, name: str = "range") -> Tensor:
        """`high - low`."""
        with self._name_scope(name):
            return self.high - self.low

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        samples = random.random_uniform(self._sample_shape(n), dtype=self.dtype, seed=seed)
        return self.low + self.range() * samples

    def _prob(self, x: Any) -> Tensor:
        x = x * array.ones(self.batch_shape_tensor(), x.dtype)
        outside = math.LogicalOr(x < self.low, x >= self.high)
        density = where_v2(outside, array.zeros_like(x), array.ones_like(x) / self.range())
        return where_v2(math.IsNan(x), x, density)

    def _cdf(self, x: Any) -> Tensor:
        shape = broadcast_dynamic_shape(array.shape(x), self.batch_shape_tensor())
        zeros, ones = array.zeros(shape, self.dtype), array.ones(shape, self.dtype)
        inside = (x * ones - self.low) / self.range()
        return where_v2(x >= self.high, ones, where_v2(x < self.low, zeros, inside))

    def _entropy(self) -> Tensor:
        entropy: Tensor = elementary.Log(self.range())
        return entropy

    def _mean(self) -> Tensor:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Tensor:
        return elementary.Square(self.range()) / 12.0

    def _stddev(self) -> Tensor:
        return self.range() / python_math.sqrt(12.0)
