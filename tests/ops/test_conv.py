"""Convolutions: the functions of `tf.nn` against TensorFlow, other layouts, and training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import floats

_X = floats(2, 6, 7, 3)
_W = floats(3, 3, 3, 4, seed=1)
_DEPTHWISE = floats(3, 3, 3, 2, seed=2)
_POINTWISE = floats(1, 1, 6, 5, seed=3)
_SEQUENCE = floats(2, 8, 3)
_FILTERS = floats(3, 3, 4, seed=1)
_VOLUME = floats(2, 4, 5, 3, 2)
_KERNEL = floats(2, 3, 3, 2, 3, seed=1)
_G = floats(2, 6, 7, 4, seed=4)
_ONES = [1, 1, 1, 1]


def _open(tf: Any, value: Any, rank: bool = True) -> Any:
    """A tensor with that value whose dimensions (and rank) are not known while building."""
    return tf.placeholder_with_default(
        tf.constant(value), [None] * np.ndim(value) if rank else None
    )


SAME: dict[str, Program] = {
    "conv2d": lambda tf: tf.nn.conv2d(_X, _W, [1, 2, 2, 1], "SAME"),
    "conv2d named": lambda tf: tf.nn.conv2d(input=tf.constant(_X), filter=_W, strides=_ONES, padding="VALID", use_cudnn_on_gpu=False, name="c"),
    "conv2d filters": lambda tf: tf.nn.conv2d(tf.constant(_X), filters=_W, strides=2, padding=[[0, 0], [1, 0], [2, 1], [0, 0]]),
    "conv2d dilations": lambda tf: tf.nn.conv2d(tf.constant(_X), _W, [1, 1], "SAME", dilations=[2, 1]),
    "conv2d open": lambda tf: tf.nn.conv2d(_open(tf, _X), _open(tf, _W), _ONES, "SAME"),
    "conv2d rank": lambda tf: tf.nn.conv2d(_open(tf, _X, False), _W, _ONES, "SAME"),
    "conv1d": lambda tf: tf.nn.conv1d(_SEQUENCE, _FILTERS, 2, "SAME"),
    "conv1d named": lambda tf: tf.nn.conv1d(value=tf.constant(_SEQUENCE), filters=_FILTERS, stride=1, padding="VALID", data_format="NWC", name="c"),
    "conv1d dilated": lambda tf: tf.nn.conv1d(input=tf.constant(_SEQUENCE), filters=_FILTERS, stride=1, padding="SAME", dilations=2),
    "conv3d": lambda tf: tf.nn.conv3d(_VOLUME, _KERNEL, [1, 1, 2, 1, 1], "SAME", name="c"),
    "conv2d_transpose": lambda tf: tf.nn.conv2d_transpose(tf.constant(_G), _W, [2, 12, 14, 3], [1, 2, 2, 1]),
    "conv2d_transpose named": lambda tf: tf.nn.conv2d_transpose(value=tf.constant(_G), filter=_W, output_shape=tf.constant([2, 8, 9, 3]), strides=1, padding="VALID", name="up"),
    "conv2d_transpose open": lambda tf: (lambda g: tf.nn.conv2d_transpose(g, _W, tf.stack([tf.shape(g)[0], 12, 14, 3]), [1, 2, 2, 1]))(_open(tf, _G)),
    "conv1d_transpose": lambda tf: tf.nn.conv1d_transpose(tf.constant(floats(2, 4, 4)), _FILTERS, [2, 8, 3], 2),
    "conv3d_transpose": lambda tf: tf.nn.conv3d_transpose(tf.constant(floats(2, 2, 3, 2, 3)), _KERNEL, [2, 4, 5, 3, 2], [1, 2, 2, 2, 1], name="up"),
    "conv_transpose": lambda tf: tf.nn.conv_transpose(tf.constant(_G), _W, [2, 12, 14, 3], 2),
    "backprop input": lambda tf: tf.nn.conv2d_backprop_input([2, 6, 7, 3], _W, _G, _ONES, "SAME"),
    "backprop filter": lambda tf: tf.nn.conv2d_backprop_filter(_X, [3, 3, 3, 4], _G, _ONES, "SAME", name="b"),
    "atrous": lambda tf: tf.nn.atrous_conv2d(tf.constant(_X), _W, 2, "SAME"),
    "atrous valid": lambda tf: tf.nn.atrous_conv2d(tf.constant(_X), _W, rate=2, padding="VALID", name="a"),
    "atrous 1": lambda tf: tf.nn.atrous_conv2d(_X, _W, 1, "SAME"),
    "atrous open": lambda tf: tf.nn.atrous_conv2d(_open(tf, _X), tf.constant(_W), 2, "SAME"),
    "atrous transpose": lambda tf: tf.nn.atrous_conv2d_transpose(tf.constant(_G), _W, [2, 6, 7, 3], 2, "SAME"),
    "atrous transpose valid": lambda tf: tf.nn.atrous_conv2d_transpose(tf.constant(_G), tf.constant(_W), [2, 10, 11, 3], 2, "VALID", name="a"),
    "atrous transpose 1": lambda tf: tf.nn.atrous_conv2d_transpose(tf.constant(_G), _W, [2, 6, 7, 3], 1, "SAME"),
    "convolution": lambda tf: tf.nn.convolution(_X, _W, "SAME"),
    "convolution strides": lambda tf: tf.nn.convolution(tf.constant(_X), tf.constant(_W), padding="VALID", strides=[2, 1], name="layer"),
    "convolution dilated": lambda tf: tf.nn.convolution(tf.constant(_X), tf.constant(_W), "SAME", dilation_rate=[2, 3]),
    "convolution one dilated": lambda tf: tf.nn.convolution(tf.constant(_X), tf.constant(_W), "VALID", dilation_rate=[1, 2], data_format="NHWC"),
    "convolution 1d": lambda tf: tf.nn.convolution(tf.constant(_SEQUENCE), tf.constant(_FILTERS), "SAME", [2]),
    "convolution 1d dilated": lambda tf: tf.nn.convolution(tf.constant(_SEQUENCE), tf.constant(_FILTERS), "SAME", dilation_rate=[2], name="layer"),
    "convolution 3d": lambda tf: tf.nn.convolution(tf.constant(_VOLUME), tf.constant(_KERNEL), "SAME", strides=[1, 2, 1]),
    "convolution 3d dilated": lambda tf: tf.nn.convolution(tf.constant(_VOLUME), tf.constant(_KERNEL), "SAME", dilations=[1, 2, 1]),
    "depthwise": lambda tf: tf.nn.depthwise_conv2d(_X, _DEPTHWISE, _ONES, "SAME"),
    "depthwise named": lambda tf: tf.nn.depthwise_conv2d(tf.constant(_X), _DEPTHWISE, strides=[1, 2, 2, 1], padding="VALID", name="d"),
    "depthwise rate": lambda tf: tf.nn.depthwise_conv2d(tf.constant(_X), tf.constant(_DEPTHWISE), _ONES, "SAME", rate=[2, 2]),
    "depthwise rate valid": lambda tf: tf.nn.depthwise_conv2d(tf.constant(_X), tf.constant(_DEPTHWISE), _ONES, "VALID", rate=[2, 1]),
    "depthwise pairs": lambda tf: tf.nn.depthwise_conv2d(tf.constant(_X), _DEPTHWISE, _ONES, [[0, 0], [1, 0], [2, 1], [0, 0]]),
    "depthwise pairs, rate": lambda tf: tf.nn.depthwise_conv2d(tf.constant(_X), _DEPTHWISE, _ONES, [[0, 0], [1, 0], [2, 1], [0, 0]], rate=[2, 2]),
    "depthwise native": lambda tf: tf.nn.depthwise_conv2d_native(tf.constant(_X), _DEPTHWISE, _ONES, "SAME"),
    "depthwise backprop input": lambda tf: tf.nn.depthwise_conv2d_native_backprop_input([2, 6, 7, 3], _DEPTHWISE, floats(2, 6, 7, 6), _ONES, "SAME"),
    "depthwise backprop filter": lambda tf: tf.nn.depthwise_conv2d_backprop_filter(_X, [3, 3, 3, 2], floats(2, 6, 7, 6), _ONES, "SAME"),
    "separable": lambda tf: tf.nn.separable_conv2d(tf.constant(_X), _DEPTHWISE, _POINTWISE, [1, 2, 2, 1], "SAME"),
    "separable rate": lambda tf: tf.nn.separable_conv2d(tf.constant(_X), _DEPTHWISE, _POINTWISE, _ONES, "SAME", rate=[2, 2], name="s"),
    "with_space_to_batch": lambda tf: tf.nn.with_space_to_batch(tf.constant(_X), [2, 2], "SAME", lambda x, n, padding: tf.nn.avg_pool(x, [1, 2, 2, 1], _ONES, padding), filter_shape=[2, 2]),
    "with_space_to_batch one": lambda tf: tf.nn.with_space_to_batch(tf.constant(_X), [2], "VALID", lambda x, n, padding: tf.nn.avg_pool(x, [1, 1, 2, 1], _ONES, padding), spatial_dims=[2]),
    "dilation2d": lambda tf: tf.nn.dilation2d(_X, _W[..., 0], _ONES, [1, 2, 1, 1], "SAME"),
    "erosion2d": lambda tf: tf.nn.erosion2d(tf.constant(_X), _W[..., 0], [1, 2, 1, 1], _ONES, "VALID"),
    "erosion2d named": lambda tf: tf.nn.erosion2d(value=tf.constant(_X), kernel=tf.constant(_W[..., 1]), strides=_ONES, rates=_ONES, padding="SAME", name="e"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name], rtol=1e-4)


def _gradients(tf: Any, function: Program, *values: Any) -> list[Any]:
    """The gradients of half the square of what the function gives."""
    xs = [tf.constant(v) for v in values]
    y = function(*xs)
    return tf.gradients(y, xs, grad_ys=y)


def _twice(tf: Any, function: Program, *values: Any) -> list[Any]:
    xs = [tf.constant(v) for v in values]
    first = tf.gradients(tf.tanh(function(*xs) / 9), xs)
    return tf.gradients([tf.reduce_sum(g**2) for g in first], xs)


def _from_ones(tf: Any, function: Program, *values: Any) -> list[Any]:
    xs = [tf.constant(v) for v in values]
    return tf.gradients(function(*xs), xs)


GRADIENTS: dict[str, Program] = {
    "conv2d": lambda tf: _from_ones(tf, lambda x, w: tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME"), _X, _W),
    "conv3d": lambda tf: _from_ones(tf, lambda x, w: tf.nn.conv3d(x, w, [1] * 5, "SAME"), _VOLUME, _KERNEL),
    "depthwise": lambda tf: _from_ones(tf, lambda x, w: tf.nn.depthwise_conv2d(x, w, _ONES, "SAME"), _X, _DEPTHWISE),
    "transpose": lambda tf: _from_ones(tf, lambda g, w: tf.nn.conv2d_transpose(g, w, [2, 12, 14, 3], 2), _G, _W),
    "dilation2d": lambda tf: _from_ones(tf, lambda x, w: tf.nn.dilation2d(x, w, _ONES, _ONES, "SAME"), _X, _W[..., 0]),
}  # fmt: skip
VALUES: dict[str, Program] = {
    "conv2d twice": lambda tf: _twice(tf, lambda x, w: tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME"), _X, _W),
    "conv3d twice": lambda tf: _twice(tf, lambda x, w: tf.nn.conv3d(x, w, [1] * 5, "VALID"), _VOLUME, _KERNEL),
    "depthwise twice": lambda tf: _twice(tf, lambda x, w: tf.nn.depthwise_conv2d(x, w, _ONES, "SAME"), _X, _DEPTHWISE),
    "atrous": lambda tf: _gradients(tf, lambda x, w: tf.nn.atrous_conv2d(x, w, 2, "SAME"), _X, _W),
    "separable": lambda tf: _gradients(tf, lambda x, d, p: tf.nn.separable_conv2d(x, d, p, _ONES, "SAME"), _X, _DEPTHWISE, _POINTWISE),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradient_graphs(name: str) -> None:
    assert_same(GRADIENTS[name], rtol=1e-4)


@pytest.mark.parametrize("name", VALUES)
def test_gradient_values(name: str) -> None:
    assert_same(VALUES[name], nodes=False, rtol=2e-4)


# -- what TensorFlow's CPU kernels do not have -----------------------------------------------------


def _first(x: Any) -> Any:
    return np.moveaxis(x, -1, 1)


_FORMATS = {3: ("NWC", "NCW"), 4: ("NHWC", "NCHW"), 5: ("NDHWC", "NCDHW")}


def _strides(data_format: str) -> list[int]:
    """A stride of 2 along the first spatial dimension."""
    return [
        2 if letter == data_format.replace("N", "").replace("C", "")[0] else 1
        for letter in data_format
    ]


LAYOUTS: dict[str, tuple[Any, Any, Any]] = {
    "conv1d": (lambda tf, x, w, f: tf.nn.conv1d(x, w, 2, "SAME", data_format=f), _SEQUENCE, _FILTERS),
    "conv2d": (lambda tf, x, w, f: tf.nn.conv2d(x, w, _strides(f), "SAME", data_format=f), _X, _W),
    "conv2d valid": (lambda tf, x, w, f: tf.nn.conv2d(x, w, _strides(f), "VALID", data_format=f), _X, _W),
    "conv2d 1x1": (lambda tf, x, w, f: tf.nn.conv2d(x, w, _strides(f), "VALID", data_format=f), _X, _W[:1, :1]),
    "conv3d": (lambda tf, x, w, f: tf.nn.conv3d(x, w, _strides(f), "SAME", data_format=f), _VOLUME, _KERNEL),
    "depthwise": (lambda tf, x, w, f: tf.nn.depthwise_conv2d(x, w, _strides(f), "SAME", data_format=f), _X, _DEPTHWISE),
    "depthwise rate": (lambda tf, x, w, f: tf.nn.depthwise_conv2d(x, w, _ONES, "SAME", rate=[2, 2], data_format=f), _X, _DEPTHWISE),
    "dilated": (lambda tf, x, w, f: tf.nn.convolution(x, w, "SAME", dilation_rate=[2, 3], data_format=f), _X, _W),
    "separable": (lambda tf, x, w, f: tf.nn.separable_conv2d(x, w, _POINTWISE, _ONES, "SAME", data_format=f), _X, _DEPTHWISE),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_channels_first_equals_channels_last(name: str) -> None:
    function, x, w = LAYOUTS[name]
    last, first = _FORMATS[x.ndim]
    found = []
    for images, layout in ((x, last), (np.ascontiguousarray(_first(x)), first)):
        inputs = [tf1x.constant(images), tf1x.constant(w)]
        y = function(tf1x, *inputs, layout)
        with tf1x.Session() as session:
            found.append(session.run([y, *tf1x.gradients(tf1x.reduce_sum(y**2), inputs)]))
            assert y.shape.as_list() == list(found[-1][0].shape)
    for ours, images_first in zip(found[0][:2], found[1][:2], strict=True):
        np.testing.assert_allclose(_first(ours), images_first, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-4, atol=1e-3)


def test_dilated_depthwise_op_equals_space_to_batch() -> None:
    inputs = [tf1x.constant(_X), tf1x.constant(_DEPTHWISE)]
    direct = tf1x.nn.depthwise_conv2d_native(*inputs, _ONES, "SAME", dilations=[1, 2, 2, 1])
    blocks = tf1x.nn.depthwise_conv2d(*inputs, _ONES, "SAME", rate=[2, 2])
    with tf1x.Session() as session:
        a, b = (
            session.run([y, *tf1x.gradients(tf1x.reduce_sum(y**2), inputs)])
            for y in (direct, blocks)
        )
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_groups_have_gradients() -> None:
    x, w = floats(2, 5, 4, 6), floats(3, 3, 2, 9, seed=1)
    inputs = [tf1x.constant(x), tf1x.constant(w)]
    whole = tf1x.nn.conv2d(*inputs, _ONES, "SAME")
    parts = [
        tf1x.nn.conv2d(a, b, _ONES, "SAME")
        for a, b in zip(tf1x.split(inputs[0], 3, 3), tf1x.split(inputs[1], 3, 3), strict=True)
    ]
    with tf1x.Session() as session:
        a, b = (
            session.run([y, *tf1x.gradients(tf1x.reduce_sum(y**2), inputs)])
            for y in (whole, tf1x.concat(parts, 3))
        )
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


# -- errors and static shapes ----------------------------------------------------------------------

ERRORS: dict[str, tuple[Program, str]] = {
    "rank": (
        lambda tf: tf.nn.conv2d(_X[0], _W, _ONES, "SAME"),
        "Shape must be rank 4 but is rank 3",
    ),
    "channels": (
        lambda tf: tf.nn.conv2d(_X, _W[:, :, :2], _ONES, "SAME"),
        "Depth of input (3) is not a multiple of input depth of filter (2)",
    ),
    "too small": (
        lambda tf: tf.nn.conv2d(_X[:, :2], _W, _ONES, "VALID"),
        "Negative dimension size caused by subtracting 3 from 2",
    ),
    "strides": (
        lambda tf: tf.nn.conv2d(_X, _W, [1, 1, 1], "SAME"),
        "strides should be of length 1, 2 or 4",
    ),
    "padding": (lambda tf: tf.nn.conv2d(_X, _W, _ONES, "same"), "'padding'"),
    "explicit": (
        lambda tf: tf.nn.conv2d(_X, _W, _ONES, "EXPLICIT"),
        "'EXPLICIT' is not a valid value for `padding`",
    ),
    "pairs": (
        lambda tf: tf.nn.conv2d(_X, _W, _ONES, [[1, 1], [1, 1]]),
        "When padding is a list, it must be of size 4",
    ),
    "conv1d format": (
        lambda tf: tf.nn.conv1d(_SEQUENCE, _FILTERS, 1, "SAME", data_format="NDHWC"),
        "`data_format` must be 'NWC' or 'NCW'",
    ),
    "stride and dilation": (
        lambda tf: tf.nn.convolution(_X, _W, "SAME", strides=[2, 2], dilation_rate=[2, 2]),
        "not supported in conjunction with",
    ),
    "dims": (
        lambda tf: tf.nn.convolution(_X[:, 0, 0], _W[0, 0], "SAME"),
        "`num_spatial_dims` must be 1, 2, or 3",
    ),
    "depthwise channels": (
        lambda tf: tf.nn.depthwise_conv2d(_X, _DEPTHWISE[:, :, :2], _ONES, "SAME"),
        "Dimensions must be equal, but are 3 and 2",
    ),
}
# TensorFlow says these later, or in other words.
OUR_ERRORS: dict[str, tuple[Program, str, str]] = {
    "batch stride": (lambda tf: tf.nn.conv2d(_X, _W, [2, 1, 1, 1], "SAME"), "ValueError", "strides and dilations of the batch and depth dimensions must be 1"),
    "fed channels": (lambda tf: tf.nn.conv2d(_open(tf, _X), _W[:, :, :2], _ONES, "SAME"), "InvalidArgumentError", "Depth of input (3) is not a multiple of input depth of filter (2)"),
    "wrong gradient": (lambda tf: tf.nn.conv2d_backprop_input([2, 6, 7, 3], _W, _G[:, :3], _ONES, "SAME"), "InvalidArgumentError", "doesn't match computed"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    from tests.oracle import tf1

    program, text = ERRORS[name]
    ours, theirs = error_of(tf1x, program), error_of(tf1, program)
    assert text in ours[1]
    assert text in theirs[1]
    assert ours[0] == theirs[0]


@pytest.mark.parametrize("name", OUR_ERRORS)
def test_our_errors(name: str) -> None:
    program, kind, text = OUR_ERRORS[name]
    found = error_of(tf1x, program)
    assert found[0] == kind
    assert text in found[1]


def test_static_shapes_with_unknown_dimensions() -> None:
    images = tf1x.placeholder(tf1x.float32, [None, 28, None, 3])
    assert tf1x.nn.conv2d(images, _W, 2, "SAME").shape.as_list() == [None, 14, None, 4]
    assert tf1x.nn.conv2d(images, _W, 1, "VALID").shape.as_list() == [None, 26, None, 4]
    assert tf1x.nn.depthwise_conv2d(images, _DEPTHWISE, _ONES, "SAME").shape.as_list() == [
        None, 28, None, 6,
    ]  # fmt: skip
    anything = tf1x.placeholder(tf1x.float32)
    assert tf1x.nn.conv2d(anything, _W, 2, "SAME").shape.as_list() == [None, None, None, 4]
    up = tf1x.nn.conv2d_transpose(
        images, np.zeros([3, 3, 5, 3], np.float32), [tf1x.shape(images)[0], 56, 28, 5], 2
    )
    assert up.shape.as_list() == [None, 56, 28, 5]


# -- training --------------------------------------------------------------------------------------


def _training(tf: Any) -> list[np.ndarray]:
    """The losses and weights of ten steps of a network of two convolutions."""
    rng = np.random.RandomState(0)
    images, labels = rng.rand(20, 12, 12, 1), np.eye(5)[rng.randint(0, 5, 20)]
    starts = [rng.randn(*s) * 0.3 for s in ([3, 3, 1, 8], [8], [3, 3, 8, 16], [16], [144, 5])]
    graph = tf.Graph()
    with graph.as_default():
        x, y = tf.placeholder(tf.float32, [None, 12, 12, 1]), tf.placeholder(tf.float32, [None, 5])
        w1, b1, w2, b2, w3 = (tf.Variable(s.astype(np.float32)) for s in starts)
        first = tf.nn.relu(tf.nn.conv2d(x, w1, strides=_ONES, padding="SAME") + b1)
        first = tf.nn.max_pool(first, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        second = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(first, w2, [1, 2, 2, 1], "SAME"), b2))
        logits = tf.matmul(tf.reshape(second, [-1, 144]), w3)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits))
        train = tf.train.AdamOptimizer(0.01).minimize(loss)
        with tf.Session(graph=graph) as session:
            session.run(tf.global_variables_initializer())
            feed = {x: images, y: labels}
            losses = [session.run([loss, train], feed)[0] for _ in range(10)]
            return [np.array(losses), *session.run([w1, b1, w2, b2, w3])]


def test_a_network_trains_as_in_tensorflow() -> None:
    from tests.oracle import tf1

    ours, theirs = _training(tf1x), _training(tf1)
    assert ours[0][-1] < ours[0][0] / 2
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
