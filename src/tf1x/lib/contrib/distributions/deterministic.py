"""Distributions of a single value."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    Distribution,
    ScalarDistribution,
    parameter,
)
from tf1x.lib.distributions.kullback_leibler import RegisterKL
from tf1x.ops import array, array_broadcast, array_moves, checks, elementary, math, reduce
from tf1x.ops.grouping import with_dependencies


class _Deterministic(Distribution):
    """Always `loc`; a value has probability 1 where it is no further away than the tolerances."""

    def __init__(
        self,
        loc: Any,
        atol: Any = None,
        rtol: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str | None = None,
    ) -> None:
        parameters = dict(locals())
        name = parameters["name"] = name or type(self).__name__
        with scopes.name_scope(name, None, [loc, atol, rtol]) as name:
            self._loc = convert.to_tensor(loc, name="loc")
            dtype = self._loc.dtype
            self._atol, self._rtol = (
                self._tolerance(v, n, dtype, validate_args)
                for v, n in ((atol, "atol"), (rtol, "rtol"))
            )
            self._slack = self._atol + self._rtol * math.Abs(self._loc)
        super().__init__(
            dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._loc],
            name,
        )

    @staticmethod
    def _tolerance(value: Any, name: str, dtype: Any, validate_args: bool) -> Tensor:
        value = convert.to_tensor(0 if value is None else value, dtype, name=name)
        if validate_args:
            message = f"Argument '{name}' must be non-negative"
            value = with_dependencies([checks.assert_non_negative(value, message=message)], value)
        return value

    loc = parameter("loc", "The value.")
    atol = parameter("atol", "The absolute tolerance.")
    rtol = parameter("rtol", "The tolerance relative to `loc`.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        full = array_moves.concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        values: Tensor = array_broadcast.BroadcastTo(self.loc, full)
        return values

    def _near(self, x: Any) -> Tensor:
        near: Tensor = math.LessEqual(math.Abs(x - self.loc), self._slack)
        return near

    def _entropy(self) -> Tensor:
        return array.zeros(self.batch_shape_tensor(), self.dtype)

    def _mean(self) -> Tensor:
        return array.identity(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _variance(self) -> Tensor:
        return array.zeros_like(self.loc)


class Deterministic(ScalarDistribution, _Deterministic):
    """Scalars that are always `loc`; see `VectorDeterministic` for vectors."""

    _parameter_names = ("loc",)

    def _prob(self, x: Any) -> Tensor:
        return math.cast(self._near(x), self.dtype)

    def _cdf(self, x: Any) -> Tensor:
        return math.cast(x >= self.loc - self._slack, self.dtype)


class VectorDeterministic(_Deterministic):
    """Vectors that are always `loc`, [..., k]."""

    def _batch_shape(self) -> TensorShape:
        return self.loc.shape.with_rank_at_least(1)[:-1]

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self.loc)[:-1]

    def _event_shape(self) -> TensorShape:
        return self.loc.shape.with_rank_at_least(1)[-1:]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self.loc)[-1:]

    @classmethod
    def _param_shapes(cls, sample_shape: Any) -> dict[str, Tensor]:
        return {"loc": convert.to_tensor(sample_shape, int32)}

    def _prob(self, x: Any) -> Tensor:
        return math.cast(reduce.reduce_all(self._near(x), -1), self.dtype)


@RegisterKL(_Deterministic, Distribution)
def _kl_deterministic_distribution(a: Any, b: Any, name: str | None = None) -> Tensor:
    with scopes.name_scope(name, "kl_deterministic_distribution", [a.loc]):
        return -elementary.Log(b.prob(a.loc))
