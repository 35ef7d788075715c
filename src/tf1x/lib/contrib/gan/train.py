"""`tf.contrib.gan`: losses of whole models, the ops that train them, and the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.gan import losses
from tf1x.lib.contrib.gan.models import (
    ACGANModel,
    CycleGANLoss,
    CycleGANModel,
    GANLoss,
    GANTrainOps,
    GANTrainSteps,
    InfoGANModel,
)  # fmt: skip
from tf1x.lib.contrib.training import training
from tf1x.lib.losses.collect import get_regularization_loss
from tf1x.lib.losses.weighted import Reduction
from tf1x.lib.train.session_run_hook import SessionRunHook
from tf1x.lib.train.training_util import get_or_create_global_step
from tf1x.lib.variable_scope import variable_scope

_ONE_EACH = GANTrainSteps(1, 1)


def _used(weight: Any, name: str) -> bool:
    """Whether a weight of a further loss is given.

    Raises:
        ValueError: it is negative.
    """
    if weight is None or isinstance(weight, Tensor):
        return weight is not None
    if weight < 0:
        raise ValueError(f"`{name}` must be greater than 0. Instead, was {weight}")
    return bool(weight > 0)


def _pooled(model: Any, tensor_pool_fn: Any) -> Any:
    """The model with the discriminator on data of a pool."""
    if tensor_pool_fn is None:
        return model
    data, inputs = tensor_pool_fn((model.generated_data, model.generator_inputs))
    called = getattr(model, "discriminator_and_aux_fn", model.discriminator_fn)
    with variable_scope(model.discriminator_scope, reuse=True):
        found = called(data, inputs)
    if isinstance(model, ACGANModel):
        return model._replace(
            discriminator_gen_outputs=found[0], discriminator_gen_classification_logits=found[1]
        )
    if isinstance(model, InfoGANModel):
        return model._replace(discriminator_gen_outputs=found[0], predicted_distributions=found[1])
    return model._replace(discriminator_gen_outputs=found)


def gan_loss(
    model: Any,
    generator_loss_fn: Callable[..., Any] = losses.wasserstein_generator_loss,
    discriminator_loss_fn: Callable[..., Any] = losses.wasserstein_discriminator_loss,
    gradient_penalty_weight: Any = None,
    gradient_penalty_epsilon: Any = 1e-10,
    gradient_penalty_target: Any = 1.0,
    gradient_penalty_one_sided: bool = False,
    mutual_information_penalty_weight: Any = None,
    aux_cond_generator_weight: Any = None,
    aux_cond_discriminator_weight: Any = None,
    tensor_pool_fn: Any = None,
    reduction: Any = Reduction.SUM_BY_NONZERO_WEIGHTS,
    add_summaries: bool = True,
) -> Any:
    """The losses of both networks, their regularization included: a `GANLoss`.

    Args:
        generator_loss_fn, discriminator_loss_fn: functions of the model and `add_summaries=`
            (those of `losses`).
        gradient_penalty_weight, ...: weights of further losses, None for without.
        tensor_pool_fn: (data, inputs) to earlier ones, on which the discriminator is trained.

    Raises:
        ValueError: a negative weight, or one for another kind of model.
    """
    penalty = _used(gradient_penalty_weight, "gradient_penalty_weight")
    information = _used(mutual_information_penalty_weight, "mutual_information_penalty_weight")
    of_generated = _used(aux_cond_generator_weight, "aux_cond_generator_weight")
    of_real = _used(aux_cond_discriminator_weight, "aux_cond_discriminator_weight")
    for used, kind, name in (
        (information, InfoGANModel, "mutual_information_penalty_weight"),
        (of_generated or of_real, ACGANModel, "aux_cond_*_weight"),
    ):
        if used and not isinstance(model, kind):
            raise ValueError(
                f"When `{name}` is provided, `model` must be a {kind.__name__}, not {type(model)}."
            )
    options: dict[str, Any] = {"add_summaries": add_summaries}
    generator = generator_loss_fn(model, **options)
    discriminator = discriminator_loss_fn(_pooled(model, tensor_pool_fn), **options)
    options["reduction"] = reduction
    if penalty:
        discriminator += gradient_penalty_weight * losses.wasserstein_gradient_penalty(
            model, epsilon=gradient_penalty_epsilon, target=gradient_penalty_target,
            one_sided=gradient_penalty_one_sided, **options,
        )  # fmt: skip
    if information:
        found = losses.mutual_information_penalty(model, **options)
        discriminator += mutual_information_penalty_weight * found
        generator += mutual_information_penalty_weight * found
    if of_generated:
        generator += aux_cond_generator_weight * losses.acgan_generator_loss(model, **options)
    if of_real:
        discriminator += aux_cond_discriminator_weight * losses.acgan_discriminator_loss(
            model, **options
        )
    return GANLoss(
        generator + get_regularization_loss(model.generator_scope.name),
        discriminator + get_regularization_loss(model.discriminator_scope.name),
    )


def cyclegan_loss(
    model: Any,
    generator_loss_fn: Callable[..., Any] = losses.least_squares_generator_loss,
    discriminator_loss_fn: Callable[..., Any] = losses.least_squares_discriminator_loss,
    cycle_consistency_loss_fn: Callable[..., Any] = losses.cycle_consistency_loss,
    cycle_consistency_loss_weight: Any = 10.0,
    **kwargs: Any,
) -> Any:
    """The losses of both directions, with what does not come back added: a `CycleGANLoss`."""
    _used(cycle_consistency_loss_weight, "cycle_consistency_loss_weight")
    add_summaries = kwargs.get("add_summaries", True)
    consistency = cycle_consistency_loss_fn(model, add_summaries=add_summaries)

    def one_way(part: Any) -> Any:
        with scopes.name_scope(part.generator_scope.name):
            found = gan_loss(part, generator_loss_fn, discriminator_loss_fn, **kwargs)
        weighted = found.generator_loss + cycle_consistency_loss_weight * consistency
        return found._replace(generator_loss=weighted)

    return CycleGANLoss(one_way(model.model_x2y), one_way(model.model_y2x))


def gan_train_ops(
    model: Any,
    loss: Any,
    generator_optimizer: Any,
    discriminator_optimizer: Any,
    check_for_unused_update_ops: bool = True,
    is_chief: bool = True,
    **kwargs: Any,
) -> Any:
    """The ops that train both networks: a `GANTrainOps`.

    Args:
        check_for_unused_update_ops: whether update ops (of batch normalization, say) outside of
            both networks are an error.
        **kwargs: for `tf.contrib.training.create_train_op`.

    Raises:
        ValueError: there are such update ops.
    """
    optimizers = generator_optimizer, discriminator_optimizer
    if isinstance(model, CycleGANModel):
        parts = [
            gan_train_ops(part, part_loss, *optimizers, check_for_unused_update_ops=False, **kwargs)
            for part, part_loss in ((model.model_x2y, loss.loss_x2y), (model.model_y2x, loss.loss_y2x))
        ]  # fmt: skip
        return GANTrainOps(
            *(tuple(getattr(p, f"{n}_train_op") for p in parts) for n in ("generator", "discriminator")),
            parts[0].global_step_inc_op,
        )  # fmt: skip
    counted = get_or_create_global_step().assign_add(1)
    graph = scopes.get_default_graph()
    updates = kwargs.pop("update_ops", None)
    updates = list(graph.get_collection(GraphKeys.UPDATE_OPS) if updates is None else updates)
    of = [
        [op for op in graph.get_collection(GraphKeys.UPDATE_OPS, scope.name) if op in updates]
        for scope in (model.generator_scope, model.discriminator_scope)
    ]
    unused = [op for op in updates if op not in of[0] and op not in of[1]]
    if unused and check_for_unused_update_ops:
        raise ValueError(f"There are unused update ops: {unused}")
    made = []
    for name, value, optimizer, variables, own in (
        ("generator", loss.generator_loss, optimizers[0], model.generator_variables, of[0]),
        ("discriminator", loss.discriminator_loss, optimizers[1], model.discriminator_variables, of[1]),
    ):  # fmt: skip
        with scopes.name_scope(f"{name}_train"):
            made.append(
                training.create_train_op(
                    value,
                    optimizer,
                    global_step=None,
                    update_ops=own,
                    variables_to_train=variables,
                    **kwargs,
                )
            )
    return GANTrainOps(*made, counted)


class RunTrainOpsHook(SessionRunHook):
    """Runs train ops a number of times before each step."""

    def __init__(self, train_ops: Any, train_steps: int) -> None:
        self._train_ops = list(train_ops) if isinstance(train_ops, (list, tuple)) else [train_ops]
        self._train_steps = train_steps

    def before_run(self, run_context: Any) -> None:
        for _ in range(self._train_steps):
            run_context.session.run(self._train_ops)


def get_sequential_train_hooks(
    train_steps: GANTrainSteps = _ONE_EACH,
) -> Callable[[Any], list[Any]]:
    """A function of train ops that gives the hooks: the generator's steps, then the discriminator's."""
    return lambda ops: [
        RunTrainOpsHook(ops.generator_train_op, train_steps.generator_train_steps),
        RunTrainOpsHook(ops.discriminator_train_op, train_steps.discriminator_train_steps),
        *ops.train_hooks,
    ]


def get_joint_train_hooks(
    train_steps: GANTrainSteps = _ONE_EACH,
) -> Callable[[Any], list[Any]]:
    """As `get_sequential_train_hooks`, with steps of both at once as far as there are of both."""
    generator, discriminator = train_steps
    both = min(generator, discriminator)
    return lambda ops: [
        RunTrainOpsHook([ops.generator_train_op, ops.discriminator_train_op], both),
        RunTrainOpsHook(ops.generator_train_op, generator - both),
        RunTrainOpsHook(ops.discriminator_train_op, discriminator - both),
        *ops.train_hooks,
    ]


def gan_train(
    train_ops: Any,
    logdir: Any,
    get_hooks_fn: Callable[[Any], list[Any]] | None = None,
    master: str = "",
    is_chief: bool = True,
    scaffold: Any = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: Any = 600,
    save_summaries_steps: Any = 100,
    config: Any = None,
) -> Any:
    """Train until a hook stops it, and return the global step; see `tf.contrib.training.train`.

    Args:
        get_hooks_fn: from train ops to hooks, by default `get_sequential_train_hooks()`.
    """
    return training.train(
        train_ops.global_step_inc_op, logdir, master=master, is_chief=is_chief, scaffold=scaffold,
        hooks=[*(hooks or []), *(get_hooks_fn or get_sequential_train_hooks())(train_ops)], chief_only_hooks=chief_only_hooks,
        save_checkpoint_secs=save_checkpoint_secs, save_summaries_steps=save_summaries_steps,
        config=config,
    )  # fmt: skip
