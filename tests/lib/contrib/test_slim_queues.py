"""slim's helpers for queues: parallel readers, prefetched batches, the `QueueRunners` block."""

from __future__ import annotations

from pathlib import Path

import pytest

import tf1x as tf

slim = tf.contrib.slim


def test_files_read_in_parallel(tmp_path: Path) -> None:
    expected = []
    for i in range(3):
        lines = [f"{i}-{j}" for j in range(5)]
        (tmp_path / f"part{i}.txt").write_text("\n".join(lines))
        expected += lines
    with tf.Graph().as_default(), tf.Session() as session:
        key, value = slim.parallel_reader.parallel_read(
            str(tmp_path / "part*"), tf.TextLineReader, num_epochs=1, num_readers=2, shuffle=False
        )
        for tensor in (key, value):
            tensor.set_shape([])
        batch = tf.train.batch({"value": value}, 4, allow_smaller_final_batch=True)
        queue = slim.prefetch_queue.prefetch_queue(batch, dynamic_pad=True)
        element = queue.dequeue()
        found = []
        session.run(tf.local_variables_initializer())
        with slim.queues.QueueRunners(session), pytest.raises(tf.errors.OutOfRangeError):
            while True:
                found += [v.decode() for v in session.run(element)["value"]]
        assert sorted(found) == expected
        with (
            slim.queues.QueueRunners(session),
            pytest.raises(slim.queues.NestedQueueRunnerError),
            slim.queues.QueueRunners(session),
        ):
            pass


def test_data_files(tmp_path: Path) -> None:
    for name in ("a1", "a2", "b"):
        (tmp_path / name).write_text("")
    folder = str(tmp_path)
    assert slim.parallel_reader.get_data_files([f"{folder}/a?", f"{folder}/b"]) == [
        f"{folder}/a1", f"{folder}/a2", f"{folder}/b"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="No data files found"):
        slim.parallel_reader.get_data_files(f"{folder}/c*")
    with tf.Graph().as_default(), tf.Session() as session:
        (_, line) = slim.parallel_reader.single_pass_read(f"{folder}/b", tf.TextLineReader)
        session.run(tf.local_variables_initializer())
        with slim.queues.QueueRunners(session), pytest.raises(tf.errors.OutOfRangeError):
            session.run(line)


def test_a_common_queue_holds_keys_and_values() -> None:
    with tf.Graph().as_default(), pytest.raises(TypeError, match=r"must be \[tf.string"):
        slim.parallel_reader.ParallelReader(tf.TextLineReader, tf.FIFOQueue(1, [tf.string]))
