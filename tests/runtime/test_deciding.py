"""Fed bools that choose branches are part of a program's signature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.runtime.execute import Executor


def executors(session: Any) -> list[Executor]:
    return [e for e in session._executors.values() if e._only is not None and e._only.compiled]


def test_each_choice_has_its_program_and_its_result() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None])
        training = tf.placeholder(tf.bool)
        log = tf.Variable(0.0)

        def trained() -> Any:
            with tf.control_dependencies([tf.assign_add(log, 1.0)]):
                return tf.identity(x * 2)

        y = tf.cond(tf.logical_not(training), lambda: x, trained)
        slope = tf.gradients(y, x)[0]
        session.run(log.initializer)
        for flag in (True, False, np.True_, np.array(False)):
            value, gradient = session.run([y, slope], {x: [3.0], training: flag})
            factor = 2.0 if flag else 1.0
            assert (value.tolist(), gradient.tolist()) == ([3.0 * factor], [factor])
        assert session.run(log) == 2.0
        (executor,) = (e for e in executors(session) if e._fed)
        assert executor._only is not None
        assert len(executor._only.compiled) == 2


def test_more_bools_than_programs_are_worth() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        flags = [tf.placeholder(tf.bool, []) for _ in range(5)]
        x = tf.placeholder(tf.float32, [])
        y = x
        for flag in flags:
            y = tf.cond(flag, lambda y=y: y * 2, lambda y=y: tf.sin(y))
        for bits in range(8):
            given = [bool(bits >> i & 1) for i in range(5)]
            wanted = 0.5
            for bit in given:
                wanted = wanted * 2 if bit else np.sin(wanted)
            got = session.run(y, {x: 0.5, **dict(zip(flags, given, strict=True))})
            np.testing.assert_allclose(got, wanted, rtol=1e-6)
        assert [len(e._only.compiled) for e in executors(session) if e._only] == [1]


def test_a_mask_does_not_decide() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        mask = tf.placeholder(tf.bool, [None])
        x = tf.placeholder(tf.float32, [None])
        y = tf.cond(tf.reduce_any(mask), lambda: tf.exp(x), lambda: x)
        for i in range(6):
            given = np.arange(6) < i
            session.run(y, {mask: given, x: np.ones(6)})
        assert [len(e._only.compiled) for e in executors(session) if e._only] == [1]


def test_a_predicate_of_a_wrong_shape() -> None:
    with tf.Graph().as_default():
        flags = tf.placeholder(tf.bool, [None])
        with pytest.raises(ValueError, match=r"rank 0 but is rank 1.*tf\.where"):
            tf.cond(flags, lambda: 1.0, lambda: 0.0)
