"""The Laplace distribution."""

from __future__ import annotations

import math as python_math
from typing import Any

import numpy as np

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.lib.distributions import special_math
from tf1x.lib.distributions.distribution import (
    FULLY_REPARAMETERIZED,
    ScalarDistribution,
    parameter,
)
from tf1x.ops import array, checks, elementary, math, nn, random


class Laplace(ScalarDistribution):
    """The distribution of density exp(-|x - loc| / scale) / (2 scale)."""

    _parameter_names = ("loc", "scale")

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Laplace",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [loc, scale]) as name:
            with scopes.control_dependencies(
                [checks.assert_positive(scale)] if validate_args else []
            ):
                self._loc = array.identity(loc, name="loc")
                self._scale = array.identity(scale, name="scale")
            checks.assert_same_float_dtype([self._loc, self._scale])
        super().__init__(
            self._loc.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            parameters,
            [self._loc, self._scale],
            name,
        )

    loc = parameter("loc", "The mean.")
    scale = parameter("scale", "The mean distance from `loc`.")

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        # Uniform in (-1, 1): -1 itself would give an infinite value.
        kind = self.dtype.as_numpy_dtype
        least = np.nextafter(kind(-1.0), kind(0.0))
        uniform = random.random_uniform(self._sample_shape(n), least, 1.0, self.dtype, seed)
        spread = self.scale * math.Sign(uniform)
        return self.loc - spread * elementary.Log1p(-math.Abs(uniform))

    def _log_prob(self, x: Any) -> Tensor:
        return -math.Abs(self._z(x)) - (python_math.log(2.0) + elementary.Log(self.scale))

    def _log_cdf(self, x: Any) -> Tensor:
        return special_math.log_cdf_laplace(self._z(x))

    def _log_survival_function(self, x: Any) -> Tensor:
        return special_math.log_cdf_laplace(-self._z(x))

    def _cdf(self, x: Any) -> Tensor:
        z = self._z(x)
        return 0.5 + 0.5 * math.Sign(z) * (1.0 - elementary.Exp(-math.Abs(z)))

    def _entropy(self) -> Tensor:
        scale = self.scale + array.zeros_like(self.loc)
        return python_math.log(2.0) + 1.0 + elementary.Log(scale)

    def _mean(self) -> Tensor:
        return self.loc + array.zeros_like(self.scale)

    def _stddev(self) -> Tensor:
        return python_math.sqrt(2.0) * self.scale + array.zeros_like(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _z(self, x: Any) -> Tensor:
        return (x - self.loc) / self.scale


class LaplaceWithSoftplusScale(Laplace):
    """`Laplace` whose scale is `softplus(scale)`."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "LaplaceWithSoftplusScale",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, None, [loc, scale]) as name:
            scale = nn.Softplus(scale, name="softplus_scale")
            super().__init__(loc, scale, validate_args, allow_nan_stats, name)
        self._parameters = parameters
