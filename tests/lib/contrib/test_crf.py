"""`tf.contrib.crf` against the sum and the maximum over all sequences of tags."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import tf1x as tf

crf = tf.contrib.crf
RNG = np.random.RandomState(0)
SCORES = RNG.randn(4, 5, 3).astype(np.float32)
TRANSITIONS = RNG.randn(3, 3).astype(np.float32)
TAGS = RNG.randint(0, 3, (4, 5)).astype(np.int32)
LENGTHS = np.int32([5, 3, 1, 4])


def score(row: int, tags: Any) -> float:
    unary = sum(SCORES[row, t, tag] for t, tag in enumerate(tags))
    return unary + sum(TRANSITIONS[a, b] for a, b in itertools.pairwise(tags))


def every(row: int) -> dict[tuple[int, ...], float]:
    return {tags: score(row, tags) for tags in itertools.product(range(3), repeat=LENGTHS[row])}


def test_likelihood_and_decoding() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = tf.placeholder(tf.float32, [None, None, 3])
        likelihood, transitions = crf.crf_log_likelihood(inputs, TAGS, LENGTHS, TRANSITIONS)
        allowed = crf.crf_multitag_sequence_score(
            inputs,
            tf.one_hot(TAGS, 3, on_value=True, off_value=False, dtype=tf.bool),
            LENGTHS,
            TRANSITIONS,
        )
        alone = crf.crf_sequence_score(inputs, TAGS, LENGTHS, TRANSITIONS)
        best, best_score = crf.crf_decode(inputs, TRANSITIONS, LENGTHS)
        slope = tf.gradients(likelihood, inputs)[0]
        found = session.run([likelihood, allowed, alone, best, best_score, slope], {inputs: SCORES})
    assert transitions is TRANSITIONS
    for row, length in enumerate(LENGTHS):
        scores = every(row)
        norm = np.log(np.sum(np.exp(list(scores.values()))))
        own = scores[tuple(TAGS[row, :length])]
        np.testing.assert_allclose(found[0][row], own - norm, rtol=1e-4)
        np.testing.assert_allclose([found[1][row], found[2][row]], own, rtol=1e-4)
        path = max(scores, key=lambda tags: scores[tags])
        assert tuple(found[3][row, :length]) == path
        assert not found[3][row, length:].any()
        np.testing.assert_allclose(found[4][row], scores[path], rtol=1e-5)
        path_alone, alone_score = crf.viterbi_decode(SCORES[row, :length], TRANSITIONS)
        assert tuple(path_alone) == path
        np.testing.assert_allclose(alone_score, scores[path], rtol=1e-5)
    assert np.isfinite(found[5]).all()


def test_the_transitions_are_a_variable() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        likelihood, transitions = crf.crf_log_likelihood(tf.constant(SCORES), TAGS, LENGTHS)
        assert transitions.op.name == "transitions"
        train = tf.train.GradientDescentOptimizer(0.1).minimize(-tf.reduce_mean(likelihood))
        session.run(tf.global_variables_initializer())
        before = session.run(likelihood).mean()
        for _ in range(5):
            session.run(train)
        assert session.run(likelihood).mean() > before
