"""Convolutional layers: nodes, variables, outputs and gradients are TensorFlow's."""

from __future__ import annotations

from typing import Any

import pytest

import tf1x
from tests.lib.layers.same import assert_same_graph, assert_same_values, numbers, plain
from tests.oracle import tf1

# name: function, shape of the inputs (None: batch of unknown size), arguments
CASES: dict[str, tuple[str, tuple[int | None, ...], dict[str, Any]]] = {
    "1d": ("conv1d", (None, 8, 3), {"filters": 4, "kernel_size": 3}),
    "1d strides same": (
        "conv1d",
        (None, 8, 3),
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"},
    ),
    "1d causal": ("conv1d", (None, 8, 3), {"filters": 4, "kernel_size": 3, "padding": "causal"}),
    "1d causal, dilated": (
        "conv1d",
        (None, 8, 3),
        {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
    ),
    "2d": ("conv2d", (None, 8, 7, 3), {"filters": 4, "kernel_size": 3}),
    "2d strides same": (
        "conv2d",
        (None, 8, 7, 3),
        {"filters": 4, "kernel_size": (3, 2), "strides": (2, 1), "padding": "SAME"},
    ),
    "2d no bias": ("conv2d", (None, 8, 7, 3), {"filters": 4, "kernel_size": 1, "use_bias": False}),
    "2d dilated": ("conv2d", (None, 8, 8, 3), {"filters": 4, "kernel_size": 3, "dilation_rate": 2}),
    "2d dilated same": (
        "conv2d",
        (None, 8, 8, 3),
        {"filters": 4, "kernel_size": 3, "dilation_rate": (2, 1), "padding": "same"},
    ),
    "2d sizes unknown": (
        "conv2d",
        (None, None, None, 3),
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
    ),
    "3d": ("conv3d", (None, 5, 6, 7, 2), {"filters": 3, "kernel_size": 2}),
    "3d strides same": (
        "conv3d",
        (None, 5, 6, 7, 2),
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
    ),
    "transposed 2d": (
        "conv2d_transpose",
        (None, 4, 5, 3),
        {"filters": 2, "kernel_size": 3, "strides": 2},
    ),
    "transposed 2d same": (
        "conv2d_transpose",
        (None, 4, 5, 3),
        {
            "filters": 2,
            "kernel_size": 3,
            "strides": (2, 1),
            "padding": "same",
            "activation": "tanh",
        },
    ),
    "transposed 2d, sizes unknown": (
        "conv2d_transpose",
        (None, None, 5, 3),
        {"filters": 2, "kernel_size": 4, "strides": 2},
    ),
    "transposed 3d": (
        "conv3d_transpose",
        (None, 3, 4, 5, 2),
        {"filters": 3, "kernel_size": 3, "strides": 2},
    ),
    "transposed 3d same": (
        "conv3d_transpose",
        (None, 3, 4, 5, 2),
        {"filters": 3, "kernel_size": 2, "strides": 2, "padding": "same", "use_bias": False},
    ),
    "separable 1d": (
        "separable_conv1d",
        (None, 8, 3),
        {"filters": 4, "kernel_size": 3, "strides": 2, "depth_multiplier": 2},
    ),
    "separable 1d causal": (
        "separable_conv1d",
        (None, 8, 3),
        {"filters": 4, "kernel_size": 3, "padding": "causal"},
    ),
    "separable 2d": (
        "separable_conv2d",
        (None, 8, 8, 3),
        {"filters": 4, "kernel_size": 3, "strides": 2, "depth_multiplier": 2, "activation": "relu"},
    ),
    "separable 2d dilated": (
        "separable_conv2d",
        (None, 8, 8, 3),
        {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "padding": "same", "use_bias": False},
    ),
}


def _program(name: str) -> Any:
    function, shape, options = CASES[name]

    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, shape, name="x")
        return getattr(tf.layers, function)(x, **options)

    return program


@pytest.mark.parametrize("name", CASES)
def test_graph_and_values(name: str) -> None:
    program = _program(name)
    assert_same_graph(program)
    _, shape, _ = CASES[name]
    assert_same_values(program, {"x": numbers(*(size or 6 for size in shape))})


FIRST: dict[str, tuple[str, tuple[int | None, ...], dict[str, Any]]] = {
    "1d": ("conv1d", (None, 3, 8), {"kernel_size": 3}),
    "2d": ("conv2d", (None, 3, 8, 7), {"kernel_size": 3, "strides": 2, "padding": "same"}),
    "2d dilated": ("conv2d", (None, 3, 8, 8), {"kernel_size": 3, "dilation_rate": 2}),
    "3d": ("conv3d", (None, 3, 5, 6, 7), {"kernel_size": 2}),
    "transposed 2d": ("conv2d_transpose", (None, 3, 4, 5), {"kernel_size": 3, "strides": 2}),
    "transposed 3d": ("conv3d_transpose", (None, 3, 3, 4, 5), {"kernel_size": 3, "strides": 2}),
    "separable 1d": ("separable_conv1d", (None, 3, 8), {"kernel_size": 3}),
    "separable 2d": ("separable_conv2d", (None, 3, 8, 8), {"kernel_size": 3}),
}


@pytest.mark.parametrize("name", FIRST)
def test_channels_first_equals_channels_last(name: str) -> None:
    """(TensorFlow computes these on GPUs only.)"""
    function, shape, options = FIRST[name]
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.placeholder(tf1x.float32, shape)
        rank = len(shape)
        to_last = [0, *range(2, rank), 1]
        to_first = [0, rank - 1, *range(1, rank - 1)]
        layer = getattr(tf1x.layers, function)
        with tf1x.variable_scope("s", initializer=tf1x.random_normal_initializer(seed=1)):
            first = layer(
                x, 4, data_format="channels_first", name="l", bias_initializer=None, **options
            )
            last = layer(tf1x.transpose(x, to_last), 4, name="l", reuse=True, **options)
        again = tf1x.transpose(last, to_first)
        assert first.shape.as_list() == again.shape.as_list()
        session.run(tf1x.global_variables_initializer())
        values = session.run([first, again], {x: numbers(*(size or 2 for size in shape))})
        assert values[0] == pytest.approx(values[1], abs=1e-5)


def test_every_argument_reaches_its_place() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
        common = {
            "activation": tf.sigmoid, "bias_initializer": tf.ones_initializer(),
            "bias_regularizer": tf.nn.l2_loss, "activity_regularizer": tf.nn.l2_loss,
            "bias_constraint": tf.identity, "trainable": False, "name": "named",
        }  # fmt: skip
        conv = tf.layers.conv2d(
            x, 3, 3, kernel_initializer=tf.zeros_initializer(), kernel_regularizer=tf.nn.l2_loss,
            kernel_constraint=tf.identity, **common,
        )  # fmt: skip
        separable = tf.layers.separable_conv2d(
            x, 3, 3, depthwise_initializer=tf.zeros_initializer(), pointwise_initializer="ones",
            depthwise_regularizer=tf.nn.l2_loss, pointwise_regularizer=tf.nn.l2_loss,
            depthwise_constraint=tf.identity, pointwise_constraint=tf.identity, **{**common, "name": "other"},
        )  # fmt: skip
        again = tf.layers.conv2d(
            x, 3, 3, 1, "valid", "channels_last", 1, tf.sigmoid, True, None, None, None, None, None,
            None, None, False, "named", True,
        )  # fmt: skip
        constraints = [v.constraint is tf.identity for v in tf.global_variables()]
        assert constraints == [True] * 5
        return [conv, separable, again]

    assert_same_graph(program)


def test_one_layer_called_twice() -> None:
    def program(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
        layer = tf.layers.Conv2D(2, 3, padding="same", name="c")
        return [layer(layer(x)), layer(x)]

    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(2, 6, 6, 2)})


def test_errors() -> None:
    def calls(tf: Any) -> Any:
        x = tf.placeholder(tf.float32, [None, 6, 6, 2])
        return (
            lambda: tf.layers.conv2d(x, 3, 9),
            lambda: tf.layers.conv2d(x, 0, 3),
            lambda: tf.layers.conv2d(x, 3, 3, 2, dilation_rate=2),
            lambda: tf.layers.conv2d(tf.placeholder(tf.float32, [None, 6, 2]), 3, 3),
            lambda: tf.layers.conv2d(tf.placeholder(tf.float32, [None, 6, 6, None]), 3, 3),
        )

    problems = []
    for tf in (tf1x, tf1):
        found = []
        with tf.Graph().as_default():
            for call in calls(tf):
                with pytest.raises((ValueError, TypeError)) as caught:
                    call()
                found.append((caught.type, plain(caught.value)))
        problems.append(found)
    assert problems[0] == problems[1]


def test_arguments_out_of_range() -> None:
    x = tf1x.placeholder(tf1x.float32, [None, 6, 6, 2])
    with pytest.raises(ValueError, match="`padding` argument must be one of valid, same"):
        tf1x.layers.conv2d(x, 3, 3, padding="causal")
    with pytest.raises(ValueError, match=r"`kernel_size` cannot contain 0\(s\)"):
        tf1x.layers.conv2d(x, 3, 0)
    with pytest.raises(ValueError, match="`kernel_size` must be a tuple of 2 integers"):
        tf1x.layers.conv2d(x, 3, (3, 3, 3))
    with pytest.raises(ValueError, match="`data_format` argument must be one of"):
        tf1x.layers.conv2d(x, 3, 3, data_format="NHWC")
    with pytest.raises(TypeError, match="filters"):
        tf1x.layers.conv2d(x)


def test_old_names() -> None:
    from tf1x.lib.layers import convolutional

    assert convolutional.convolution2d is convolutional.conv2d
    assert convolutional.Deconv2D is convolutional.Conv2DTranspose
