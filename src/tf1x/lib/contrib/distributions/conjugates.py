"""What observations of normal values tell of their mean, whose prior is normal."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.normal import Normal
from tf1x.ops import elementary, math


def normal_conjugates_known_scale_posterior(prior: Any, scale: Any, s: Any, n: Any) -> Normal:
    """The distribution of the mean after `n` observations with the sum `s`.

    Args:
        prior: a `Normal`.
        scale: the known standard deviation of an observation.

    Raises:
        TypeError: `prior` is no `Normal`, or of another type than `s`.
    """
    mean, variance = _posterior(prior, scale, s, n)
    return Normal(mean, elementary.Sqrt(variance))


def normal_conjugates_known_scale_predictive(prior: Any, scale: Any, s: Any, n: Any) -> Normal:
    """The distribution of the next observation; see `normal_conjugates_known_scale_posterior`."""
    mean, variance = _posterior(prior, scale, s, n)
    each = elementary.Square(convert.to_tensor(scale, prior.dtype))
    return Normal(mean, elementary.Sqrt(variance + each))


def _posterior(prior: Any, scale: Any, s: Any, n: Any) -> tuple[Tensor, Tensor]:
    if not isinstance(prior, Normal):
        raise TypeError("Expected prior to be an instance of type Normal")
    s = convert.to_tensor(s, preferred_dtype=prior.dtype)
    if s.dtype.base_dtype != prior.dtype.base_dtype:
        raise TypeError(
            f"Observation sum s.dtype does not match prior dtype: {s.dtype} vs. {prior.dtype}"
        )
    n = math.cast(n, prior.dtype)
    before = elementary.Square(prior.scale)
    each = elementary.Square(convert.to_tensor(scale, prior.dtype))
    variance = 1.0 / (1.0 / before + n / each)
    return (prior.loc / before + s / each) * variance, variance
