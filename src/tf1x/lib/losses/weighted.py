"""Losses with weights, and how they become one number."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.losses.collect import add_loss
from tf1x.lib.weights_broadcast import assert_broadcastable, broadcast_weights
from tf1x.ops import array, array_select, math, reduce
from tf1x.ops.math_functions import div_no_nan


class Reduction:
    """How the losses of the elements become one.

    NONE leaves them as they are, SUM adds them, MEAN divides the sum by that of the weights,
    SUM_OVER_BATCH_SIZE by the number of elements, SUM_BY_NONZERO_WEIGHTS (also called
    SUM_OVER_NONZERO_WEIGHTS) by the number of weights that are not 0.
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Every value."""
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: str) -> None:
        """Check that `key` is one of the values.

        Raises:
            ValueError: it is not.
        """
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}. Key should be one of {cls.all()}.")


def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Losses times weights, reduced, and added to a collection.

    Args:
        losses: one number for each element.
        weights: a scalar, or of the rank of `losses` with each dimension 1 or that of `losses`.
        loss_collection: where the result is added; None for nowhere.

    Returns:
        A scalar of the type of `losses` (for `Reduction.NONE`, their shape).

    Raises:
        ValueError: weights that do not fit, or an unknown reduction.
    """
    Reduction.validate(reduction)
    with (
        scopes.name_scope(scope, "weighted_loss", [losses, weights]),
        scopes.control_dependencies([assert_broadcastable(weights, losses)]),
    ):
        losses = convert.to_tensor(losses)
        loss = _reduced(math.cast(losses, float32), math.cast(weights, float32), reduction)
        loss = math.cast(loss, losses.dtype)
        add_loss(loss, loss_collection)
        return loss


def _reduced(losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    weighted: Tensor = math.Mul(losses, weights)
    if reduction == Reduction.NONE:
        return weighted
    total = reduce.reduce_sum(weighted)
    if reduction == Reduction.SUM:
        return total
    if reduction == Reduction.MEAN:
        count = reduce.reduce_sum(array.ones_like(losses) * weights)
    elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
        count = _num_elements(losses)
    else:
        count = num_present(losses, weights)
    return div_no_nan(reduce.reduce_sum(total), count, name="value")


def num_present(losses: Tensor, weights: Tensor, per_batch: bool = False) -> Tensor:
    """How many elements of `losses` have a weight other than 0; `per_batch`, in each example."""
    with scopes.name_scope(None, "num_present", [losses, weights]) as scope:
        weights = math.cast(weights, float32)
        absent = math.Equal(weights, 0.0)
        present = array_select.where(absent, array.zeros_like(weights), array.ones_like(weights))
        present = broadcast_weights(present, losses)
        axis = array.range_(1, array.rank(present)) if per_batch else None
        return reduce.reduce_sum(present, axis, per_batch, name=scope)


def _num_elements(losses: Tensor) -> Tensor:
    with scopes.name_scope(None, "num_elements", [losses]) as scope:
        count: Tensor = math.cast(array.size(losses, name=scope), losses.dtype)
        return count
