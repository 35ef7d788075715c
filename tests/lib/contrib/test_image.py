"""`tf.contrib.image`, which TensorFlow 2 no longer has: against NumPy."""

from __future__ import annotations

import numpy as np

import tf1x as tf

_IMAGE = np.arange(20, dtype=np.float32).reshape(4, 5)


def test_moved_images() -> None:
    moved = tf.contrib.image.translate(_IMAGE, [1, 2])
    batch = tf.contrib.image.translate(np.stack([_IMAGE] * 2)[..., None], [[0, 0], [-1, 0]])
    with tf.Session() as session:
        found, pair = session.run([moved, batch])
    wanted = np.zeros_like(_IMAGE)
    wanted[2:, 1:] = _IMAGE[:-2, :-1]
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(pair[0, ..., 0], _IMAGE)
    np.testing.assert_array_equal(pair[1, :, :-1, 0], _IMAGE[:, 1:])


def test_rotated_images() -> None:
    square = _IMAGE[:, :4].copy()
    turns = [tf.contrib.image.rotate(square, k * np.pi / 2, "BILINEAR") for k in range(4)]
    with tf.Session() as session:
        for k, found in enumerate(session.run(turns)):
            np.testing.assert_allclose(found[1:3, 1:3], np.rot90(square, k)[1:3, 1:3], atol=1e-4)


def test_composed_transforms() -> None:
    there = tf.contrib.image.translations_to_projective_transforms([3.0, -1.0])
    back = tf.contrib.image.translations_to_projective_transforms([-3.0, 1.0])
    with tf.Session() as session:
        found = session.run(tf.contrib.image.compose_transforms(there, back))
    np.testing.assert_allclose(found, [[1, 0, 0, 0, 1, 0, 0, 0]], atol=1e-6)
