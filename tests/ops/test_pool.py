"""The pooling functions of `tf.nn` and patches: the same graphs and values as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of, run
from tests.ops.cases.case import floats, ints
from tf1x.core import opdef

_X = floats(2, 7, 6, 3)
_TIED = ints(2, 7, 6, 3, low=0, high=3).astype(np.float32)
_ROWS = floats(2, 9, 3)
_CUBE = floats(2, 5, 4, 6, 2)
_AROUND = [[0, 0], [1, 0], [2, 1], [0, 0]]


def _open(tf: Any, value: Any) -> Any:
    """A tensor with that value whose dimensions are not known while building."""
    return tf.placeholder_with_default(tf.constant(value), [None] * np.ndim(value))


def _gradient(tf: Any, function: Any, value: Any) -> list[Any]:
    """The result of `function`, and the gradient of its argument."""
    x = tf.placeholder_with_default(value, value.shape)
    y = function(x)
    return [y, *tf.gradients(y, x)]


SAME: dict[str, Program] = {
    "max_pool": lambda tf: tf.nn.max_pool(_X, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"),
    "max_pool positional": lambda tf: tf.nn.max_pool(tf.constant(_X), [1, 3, 2, 1], [1, 2, 1, 1], "VALID", "NHWC", "pooled"),
    "max_pool sizes": lambda tf: tf.nn.max_pool(tf.constant(_X), ksize=3, strides=[2, 1], padding="VALID"),
    "max_pool value": lambda tf: tf.nn.max_pool(value=tf.constant(_X), ksize=[2], strides=np.array([1, 2, 2, 1]), padding="SAME", data_format=None),
    "max_pool explicit": lambda tf: tf.nn.max_pool(tf.constant(_X), 3, 2, _AROUND),
    "max_pool no padding": lambda tf: tf.nn.max_pool(tf.constant(_X), 3, 2, [[0, 0]] * 4),
    "max_pool open": lambda tf: tf.nn.max_pool(_open(tf, _X), 3, 2, "SAME"),
    "max_pool1d": lambda tf: tf.nn.max_pool1d(tf.constant(_ROWS), 3, 2, "SAME"),
    "max_pool1d explicit": lambda tf: tf.nn.max_pool1d(tf.constant(_ROWS), [1, 3, 1], [2], [[0, 0], [2, 1], [0, 0]], name="rows"),
    "max_pool2d": lambda tf: tf.nn.max_pool2d(tf.constant(_X), 2, 2, "VALID"),
    "max_pool3d": lambda tf: tf.nn.max_pool3d(tf.constant(_CUBE), [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME"),
    "max_pool_v2": lambda tf: [tf.nn.max_pool_v2(tf.constant(x), 2, 2, "VALID", name="v2") for x in (_ROWS, _X, _CUBE)],
    "avg_pool": lambda tf: tf.nn.avg_pool(_X, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="SAME"),
    "avg_pool sizes": lambda tf: tf.nn.avg_pool(tf.constant(_X), ksize=2, strides=1, padding="VALID", name="mean"),
    "avg_pool2d": lambda tf: tf.nn.avg_pool2d(tf.constant(_X), 7, 1, "SAME"),
    "avg_pool1d": lambda tf: tf.nn.avg_pool1d(tf.constant(_ROWS), 3, 2, "SAME"),
    "avg_pool3d": lambda tf: tf.nn.avg_pool3d(tf.constant(_CUBE), 3, 2, "SAME"),
    "avg_pool_v2": lambda tf: [tf.nn.avg_pool_v2(tf.constant(x), 2, 2, "SAME") for x in (_ROWS, _X, _CUBE)],
    "argmax": lambda tf: list(tf.nn.max_pool_with_argmax(tf.constant(_TIED), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")),
    "argmax type": lambda tf: list(tf.nn.max_pool_with_argmax(tf.constant(_TIED), [1, 3, 3, 1], [1, 2, 2, 1], "VALID", output_dtype=tf.int32, include_batch_in_index=True, name="where")),
    "pool max": lambda tf: tf.nn.pool(tf.constant(_X), [2, 3], "MAX", "SAME", strides=[1, 2]),
    "pool avg": lambda tf: tf.nn.pool(tf.constant(_X), window_shape=[2, 2], pooling_type="AVG", padding="VALID", name="mean"),
    "pool rows": lambda tf: tf.nn.pool(tf.constant(_ROWS), [3], "MAX", "SAME"),
    "pool cubes": lambda tf: tf.nn.pool(tf.constant(_CUBE), [2, 2, 2], "AVG", "SAME"),
    "patches": lambda tf: tf.extract_image_patches(tf.constant(_X), [1, 3, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"),
    "patches names": lambda tf: tf.image.extract_image_patches(_X, sizes=[1, 2, 2, 1], strides=[1, 1, 1, 1], rates=[1, 2, 1, 1], padding="VALID", name="p"),
    "patches v2": lambda tf: tf.image.extract_patches(tf.constant(_X), [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"),
    "volume patches": lambda tf: tf.extract_volume_patches(tf.constant(_CUBE), [1, 2, 2, 2, 1], [1, 1, 2, 1, 1], "SAME"),
    "max gradient": lambda tf: _gradient(tf, lambda x: tf.nn.max_pool(x, 3, 2, "SAME"), _TIED),
    "avg gradient": lambda tf: _gradient(tf, lambda x: tf.nn.avg_pool(x, 3, 2, "SAME"), _X),
    "max 3-D gradient": lambda tf: _gradient(tf, lambda x: tf.nn.max_pool3d(x, 3, 2, "SAME"), _CUBE),
    "avg 3-D gradient": lambda tf: _gradient(tf, lambda x: tf.nn.avg_pool3d(x, 3, 2, "SAME"), _CUBE),
    "pool dilated": lambda tf: tf.nn.pool(tf.constant(_X), [2, 2], "MAX", "VALID", dilation_rate=[2, 3]),
    "pool dilations": lambda tf: tf.nn.pool(_open(tf, _ROWS), [2], "AVG", "VALID", dilations=[3]),
}  # fmt: skip

# Values only: second derivatives, and shapes that are open.
SAME_VALUES: dict[str, Program] = {
    "argmax gradient": lambda tf: _gradient(tf, lambda x: tf.nn.max_pool_with_argmax(x, [1, 3, 3, 1], [1, 2, 2, 1], "SAME")[0], _TIED),
    "max twice": lambda tf: _gradient(tf, lambda x: tf.gradients(tf.nn.max_pool(x, 3, 2, "SAME") ** 3, x)[0], _X),
    "avg twice": lambda tf: _gradient(tf, lambda x: tf.gradients(tf.nn.avg_pool(x, 3, 2, "SAME") ** 3, x)[0], _X),
    "max_pool open gradient": lambda tf: (lambda x: tf.gradients(tf.nn.max_pool(x, 2, 2, "SAME") ** 2, x))(_open(tf, _X)),
    "avg_pool open gradient": lambda tf: (lambda x: tf.gradients(tf.nn.avg_pool(x, 2, 2, "SAME") ** 2, x))(_open(tf, _X)),
    "patches gradient": lambda tf: _gradient(tf, lambda x: tf.extract_image_patches(x, [1, 3, 3, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"), _X),
}  # fmt: skip

_LAST = {"NCHW": (0, 2, 3, 1), "NCW": (0, 2, 1), "NCDHW": (0, 2, 3, 4, 1)}

# (a function of tensor and layout, channels-first layout, channels-last layout, value)
CHANNELS_FIRST: dict[str, tuple[Any, str, str, np.ndarray]] = {
    "max": (lambda tf, x, f: tf.nn.max_pool(x, [3, 2], [2, 1], "SAME", f), "NCHW", "NHWC", _TIED),
    "avg": (lambda tf, x, f: tf.nn.avg_pool(x, [3, 2], 2, "SAME", f), "NCHW", "NHWC", _X),
    "max rows": (lambda tf, x, f: tf.nn.max_pool1d(x, 3, 2, "SAME", f), "NCW", "NWC", _ROWS),
    "avg rows": (lambda tf, x, f: tf.nn.avg_pool1d(x, 3, 2, "SAME", f), "NCW", "NWC", _ROWS),
    "max cubes": (lambda tf, x, f: tf.nn.max_pool3d(x, 3, 2, "SAME", f), "NCDHW", "NDHWC", _CUBE),
    "avg cubes": (lambda tf, x, f: tf.nn.avg_pool3d(x, 3, 2, "SAME", f), "NCDHW", "NDHWC", _CUBE),
    "pool": (lambda tf, x, f: tf.nn.pool(x, [2, 3], "MAX", "SAME", data_format=f), "NCHW", "NHWC", _X),
    "pool rows": (lambda tf, x, f: tf.nn.pool(x, [2], "AVG", "SAME", data_format=f), "NCW", "NWC", _ROWS),
    "dilated": (lambda tf, x, f: tf.nn.pool(x, [2, 2], "AVG", "VALID", [2, 1], data_format=f), "NCHW", "NHWC", _X),
}  # fmt: skip

ERRORS: dict[str, tuple[Program, str, str]] = {
    "sizes": (lambda tf: tf.nn.max_pool(_X, [1, 2, 2], 2, "SAME"), "ValueError", "ksize should be of length 1, 2 or 4"),
    "zero": (lambda tf: tf.nn.max_pool(_X, 0, 2, "SAME"), "ValueError", "`ksize` cannot be zero"),
    "stride": (lambda tf: tf.nn.max_pool(_X, 2, 0, "SAME"), "ValueError", "Stride must be > 0, but got 0"),
    "rank": (lambda tf: tf.nn.max_pool(_X[0], 2, 2, "SAME"), "ValueError", "Shape must be rank 4 but is rank 3"),
    "padding": (lambda tf: tf.nn.max_pool(_X, 2, 2, "FULL"), "ValueError", "Attr 'padding' of 'MaxPool' Op passed string 'FULL' not in: \"SAME\", \"VALID\", \"EXPLICIT\"."),
    "avg padding": (lambda tf: tf.nn.avg_pool(_X, 2, 2, "EXPLICIT"), "ValueError", "Attr 'padding' of 'AvgPool' Op passed string 'EXPLICIT'"),
    "too large": (lambda tf: tf.nn.max_pool(_X, 8, 2, "VALID"), "ValueError", "Negative dimension size caused by subtracting 8 from 7"),
    "negative": (lambda tf: tf.nn.max_pool(_X, 2, 2, [[0, 0], [-1, 0], [0, 0], [0, 0]]), "ValueError", "All elements of explicit_paddings must be nonnegative"),
    "depth": (lambda tf: tf.nn.max_pool(_X, 2, 2, [[0, 0], [1, 0], [0, 0], [1, 0]]), "ValueError", "Nonzero explicit padding in the batch or depth dimensions"),
    "wide": (lambda tf: tf.nn.max_pool(tf.constant(_X), 2, 2, [[0, 0], [2, 0], [0, 0], [0, 0]]), "InvalidArgumentError", "needs to be smaller than the window size 2"),
    "pool kind": (lambda tf: tf.nn.pool(_X, [2, 2], "MIN", "SAME"), "ValueError", "MIN pooling is not supported"),
    "pool dilated": (lambda tf: tf.nn.pool(_X, [2, 2], "MAX", "SAME", [2, 2]), "ValueError", "'SAME' padding is not implemented for `dilation_rate` > 1"),
    "pool both": (lambda tf: tf.nn.pool(_X, [2, 2], "MAX", "VALID", [2, 2], [2, 2]), "ValueError", "strides > 1 not supported in conjunction with dilation_rate > 1"),
    "argmax layout": (lambda tf: tf.nn.max_pool_with_argmax(_X, 2, 2, "SAME", "NCHW"), "ValueError", "'NHWC' are not supported"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name])


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    assert_same(SAME_VALUES[name], nodes=False)


@pytest.mark.parametrize("name", CHANNELS_FIRST)
def test_channels_first_equals_channels_last(name: str) -> None:
    """TensorFlow pools channels-first inputs on GPUs only, so channels last is the measure."""
    function, first, last, value = CHANNELS_FIRST[name]
    there = _LAST[first]
    back = tuple(np.argsort(there))

    def program(layout: str, x: np.ndarray) -> Program:
        return lambda tf: (lambda t: [y := function(tf, t, layout), *tf.gradients(y * y, t)])(
            tf.constant(x)
        )

    _, ours = run(tf1x, program(first, value.transpose(back)))
    _, measure = run(tf1x, program(last, value))
    for a, b in zip(ours, measure, strict=True):
        np.testing.assert_allclose(a.transpose(there), b, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    program, kind, text = ERRORS[name]
    found = error_of(tf1x, program)
    assert found[0] == kind
    assert text in found[1]


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_input_is_another_name_for_value(name: str) -> None:
    """TensorFlow 2.21 documents it, and then asks for `value`."""

    def program(tf: Any) -> list[Any]:
        function = getattr(tf.nn, name)
        return [function(ksize=2, strides=2, padding="SAME", **{k: _X}) for k in ("value", "input")]

    _, (by_value, by_input) = run(tf1x, program)
    np.testing.assert_array_equal(by_value, by_input)


def test_an_index_outside_of_the_image_is_an_error() -> None:
    def program(tf: Any) -> Any:
        grad = opdef.get("MaxPoolGradWithArgmax").endpoint
        where = tf.constant(np.full((2, 1, 1, 3), 126, np.int64))
        return grad(
            _X, _X[:, :1, :1], where, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"
        )

    kind, text = error_of(tf1x, program)
    assert kind == "InvalidArgumentError"
    assert "[0, 126)" in text
