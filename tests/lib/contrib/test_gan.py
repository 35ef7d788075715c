"""`tf.contrib.gan`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf

gan = tf.contrib.gan
REAL = np.float32([[0.5], [-1.0], [2.0]])
GENERATED = np.float32([[1.0], [0.0], [-0.5]])


@pytest.fixture(autouse=True)
def _graph() -> Iterator[None]:
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        yield


def _sigmoid(x: Any, label: float) -> Any:
    return np.log1p(np.exp(x)) - label * x


# The formulas of the papers.
LOSSES = {
    "wasserstein_generator_loss": -GENERATED.mean(),
    "wasserstein_discriminator_loss": GENERATED.mean() - REAL.mean(),
    "minimax_discriminator_loss": (_sigmoid(REAL, 0.875) + _sigmoid(GENERATED, 0)).mean(),
    "minimax_generator_loss": -(_sigmoid(np.ones(1), 1) + _sigmoid(GENERATED, 0)).mean(),
    "modified_discriminator_loss": (_sigmoid(REAL, 0.875) + _sigmoid(GENERATED, 0)).mean(),
    "modified_generator_loss": _sigmoid(GENERATED, 1).mean(),
    "least_squares_generator_loss": ((GENERATED - 1) ** 2 / 2).mean(),
    "least_squares_discriminator_loss": ((REAL - 1) ** 2 / 2 + GENERATED**2 / 2).mean(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_on_tensors_and_on_models(name: str) -> None:
    args = [GENERATED] if "generator" in name else [REAL, GENERATED]
    loss = getattr(gan.losses.wargs, name)(*map(tf.constant, args), add_summaries=True)
    fields = dict.fromkeys(gan.GANModel._fields)
    model = gan.GANModel(**{
        **fields,
        "discriminator_real_outputs": tf.constant(REAL),
        "discriminator_gen_outputs": tf.constant(GENERATED),
    })  # fmt: skip
    weighted = getattr(gan.losses, name)(model, loss_collection="mine", reduction="weighted_sum")
    assert len(tf.losses.get_losses(loss_collection="mine")) == 1
    assert tf.get_collection(tf.GraphKeys.SUMMARIES)
    with tf.Session() as session:
        found, total = session.run([loss, weighted])
    np.testing.assert_allclose(found, LOSSES[name], rtol=1e-5)
    np.testing.assert_allclose(total, 3 * LOSSES[name], rtol=1e-5)
    with pytest.raises(ValueError, match="the model gives"):
        getattr(gan.losses, name)(model, discriminator_gen_outputs=1)


def _generator(noise: Any) -> Any:
    return tf.layers.dense(noise, 2, kernel_initializer=tf.ones_initializer())


def _discriminator(data: Any, _: Any) -> Any:
    regularizer = tf.contrib.layers.l2_regularizer(0.01)
    return tf.layers.dense(data, 1, kernel_regularizer=regularizer)


def _model() -> Any:
    real = tf.constant(np.random.RandomState(0).randn(6, 2).astype("f") + 3)
    return gan.gan_model(_generator, _discriminator, real, tf.random_normal([6, 4], seed=2))


def test_a_model_and_its_penalty() -> None:
    model = _model()
    assert [v.op.name for v in model.generator_variables] == [
        "Generator/dense/kernel", "Generator/dense/bias",
    ]  # fmt: skip
    assert len(model.discriminator_variables) == 2
    loss = gan.gan_loss(model, gradient_penalty_weight=10.0, gradient_penalty_target=2.0)
    assert len(tf.trainable_variables()) == 4  # the penalty reuses the discriminator's
    penalty = gan.losses.wasserstein_gradient_penalty(model, target=2.0)
    plain = gan.losses.wasserstein_discriminator_loss(model)
    kernel = model.discriminator_variables[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        total, slope, first, value = session.run([loss.discriminator_loss, penalty, plain, kernel])
    # The slope of a linear discriminator is its kernel, everywhere.
    np.testing.assert_allclose(slope, (np.linalg.norm(value) / 2 - 1) ** 2, rtol=1e-5)
    np.testing.assert_allclose(total, first + 10 * slope + 0.005 * (value**2).sum(), rtol=1e-4)
    with pytest.raises(ValueError, match="same shape"):
        gan.gan_model(_generator, lambda x, _: x, tf.zeros([6, 3]), tf.zeros([6, 4]), "G", "D")
    with pytest.raises(ValueError, match="greater than 0"):
        gan.gan_loss(model, gradient_penalty_weight=-1.0)
    with pytest.raises(ValueError, match="ACGANModel"):
        gan.gan_loss(model, aux_cond_generator_weight=1.0)


def test_training(tmp_path: Path) -> None:
    model = _model()
    loss = gan.gan_loss(model, gan.losses.modified_generator_loss, gan.losses.modified_discriminator_loss)  # fmt: skip
    gan.eval.add_gan_model_summaries(model)
    ops = gan.gan_train_ops(
        model, loss, tf.train.GradientDescentOptimizer(0.1), tf.train.GradientDescentOptimizer(0.1)
    )
    counts = []

    class Counting(tf.train.SessionRunHook):
        def after_create_session(self, session: Any, coord: Any) -> None:
            run = session.run
            counts.append(run(model.generator_variables[1]))

        def end(self, session: Any) -> None:
            counts.append(session.run(model.generator_variables[1]))

    step = gan.gan_train(
        ops, str(tmp_path), gan.get_sequential_train_hooks(gan.GANTrainSteps(2, 1)),
        hooks=[tf.train.StopAtStepHook(num_steps=5), Counting()],
    )  # fmt: skip
    assert step == 5
    assert (counts[1] != counts[0]).all()
    joint = gan.get_joint_train_hooks(gan.GANTrainSteps(3, 5))(ops)
    assert [hook._train_steps for hook in joint] == [3, 0, 2]
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.no_op(name="elsewhere"))
    optimizers = [tf.train.AdamOptimizer()] * 2
    with pytest.raises(ValueError, match="unused update ops"):
        gan.gan_train_ops(model, loss, *optimizers)


def test_models_with_labels_latent_variables_and_cycles() -> None:
    real, noise = tf.ones([4, 2]), tf.zeros([4, 3])
    labels = tf.one_hot([0, 1, 2, 0], 3)

    def classifying(data: Any, _: Any) -> Any:
        return tf.layers.dense(data, 1, name="a"), tf.layers.dense(data, 3, name="b")

    model = gan.acgan_model(_generator, classifying, real, noise, labels, "G1", "D1")
    loss = gan.gan_loss(model, aux_cond_generator_weight=1.0, aux_cond_discriminator_weight=1.0)

    def recognizing(data: Any, _: Any) -> Any:
        return tf.layers.dense(data, 1, name="a"), [tf.distributions.Normal(data[:, 0], 1.0)]

    info = gan.infogan_model(
        lambda inputs: _generator(tf.concat([inputs[0], tf.expand_dims(inputs[1], 1)], 1)),
        recognizing, real, [noise], [tf.constant([0.0, 1.0, 2.0, 3.0])], "G2", "D2",
    )  # fmt: skip
    informed = gan.gan_loss(info, mutual_information_penalty_weight=1.0)
    cycle = gan.cyclegan_model(lambda x: tf.layers.dense(x, 2), _discriminator, real, 2.0 * real)
    both = gan.cyclegan_loss(cycle)
    ops = gan.gan_train_ops(
        cycle,
        both,
        tf.train.GradientDescentOptimizer(0.01),
        tf.train.GradientDescentOptimizer(0.01),
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert np.isfinite(session.run([*loss, *informed])).all()
        session.run(ops[:3])
        x, back = session.run([real, cycle.reconstructed_x])
        distance = session.run(gan.losses.cycle_consistency_loss(cycle))
        assert distance >= np.abs(x - back).mean() / 2


def test_grids_of_images() -> None:
    images = np.arange(6 * 2 * 3, dtype="f").reshape(6, 2, 3, 1)
    grid = gan.eval.eval_utils.image_grid(tf.constant(images), (2, 3), (2, 3), 1)
    rows = [np.concatenate(images[i : i + 3], 1) for i in (0, 3)]
    shown = gan.eval.image_reshaper(tf.constant(images[:5]), 3)
    with tf.Session() as session:
        found, reshaped = session.run([grid, shown])
    np.testing.assert_array_equal(found[0], np.concatenate(rows, 0))
    assert reshaped.shape == (1, 4, 9, 1)
    assert not reshaped[0, 2:, 6:].any()
    with pytest.raises(ValueError, match="incompatible"):
        gan.eval.image_grid(tf.constant(images), (2, 2))


def test_the_estimator(tmp_path: Path) -> None:
    estimator = gan.estimator.GANEstimator(
        str(tmp_path), lambda x, mode: _generator(x), _discriminator,
        gan.losses.modified_generator_loss, gan.losses.modified_discriminator_loss,
        lambda: tf.train.AdamOptimizer(0.01), tf.train.AdamOptimizer(0.01),
    )  # fmt: skip

    def input_fn() -> Any:
        data = np.float32([[1.0, 2.0]] * 4), np.float32([[3.0, 4.0]] * 4)
        return tf.data.Dataset.from_tensor_slices(data).repeat().batch(4)

    estimator.train(input_fn, steps=3)
    found = estimator.evaluate(input_fn, steps=1)
    assert {"generator_loss", "discriminator_loss", "global_step"} <= set(found)
    assert found["global_step"] == 3
    assert next(estimator.predict(input_fn)).shape == (2,)
