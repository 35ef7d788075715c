"""Losses of lists of logits, and models for several lengths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.lib.variable_scope import get_variable_scope, variable_scope
from tf1x.ops import array, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.cross_entropy import sparse_softmax_cross_entropy_with_logits
from tf1x.ops.math_functions import add_n

__all__ = ["model_with_buckets", "sequence_loss", "sequence_loss_by_example"]

# Called as f(labels=..., logits=...); gives one loss for each sequence.
Loss = Callable[..., Any]


def sequence_loss_by_example(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    softmax_loss_function: Loss | None = None,
    name: str | None = None,
) -> Tensor:
    """The cross entropy of each sequence (in nats), the steps weighted; [batch].

    Args:
        logits: a list of tensors [batch, symbols], one for each step.
        targets: a list of vectors of ids, int32.
        weights: a list of vectors.
        average_across_timesteps: divide by the sum of the weights of each sequence.
        softmax_loss_function: another loss, called as `f(labels=..., logits=...)`.

    Raises:
        ValueError: lists of different lengths.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same "
            f"{len(logits)}, {len(weights)}, {len(targets)}."
        )
    with scopes.name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                # Programs pass scalars, too.
                flat = array.reshape(target, [-1])
                loss = sparse_softmax_cross_entropy_with_logits(labels=flat, logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            losses.append(loss * weight)
        total = add_n(losses)
        if average_across_timesteps:
            total = total / (add_n(weights) + 1e-12)  # all weights of a sequence may be 0
        return total


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Loss | None = None,
    name: str | None = None,
) -> Tensor:
    """The sum of `sequence_loss_by_example`, by default divided by the batch size; a scalar."""
    with scopes.name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        cost = reduce.reduce_sum(
            sequence_loss_by_example(
                logits,
                targets,
                weights,
                average_across_timesteps=average_across_timesteps,
                softmax_loss_function=softmax_loss_function,
            )
        )
        if not average_across_batch:
            return cost
        mean: Tensor = cost / math_ops.cast(array.shape(targets[0])[0], cost.dtype)
        return mean


def model_with_buckets(
    encoder_inputs: Any,
    decoder_inputs: Any,
    targets: Any,
    weights: Any,
    buckets: Any,
    seq2seq: Callable[[Any, Any], tuple[Any, Any]],
    softmax_loss_function: Loss | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list[Any], list[Any]]:
    """One model for each of several lengths, all with the same variables.

    Args:
        encoder_inputs, decoder_inputs, targets, weights: lists of tensors, as long as the last
            bucket.
        buckets: pairs (encoder length, decoder length), the longest last.
        seq2seq: takes the inputs of encoder and decoder, gives (outputs, state).
        softmax_loss_function: that of `sequence_loss`.
        per_example_loss: whether losses are one for each sequence instead of scalars.

    Returns:
        For each bucket the list of outputs, and for each one the loss.

    Raises:
        ValueError: a list is shorter than the last bucket.
    """
    longest = buckets[-1]
    for what, values, length in (
        ("encoder_inputs", encoder_inputs, longest[0]),
        ("targets", targets, longest[1]),
        ("weights", weights, longest[1]),
    ):
        if len(values) < length:
            raise ValueError(
                f"Length of {what} ({len(values)}) must be at least that of last bucket ({length})."
            )
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    outputs, losses = [], []
    everything = [*encoder_inputs, *decoder_inputs, *targets, *weights]
    with scopes.name_scope(name, "model_with_buckets", everything):
        for i, (encoder_length, length) in enumerate(buckets):
            with variable_scope(get_variable_scope(), reuse=True if i > 0 else None):
                found, _ = seq2seq(encoder_inputs[:encoder_length], decoder_inputs[:length])
                outputs.append(found)
                losses.append(
                    loss(
                        found,
                        targets[:length],
                        weights[:length],
                        softmax_loss_function=softmax_loss_function,
                    )
                )
    return outputs, losses
