"""`tf.contrib.gan.estimator.GANEstimator`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from tf1x.lib.contrib.gan import evaluation, models, train
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.estimator.mode_keys import ModeKeys
from tf1x.lib.estimator.model_fn import EstimatorSpec
from tf1x.lib.metrics.averages import mean
from tf1x.lib.variable_scope import variable_scope


class GANEstimator(Estimator):
    """Trains a generator and a discriminator; predicts what the generator makes.

    The input_fn gives the generator's inputs as features, and real data as labels.

    Args:
        generator_fn, discriminator_fn: see `gan_model`; they may take `mode`.
        generator_loss_fn, discriminator_loss_fn: see `gan_loss`.
        generator_optimizer, discriminator_optimizer: optimizers, or functions that make them.
        get_hooks_fn: from train ops to hooks, by default `get_sequential_train_hooks()`.
        get_eval_metric_ops_fn: from the model to metrics.
        add_summaries: functions of the model that add summaries, or one.
        use_loss_summaries: whether to add summaries of the losses.
    """

    _extends_estimator = True

    def __init__(
        self,
        model_dir: Any = None,
        generator_fn: Callable[..., Any] | None = None,
        discriminator_fn: Callable[..., Any] | None = None,
        generator_loss_fn: Callable[..., Any] | None = None,
        discriminator_loss_fn: Callable[..., Any] | None = None,
        generator_optimizer: Any = None,
        discriminator_optimizer: Any = None,
        get_hooks_fn: Callable[..., Any] | None = None,
        get_eval_metric_ops_fn: Callable[..., Any] | None = None,
        add_summaries: Any = None,
        use_loss_summaries: bool = True,
        config: Any = None,
    ) -> None:
        if generator_fn is None or discriminator_fn is None:
            raise ValueError("generator_fn and discriminator_fn cannot be None.")

        def model_fn(features: Any, labels: Any, mode: str) -> Any:
            generator = _in_mode(generator_fn, mode)
            if mode == ModeKeys.PREDICT:
                with variable_scope("Generator"):
                    return EstimatorSpec(mode, predictions=generator(features))
            model = models.gan_model(
                generator, _in_mode(discriminator_fn, mode), labels, features, check_shapes=False
            )
            for add in add_summaries if isinstance(add_summaries, (list, tuple)) else [add_summaries]:  # fmt: skip
                if add is not None:
                    add(model)
            loss = train.gan_loss(
                model, generator_loss_fn, discriminator_loss_fn, add_summaries=use_loss_summaries
            )
            if mode == ModeKeys.EVAL:
                metrics = {
                    "generator_loss": mean(loss.generator_loss),
                    "discriminator_loss": mean(loss.discriminator_loss),
                    **(get_eval_metric_ops_fn(model) if get_eval_metric_ops_fn else {}),
                }
                return EstimatorSpec(mode, loss=loss.discriminator_loss, eval_metric_ops=metrics)
            optimizers = [
                made() if callable(made) else made
                for made in (generator_optimizer, discriminator_optimizer)
            ]
            ops = train.gan_train_ops(model, loss, *optimizers)
            hooks = (get_hooks_fn or train.get_sequential_train_hooks())(ops)
            return EstimatorSpec(
                mode, loss=loss.discriminator_loss, train_op=ops.global_step_inc_op,
                training_hooks=hooks,
            )  # fmt: skip

        super().__init__(model_fn, model_dir, config)


def _in_mode(function: Callable[..., Any], mode: str) -> Callable[..., Any]:
    if "mode" not in inspect.signature(function).parameters:
        return function
    return lambda *args: function(*args, mode=mode)


class SummaryType:
    """Summaries to ask a `GANEstimator` for (`add_summaries=`)."""

    NONE = None
    VARIABLES = staticmethod(evaluation.add_gan_model_summaries)
    IMAGES = staticmethod(evaluation.add_gan_model_image_summaries)
    IMAGE_COMPARISON = staticmethod(evaluation.add_image_comparison_summaries)
