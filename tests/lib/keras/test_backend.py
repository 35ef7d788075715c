"""`K`'s functions on graph tensors, compared with those of TensorFlow 2.21's Keras 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1

RNG = np.random.RandomState(0)
A, B = RNG.rand(3, 4).astype("f"), RNG.rand(4, 5).astype("f")
STEPS, IMAGES = RNG.rand(2, 5, 3).astype("f"), RNG.rand(2, 6, 6, 3).astype("f")
LABELS = RNG.rand(2, 7, 5).astype("f")
LABELS /= LABELS.sum(-1, keepdims=True)
KERNEL, POINTS = RNG.rand(3, 3, 3, 2).astype("f"), RNG.rand(1, 1, 6, 2).astype("f")
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 1]], bool)


def _rnn(K: Any, mask: Any = None, **options: Any) -> list[Any]:
    def step(x: Any, states: Any) -> Any:
        new = K.tanh(x + 0.5 * states[0])
        return new, [new]

    mask = None if mask is None else K.constant(mask, dtype="bool")
    start = [K.constant(np.zeros((2, 3), "f"))]
    last, outputs, states = K.rnn(step, K.constant(STEPS), start, mask=mask, **options)
    return [last, outputs, states[0]]


def _each(x: Any, names: str, **options: Any) -> Callable[[Any], list[Any]]:
    return lambda K: [getattr(K, name)(K.constant(x), **options) for name in names.split()]


CASES: dict[str, Callable[[Any], list[Any]]] = {
    "rnn": _rnn,
    "rnn backwards": lambda K: _rnn(K, go_backwards=True),
    "rnn unrolled": lambda K: _rnn(K, unroll=True),
    "rnn masked": lambda K: _rnn(K, mask=MASK),
    "ctc": lambda K: [
        K.ctc_batch_cost(
            K.constant([[1, 2, 0], [3, 1, 2]]), K.constant(LABELS),
            K.constant([[7], [6]], dtype="int32"), K.constant([[2], [3]], dtype="int32"),
        )
    ],
    "products": lambda K: [
        K.dot(K.constant(A), K.constant(B)),
        K.batch_dot(K.constant(STEPS), K.constant(STEPS.transpose(0, 2, 1))),
        K.batch_dot(K.constant(STEPS[:, 0]), K.constant(STEPS[:, 1]), axes=1),
        K.batch_dot(K.constant(STEPS), K.constant(STEPS), axes=[2, 2]),
    ],
    "losses": lambda K: [
        K.categorical_crossentropy(K.constant(np.eye(5)[:3]), K.constant(LABELS[0, :3])),
        K.sparse_categorical_crossentropy(K.constant([1, 2]), K.constant(LABELS[:, 0])),
        K.binary_crossentropy(K.constant(A.round()), K.constant(A)),
        K.binary_crossentropy(K.constant(A.round()), K.constant(A), from_logits=True),
    ],
    "normalization": lambda K: [
        K.l2_normalize(K.constant(A), axis=1),
        *K.normalize_batch_in_training(
            K.constant(A), K.constant([1.0, 2, 3, 4]), K.constant([0.0, 1, 0, 1]), [0]
        ),
    ],
    "convolutions": lambda K: [
        K.conv2d(K.constant(IMAGES), K.constant(KERNEL), padding="same"),
        K.depthwise_conv2d(K.constant(IMAGES), K.constant(KERNEL)),
        K.separable_conv2d(K.constant(IMAGES), K.constant(KERNEL), K.constant(POINTS)),
        K.pool2d(K.constant(IMAGES), (2, 2), strides=(2, 2), pool_mode="avg"),
        K.bias_add(K.constant(IMAGES), K.constant([1.0, 2.0, 3.0])),
    ],
    "sizes": lambda K: [
        K.resize_images(K.constant(IMAGES), 2, 3, "channels_last"),
        K.repeat_elements(K.constant(A), 2, 1),
        K.repeat(K.constant(A), 3),
        K.spatial_2d_padding(K.constant(IMAGES)),
        K.temporal_padding(K.constant(STEPS)),
    ],
    "reductions": _each(A, "sum prod mean std var max min argmax argmin cumsum cumprod", axis=1),
    "any and all": lambda K: [K.any(K.constant(A) > 0.5, axis=0), K.all(K.constant(A) > 0.01)],
    "elements": _each(
        A, "abs sqrt exp log round sign square sin cos sigmoid hard_sigmoid tanh softmax softplus "
        "softsign elu ones_like zeros_like",
    ),
    "choices": lambda K: [
        K.relu(K.constant(A - 0.5), alpha=0.1, max_value=0.3),
        K.clip(K.constant(A), 0.2, 0.5),
        K.pow(K.constant(A), 2),
        K.switch(K.constant(A) > 0.5, K.constant(A), K.constant(-A)),
        K.in_train_phase(K.constant(A), K.constant(-A), training=1),
        K.in_top_k(K.constant(A), K.constant([1, 2, 0], dtype="int32"), 2),
    ],
    "shapes": lambda K: [
        K.permute_dimensions(K.constant(STEPS), (2, 0, 1)),
        K.squeeze(K.constant(A[None]), 0),
        K.batch_flatten(K.constant(STEPS)),
        K.reverse(K.constant(STEPS), 1),
        K.stack([K.constant(A), K.constant(A)], 1),
        K.concatenate([K.constant(A), K.constant(A)]),
        K.one_hot(K.constant([1, 0], dtype="int32"), 3),
        K.gather(K.constant(A), K.constant([1, 0], dtype="int32")),
        K.arange(3, 9, 2),
    ],
    "folds": lambda K: [
        K.map_fn(lambda x: x * 2, K.constant(A)),
        K.foldl(lambda a, x: a + x, K.constant(A)),
        K.foldr(lambda a, x: a - x, K.constant(A)),
    ],
}  # fmt: skip


def _values(tf: Any, case: Callable[[Any], list[Any]]) -> list[Any]:
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        tf.keras.backend.set_session(session)
        return session.run(case(tf.keras.backend))


@pytest.mark.parametrize("name", CASES)
def test_functions_as_in_keras_2(name: str) -> None:
    for ours, theirs in zip(_values(tf, CASES[name]), _values(tf1, CASES[name]), strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
