"""`tf.contrib.nn`."""

from __future__ import annotations

import numpy as np

import tf1x as tf


def test_flipped_cross_entropies_and_the_nth_element() -> None:
    logits, labels = tf.constant([[1.0, 2.0, 0.5]]), tf.constant([[0.0, 1.0, 0.0]])
    nn = tf.contrib.nn
    pairs = [
        (
            nn.deprecated_flipped_softmax_cross_entropy_with_logits(logits, labels),
            tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits),
        ),
        (
            nn.deprecated_flipped_sparse_softmax_cross_entropy_with_logits(logits, [1]),
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=logits),
        ),
        (
            nn.deprecated_flipped_sigmoid_cross_entropy_with_logits(logits, labels),
            tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits),
        ),
    ]
    with tf.Session() as session:
        for ours, plain in pairs:
            np.testing.assert_array_equal(*session.run([ours, plain]))
        assert session.run(nn.nth_element([[3.0, 1.0, 2.0]], 1)) == [2.0]
