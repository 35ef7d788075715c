"""StagingArea: the graph it makes in TensorFlow, and what waits for what."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import tf1x


def _area(tf: Any) -> Any:
    if tf is tf1x:
        return tf.contrib.staging.StagingArea
    from tensorflow.python.ops.data_flow_ops import StagingArea

    return StagingArea


def _program(tf: Any, **kwargs: Any) -> list[Any]:
    """Values are staged in one run and used in the next."""
    graph = tf.Graph()
    with graph.as_default():
        fed = tf.placeholder(tf.float32, [2])
        area = _area(tf)([tf.float32, tf.int32], shapes=[[2], []], **kwargs)
        element: Any = [fed * 2.0, tf.constant(3)]
        if kwargs.get("names"):
            element = dict(zip(kwargs["names"], element, strict=True))
        put, got = area.put(element), area.get()
        seen, size, clear = area.peek(0), area.size(), area.clear()
        shapes = [t.shape.as_list() for t in (got.values() if isinstance(got, dict) else got)]
        nodes = [(op.name, op.type) for op in graph.get_operations()]
        values = []
        with tf.Session() as session:
            session.run(put, {fed: [0, 1]})
            values += [session.run([got, put], {fed: [i, i]})[0] for i in range(2)]
            values += [session.run(seen), session.run(size)]
            session.run(clear)
            values.append(session.run(size))
    return [nodes, shapes, str(values), area.name]


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"names": ["a", "b"]}, {"shared_name": "mine", "capacity": 2, "memory_limit": 100}],
    ids=["plain", "named", "limited"],
)
def test_program(kwargs: dict[str, Any]) -> None:
    from tests.oracle import tf1

    assert _program(tf1x, **kwargs) == _program(tf1, **kwargs)


def test_a_full_area_waits() -> None:
    tf = tf1x
    with tf.Graph().as_default(), tf.Session() as session:
        area = tf.contrib.staging.StagingArea([tf.int32], capacity=1)
        put, got = area.put([1]), area.get()
        session.run(put)
        thread = threading.Thread(target=session.run, args=(put,))
        thread.start()
        assert [session.run(got)[0] for _ in range(2)] == [1, 1]
        thread.join(60)
        with pytest.raises(tf.errors.DeadlineExceededError):
            session.run(got, options=tf.RunOptions(timeout_in_ms=20))


def test_what_is_too_large_is_refused() -> None:
    tf = tf1x
    with tf.Graph().as_default(), tf.Session() as session:
        area = tf.contrib.staging.StagingArea([tf.float32], memory_limit=10)
        with pytest.raises(tf.errors.ResourceExhaustedError, match="combined size of '12' bytes"):
            session.run(area.put([tf.zeros([3])]))


@pytest.mark.parametrize(
    ("kwargs", "value"),
    [
        ({}, {"a": np.float32(1)}),
        ({"names": ["a"]}, [np.float32(1)]),
        ({"names": ["a"]}, {"b": np.float32(1)}),
        ({}, [np.int32(1)]),
        ({}, [np.float32(1), np.float32(1)]),
        ({"shapes": [[2]]}, [np.float32(1)]),
    ],
)
def test_other_values_are_refused(kwargs: dict[str, Any], value: Any) -> None:
    with tf1x.Graph().as_default():
        area = tf1x.contrib.staging.StagingArea([tf1x.float32], **kwargs)
        with pytest.raises(ValueError, match=r".+"):
            area.put(value)
