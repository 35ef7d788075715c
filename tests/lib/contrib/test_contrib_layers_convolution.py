"""Convolutions of `tf.contrib.layers` against those of `tf.layers` and `tf.nn`, same weights."""

from __future__ import annotations

from typing import Any

import pytest

import tf1x
from tests.lib.contrib.test_contrib_layers import Case, check
from tests.oracle import tf1

L = tf1x.contrib.layers


def _in_plane(x: Any) -> Any:
    weights, biases = tf1.get_variable("w", [2, 3, 1, 1]), tf1.get_variable("b", [4])
    y = tf1.nn.depthwise_conv2d(x, tf1.tile(weights, [1, 1, 4, 1]), [1, 2, 2, 1], "VALID")
    return tf1.nn.relu(y + biases)


def _depthwise(x: Any) -> Any:
    weights, biases = tf1.get_variable("w", [3, 3, 4, 2]), tf1.get_variable("b", [8])
    return tf1.nn.depthwise_conv2d(x, weights, [1, 1, 1, 1], "SAME", rate=[2, 2]) + biases


def _gdn(x: Any, inverse: bool) -> Any:
    beta = tf1.get_variable("beta", [3])
    gamma = tf1.get_variable("gamma", [3, 3])
    pool = tf1.tensordot(tf1.square(x), tf1.square(gamma) - 2**-36, 1) + tf1.square(beta) - 2**-36
    return x * tf1.sqrt(pool) if inverse else x / tf1.sqrt(pool)


_CONV = "Conv/weights Conv/biases"

CASES = [
    Case(
        "conv2d",
        lambda x: L.conv2d(x, 3, 3),
        lambda x: tf1.layers.conv2d(x, 3, 3, padding="same", activation=tf1.nn.relu),
        (2, 5, 6, 4),
        _CONV,
    ),
    Case(
        "conv2d with strides, without biases",
        lambda x: L.convolution2d(
            x, 3, [3, 2], [2, 1], "VALID", activation_fn=None, biases_initializer=None, scope="c"
        ),
        lambda x: tf1.layers.conv2d(x, 3, [3, 2], [2, 1], use_bias=False),
        (2, 5, 6, 4),
        "c/weights",
    ),
    Case(
        "conv2d, dilated",
        lambda x: L.conv2d(x, 3, 3, rate=2, activation_fn=None),
        lambda x: tf1.layers.conv2d(x, 3, 3, padding="same", dilation_rate=2),
        (2, 7, 7, 4),
        _CONV,
    ),
    Case(
        "conv2d, normalised",
        lambda x: L.conv2d(x, 3, 3, normalizer_fn=L.batch_norm),
        lambda x: tf1.nn.relu(
            tf1.layers.batch_normalization(
                tf1.layers.conv2d(x, 3, 3, padding="same", use_bias=False),
                momentum=0.999, scale=False, training=True, fused=True,
            )
        ),
        (2, 5, 6, 4),
        "Conv/weights Conv/BatchNorm/beta Conv/BatchNorm/moving_mean "
        "Conv/BatchNorm/moving_variance",
    ),
    Case(
        "conv1d",
        lambda x: L.conv1d(x, 3, 3, stride=2),
        lambda x: tf1.layers.conv1d(x, 3, 3, 2, "same", activation=tf1.nn.relu),
        (2, 7, 4),
        _CONV,
    ),
    Case(
        "convolution of rank 5",
        lambda x: L.convolution(x, 3, 2),
        lambda x: tf1.layers.conv3d(x, 3, 2, padding="same", activation=tf1.nn.relu),
        (2, 3, 4, 5, 2),
        _CONV,
    ),
    Case(
        "conv2d_transpose",
        lambda x: L.conv2d_transpose(x, 3, [3, 4], 2),
        lambda x: tf1.layers.conv2d_transpose(
            x, 3, [3, 4], 2, "same", activation=tf1.nn.relu
        ),
        (2, 3, 4, 5),
        "Conv2d_transpose/weights Conv2d_transpose/biases",
    ),
    Case(
        "conv3d_transpose",
        lambda x: L.conv3d_transpose(x, 3, 2, 2, "VALID", activation_fn=None),
        lambda x: tf1.layers.conv3d_transpose(x, 3, 2, 2),
        (2, 2, 3, 2, 4),
        "Conv3d_transpose/weights Conv3d_transpose/biases",
    ),
    Case(
        "separable_conv2d",
        lambda x: L.separable_conv2d(x, 3, 3, 2),
        lambda x: tf1.layers.separable_conv2d(
            x, 3, 3, padding="same", depth_multiplier=2, activation=tf1.nn.relu
        ),
        (2, 5, 6, 4),
        "SeparableConv2d/depthwise_weights SeparableConv2d/pointwise_weights SeparableConv2d/biases",
    ),
    Case(
        "separable_conv2d, depthwise only, dilated",
        lambda x: L.separable_conv2d(x, None, 3, 2, rate=2, activation_fn=None),
        _depthwise,
        (2, 7, 6, 4),
        "SeparableConv2d/depthwise_weights SeparableConv2d/biases",
    ),
    Case(
        "conv2d_in_plane",
        lambda x: L.conv2d_in_plane(x, [2, 3], 2, "VALID"),
        _in_plane,
        (2, 5, 6, 4),
        "ConvInPlane/weights ConvInPlane/biases",
    ),
    Case("gdn", L.gdn, lambda x: _gdn(x, False), (2, 4, 5, 3), "gdn/reparam_beta gdn/reparam_gamma"),
    Case(
        "gdn, inverse",
        lambda x: L.gdn(x, inverse=True, name="g"),
        lambda x: _gdn(x, True),
        (2, 4, 3),
        "g/reparam_beta g/reparam_gamma",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_layer(case: Case) -> None:
    check(case)


def test_channels_first_equals_channels_last() -> None:
    with tf1x.Graph().as_default():
        x = tf1x.random_normal([2, 5, 6, 4], seed=1)
        first = tf1x.transpose(x, [0, 3, 1, 2])
        for layer in (L.conv2d, L.conv2d_transpose, L.separable_conv2d):
            a = layer(x, 3, 3, scope=layer.__name__)
            b = layer(first, 3, 3, data_format="NCHW", scope=layer.__name__, reuse=True)
            apart = tf1x.reduce_max(tf1x.abs(tf1x.transpose(a, [0, 3, 1, 2]) - b))
            with tf1x.Session() as session:
                session.run(tf1x.global_variables_initializer())
                assert session.run(apart) < 1e-5


def test_default_scopes_and_nodes() -> None:
    with tf1x.Graph().as_default() as graph:
        x = tf1x.placeholder(tf1x.float32, [None, 8, 8, 1])
        first, second = L.conv2d(x, 2, 3), L.conv2d(x, 2, 3)
        assert (first.op.name, second.op.name) == ("Conv/Relu", "Conv_1/Relu")
        assert graph.get_operation_by_name("Conv/Conv2D").type == "Conv2D"
        assert graph.get_operation_by_name("Conv_1/BiasAdd").type == "BiasAdd"
        assert L.max_pool2d(x, 2).op.name == "MaxPool2D/MaxPool"
        assert L.avg_pool2d(x, 2, scope="p").op.name == "p/AvgPool"


def test_refusals() -> None:
    with tf1x.Graph().as_default():
        x = tf1x.placeholder(tf1x.float32, [None, 8, 8, 1])
        with pytest.raises(ValueError, match="Invalid data_format"):
            L.conv2d(x, 2, 3, data_format="CHW")
        with pytest.raises(ValueError, match="expects input with rank 3"):
            L.conv1d(x, 2, 3)
        with pytest.raises(ValueError, match="NCHW or NHWC"):
            L.max_pool2d(x, 2, data_format="NHC")
