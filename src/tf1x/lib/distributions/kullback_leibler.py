"""Kullback-Leibler divergences, by the kinds of both distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tf1x.core import scopes
from tf1x.ops import array, checks, math, reduce

_F = TypeVar("_F", bound=Callable[..., Any])

_divergences: dict[tuple[type, type], Callable[..., Any]] = {}


def _registered(a: type, b: type) -> Callable[..., Any] | None:
    """The function for the nearest ancestors of both; of equally near ones, nearer to `a`."""
    found = [
        (i + j, i, function)
        for i, ancestor_a in enumerate(a.__mro__)
        for j, ancestor_b in enumerate(b.__mro__)
        if (function := _divergences.get((ancestor_a, ancestor_b)))
    ]
    return min(found, key=lambda item: item[:2])[2] if found else None


def kl_divergence(
    distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Any:
    """The divergence of `distribution_b` from `distribution_a`, in nats, one for each of the batch.

    It is the mean of `log(a(x) / b(x))` for x drawn from `distribution_a`.

    Args:
        allow_nan_stats: give NaN where it is undefined; otherwise an error at run time.

    Raises:
        NotImplementedError: no function is registered for the two kinds.
    """
    function = _registered(type(distribution_a), type(distribution_b))
    if function is None:
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{type(distribution_a).__name__} and distribution_b type "
            f"{type(distribution_b).__name__}"
        )
    with scopes.name_scope("KullbackLeibler"):
        result = function(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return result
        result = array.identity(result, name="kl")
        check = checks.Assert(
            math.LogicalNot(reduce.reduce_any(math.IsNan(result))),
            [
                f"KL calculation between {distribution_a.name} and {distribution_b.name} returned "
                "NaN values (and was called with allow_nan_stats=False). Values:",
                result,
            ],
        )
        with scopes.control_dependencies([check]):
            return array.identity(result, name="checked_kl")


def cross_entropy(
    ref: Any, other: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Any:
    """The mean of `-other.log_prob(x)` for x drawn from `ref`: its entropy and the divergence."""
    with scopes.name_scope(name, "cross_entropy"):
        return ref.entropy() + kl_divergence(ref, other, allow_nan_stats)


class RegisterKL:
    """Decorates a function `(a, b, name=None)` as the divergence of two kinds of distributions."""

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: _F) -> _F:
        """Register `kl_fn`.

        Raises:
            TypeError: it is no function.
            ValueError: the two kinds have one already.
        """
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _divergences:
            a, b = self._key
            raise ValueError(
                f"KL({a.__name__} || {b.__name__}) has already been registered to: "
                f"{_divergences[self._key]}"
            )
        _divergences[self._key] = kl_fn
        return kl_fn
