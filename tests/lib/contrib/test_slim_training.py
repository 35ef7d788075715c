"""slim.learning.train and slim.evaluation: a run, its checkpoints, and measures of them."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf

slim = tf.contrib.slim


def build() -> Any:
    x = tf.constant(np.linspace(-1, 1, 8, dtype=np.float32)[:, None])
    y = slim.fully_connected(x, 1, activation_fn=None, scope="line")
    tf.losses.mean_squared_error(3.0 * x + 1.0, y)
    return tf.losses.get_total_loss()


def train(folder: Any, steps: int, **options: Any) -> Any:
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        loss = build()
        tf.summary.scalar("loss", loss)
        train_op = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.3))
        return slim.learning.train(train_op, folder, number_of_steps=steps, **options)


def test_a_run_goes_on_and_is_evaluated(tmp_path: Path) -> None:
    folder = str(tmp_path / "train")
    first = train(folder, 5)
    last = train(folder, 60)
    assert last < first / 10
    path = tf.train.latest_checkpoint(folder)
    assert path.endswith("-60")
    assert glob.glob(f"{folder}/events.out.tfevents.*")
    with tf.Graph().as_default():
        tf.train.create_global_step()
        loss = build()
        mean, update = tf.metrics.mean(loss)
        tf.summary.scalar("mean", mean)
        once = slim.evaluation.evaluate_once(
            "", path, str(tmp_path / "eval"), num_evals=3, eval_op=update, final_op=mean
        )
    np.testing.assert_allclose(once, last, atol=1e-3)
    (events,) = glob.glob(f"{tmp_path}/eval/events.out.tfevents.*")
    assert [e.step for e in tf.train.summary_iterator(events) if e.summary.value] == [60]
    with tf.Graph().as_default():
        tf.train.create_global_step()
        mean, update = tf.metrics.mean(build())
        loop = slim.evaluation.evaluation_loop(
            "", folder, str(tmp_path / "loop"), eval_op=update, final_op=mean, summary_op=None,
            variables_to_restore=slim.get_variables_to_restore(),
            max_number_of_evaluations=1, eval_interval_secs=0,
        )  # fmt: skip
    np.testing.assert_allclose(loop, once, rtol=1e-6)


def test_without_a_folder_and_wrong_arguments() -> None:
    seen: list[int] = []

    def step(session: Any, train_op: Any, global_step: Any, kwargs: Any) -> Any:
        loss, number = session.run([train_op, global_step])
        seen.append(int(number))
        return loss, number >= 2

    assert train(None, 100, train_step_fn=step) > 0
    assert seen[-1] == 2
    with pytest.raises(ValueError, match="logdir=None"):
        train(None, 1, saver="a saver")
    with pytest.raises(tf.errors.UnimplementedError, match="trace_every_n_steps"):
        train(None, 1, trace_every_n_steps=5)
    with pytest.raises(ValueError, match="train_op cannot be None"):
        slim.learning.train(None, None)
