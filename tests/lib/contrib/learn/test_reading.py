"""Batches from record files."""

from __future__ import annotations

from pathlib import Path

import pytest

import tf1x as tf

learn = tf.contrib.learn


def test_features_of_record_files(tmp_path: Path) -> None:
    for part in range(2):
        with tf.python_io.TFRecordWriter(str(tmp_path / f"part-{part}")) as writer:
            for i in range(3):
                example = tf.train.Example()
                example.features.feature["x"].int64_list.value.append(3 * part + i)
                writer.write(example.SerializeToString())
    spec = {"x": tf.FixedLenFeature([], tf.int64)}
    for mixed in (False, True):
        with tf.Graph().as_default(), tf.Session() as session:
            features = learn.io.read_batch_features(
                str(tmp_path / "part-*"), 4, spec, tf.TFRecordReader, randomize_input=mixed,
                num_epochs=1, queue_capacity=20,
            )  # fmt: skip
            session.run(tf.local_variables_initializer())
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            found = [session.run(features)["x"].tolist() for _ in range(2)]
            with pytest.raises(tf.errors.OutOfRangeError):
                session.run(features)
            coordinator.request_stop()
            coordinator.join(threads)
        assert [len(batch) for batch in found] == [4, 2]
        numbers = [number for batch in found for number in batch]
        assert sorted(numbers) == list(range(6))
        assert mixed or numbers == list(range(6))


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No files match"):
        learn.read_batch_examples(str(tmp_path / "*"), 4, tf.TFRecordReader)
    with pytest.raises(ValueError, match="Invalid batch_size"):
        learn.read_batch_examples(str(tmp_path), 0, tf.TFRecordReader)
