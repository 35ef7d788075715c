"""`tf.contrib.gan.losses`: the losses of wargs.py, on a model.

`minimax_generator_loss(model, **options)` takes from the model (a named tuple) the tensors that the
loss of that name in `wargs` takes.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.contrib.gan import wargs as wargs


def _of_model(loss_fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
    names = list(inspect.signature(loss_fn).parameters)

    @functools.wraps(loss_fn)
    def of_model(gan_model: Any, **kwargs: Any) -> Tensor:
        given = {name: getattr(gan_model, name) for name in names if name in gan_model._fields}
        doubled = sorted(given.keys() & kwargs.keys())
        if doubled:
            raise ValueError(f"{', '.join(doubled)}: the model gives them.")
        return loss_fn(**given, **kwargs)

    of_model.__doc__ = f"`wargs.{loss_fn.__name__}` of a model: {loss_fn.__doc__}"
    return of_model


wasserstein_generator_loss = _of_model(wargs.wasserstein_generator_loss)
wasserstein_discriminator_loss = _of_model(wargs.wasserstein_discriminator_loss)
wasserstein_gradient_penalty = _of_model(wargs.wasserstein_gradient_penalty)
minimax_generator_loss = _of_model(wargs.minimax_generator_loss)
minimax_discriminator_loss = _of_model(wargs.minimax_discriminator_loss)
modified_generator_loss = _of_model(wargs.modified_generator_loss)
modified_discriminator_loss = _of_model(wargs.modified_discriminator_loss)
least_squares_generator_loss = _of_model(wargs.least_squares_generator_loss)
least_squares_discriminator_loss = _of_model(wargs.least_squares_discriminator_loss)
acgan_generator_loss = _of_model(wargs.acgan_generator_loss)
acgan_discriminator_loss = _of_model(wargs.acgan_discriminator_loss)
mutual_information_penalty = _of_model(wargs.mutual_information_penalty)


def cycle_consistency_loss(
    cyclegan_model: Any, scope: Any = None, add_summaries: bool = False
) -> Tensor:
    """`wargs.cycle_consistency_loss` of a `CycleGANModel`."""
    return wargs.cycle_consistency_loss(
        cyclegan_model.model_x2y.generator_inputs, cyclegan_model.reconstructed_x,
        cyclegan_model.model_y2x.generator_inputs, cyclegan_model.reconstructed_y,
        scope, add_summaries,
    )  # fmt: skip
