"""`tf.contrib.gan.losses.wargs`: losses of generators and discriminators, on tensors.

All take `scope`, `loss_collection` (None for none), `reduction` and `add_summaries`. Weights
broadcast to the outputs that they belong to. Outputs of the discriminator are [batch] or [batch, n].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, dtypes, scopes
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.gradients import gradients
from tf1x.lib.losses import functions as losses
from tf1x.lib.losses.collect import add_loss
from tf1x.lib.losses.weighted import Reduction, compute_weighted_loss
from tf1x.lib.variable_scope import AUTO_REUSE, variable_scope
from tf1x.ops import array, math
from tf1x.ops.random import random_uniform
from tf1x.ops.reduce import reduce_mean, reduce_sum
from tf1x.ops.summary_functions import scalar

_BY_NONZERO = Reduction.SUM_BY_NONZERO_WEIGHTS


def _float(x: Any) -> Tensor:
    return math.cast(convert.to_tensor(x), dtypes.float32)


def _summarize(add_summaries: bool, **values: Any) -> None:
    if add_summaries:
        for name, value in values.items():
            scalar(name, value)


def _both(
    kind: str,
    on_real: Any,
    on_generated: Any,
    loss: Any,
    loss_collection: Any,
    add_summaries: bool,
) -> Tensor:
    """The discriminator's loss, in its collection, and its parts in summaries."""
    add_loss(loss, loss_collection)
    _summarize(
        add_summaries,
        **{
            f"discriminator_gen_{kind}_loss": on_generated,
            f"discriminator_real_{kind}_loss": on_real,
            f"discriminator_{kind}_loss": loss,
        },
    )
    result: Tensor = loss
    return result


# -- Wasserstein ---------------------------------------------------------------------------------


def wasserstein_generator_loss(
    discriminator_gen_outputs: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """The discriminator's outputs on generated data, negated (Arjovsky et al., 2017)."""
    values = [discriminator_gen_outputs, weights]
    with scopes.name_scope(scope, "generator_wasserstein_loss", values) as scope:
        loss = -_float(discriminator_gen_outputs)
        loss = compute_weighted_loss(loss, weights, scope, loss_collection, reduction)
        _summarize(add_summaries, generator_wass_loss=loss)
    return loss


def wasserstein_discriminator_loss(
    discriminator_real_outputs: Any,
    discriminator_gen_outputs: Any,
    real_weights: Any = 1.0,
    generated_weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """The outputs on generated data less those on real data."""
    values = [discriminator_real_outputs, discriminator_gen_outputs]
    with scopes.name_scope(scope, "discriminator_wasserstein_loss", values) as scope:
        real, generated = _float(discriminator_real_outputs), _float(discriminator_gen_outputs)
        real.shape.assert_is_compatible_with(generated.shape)
        on_generated = compute_weighted_loss(generated, generated_weights, scope, None, reduction)
        on_real = compute_weighted_loss(real, real_weights, scope, None, reduction)
        return _both(
            "wass", on_real, on_generated, on_generated - on_real, loss_collection, add_summaries
        )


def wasserstein_gradient_penalty(
    real_data: Any,
    generated_data: Any,
    generator_inputs: Any,
    discriminator_fn: Callable[..., Any],
    discriminator_scope: Any,
    epsilon: Any = 1e-10,
    target: Any = 1.0,
    one_sided: bool = False,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """How far the discriminator's slope between real and generated data is from `target`.

    (norm / target - 1)**2 at random points between (Gulrajani et al., 2017).

    Args:
        discriminator_fn, discriminator_scope: `discriminator_fn(data, generator_inputs)` is called
            in that scope, and reuses its variables.
        epsilon: added to the squared norm.
        one_sided: whether slopes below the target cost nothing.
    """
    with scopes.name_scope(
        scope, "wasserstein_gradient_penalty", [real_data, generated_data]
    ) as scope:
        real, generated = convert.to_tensor(real_data), convert.to_tensor(generated_data)
        for name, tensor in (("real_data", real), ("generated_data", generated)):
            if tensor.shape.ndims is None:
                raise ValueError(f"`{name}` can't have unknown rank.")
        differences = generated - real
        rank = differences.shape.ndims
        batch = differences.shape.as_list()[0]
        size = array.shape(differences)[0] if batch is None else batch
        between = real + random_uniform([size] + [1] * (rank - 1)) * differences
        with (
            scopes.name_scope(None),  # so that update ops get the names of the discriminator's
            variable_scope(discriminator_scope, "gpenalty_dscope", reuse=AUTO_REUSE),
        ):
            outputs = discriminator_fn(between, generator_inputs)
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        (slope,) = gradients(outputs, between)
        squares = reduce_sum(math.Square(slope), axis=list(range(1, rank)))
        squares.set_shape([batch])
        penalties = math.Sqrt(squares + epsilon) / target - 1.0
        if one_sided:
            penalties = math.Maximum(0.0, penalties)
        penalty = compute_weighted_loss(
            math.Square(penalties), weights, scope, loss_collection, reduction
        )
        _summarize(add_summaries, gradient_penalty_loss=penalty)
    return penalty


# -- the original ones ---------------------------------------------------------------------------


def minimax_discriminator_loss(
    discriminator_real_outputs: Any,
    discriminator_gen_outputs: Any,
    label_smoothing: float = 0.25,
    real_weights: Any = 1.0,
    generated_weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """Sigmoid cross entropies: real data is 1 (smoothed), generated data 0 (Goodfellow, 2014)."""
    values = [discriminator_real_outputs, discriminator_gen_outputs]
    with scopes.name_scope(scope, "discriminator_minimax_loss", values) as scope:
        on_real = losses.sigmoid_cross_entropy(
            array.ones_like(discriminator_real_outputs), discriminator_real_outputs, real_weights,
            label_smoothing, scope, loss_collection=None, reduction=reduction,
        )  # fmt: skip
        on_generated = losses.sigmoid_cross_entropy(
            array.zeros_like(discriminator_gen_outputs), discriminator_gen_outputs,
            generated_weights, scope=scope, loss_collection=None, reduction=reduction,
        )  # fmt: skip
        return _both(
            "minimax", on_real, on_generated, on_real + on_generated, loss_collection, add_summaries
        )


def minimax_generator_loss(
    discriminator_gen_outputs: Any,
    label_smoothing: float = 0.0,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """The discriminator's loss, negated."""
    with scopes.name_scope(scope, "generator_minimax_loss") as scope:
        loss = -minimax_discriminator_loss(
            array.ones_like(discriminator_gen_outputs), discriminator_gen_outputs, label_smoothing,
            weights, weights, scope, loss_collection, reduction,
        )  # fmt: skip
        _summarize(add_summaries, generator_minimax_loss=loss)
    return loss


modified_discriminator_loss = minimax_discriminator_loss


def modified_generator_loss(
    discriminator_gen_outputs: Any,
    label_smoothing: float = 0.0,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """Cross entropy of generated data with the label 1, which does not saturate."""
    values = [discriminator_gen_outputs]
    with scopes.name_scope(scope, "generator_modified_loss", values) as scope:
        loss = losses.sigmoid_cross_entropy(
            array.ones_like(discriminator_gen_outputs), discriminator_gen_outputs, weights,
            label_smoothing, scope, loss_collection, reduction,
        )  # fmt: skip
        _summarize(add_summaries, generator_modified_loss=loss)
    return loss


# -- least squares -------------------------------------------------------------------------------


def least_squares_generator_loss(
    discriminator_gen_outputs: Any,
    real_label: Any = 1,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """(output - real_label)**2 / 2 on generated data (Mao et al., 2016)."""
    values = [discriminator_gen_outputs]
    with scopes.name_scope(scope, "lsq_generator_loss", values) as scope:
        loss = math.SquaredDifference(_float(discriminator_gen_outputs), float(real_label)) / 2.0
        loss = compute_weighted_loss(loss, weights, scope, loss_collection, reduction)
        _summarize(add_summaries, generator_lsq_loss=loss)
    return loss


def least_squares_discriminator_loss(
    discriminator_real_outputs: Any,
    discriminator_gen_outputs: Any,
    real_label: Any = 1,
    fake_label: Any = 0,
    real_weights: Any = 1.0,
    generated_weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """Half the squared distances of the outputs from the two labels."""
    values = [discriminator_real_outputs, discriminator_gen_outputs]
    with scopes.name_scope(scope, "lsq_discriminator_loss", values) as scope:
        real, generated = _float(discriminator_real_outputs), _float(discriminator_gen_outputs)
        real.shape.assert_is_compatible_with(generated.shape)
        on_real = compute_weighted_loss(
            math.SquaredDifference(real, float(real_label)) / 2.0, real_weights, scope, None,
            reduction,
        )  # fmt: skip
        on_generated = compute_weighted_loss(
            math.SquaredDifference(generated, float(fake_label)) / 2.0, generated_weights, scope,
            None, reduction,
        )  # fmt: skip
        return _both(
            "lsq", on_real, on_generated, on_real + on_generated, loss_collection, add_summaries
        )


# -- with labels and latent variables ------------------------------------------------------------


def acgan_generator_loss(
    discriminator_gen_classification_logits: Any,
    one_hot_labels: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """Cross entropy of the classes of generated data (Odena et al., 2016)."""
    values = [discriminator_gen_classification_logits, one_hot_labels]
    with scopes.name_scope(scope, "acgan_generator_loss", values) as scope:
        loss = losses.softmax_cross_entropy(
            one_hot_labels, discriminator_gen_classification_logits, weights, scope=scope,
            loss_collection=loss_collection, reduction=reduction,
        )  # fmt: skip
        _summarize(add_summaries, generator_ac_loss=loss)
    return loss


def acgan_discriminator_loss(
    discriminator_real_classification_logits: Any,
    discriminator_gen_classification_logits: Any,
    one_hot_labels: Any,
    label_smoothing: float = 0.0,
    real_weights: Any = 1.0,
    generated_weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """Cross entropies of the classes of real and of generated data."""
    values = [discriminator_real_classification_logits, one_hot_labels]
    with scopes.name_scope(scope, "acgan_discriminator_loss", values) as scope:
        on_generated = losses.softmax_cross_entropy(
            one_hot_labels, discriminator_gen_classification_logits, generated_weights,
            scope=scope, loss_collection=None, reduction=reduction,
        )  # fmt: skip
        on_real = losses.softmax_cross_entropy(
            one_hot_labels, discriminator_real_classification_logits, real_weights,
            label_smoothing, scope, loss_collection=None, reduction=reduction,
        )  # fmt: skip
        return _both(
            "ac", on_real, on_generated, on_generated + on_real, loss_collection, add_summaries
        )


def mutual_information_penalty(
    structured_generator_inputs: Any,
    predicted_distributions: Any,
    weights: Any = 1.0,
    scope: Any = None,
    loss_collection: Any = GraphKeys.LOSSES,
    reduction: Any = _BY_NONZERO,
    add_summaries: bool = False,
) -> Tensor:
    """How improbable the generator's inputs are to the recognizer (InfoGAN, Chen et al., 2016)."""
    with scopes.name_scope(scope, "mutual_information_loss") as scope:
        pairs = zip(predicted_distributions, structured_generator_inputs, strict=True)
        logs = [reduce_mean(found.log_prob(noise)) for found, noise in pairs]
        loss = -1 * compute_weighted_loss(logs, weights, scope, loss_collection, reduction)
        _summarize(add_summaries, mutual_information_penalty=loss)
    return loss


def cycle_consistency_loss(
    data_x: Any,
    reconstructed_data_x: Any,
    data_y: Any,
    reconstructed_data_y: Any,
    scope: Any = None,
    add_summaries: bool = False,
) -> Tensor:
    """The mean distance of data from what comes back of it (CycleGAN, Zhu et al., 2017)."""
    with scopes.name_scope(scope, "cycle_consistency_loss") as scope:
        on_x = losses.absolute_difference(data_x, reconstructed_data_x)
        on_y = losses.absolute_difference(data_y, reconstructed_data_y)
        loss = (on_x + on_y) / 2.0
        _summarize(
            add_summaries,
            cycle_consistency_loss_x=on_x,
            cycle_consistency_loss_y=on_y,
            cycle_consistency_loss=loss,
        )
    return loss
