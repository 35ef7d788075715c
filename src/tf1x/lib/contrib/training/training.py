"""`tf.contrib.training.create_train_op`, what it does to gradients, and `train`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.contrib.layers import summaries
from tf1x.lib.train import training_util
from tf1x.lib.train.monitored_session import MonitoredTrainingSession
from tf1x.lib.train.optimizer import Optimizer
from tf1x.lib.variable_functions import trainable_variables
from tf1x.ops import clip
from tf1x.ops.array_guards import CheckNumerics
from tf1x.ops.grouping import no_op, with_dependencies

Pairs = list[tuple[Any, Any]]

USE_GLOBAL_STEP = 0


def _mapped(gradient: Any, function: Any) -> Any:
    """A function of the gradient's values."""
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(function(gradient.values), gradient.indices, gradient.dense_shape)
    return function(gradient)


def clip_gradient_norms(gradients_to_variables: Pairs, max_norm: float) -> Pairs:
    """Each gradient scaled so that its norm is at most `max_norm`; None stays None."""
    return [
        (None if g is None else _mapped(g, lambda x: clip.clip_by_norm(x, max_norm)), v)
        for g, v in gradients_to_variables
    ]


def clip_gradient_norms_fn(max_norm: float) -> Any:
    """`clip_gradient_norms` as a function of the gradients."""
    return lambda gradients_to_variables: clip_gradient_norms(gradients_to_variables, max_norm)


def multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: dict[Any, Any]) -> Pairs:
    """Gradients times the factor of their variable.

    Args:
        gradient_multipliers: variables, or names of their ops, to numbers or tensors.

    Raises:
        ValueError: not a list, no factors, not a dict, or a factor for a gradient that is None.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    result: Pairs = []
    for gradient, variable in grads_and_vars:
        key = variable if variable in gradient_multipliers else variable.op.name
        if key in gradient_multipliers:
            if gradient is None:
                raise ValueError("Requested multiple of `None` gradient.")
            factor = convert.to_tensor(gradient_multipliers[key], gradient.dtype.base_dtype)
            gradient = _mapped(gradient, lambda x, factor=factor: x * factor)
        result.append((gradient, variable))
    return result


def add_gradients_summaries(grads_and_vars: Pairs) -> list[Any]:
    """Histograms of the gradients and of their norms."""
    made = []
    for gradient, variable in grads_and_vars:
        if gradient is None:
            logging.info("Var %s has no gradient", variable.op.name)
            continue
        values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
        name = variable.op.name
        made.append(summaries.histogram(f"{name}/gradient", values))
        made.append(summaries.histogram(f"{name}/gradient_norm", clip.global_norm([values])))
    return made


def create_train_op(
    total_loss: Any,
    optimizer: Optimizer,
    global_step: Any = USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    transform_grads_fn: Callable[[Pairs], Pairs] | None = None,
    summarize_gradients: bool = False,
    gate_gradients: int = Optimizer.GATE_OP,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    check_numerics: bool = True,
) -> Tensor:
    """The loss, as a tensor whose evaluation also takes one training step.

    Args:
        global_step: counted up by each step; by default the graph's, created if need be; None for
            none.
        update_ops: run before the loss is computed; by default those of `GraphKeys.UPDATE_OPS`.
        variables_to_train: by default all trainable ones.
        transform_grads_fn: changes the list of gradients and variables.
        summarize_gradients: add histograms of the gradients.
        check_numerics: the evaluation fails with InvalidArgumentError where the loss is not finite.
    """
    if global_step is USE_GLOBAL_STEP:
        global_step = training_util.get_or_create_global_step()
    all_updates = scopes.get_collection(GraphKeys.UPDATE_OPS)
    updates = list(dict.fromkeys(all_updates if update_ops is None else update_ops))
    if not set(all_updates) <= set(updates):
        logging.warning(
            "update_ops in create_train_op does not contain all the update_ops in "
            "GraphKeys.UPDATE_OPS"
        )
    if updates:
        with scopes.control_dependencies(updates):
            barrier = no_op(name="update_barrier")
        total_loss = with_dependencies([barrier], total_loss)
    if variables_to_train is None:
        variables_to_train = trainable_variables()
    else:
        trainable = trainable_variables()
        assert all(v in trainable for v in variables_to_train)
    assert variables_to_train
    gradients = optimizer.compute_gradients(
        total_loss, variables_to_train, gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )  # fmt: skip
    if transform_grads_fn:
        gradients = transform_grads_fn(gradients)
    if summarize_gradients:
        with scopes.name_scope("summarize_grads"):
            add_gradients_summaries(gradients)
    update = optimizer.apply_gradients(gradients, global_step=global_step)
    with scopes.name_scope("train_op"):
        if check_numerics:
            total_loss = CheckNumerics(total_loss, message="LossTensor is inf or nan")
        train_op: Tensor = with_dependencies([update], total_loss)
    kept = scopes.get_collection_ref(GraphKeys.TRAIN_OP)
    if not any(op is train_op for op in kept):
        kept.append(train_op)
    return train_op


def train(
    train_op: Any,
    logdir: Any,
    master: str = "",
    is_chief: bool = True,
    scaffold: Any = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: float | None = 600,
    save_summaries_steps: int | None = 100,
    config: Any = None,
    max_wait_secs: float = 7200,
    run_metadata: Any = None,
) -> Any:
    """Run a train_op in a `tf.train.MonitoredTrainingSession` until a hook stops it.

    Args:
        logdir: the folder of checkpoints and events.
        The others are those of `MonitoredTrainingSession`.

    Returns:
        the value of the last train_op, or None.

    Raises:
        ValueError: `logdir` is missing, but something is to be saved; or the graph has no global step.
    """
    if logdir is None and is_chief:
        if save_summaries_steps:
            raise ValueError("logdir cannot be None when save_summaries_steps is not None")
        if save_checkpoint_secs:
            raise ValueError("logdir cannot be None when save_checkpoint_secs is not None")
    if training_util.get_global_step() is None:
        logging.warning("No global step: no steps are counted in checkpoints.")
    with MonitoredTrainingSession(
        master=master,
        is_chief=is_chief,
        checkpoint_dir=logdir,
        scaffold=scaffold,
        hooks=hooks,
        chief_only_hooks=chief_only_hooks,
        save_checkpoint_secs=save_checkpoint_secs,
        save_summaries_steps=save_summaries_steps,
        config=config,
        max_wait_secs=max_wait_secs,
    ) as session:
        loss = None
        while not session.should_stop():
            loss = session.run(train_op, run_metadata=run_metadata)
    return loss
