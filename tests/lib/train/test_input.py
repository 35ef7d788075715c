"""Input pipelines of queues: the graphs that they make, and how programs with them end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.train import queue_programs


def _sparse(tf: Any, many: bool) -> Any:
    indices, shape = ([[0, 1], [2, 0]], [3, 4]) if many else ([[1]], [3])
    return tf.SparseTensor(indices, [float(i) for i in range(1, len(indices) + 1)], shape)


_TRUE = [True] * 7

# name: what is built; tensors are compared by name, type and shape
_BUILDS: dict[str, Any] = {
    "strings": lambda tf: tf.train.string_input_producer(["a", "b"], num_epochs=2, seed=1).name,
    "strings_named": lambda tf: (
        tf.train.string_input_producer(tf.constant(["a", "b"]), shuffle=False, name="files").name
    ),
    "no_strings": lambda tf: tf.train.string_input_producer([]),
    "files": lambda tf: tf.train.match_filenames_once("/tmp/*.nothing").name,
    "slices": lambda tf: tf.train.slice_input_producer(
        [tf.zeros([4, 2]), ["a", "b", "c", "d"]], num_epochs=1, seed=3
    ),
    "range": lambda tf: tf.train.range_input_producer(5, shuffle=False).name,
    "rows": lambda tf: (
        tf.train.input_producer(tf.placeholder(tf.float32, [None, None]), [3]).shapes
    ),
    "rows_unknown": lambda tf: tf.train.input_producer(tf.placeholder(tf.float32, [None, None])),
    "limit": lambda tf: tf.train.limit_epochs(tf.constant([1]), 3),
    "limit_negative": lambda tf: tf.train.limit_epochs(tf.constant([1]), 0),
    "batch": lambda tf: tf.train.batch([tf.zeros([2]), 1], 4, num_threads=2),
    "batch_dict": lambda tf: tf.train.batch(
        {"x": tf.zeros([7, 2]), "y": tf.zeros([7])},
        4,
        enqueue_many=True,
        allow_smaller_final_batch=True,
    ),
    "batch_dict_of_one": lambda tf: tf.train.batch({"x": tf.zeros([2])}, 4),
    "batch_padded": lambda tf: tf.train.batch(
        [tf.placeholder(tf.float32, [None])], 4, dynamic_pad=True, name="padded"
    ),
    "batch_shapes": lambda tf: tf.train.batch(
        [tf.zeros([2])], tf.placeholder(tf.int32, []), shapes=[[2]], capacity=7, shared_name="q"
    ),
    "batch_unknown": lambda tf: tf.train.batch([tf.placeholder(tf.float32)], 4),
    "batch_sparse": lambda tf: tf.train.batch([_sparse(tf, False), 2.0], 2),
    "batch_sparse_rows": lambda tf: tf.train.batch([_sparse(tf, True)], 2, enqueue_many=True),
    "batch_join": lambda tf: tf.train.batch_join([[tf.zeros([2]), 1], [tf.ones([2]), 2]], 4),
    "batch_join_types": lambda tf: tf.train.batch_join(
        [[tf.zeros([2]), 1], [tf.ones([2]), 2.0]], 4
    ),
    "batch_join_sparse": lambda tf: tf.train.batch_join([[_sparse(tf, False)]] * 2, 4),
    "maybe_batch": lambda tf: tf.train.maybe_batch(
        [tf.zeros([7])], tf.constant(_TRUE), 4, enqueue_many=True
    ),
    "maybe_batch_sparse": lambda tf: tf.train.maybe_batch(
        [_sparse(tf, True)], tf.constant([True, False, True]), 4, enqueue_many=True
    ),
    "maybe_batch_vector": lambda tf: tf.train.maybe_batch([tf.zeros([7])], tf.constant(_TRUE), 4),
    "maybe_batch_join": lambda tf: tf.train.maybe_batch_join([[tf.zeros([7])]] * 2, False, 4),
    "shuffle_batch": lambda tf: tf.train.shuffle_batch([tf.zeros([2]), 1], 4, 100, 10, seed=5),
    "shuffle_batch_zero": lambda tf: tf.train.shuffle_batch([tf.zeros([2])], 4, 100, 0, seed=5),
    "shuffle_batch_full": lambda tf: tf.train.shuffle_batch([tf.zeros([2])], 4, 10, 10),
    "shuffle_batch_join": lambda tf: tf.train.shuffle_batch_join(
        [[tf.zeros([2]), 1], [tf.ones([2]), 2]], 4, 50, 10, seed=2
    ),
    "maybe_shuffle_batch": lambda tf: tf.train.maybe_shuffle_batch(
        [tf.zeros([7])], 4, 50, 10, tf.constant(_TRUE), seed=2, enqueue_many=True
    ),
}


def _plain(value: Any) -> Any:
    """Tensors and shapes as text, whichever the package."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, str) else str(value)


def _built(tf: Any, build: Any) -> Any:
    graph = tf.Graph()
    with graph.as_default():
        try:
            result = _plain(build(tf))
        except (ValueError, TypeError) as error:
            return type(error).__name__, str(error)
        keys = ("queue_runners", "summaries", "local_variables")
        runners = [
            [r.queue.name, [op.name for op in r.enqueue_ops], r.close_op.name, r.cancel_op.name]
            for r in graph.get_collection("queue_runners")
        ]
        nodes = [
            (
                op.name,
                op.type,
                [str(t.shape) for t in op.outputs],
                [c.name for c in op.control_inputs],
            )
            for op in graph.get_operations()
        ]
        collected = [[item.name for item in graph.get_collection(key)] for key in keys]
        return result, nodes, runners, collected


@pytest.mark.parametrize("case", _BUILDS)
def test_graph_equals_tensorflows(case: str) -> None:
    from tests.oracle import tf1

    assert _built(tf1x, _BUILDS[case]) == _built(tf1, _BUILDS[case])


@pytest.mark.parametrize("name", queue_programs.PROGRAMS)
def test_program_ends_cleanly(name: str, tmp_path: Path) -> None:
    """With the right errors, whatever the number of threads; `tools/queue_stress.py` runs 500."""
    queue_programs.write_files(str(tmp_path))
    for threads in (1, 3, 8):
        result, expected = queue_programs.run(tf1x, name, str(tmp_path), threads)
        assert result == expected


def _run(tf: Any, build: Any, runs: int = 3) -> list[Any]:
    """The values of the first runs; one thread fills each queue."""
    graph = tf.Graph()
    with graph.as_default():
        fetches = build(tf)
        coord = tf.train.Coordinator()
        with tf.Session() as session:
            session.run(tf.local_variables_initializer())
            threads = tf.train.start_queue_runners(session, coord)
            found = [session.run(fetches) for _ in range(runs)]
            coord.request_stop()
            coord.join(threads)
    return found


_RUNS: dict[str, Any] = {
    "sparse": lambda tf: tf.train.batch([_sparse(tf, False), 2.0], 2),
    "sparse_rows": lambda tf: tf.train.batch([_sparse(tf, True)], 2, enqueue_many=True),
    "kept": lambda tf: tf.train.maybe_batch(
        [tf.range(6)], tf.constant([True, False, True, True, False, False]), 4, enqueue_many=True
    ),
    "sparse_kept": lambda tf: tf.train.maybe_batch(
        [_sparse(tf, True)], tf.constant([True, False, True]), 4, enqueue_many=True
    ),
    "maybe": lambda tf: tf.train.maybe_batch(
        [tf.train.range_input_producer(9, shuffle=False).dequeue()], tf.constant(1) > 0, 4
    ),
    "slices": lambda tf: tf.train.slice_input_producer(
        [tf.range(10, 14), ["a", "b", "c", "d"]], seed=3
    ),
    "padded": lambda tf: tf.train.batch(
        [tf.range(tf.train.range_input_producer(5, shuffle=False).dequeue())], 4, dynamic_pad=True
    ),
}


@pytest.mark.parametrize("case", _RUNS)
def test_values_equal_tensorflows(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.oracle import tf1

    monkeypatch.setenv("TF1X_SEEDS", "tf2")
    for ours, theirs in zip(_run(tf1x, _RUNS[case]), _run(tf1, _RUNS[case]), strict=True):
        _assert_same(ours, theirs)


def _assert_same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            _assert_same(a, b)
    else:
        np.testing.assert_array_equal(ours, theirs)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype


def test_what_is_not_kept_does_not_arrive() -> None:
    """A condition that is computed decides for each element, sparse ones among them."""
    with tf1x.Graph().as_default():
        number = tf1x.train.range_input_producer(6, num_epochs=2, shuffle=False).dequeue()
        sparse = tf1x.SparseTensor([[0]], tf1x.reshape(number, [1]), [3])
        even, listed = tf1x.train.maybe_batch([number, sparse], tf1x.equal(number % 2, 0), 3)
        coord = tf1x.train.Coordinator()
        with tf1x.Session() as session:
            session.run(tf1x.local_variables_initializer())
            threads = tf1x.train.start_queue_runners(session, coord)
            for _ in range(2):
                values, rows = session.run([even, listed])
                assert values.tolist() == rows.values.tolist() == [0, 2, 4]
            with pytest.raises(tf1x.errors.OutOfRangeError):
                session.run(even)
            coord.request_stop()
            coord.join(threads)
