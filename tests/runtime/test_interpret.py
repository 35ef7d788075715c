"""Ops that are run one by one."""

from __future__ import annotations

import numpy as np
import pytest

import tf1x as tf


def test_a_fed_constant_is_not_the_constant() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.constant([1, 2]), tf.constant([3, 4])
        both = tf.concat([a, b], 0)
        assert session.run(both).tolist() == [1, 2, 3, 4]
        assert session.run(both, {a: [9, 9]}).tolist() == [9, 9, 3, 4]
        assert session.run(both).tolist() == [1, 2, 3, 4]


def test_one_fed_output_of_several() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        first, second = tf.split(tf.constant([1, 2, 3, 4]), 2)
        assert session.run(tf.concat([second, first], 0), {first: [7, 7]}).tolist() == [3, 4, 7, 7]
        compiled = tf.exp(tf.cast(tf.concat([second, first], 0), tf.float32))
        np.testing.assert_allclose(
            session.run(compiled, {first: [0, 0]}), np.exp([3, 4, 0, 0]), rtol=1e-6
        )


def test_an_error_names_the_op_and_the_next_run_works() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        text = tf.placeholder(tf.string, [])
        numbers = tf.stack(tf.decode_csv(text, [[0], [0]], name="columns"))
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="not a valid int32") as caught:
                session.run(numbers, {text: b"1,x"})
            assert caught.value.op is not None
            assert caught.value.op.name == "columns"
            assert session.run(numbers, {text: b"1,2"}).tolist() == [1, 2]


def test_a_python_function_sees_each_run() -> None:
    seen = []

    def note(x: np.ndarray) -> np.ndarray:
        seen.append(int(x))
        return x + 1

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.int64, [])
        y = tf.py_func(note, [x], tf.int64)
        assert [session.run(y, {x: i}) for i in range(3)] == [1, 2, 3]
    assert seen == [0, 1, 2]
