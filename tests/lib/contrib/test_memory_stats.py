"""`tf.contrib.memory_stats`."""

from __future__ import annotations

import numpy as np

import tf1x as tf


def test_figures_of_this_process() -> None:
    stats = tf.contrib.memory_stats
    ops = [stats.BytesInUse(), stats.MaxBytesInUse(), stats.BytesLimit()]
    assert [t.name for t in ops] == ["BytesInUse:0", "MaxBytesInUse:0", "BytesLimit:0"]
    with tf.Session() as session:
        before, peak, limit = (session.run(op) for op in ops)  # one after the other
        assert before.dtype == np.int64
        assert 10e6 < before < peak + (16 << 20) < limit
        held = np.ones(64 << 20, np.uint8)
        assert session.run(ops[0]) > before + held.nbytes // 2
