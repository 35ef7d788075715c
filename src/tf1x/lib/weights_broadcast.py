"""Weights of losses and metrics: which shapes they may have, and broadcasting them."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array, checks, math, reduce
from tf1x.ops.control_flow import cond
from tf1x.ops.grouping import no_op

_REFUSED = "weights can not be broadcast to values."


def assert_broadcastable(weights: Any, values: Any) -> Operation:
    """An op that fails unless `weights` is a scalar, or of the rank of `values` with each
    dimension 1 or that of `values`.

    Raises:
        ValueError: the static shapes do not fit.
        InvalidArgumentError (when run): the shapes do not fit.
    """
    with scopes.name_scope(None, "assert_broadcastable", [weights, values]) as scope:
        weights, of_weights, weights_rank = _with_shape("weights", weights)
        values, of_values, values_rank = _with_shape("values", values)
        fits = _static_fit(weights, values)
        if fits:
            return no_op(name=fits)
        is_scalar = math.Equal(0, weights_rank, name="is_scalar")
        shown = [
            _REFUSED, "weights.shape=", weights.name, of_weights, "values.shape=", values.name,
            of_values, "is_scalar=", is_scalar,
        ]  # fmt: skip
        fits = _dynamic_fit(is_scalar, of_weights, weights_rank, of_values, values_rank)
        return checks.Assert(fits, shown, name=scope)


def _with_shape(name: str, value: Any) -> tuple[Tensor, Tensor, Tensor]:
    with scopes.name_scope(None, name, [value]) as scope:
        value = convert.to_tensor(value, name=scope)
        return value, array.shape(value, name="shape"), array.rank(value, name="rank")


def _static_fit(weights: Tensor, values: Tensor) -> str | None:
    """What the static shapes show, as the name of a node; None where they do not say enough.

    Raises:
        ValueError: the shapes do not fit.
    """
    of_weights, of_values = weights.shape, values.shape
    if of_weights.ndims is None or of_values.ndims is None:
        return None
    if of_weights.ndims == 0:
        return "static_scalar_check_success"
    if of_weights.ndims != of_values.ndims:
        raise ValueError(
            f"{_REFUSED} values.rank={of_values.ndims}. weights.rank={of_weights.ndims}. "
            f"values.shape={of_values}. weights.shape={of_weights}."
        )
    if not (of_weights.is_fully_defined() and of_values.is_fully_defined()):
        return None
    for i, (own, wanted) in enumerate(zip(of_weights.as_list(), of_values.as_list(), strict=True)):
        if own not in (1, wanted):
            raise ValueError(
                f"{_REFUSED} Mismatch at dim {i}. values.shape={of_values}. weights.shape={of_weights}."
            )
    return "static_dims_check_success"


def _dynamic_fit(
    is_scalar: Tensor, of_weights: Tensor, weights_rank: Tensor, of_values: Tensor, values_rank: Tensor
) -> Tensor:  # fmt: skip
    def dimensions_fit() -> Tensor:
        each = math.LogicalOr(math.Equal(of_weights, 1), math.Equal(of_weights, of_values))
        return reduce.reduce_all(each)

    def not_a_scalar() -> Tensor:
        same_rank = math.Equal(values_rank, weights_rank, name="is_same_rank")
        fits: Tensor = cond(same_rank, dimensions_fit, lambda: same_rank)
        return fits

    found: Tensor = cond(is_scalar, lambda: is_scalar, not_a_scalar, name="is_valid_shape")
    return found


def broadcast_weights(weights: Any, values: Any) -> Tensor:
    """`weights` repeated to the shape of `values`; shapes as `assert_broadcastable` takes them."""
    with scopes.name_scope(None, "broadcast_weights", [weights, values]) as scope:
        values = convert.to_tensor(values, name="values")
        weights = convert.to_tensor(weights, values.dtype.base_dtype, name="weights")
        known = weights.shape.is_fully_defined() and values.shape.is_fully_defined()
        if known and weights.shape == values.shape:
            return weights
        with scopes.control_dependencies([assert_broadcastable(weights, values)]):
            full: Tensor = math.Mul(weights, array.ones_like(values), name=scope)
            return full
