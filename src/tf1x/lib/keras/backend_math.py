"""`keras.backend`, in terms of `tf`: reductions, functions of elements, activations and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.lib.keras import backend as K
from tf1x.lib.keras.backend import tf


def _axis(axis: Any) -> Any:
    return list(axis) if isinstance(axis, (list, tuple)) else axis


def _float(x: Any) -> Any:
    x = tf.convert_to_tensor(x)
    return tf.cast(x, K.floatx()) if x.dtype.base_dtype.name == "bool" else x


# -- reductions --------------------------------------------------------------------------------


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_sum(x, _axis(axis), keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_prod(x, _axis(axis), keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_mean(_float(x), _axis(axis), keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_max(x, _axis(axis), keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_min(x, _axis(axis), keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_any(tf.cast(x, "bool"), _axis(axis), keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_all(tf.cast(x, "bool"), _axis(axis), keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = _float(x)
    centre = tf.reduce_mean(x, _axis(axis), True)
    return tf.reduce_mean(tf.square(x - centre), _axis(axis), keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.sqrt(var(x, axis, keepdims))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return tf.reduce_logsumexp(x, _axis(axis), keepdims)


def argmax(x: Any, axis: int = -1) -> Any:
    return tf.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    return tf.argmin(x, axis)


def cumsum(x: Any, axis: int = 0) -> Any:
    return tf.cumsum(x, axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    return tf.cumprod(x, axis)


# -- element by element ------------------------------------------------------------------------


def square(x: Any) -> Any:
    return tf.square(x)


def abs(x: Any) -> Any:
    return tf.abs(x)


def sqrt(x: Any) -> Any:
    """The root; of negative numbers 0."""
    return tf.sqrt(tf.maximum(x, 0.0))


def exp(x: Any) -> Any:
    return tf.exp(x)


def log(x: Any) -> Any:
    return tf.log(x)


def round(x: Any) -> Any:
    return tf.round(x)


def sign(x: Any) -> Any:
    return tf.sign(x)


def pow(x: Any, a: Any) -> Any:
    return tf.pow(x, a)


def sin(x: Any) -> Any:
    return tf.sin(x)


def cos(x: Any) -> Any:
    return tf.cos(x)


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    if max_value is None:
        max_value = np.inf
    elif isinstance(max_value, (int, float)) and max_value < min_value:
        max_value = min_value
    return tf.clip_by_value(x, min_value, max_value)


def equal(x: Any, y: Any) -> Any:
    return tf.equal(x, y)


def not_equal(x: Any, y: Any) -> Any:
    return tf.not_equal(x, y)


def greater(x: Any, y: Any) -> Any:
    return tf.greater(x, y)


def greater_equal(x: Any, y: Any) -> Any:
    return tf.greater_equal(x, y)


def less(x: Any, y: Any) -> Any:
    return tf.less(x, y)


def less_equal(x: Any, y: Any) -> Any:
    return tf.less_equal(x, y)


def maximum(x: Any, y: Any) -> Any:
    return tf.maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    return tf.minimum(x, y)


def cast(x: Any, dtype: Any) -> Any:
    return tf.cast(x, dtype)


def identity(x: Any, name: str | None = None) -> Any:
    return tf.identity(x, name)


# -- activations -------------------------------------------------------------------------------


def relu(x: Any, alpha: Any = 0.0, max_value: Any = None, threshold: Any = 0.0) -> Any:
    x = tf.convert_to_tensor(x)
    if threshold != 0:
        found = tf.where(x > threshold, x, alpha * (x - threshold))
    elif alpha != 0:
        found = tf.where(x > 0, x, alpha * x)
    else:
        found = tf.nn.relu(x)
    return found if max_value is None else tf.minimum(found, float(max_value))


def elu(x: Any, alpha: float = 1.0) -> Any:
    found = tf.nn.elu(x)
    return found if alpha == 1 else tf.where(x > 0, found, alpha * found)


def softmax(x: Any, axis: int = -1) -> Any:
    return tf.nn.softmax(x, axis)


def softplus(x: Any) -> Any:
    return tf.nn.softplus(x)


def softsign(x: Any) -> Any:
    return tf.nn.softsign(x)


def sigmoid(x: Any) -> Any:
    return tf.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)


def tanh(x: Any) -> Any:
    return tf.tanh(x)


def dropout(x: Any, level: Any, noise_shape: Any = None, seed: int | None = None) -> Any:
    return tf.nn.dropout(x, rate=level, noise_shape=noise_shape, seed=seed)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    return tf.nn.l2_normalize(x, axis)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    return tf.nn.in_top_k(predictions, targets, k)


# -- losses ------------------------------------------------------------------------------------


def _clipped(x: Any) -> Any:
    return tf.clip_by_value(x, K._EPSILON, 1.0 - K._EPSILON)


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    if from_logits:
        return tf.nn.softmax_cross_entropy_with_logits_v2(labels=target, logits=output, axis=axis)
    output = _clipped(output / tf.reduce_sum(output, axis, True))
    return -tf.reduce_sum(target * tf.log(output), axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    logits = output if from_logits else tf.log(_clipped(output))
    targets = tf.cast(tf.reshape(target, K._shape(logits)[:-1]), "int64")
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    if from_logits:
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=output)
    output = _clipped(output)
    return -(target * tf.log(output) + (1.0 - target) * tf.log(1.0 - output))


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Any:
    """Rows of labels with their lengths as a SparseTensor."""
    mask = tf.sequence_mask(label_lengths, tf.shape(labels)[1])
    places = tf.where(mask)
    return tf.SparseTensor(
        places, tf.gather_nd(labels, places), tf.shape(labels, out_type=tf.int64)
    )


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """The CTC loss of each row of the batch; `y_pred` are probabilities."""
    counts = tf.cast(tf.squeeze(label_length, -1), "int32")
    labels = tf.cast(ctc_label_dense_to_sparse(y_true, counts), "int32")
    logits = tf.log(tf.transpose(y_pred, [1, 0, 2]) + K._EPSILON)
    lengths = tf.cast(tf.squeeze(input_length, -1), "int32")
    return tf.expand_dims(tf.nn.ctc_loss(labels, logits, lengths), 1)


def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1
) -> Any:
    """Decoded sequences (dense, -1 after the end) and the logarithms of their probabilities."""
    logits = tf.log(tf.transpose(y_pred, [1, 0, 2]) + K._EPSILON)
    lengths = tf.cast(input_length, "int32")
    if greedy:
        decoded, scores = tf.nn.ctc_greedy_decoder(logits, lengths)
    else:
        decoded, scores = tf.nn.ctc_beam_search_decoder(
            logits, lengths, beam_width, top_paths, merge_repeated=False
        )
    return [tf.sparse_tensor_to_dense(d, default_value=-1) for d in decoded], scores
