"""tf.contrib.training: batches by length, training and evaluation loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf

training = tf.contrib.training
pytestmark = pytest.mark.filterwarnings("ignore")


def _batches(tensors: Any) -> list[Any]:
    found = []
    with tf.train.MonitoredSession() as session:
        while not session.should_stop():
            found.append(session.run(tensors))
    return found


def _numbers(count: int) -> Any:
    return tf.train.range_input_producer(count, shuffle=False, num_epochs=1).dequeue() + 1


@pytest.mark.parametrize("smaller", [False, True])
def test_bucket_by_sequence_length(smaller: bool) -> None:
    with tf.Graph().as_default():
        length = _numbers(14)
        found = _batches(
            training.bucket_by_sequence_length(
                length, {"x": tf.range(length), "y": length * 2}, 4, [5, 9], dynamic_pad=True,
                allow_smaller_final_batch=smaller,
            )
        )  # fmt: skip
    buckets = [(1, 5), (5, 9), (9, 15)]
    seen = set()
    for lengths, batch in found:
        assert any(low <= min(lengths) and max(lengths) < high for low, high in buckets)
        assert batch["x"].shape == (len(lengths), max(lengths))
        for n, row in zip(lengths, batch["x"], strict=True):
            np.testing.assert_array_equal(row, [*range(n), *[0] * (len(row) - n)])
        np.testing.assert_array_equal(batch["y"], 2 * lengths)
        seen |= set(lengths.tolist())
    assert len(seen) == (14 if smaller else 12)


def test_bucket() -> None:
    with tf.Graph().as_default():
        n = _numbers(12)
        which, batch = training.bucket(
            [n, tf.cast(n, tf.float32)], n % 2, [2, 3], 2, keep_input=n < 11
        )
        found = _batches([which, batch])
    assert sorted((int(k), b[0].tolist()) for k, b in found) == [
        (0, [2, 4]), (0, [6, 8]), (1, [1, 3, 5]),
    ]  # fmt: skip
    with tf.Graph().as_default():
        one = tf.constant(1)
        for options in (
            {"batch_size": [1], "num_buckets": 2},
            {"batch_size": 40, "num_buckets": 2},
            {"batch_size": 1, "num_buckets": 2, "bucket_capacities": [1]},
        ):
            with pytest.raises(ValueError, match=r"."):
                training.bucket([one], 0, **options)  # type: ignore[arg-type]
        for boundaries in ([], [3, 3], [1.5, 2.5], 7):
            with pytest.raises((ValueError, TypeError)):
                training.bucket_by_sequence_length(one, [one], 2, boundaries)


def test_train_and_evaluate(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with tf.Graph().as_default():
        w = tf.get_variable("w", initializer=1.0)
        tf.train.get_or_create_global_step()
        seen = []

        def double(pairs: Any) -> Any:
            seen.append(len(pairs))
            return [(2 * g, v) for g, v in pairs]

        train_op = training.create_train_op(
            w * w, tf.train.GradientDescentOptimizer(0.125), transform_grads_fn=double
        )
        hooks = [tf.train.StopAtStepHook(3)]
        loss = training.train(train_op, folder, hooks=hooks, save_summaries_steps=None)
    assert seen == [1]
    assert loss == pytest.approx(1 / 16)
    with tf.Graph().as_default():
        w = tf.get_variable("w", shape=[])
        step = tf.train.get_or_create_global_step()
        count = tf.get_variable("n", initializer=0, collections=[tf.GraphKeys.LOCAL_VARIABLES])
        tf.summary.scalar("w", w)
        found = training.evaluate_repeatedly(
            folder,
            eval_ops=count.assign_add(1),
            final_ops={"w": w, "n": count, "step": step},
            hooks=[training.StopAfterNEvalsHook(4), training.SummaryAtEndHook(folder + "/eval")],
            max_number_of_evaluations=1,
        )
        assert found == {"w": 0.125, "n": 4, "step": 3}
    with tf.Graph().as_default():
        w = tf.get_variable("w", shape=[])
        path = tf.train.latest_checkpoint(folder)
        assert training.evaluate_once(path, final_ops=w + 1) == 1.125
    tf.summary.FileWriterCache.clear()
    (events,) = (tmp_path / "eval").glob("events*")
    kept = [(e.step, v.simple_value) for e in tf.train.summary_iterator(str(events)) for v in e.summary.value]  # fmt: skip
    assert kept == [(3, 0.125)]
    with pytest.raises(ValueError, match="logdir"):
        training.train(train_op, None)
