"""Numbers of steps and small integers that are computed before a segment is run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tf1x.runtime import compile as compiling


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Grows by one with every segment that is compiled."""
    found: list[Any] = []
    original = compiling.Compiled._compile

    def noted(self: Any, *args: Any) -> Any:
        function = original(self, *args)
        found.append(self.segment)
        return function

    monkeypatch.setattr(compiling.Compiled, "_compile", noted)
    return found


def _powers(w: Any, lengths: Any) -> Any:
    """w, w**2, ... for as many steps as the greatest length; in a list that grows."""
    finished = tf1x.equal(lengths, 0)
    array = tf1x.TensorArray(tf1x.float32, size=0, dynamic_size=True)

    def step(time: Any, finished: Any, power: Any, array: Any) -> Any:
        following = power * w
        return time + 1, finished | (time + 1 >= lengths), following, array.write(time, following)

    found = tf1x.while_loop(
        lambda time, finished, *_: tf1x.logical_not(tf1x.reduce_all(finished)),
        step,
        (0, finished, tf1x.constant(1.0), array),
    )
    return found[-1].stack()


def test_steps_as_the_longest_sequence(compiled: list[Any]) -> None:
    """Forward, gradient and update are one program; one for each number of steps."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        w = tf1x.get_variable("w", [], initializer=tf1x.constant_initializer(2.0))
        n = tf1x.placeholder(tf1x.int32, [None])
        powers = _powers(w, n)
        gradient = tf1x.gradients(tf1x.reduce_sum(powers), w)[0]
        update = w.assign_add(0.0 * gradient)
        session.run(tf1x.global_variables_initializer())
        compiled.clear()
        for lengths, programs in (
            ([3, 1], 1), ([2, 3], 1), ([4, 0], 2), ([0, 3], 2), ([1, 20], 3), ([4, 4], 3),
        ):  # fmt: skip
            found, slope, _ = session.run([powers, gradient, update], {n: lengths})
            steps = np.arange(1, max(lengths) + 1)
            np.testing.assert_allclose(found, 2.0**steps)
            np.testing.assert_allclose(slope, (steps * 2.0 ** (steps - 1)).sum())
            assert len(compiled) == programs


def test_no_steps_at_all() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        n = tf1x.placeholder(tf1x.int32, [None])
        powers = _powers(tf1x.constant(2.0), n)
        assert session.run(powers, {n: [0, 0]}).shape == (0,)
        assert session.run(powers, {n: [0, 2]}).shape == (2,)


def test_loops_without_lists_run_as_often_as_they_like(compiled: list[Any]) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        n = tf1x.placeholder(tf1x.int32, [])
        total = tf1x.while_loop(
            lambda i, x: i < n, lambda i, x: (i + 1, x * 0.5), (0, tf1x.constant(1.0))
        )[1]
        for count in (3, 5, 100):
            np.testing.assert_allclose(session.run(total, {n: count}), 0.5**count)
        assert len(compiled) == 1


def test_steps_that_the_data_decide() -> None:
    """Floats decide: that is not computed beforehand, and need not be."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.placeholder(tf1x.float32, [])
        array = tf1x.TensorArray(tf1x.float32, size=0, dynamic_size=True)
        found = tf1x.while_loop(
            lambda i, y, _: y > 1.0,
            lambda i, y, array: (i + 1, y / 2.0, array.write(i, y)),
            (0, x, array),
        )[2].stack()
        for power in (3, 80, 5):
            values = session.run(found, {x: 2.0**power})
            np.testing.assert_array_equal(values, 2.0 ** np.arange(power, 0, -1))


def test_room_is_made_for_no_more_than_the_maximum() -> None:
    """A limit tells how long the list can become."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.placeholder(tf1x.float32, [])
        array = tf1x.TensorArray(tf1x.float32, size=0, dynamic_size=True)
        found = tf1x.while_loop(
            lambda i, y, _: y > 1.0,
            lambda i, y, array: (i + 1, y / 2.0, array.write(i, y)),
            (0, x, array),
            maximum_iterations=4,
        )[2].stack()
        assert session.run(found, {x: 2.0**9}).tolist() == [512.0, 256.0, 128.0, 64.0]
        assert session.run(found, {x: 2.0**2}).tolist() == [4.0, 2.0]


def test_width_of_a_mask(compiled: list[Any]) -> None:
    """The greatest of the lengths is all that the program depends on."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.placeholder(tf1x.float32, [None])
        lengths = tf1x.placeholder(tf1x.int32, [None])
        masked = tf1x.sequence_mask(lengths, dtype=tf1x.float32) * tf1x.sqrt(x)[:, None]
        for values, programs in (([1, 3], 1), ([3, 2], 1), ([2, 2], 2), ([3, 3], 2)):
            found = session.run(masked, {x: [1.0, 4.0], lengths: values})
            inside = np.arange(max(values)) < np.array(values)[:, None]
            np.testing.assert_allclose(found, inside * [[1.0], [2.0]])
            assert len(compiled) == programs
            assert {len(s.inputs) for s in compiled} == {2}, "one segment"


def test_ever_new_values(compiled: list[Any]) -> None:
    """Beyond a number of them, what needs the value runs between two segments."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        n = tf1x.placeholder(tf1x.int32, [2])
        x = tf1x.placeholder(tf1x.float32, [])
        filled = tf1x.reduce_sum(tf1x.sqrt(tf1x.fill([tf1x.reduce_max(n)], x)))
        for i in range(1, 60):
            np.testing.assert_allclose(session.run(filled, {n: [i, 0], x: 4.0}), 2.0 * i)
        assert len(compiled) < 60
