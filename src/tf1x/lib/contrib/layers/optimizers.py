"""`optimize_loss`: a training op from a loss, with decay, noise, clipping and summaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.layers import summaries as reports
from tf1x.lib.initializers import Constant, Zeros
from tf1x.lib.train import training_util
from tf1x.lib.train.adagrad import AdagradOptimizer
from tf1x.lib.train.adam import AdamOptimizer
from tf1x.lib.train.ftrl import FtrlOptimizer
from tf1x.lib.train.gradient_descent import GradientDescentOptimizer
from tf1x.lib.train.momentum import MomentumOptimizer
from tf1x.lib.train.moving_averages import assign_moving_average
from tf1x.lib.train.optimizer import Optimizer
from tf1x.lib.train.rmsprop import RMSPropOptimizer
from tf1x.lib.variable_functions import trainable_variables
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array, checks, clip, elementary, math, random
from tf1x.ops.array_select import where
from tf1x.ops.grouping import with_dependencies

Pairs = list[tuple[Any, Any]]

OPTIMIZER_CLS_NAMES: dict[str, Callable[..., Optimizer]] = {
    "Adagrad": AdagradOptimizer,
    "Adam": AdamOptimizer,
    "Ftrl": FtrlOptimizer,
    "Momentum": lambda learning_rate: MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": RMSPropOptimizer,
    "SGD": GradientDescentOptimizer,
}

OPTIMIZER_SUMMARIES = [
    "learning_rate",
    "loss",
    "gradients",
    "gradient_norm",
    "global_gradient_norm",
]

_DEFAULT_SUMMARIES = ("loss", "learning_rate", "global_gradient_norm")


def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: float | None = None,
    gradient_multipliers: dict[Any, float] | None = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Callable[[Any, Any], Any] | None = None,
    update_ops: Any = None,
    variables: Any = None,
    name: str | None = None,
    summaries: Any = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Tensor:
    """The loss, as a tensor whose evaluation also takes one training step.

    Args:
        global_step: an int variable that each step counts up; None for the graph's, if any.
        learning_rate: a float, which becomes the variable `learning_rate`, a scalar tensor, or None.
        optimizer: a name in `OPTIMIZER_CLS_NAMES`, an `Optimizer` or its class, or a function of
            the learning rate (of nothing if that is None) that gives one.
        gradient_noise_scale: adds truncated normal noise of this scale to the gradients.
        gradient_multipliers: variables, or their names, to factors of their gradients.
        clip_gradients: the largest global norm (a float), or a function from pairs (gradient,
            variable) to such pairs, see `adaptive_clipping_fn`.
        learning_rate_decay_fn: function of the learning rate and the global step.
        update_ops: run before the loss is computed; by default those of GraphKeys.UPDATE_OPS.
        variables: by default all trainable ones.
        name: the scope, by default `OptimizeLoss`.
        summaries: a list of `OPTIMIZER_SUMMARIES`; by default the loss, the learning rate (if it
            decays) and the norm of the gradients.

    Raises:
        ValueError: an argument of the wrong kind, or no variable has a gradient.
    """
    loss = convert.to_tensor(loss)
    checks.assert_scalar(loss)
    if global_step is None:
        global_step = training_util.get_global_step()
    else:
        training_util.assert_global_step(global_step)
    given = [loss] if global_step is None else [loss, global_step]
    with variable_scope(name, "OptimizeLoss", given):
        if update_ops is None:
            update_ops = scopes.get_collection(GraphKeys.UPDATE_OPS)
        if update_ops:
            loss = with_dependencies(list(dict.fromkeys(update_ops)), loss)
        rate = _rate(learning_rate)
        report = _Summaries(summaries)
        if rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            report.scalar("learning_rate", "learning_rate", rate)
        chosen = _optimizer(optimizer, rate)
        gradients = chosen.compute_gradients(
            loss,
            trainable_variables() if variables is None else variables,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gradient_noise_scale is not None:
            gradients = _with_noise(gradients, gradient_noise_scale)
        if gradient_multipliers is not None:
            gradients = _multiplied(gradients, gradient_multipliers)
            if not gradients:
                raise ValueError(
                    "Empty list of (gradient, var) pairs encountered. This is most likely to be "
                    "caused by an improper value of gradient_multipliers."
                )
        report.norm("gradient_norm", gradients)
        gradients = _clipped(gradients, clip_gradients)
        report.scalar("loss", "loss", loss)
        report.gradients(gradients)
        if clip_gradients is not None:
            report.norm("clipped_gradient_norm", gradients)
        update = chosen.apply_gradients(
            gradients, global_step=global_step if increment_global_step else None, name="train"
        )
        trained: Tensor = with_dependencies([update], loss)
        return trained


class _Summaries:
    """Those summaries that were asked for, made while the graph is built."""

    def __init__(self, kinds: Any) -> None:
        for kind in kinds or ():
            if kind not in OPTIMIZER_SUMMARIES:
                raise ValueError(
                    f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], you provided "
                    f"{kind}."
                )
        if kinds is None:
            kinds = _DEFAULT_SUMMARIES if reports.available() else ()
        self._kinds = set(kinds)

    def scalar(self, kind: str, tag: str, value: Any) -> None:
        if kind in self._kinds:
            reports.scalar(tag, value)

    def norm(self, tag: str, gradients: Pairs) -> None:
        if self._kinds & {"global_gradient_norm", "gradient_norm"}:
            norm = clip.global_norm([gradient for gradient, _ in gradients])
            reports.scalar(f"global_norm/{tag}", norm)

    def gradients(self, gradients: Pairs) -> None:
        for gradient, variable in gradients:
            if gradient is None:
                continue
            values = gradient.values if isinstance(gradient, IndexedSlices) else gradient
            name = variable.name.replace(":", "_")
            if "gradients" in self._kinds:
                reports.histogram(f"gradients/{name}", values)
            if "gradient_norm" in self._kinds:
                reports.scalar(f"gradient_norm/{name}", clip.global_norm([values]))


def _rate(learning_rate: Any) -> Any:
    """The learning rate as a tensor or variable; None for none."""
    if learning_rate is None or (
        isinstance(learning_rate, Tensor) and learning_rate.shape.ndims == 0
    ):
        return learning_rate
    if not isinstance(learning_rate, float):
        raise ValueError(
            f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type "
            f"{type(learning_rate)}"
        )
    if learning_rate < 0.0:
        raise ValueError("Invalid learning_rate %s.", learning_rate)
    return get_variable("learning_rate", [], trainable=False, initializer=Constant(learning_rate))


def _optimizer(optimizer: Any, rate: Any) -> Optimizer:
    if isinstance(optimizer, Optimizer):
        return optimizer
    is_class = isinstance(optimizer, type) and issubclass(optimizer, Optimizer)
    if (isinstance(optimizer, str) or is_class) and rate is None:
        kind = "class" if is_class else "string"
        raise ValueError(
            f"Learning rate is None, but should be specified if optimizer is {kind} ({optimizer})."
        )
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], you provided "
                f"{optimizer}."
            )
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if is_class:
        made: Optimizer = optimizer(learning_rate=rate)
        return made
    if not callable(optimizer):
        raise ValueError(
            "Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass "
            f"of Optimizer or function with one argument. Got {optimizer}."
        )
    made = optimizer() if rate is None else optimizer(rate)
    if not isinstance(made, Optimizer):
        raise ValueError(
            f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made}."
        )
    return made


# -- gradients -------------------------------------------------------------------------------------


def _times(gradient: Any, factor: Any) -> Any:
    if isinstance(gradient, IndexedSlices):
        return IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
    return gradient * factor


def _clipped(gradients: Pairs, clip_gradients: Any) -> Pairs:
    if clip_gradients is None:
        return gradients
    if isinstance(clip_gradients, float):
        clipped, _ = clip.clip_by_global_norm([g for g, _ in gradients], clip_gradients)
        return [(g, v) for g, (_, v) in zip(clipped, gradients, strict=True)]
    if callable(clip_gradients):
        pairs: Pairs = clip_gradients(gradients)
        return pairs
    raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")


def _with_noise(gradients: Pairs, scale: float) -> Pairs:
    noisy: Pairs = []
    for gradient, variable in gradients:
        if gradient is not None:
            sliced = isinstance(gradient, IndexedSlices)
            shape = gradient.dense_shape if sliced else gradient.get_shape()
            gradient = convert.to_tensor(gradient) + random.truncated_normal(shape) * scale
        noisy.append((gradient, variable))
    return noisy


def _multiplied(gradients: Pairs, multipliers: dict[Any, float]) -> Pairs:
    """By the factor of the variable, or of its name (with ":0")."""
    result: Pairs = []
    for gradient, variable in gradients:
        key = variable if variable in multipliers else variable.name
        if gradient is not None and key in multipliers:
            gradient = _times(gradient, convert.constant(multipliers[key], float32))
        result.append((gradient, variable))
    return result


def adaptive_clipping_fn(
    std_factor: Any = 2.0,
    decay: Any = 0.95,
    static_max_norm: float | None = None,
    global_step: Any = None,
    report_summary: bool = False,
    epsilon: float = 1e-8,
    name: str | None = None,
) -> Callable[[Pairs], Pairs]:
    """A function for `clip_gradients` that follows the usual norm (Chan et al., 2015, 3.2.1).

    It averages mean and deviation of the norm's logarithm; gradients whose norm exceeds
    exp(mean + std_factor * deviation) are scaled to the norm exp(mean).

    Args:
        decay: of the averages; with a `global_step` n it is at most n / (n + 1).
        static_max_norm: a norm that is never exceeded.
        epsilon: the smallest variance.
        name: scope of the averages, by default `AdaptiveMaxNorm`.
    """

    def clip_adaptively(grads_and_vars: Pairs) -> Pairs:
        grads_and_vars = list(grads_and_vars)
        norm = clip.global_norm([gradient for gradient, _ in grads_and_vars])
        largest, log_mean = _adaptive_max_norm(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            reports.scalar("global_norm/adaptive_max_gradient_norm", largest)
        factor = where(norm < largest, array.ones_like(norm), elementary.Exp(log_mean) / norm)
        if static_max_norm is not None:
            factor = math.Minimum(static_max_norm / norm, factor)
        return [(None if g is None else _times(g, factor), v) for g, v in grads_and_vars]

    return clip_adaptively


def _adaptive_max_norm(
    norm: Tensor, std_factor: Any, decay: Any, global_step: Any, epsilon: float, name: str | None
) -> tuple[Any, Any]:
    with variable_scope(name, "AdaptiveMaxNorm", [norm]):
        log_norm = elementary.Log(norm + epsilon)
        if global_step is not None:
            steps = math.cast(global_step, float32)
            decay = math.Minimum(decay, steps / (steps + 1.0))

        def average(name: str, value: Tensor) -> Any:
            variable = get_variable(
                name, shape=value.shape, dtype=value.dtype, initializer=Zeros(), trainable=False
            )
            return assign_moving_average(variable, value, decay, zero_debias=False)

        mean = average("mean", log_norm)
        variance = average("sq_mean", elementary.Square(log_norm)) - elementary.Square(mean)
        deviation = elementary.Sqrt(math.Maximum(epsilon, variance))
        return elementary.Exp(mean + std_factor * deviation), mean
