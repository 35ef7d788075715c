"""Recorded runs: `RunMetadata.step_stats`, and the trace made of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tf1x as tf
from tf1x.lib.profiler.timeline import Timeline


def recorded(fetches: object, feed: dict | None = None, **options: object) -> tf.RunMetadata:
    metadata = tf.RunMetadata()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(fetches, feed, tf.RunOptions(**options), metadata)
    return metadata


def test_segments_and_host_ops_are_entered() -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3])
        v = tf.Variable(tf.ones([3, 2]))
        y = tf.matmul(x, v)
        z = tf.py_func(lambda a: a + 1, [y], tf.float32, name="plus_one")
        total = tf.reduce_sum(tf.exp(z) * tf.sin(y))
        feed = {x: np.ones([4, 3], np.float32)}
        metadata = recorded(total, feed, trace_level=tf.RunOptions.FULL_TRACE)
        events = json.loads(Timeline(metadata.step_stats).generate_chrome_trace_format())
        nothing = recorded(total, feed)
    assert not nothing.step_stats.dev_stats
    events = events["traceEvents"]
    names = {e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert len(names) == 2
    assert all("device:CPU:0" in name for name in names)
    entries = [e for e in events if e["ph"] == "X"]
    assert [e["args"]["name"] for e in entries if e["name"] == "PyFunc"] == ["plus_one"]
    segments = [e for e in entries if e["name"] == "Segment"]
    assert len(segments) == 2
    assert any("MatMul = MatMul" in e["args"].values() for e in segments)
    assert all(e["dur"] >= 0 and e["ts"] > 1e15 for e in entries)


def test_memory_is_said_to_be_missing(caplog: pytest.LogCaptureFixture) -> None:
    metadata = tf.RunMetadata()
    with caplog.at_level("WARNING", "tensorflow"):
        trace = Timeline(metadata.step_stats).generate_chrome_trace_format(show_memory=True)
    assert json.loads(trace) == {"traceEvents": []}
    assert "show_memory" in caplog.text


def test_the_graph_is_handed_out_where_asked_for() -> None:
    with tf.Graph().as_default():
        two = tf.constant(1.0, name="one") + 1.0
        metadata = recorded(two, output_partition_graphs=True)
    assert "one" in [n.name for n in metadata.partition_graphs[0].node]
