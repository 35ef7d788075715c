"""Training ops from a loss: `create_train_op`; and `train_step`."""

from __future__ import annotations

import time
from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.lib import logging
from tf1x.lib.contrib.training import training
from tf1x.lib.contrib.training.training import (
    USE_GLOBAL_STEP,
    Pairs,
    add_gradients_summaries,
    clip_gradient_norms,
    clip_gradient_norms_fn,
    multiply_gradients,
)
from tf1x.lib.train.optimizer import Optimizer

__all__ = [
    "add_gradients_summaries",
    "clip_gradient_norms",
    "clip_gradient_norms_fn",
    "create_train_op",
    "multiply_gradients",
    "train_step",
]


def create_train_op(
    total_loss: Any,
    optimizer: Optimizer,
    global_step: Any = USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: dict[Any, Any] | None = None,
    check_numerics: bool = True,
) -> Tensor:
    """As `tf.contrib.training.create_train_op`.

    Args:
        clip_gradient_norm: the largest norm of each gradient; 0 for no limit.
        gradient_multipliers: see `multiply_gradients`.
    """

    def transform(gradients: Pairs) -> Pairs:
        if gradient_multipliers:
            with scopes.name_scope("multiply_grads"):
                gradients = multiply_gradients(gradients, gradient_multipliers)
        if clip_gradient_norm > 0:
            with scopes.name_scope("clip_grads"):
                gradients = clip_gradient_norms(gradients, clip_gradient_norm)
        return gradients

    return training.create_train_op(
        total_loss,
        optimizer,
        global_step,
        update_ops,
        variables_to_train,
        transform,
        summarize_gradients,
        gate_gradients,
        aggregation_method,
        colocate_gradients_with_ops,
        check_numerics,
    )


def train_step(
    sess: Any, train_op: Any, global_step: Any, train_step_kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """One step of training.

    Args:
        train_step_kwargs: may have tensors `should_stop` and `should_log`.

    Returns:
        The loss, and whether to stop.
    """
    start = time.time()
    total_loss, step = sess.run([train_op, global_step])
    elapsed = time.time() - start
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        logging.info("global step %d: loss = %.4f (%.3f sec/step)", step, total_loss, elapsed)
    stop = train_step_kwargs.get("should_stop")
    return total_loss, False if stop is None else sess.run(stop)
