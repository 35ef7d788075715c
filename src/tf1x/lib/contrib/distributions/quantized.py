"""Distributions of scalars rounded up to whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.distributions.checks import assert_integer_form
from tf1x.lib.distributions.distribution import NOT_REPARAMETERIZED, Distribution, parameter
from tf1x.ops import array, checks, elementary, math
from tf1x.ops.array_select import where_v2
from tf1x.ops.grouping import with_dependencies


class QuantizedDistribution(Distribution):
    """`ceil(x)` for x of `distribution`; with bounds, what lies outside of them counts to them.

    Args:
        low, high: whole numbers, or None for no bound.

    Raises:
        TypeError: `distribution` is no distribution.
        NotImplementedError: it is known not to be of scalars.
    """

    def __init__(
        self,
        distribution: Distribution,
        low: Any = None,
        high: Any = None,
        validate_args: bool = False,
        name: str = "QuantizedDistribution",
    ) -> None:
        parameters = dict(locals())
        if not isinstance(distribution, Distribution):
            raise TypeError(f"distribution must be a Distribution, not {distribution!r}.")
        if distribution.event_shape.ndims not in (None, 0):
            raise NotImplementedError("QuantizedDistribution is for scalar distributions.")
        self._distribution = distribution
        with scopes.name_scope(name, None, [low, high]) as name:
            dtype = distribution.dtype
            self._low, self._high = (
                None if bound is None else convert.to_tensor(bound, dtype, name=bound_name)
                for bound, bound_name in ((low, "low"), (high, "high"))
            )
            if validate_args:
                self._check_bounds()
        super().__init__(
            dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            distribution.allow_nan_stats,
            parameters,
            [*distribution._graph_parents, *(t for t in (self._low, self._high) if t is not None)],
            name,
        )

    def _check_bounds(self) -> None:
        bounds = [t for t in (self._low, self._high) if t is not None]
        conditions = [assert_integer_form(t) for t in bounds]
        if self._low is not None and self._high is not None:
            message = "low must be strictly less than high."
            conditions.append(checks.assert_less(self._low, self._high, message=message))
        if self._low is not None:
            self._low = with_dependencies(conditions, self._low)
        elif self._high is not None:
            self._high = with_dependencies(conditions, self._high)

    distribution = parameter("distribution", "Where values come from.")
    low = parameter("low", "The least value, or None.")
    high = parameter("high", "The largest value, or None.")

    def _batch_shape(self) -> TensorShape:
        return self.distribution.batch_shape

    def _batch_shape_tensor(self) -> Tensor:
        return self.distribution.batch_shape_tensor()

    def _event_shape(self) -> TensorShape:
        return self.distribution.event_shape

    def _event_shape_tensor(self) -> Tensor:
        return self.distribution.event_shape_tensor()

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        values = math.Ceil(self.distribution.sample(n, seed))
        if self._low is not None:
            values = math.Maximum(values, self._low)
        return values if self._high is None else math.Minimum(values, self._high)

    def _bounded(self, values: Tensor, j: Tensor, below: float, above: float) -> Tensor:
        """`values` of a function at `j`, and what it is below `low` and from `high` on."""
        if self._low is not None:
            values = where_v2(j < self._low, _filled(values, below), values)
        if self._high is not None:
            values = where_v2(j >= self._high, _filled(values, above), values)
        return values

    def _log_cdf(self, y: Any) -> Tensor:
        j = math.Floor(y)
        return self._bounded(self.distribution.log_cdf(j), j, -np.inf, 0.0)

    def _cdf(self, y: Any) -> Tensor:
        j = math.Floor(y)
        return self._bounded(self.distribution.cdf(j), j, 0.0, 1.0)

    def _log_survival_function(self, y: Any) -> Tensor:
        j = math.Floor(y)
        return self._bounded(self.distribution.log_survival_function(j), j, 0.0, -np.inf)

    def _survival_function(self, y: Any) -> Tensor:
        j = math.Floor(y)
        return self._bounded(self.distribution.survival_function(j), j, 1.0, 0.0)

    def _log_prob(self, y: Any) -> Tensor:
        y = self._checked(y)
        cdf, cdf_before = self._log_cdf(y), self._log_cdf(y - 1.0)
        tail, tail_before = self._log_survival_function(y), self._log_survival_function(y - 1.0)
        # The smaller of the two functions has more digits: above the median, the second.
        above = tail < cdf
        big = where_v2(above, tail_before, cdf)
        small = where_v2(above, tail, cdf_before)
        return _log_difference(big, small)

    def _prob(self, y: Any) -> Tensor:
        y = self._checked(y)
        cdf, tail = self._cdf(y), self._survival_function(y)
        from_above = self._survival_function(y - 1.0) - tail
        return where_v2(tail < cdf, from_above, cdf - self._cdf(y - 1.0))

    def _checked(self, y: Any) -> Any:
        return with_dependencies([assert_integer_form(y)], y) if self.validate_args else y


def _filled(like: Tensor, value: float) -> Tensor:
    return array.Fill(array.shape(like), np.array(value, like.dtype.as_numpy_dtype))


def _log_difference(big: Tensor, small: Tensor) -> Tensor:
    """log(exp(big) - exp(small)), -inf where both are."""
    none = math.Equal(big, -np.inf)
    safe = where_v2(none, array.zeros_like(big), big)
    difference = elementary.Log1p(-elementary.Exp(small - safe))
    return where_v2(none, big, safe + difference)
