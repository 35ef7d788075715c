"""`control_flow_ops.switch` and `merge`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1
from tf1x.core.errors import UnsupportedError
from tf1x.lib import switch_merge


def _selected(tf: Any, ops: Any, case: int) -> list[Any]:
    """`apply_with_random_selector` of slim's preprocessing, with a given selector."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf.constant([1.0, 2.0])
        selector = tf.placeholder(tf.int32, [])
        cases = [tf.pow(ops.switch(x, tf.equal(selector, i))[1], float(i) + 1.0) for i in range(3)]
        chosen, index = ops.merge(cases)
        grads = tf.gradients(chosen, x)
        names = [chosen.op.name.split("/")[0], index.dtype.name]
        with tf.Session(graph=graph) as session:
            return [*names, *session.run([chosen, index, *grads], {selector: case})]


@pytest.mark.parametrize("case", range(3))
def test_the_random_selector_as_in_tensorflow(case: int) -> None:
    from tensorflow.python.ops import control_flow_ops

    for ours, theirs in zip(
        _selected(tf, switch_merge, case), _selected(tf1, control_flow_ops, case), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_nested_switches_and_inputs_without_one() -> None:
    with tf.Graph().as_default():
        p, q = tf.placeholder(tf.bool, []), tf.placeholder(tf.bool, [])
        low, high = switch_merge.switch(tf.constant(1.0), p)
        high_low, high_high = switch_merge.switch(high * 10.0, q)
        out = switch_merge.merge([low, high_low + 1.0, high_high + 2.0])
        plain = switch_merge.merge([tf.constant(4.0)])
        with tf.Session() as session:
            for a, b, expected in ((0, 0, (1.0, 0)), (1, 0, (11.0, 1)), (1, 1, (12.0, 2))):
                assert tuple(session.run(out, {p: bool(a), q: bool(b)})) == expected
            assert tuple(session.run(plain)) == (4.0, 0)


def test_effects_between_are_refused() -> None:
    with tf.Graph().as_default():
        v = tf.Variable(0.0)
        low, high = switch_merge.switch(tf.constant(1.0), tf.constant(True))
        assert switch_merge.merge([low, high + v]).output.dtype == tf.float32
        with pytest.raises(UnsupportedError, match=r"tf\.cond"):
            switch_merge.merge([low, tf.assign(v, high)])
        with pytest.raises(ValueError, match="None"):
            switch_merge.merge([low, None])
