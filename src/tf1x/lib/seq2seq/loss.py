"""`sequence_loss`: the cross entropy of sequences of logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.ops import array, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.cross_entropy import sparse_softmax_cross_entropy_with_logits
from tf1x.ops.math_functions import div_no_nan

__all__ = ["sequence_loss"]


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Tensor:
    """Weighted cross entropy (in nats) of logits [batch, time, symbols] and ids [batch, time].

    Args:
        weights: [batch, time]; 0 for steps that do not count.
        average_across_timesteps, average_across_batch: sum over that dimension and divide by the
            sum of the weights; with both the loss is the mean over all steps that count.
        sum_over_timesteps, sum_over_batch: sum over that dimension and divide by the number of
            weights that are not 0.
        softmax_loss_function: another loss, called as `f(labels=..., logits=...)` with ids
            [batch * time] and logits [batch * time, symbols].

    Returns:
        A scalar, or a vector where one dimension only is reduced, or [batch, time] where none is.
        Where nothing counts it is 0.

    Raises:
        ValueError: another rank; averaging and summing over the same dimension.
    """
    logits, targets, weights = (convert.to_tensor(x) for x in (logits, targets, weights))
    for tensor, rank, what in (
        (logits, 3, "Logits must be a [batch_size x sequence_length x logits] tensor"),
        (targets, 2, "Targets must be a [batch_size x sequence_length] tensor"),
        (weights, 2, "Weights must be a [batch_size x sequence_length] tensor"),
    ):
        if len(tensor.shape) != rank:
            raise ValueError(what)
    for dimension, both in (
        ("timesteps", average_across_timesteps and sum_over_timesteps),
        ("batch", average_across_batch and sum_over_batch),
    ):
        if both:
            raise ValueError(
                f"average_across_{dimension} and sum_over_{dimension} cannot be set to True at "
                "same time."
            )
    with scopes.name_scope(name, "sequence_loss", [logits, targets, weights]):
        labels = array.reshape(targets, [-1])
        flat = array.reshape(logits, [-1, array.shape(logits)[2]])
        loss = (softmax_loss_function or sparse_softmax_cross_entropy_with_logits)(
            labels=labels, logits=flat
        )
        loss = loss * array.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return _mean(loss, weights, None)
        if sum_over_timesteps and sum_over_batch:
            return _mean(loss, _count(weights, loss), None)
        loss = array.reshape(loss, array.shape(logits)[:2])
        if average_across_timesteps or average_across_batch:
            return _mean(loss, weights, [0] if average_across_batch else [1])
        if sum_over_timesteps or sum_over_batch:
            return _mean(loss, _count(weights, loss), [0] if sum_over_batch else [1])
        return loss


def _count(weights: Tensor, loss: Tensor) -> Tensor:
    """1 for each weight that counts."""
    ones: Tensor = math_ops.cast(math_ops.NotEqual(weights, array.zeros_like(weights)), loss.dtype)
    return ones


def _mean(loss: Tensor, weights: Tensor, axis: Any) -> Tensor:
    return div_no_nan(reduce.reduce_sum(loss, axis), reduce.reduce_sum(weights, axis))
