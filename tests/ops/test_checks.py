"""Assertions: what they build, when they fail and with which words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.oracle import tf1


def _guarded(tf: Any, check: Any) -> Any:
    with tf.control_dependencies([check]):
        return tf.constant(1.0)


def _fed(tf: Any, value: Any, shape: Any = None) -> Any:
    value = np.asarray(value, np.int32 if np.asarray(value).dtype.kind == "i" else np.float32)
    return tf.placeholder_with_default(tf.constant(value), shape if shape else [None] * value.ndim)


# With int32 and string data only: for others TensorFlow puts the assertion behind a cond.
SAME: dict[str, Program] = {
    "assert": lambda tf: _guarded(tf, tf.Assert(tf.constant(True), ["text", tf.constant(1)])),
    "equal": lambda tf: _guarded(tf, tf.assert_equal(_fed(tf, [1, 2]), [1, 2])),
    "equal itself": lambda tf: (lambda x: _guarded(tf, tf.assert_equal(x, x)))(tf.constant(1)),
    "less": lambda tf: _guarded(tf, tf.assert_less(_fed(tf, [1, 2]), 3, message="small", name="check")),
    "greater_equal": lambda tf: _guarded(tf, tf.assert_greater_equal(tf.constant([1, 2]), 1, data=["seen"], summarize=1)),
    "positive": lambda tf: _guarded(tf, tf.assert_positive(_fed(tf, [1, 2]), message="must be")),
    "non_negative": lambda tf: _guarded(tf, tf.assert_non_negative(_fed(tf, [0, 2]))),
    "negative": lambda tf: _guarded(tf, tf.assert_negative(_fed(tf, [-1]))),
    "finite": lambda tf: tf.verify_tensor_all_finite(_fed(tf, [1.0, 2.0]), "not finite"),
    "rank": lambda tf: _guarded(tf, tf.assert_rank(_fed(tf, [0]), 1)),
    "rank open": lambda tf: _guarded(tf, tf.assert_rank(tf.placeholder_with_default([1, 2], None), 1)),
    "rank at least": lambda tf: _guarded(tf, tf.assert_rank_at_least(tf.placeholder_with_default([1, 2], None), 1)),
    "rank in": lambda tf: _guarded(tf, tf.assert_rank_in(tf.placeholder_with_default([1, 2], None), (0, 1))),
    "rank in known": lambda tf: _guarded(tf, tf.assert_rank_in(tf.constant([1, 2]), (0, 1))),
    "type": lambda tf: _guarded(tf, tf.assert_type(tf.constant([1, 2]), tf.int32)),
    "integer": lambda tf: _guarded(tf, tf.assert_integer(tf.constant([1, 2]))),
    "scalar": lambda tf: tf.assert_scalar(1.0),
}  # fmt: skip

# TensorFlow's assert_non_positive joins two of its texts (a comma is missing there).
SAME_VALUES: dict[str, Program] = {
    "non_positive": lambda tf: _guarded(tf, tf.assert_non_positive(_fed(tf, [0]))),
    "floats": lambda tf: _guarded(tf, tf.assert_less(_fed(tf, [1.0]), 2.0)),
    "near": lambda tf: _guarded(tf, tf.assert_near(_fed(tf, [1.0]), 1.0 + 1e-7)),
    **{
        f"{function} {x}": lambda tf, function=function, x=x: getattr(tf, function)(tf.constant(x, tf.float32))
        for function in ("is_non_decreasing", "is_strictly_increasing")
        for x in ([], [1.0], [1, 2, 2], [1, 2, 3], [3, 1], [[1, 2], [3, 4]])
    },
}  # fmt: skip

# Program, and a part of the message; both engines must agree on it and on the class.
FAILS: dict[str, tuple[Program, str]] = {
    "assert": (lambda tf: _guarded(tf, tf.Assert(_fed(tf, 1) > 2, ["text", tf.constant([1, 2, 3, 4]), tf.constant([[1, 2], [3, 4]])])), "assertion failed: [text] [1 2 3...] [[1 2][3...]...]"),
    "floats": (lambda tf: _guarded(tf, tf.Assert(_fed(tf, 1) > 2, [tf.constant([0.1, 1 / 3, 1e10, 2.0]), tf.constant(True)], summarize=4)), "assertion failed: [0.1 0.333333343 1e+10 2] [1]"),
    "all": (lambda tf: _guarded(tf, tf.Assert(_fed(tf, 1) > 2, [tf.constant([1, 2, 3, 4])], summarize=-1)), "assertion failed: [1 2 3 4]"),
    "equal": (lambda tf: _guarded(tf, tf.assert_equal(_fed(tf, [1, 2]), [1, 3])), "Condition x == y did not hold element-wise:"),
    "known": (lambda tf: tf.assert_equal(tf.constant([1, 2]), [1, 3], message="no"), "no\nCondition x == y did not hold"),
    "positive": (lambda tf: _guarded(tf, tf.assert_positive(_fed(tf, [1.0, -2.0]), message="oh")), "Condition x > 0 did not hold element-wise:"),
    "near": (lambda tf: _guarded(tf, tf.assert_near(_fed(tf, [1.0]), 1.1)), "x and y not equal to tolerance"),
    "rank": (lambda tf: tf.assert_rank(tf.constant([1]), 2), "must have rank 2.  Received rank 1, shape (1,)"),
    "rank open": (lambda tf: _guarded(tf, tf.assert_rank(tf.placeholder_with_default([1, 2], None), 2)), "must have rank] [2] [Received shape: ] [2]"),
    "rank at least": (lambda tf: tf.assert_rank_at_least(tf.constant([1]), 2), "must have rank at least 2.  Received rank 1"),
    "rank in": (lambda tf: tf.assert_rank_in(tf.constant([1]), (0, 2)), "must have rank in (0, 2).  Received rank 1"),
    "type": (lambda tf: tf.assert_type(tf.constant([1]), tf.float32, message="no"), "must be of type"),
    "integer": (lambda tf: tf.assert_integer(tf.constant([1.0])), 'Expected "x" to be integer type.'),
    "scalar": (lambda tf: tf.assert_scalar(tf.constant([1.0])), "Expected scalar shape"),
    "iterable": (lambda tf: tf.assert_proper_iterable("text"), 'Expected argument "values" to be a "proper" iterable.'),
    "same": (lambda tf: tf.assert_same_float_dtype([tf.constant(1.0), tf.constant(1.0, tf.float64)]), "must be of the same type"),
    "monotonic": (lambda tf: tf.is_non_decreasing(tf.constant([True])), "Expected x to be numeric"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name])


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    assert_same(SAME_VALUES[name], nodes=False)


@pytest.mark.parametrize("name", FAILS)
def test_failures(name: str) -> None:
    program, text = FAILS[name]
    ours, theirs = error_of(tf1x, program), error_of(tf1, program)
    assert ours[0] == theirs[0]
    for message in (ours[1], theirs[1]):
        assert text.replace("(1,)", "(1)") in message.replace("(1,)", "(1)")


def test_an_assertion_leaves_the_step_in_one_piece() -> None:
    """Strings among the data do not make a host op of it."""
    from tf1x.runtime.plan import Plan

    graph = tf1x.Graph()
    with graph.as_default():
        x = tf1x.placeholder(tf1x.float32, [2])
        y = tf1x.matmul([x], [x], transpose_b=True)
        with tf1x.control_dependencies([tf1x.assert_positive(y, message="sum of squares")]):
            z = tf1x.exp(y)
        assert [step.host for step in Plan([z], [x]).steps] == [False]
        with (
            tf1x.Session(graph=graph) as session,
            pytest.raises(tf1x.errors.InvalidArgumentError, match=r"\[0\.\.\.\]|\[0\]"),
        ):
            session.run(z, {x: [0.0, 0.0]})


def test_the_type_of_floats() -> None:
    assert tf1x.assert_same_float_dtype([None], tf1x.float64) == tf1x.float64
    assert tf1x.assert_same_float_dtype() == tf1x.float32
    assert tf1x.is_numeric_tensor(tf1x.constant(1))
    assert not tf1x.is_numeric_tensor(tf1x.constant("a"))
