"""The operators of `Tensor` and the functions of arithmetic: TensorFlow's graphs and values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import complexes, floats

_X = floats(2, 3)
_Y = floats(2, 3, seed=1)


def _x(tf: Any) -> Any:
    return tf.constant(_X, name="x")


def _y(tf: Any) -> Any:
    return tf.constant(_Y, name="y")


def _n(tf: Any) -> Any:
    return tf.constant([7, -7, 3, -3], name="n")


def _b(tf: Any) -> Any:
    return tf.constant([True, False, True], name="b")


def _z(tf: Any) -> Any:
    return tf.constant(complexes(3), name="z")


def _slices(tf: Any) -> Any:
    return tf.IndexedSlices(tf.constant(_X), tf.constant([0, 2]), tf.constant([4, 3]))


OPERATORS: dict[str, Program] = {
    "tensors": lambda tf: [_x(tf) + _y(tf), _x(tf) - _y(tf), _x(tf) * _y(tf), _x(tf) / _y(tf)],
    "numbers": lambda tf: [_x(tf) + 1, _x(tf) - 1, _x(tf) * 2, _x(tf) / 2],
    "reflected": lambda tf: [1 + _x(tf), 1 - _x(tf), 2 * _x(tf), 2 / _x(tf)],
    "arrays": lambda tf: [_x(tf) + _Y, _Y + _x(tf), _Y * _x(tf), _Y - _x(tf)],
    "lists": lambda tf: [_x(tf) + [1.0, 2.0, 3.0], [1.0, 2.0, 3.0] - _x(tf)],
    "int": lambda tf: [_n(tf) + 2, _n(tf) - 2, 2 * _n(tf), _n(tf) // 2, _n(tf) % 3],
    "int reflected": lambda tf: [20 // _n(tf), 20 % _n(tf)],
    "int division": lambda tf: [_n(tf) / 2, 2 / _n(tf), _n(tf) / _n(tf)],
    "small int division": lambda tf: tf.cast(_n(tf), tf.int8) / tf.constant(2, tf.int8),
    "float floor": lambda tf: [_x(tf) // 0.4, _x(tf) % 0.4, 2.0 // _x(tf), 2.0 % _x(tf)],
    "power": lambda tf: [_x(tf) ** 2, _n(tf) ** 2, 2.0 ** _x(tf)],
    "matmul": lambda tf: [_x(tf) @ tf.constant(_Y.T), _x(tf) @ _Y.T],
    "unary": lambda tf: [-_x(tf), abs(_x(tf)), -_n(tf), abs(_n(tf)), abs(_z(tf)), ~_b(tf), ~_n(tf)],
    "order": lambda tf: [_x(tf) < 0, _x(tf) <= _y(tf), _x(tf) > _Y, _x(tf) >= 0.5, _x(tf) < 1],
    "logic": lambda tf: [
        _b(tf) & [True, True, False],
        _b(tf) | False,
        _b(tf) ^ True,
        True & _b(tf),
    ],
    "bits": lambda tf: [_n(tf) & 5, _n(tf) | 8, _n(tf) ^ 3],
    "scopes": lambda tf: [_scoped(tf)],
    "strings": lambda tf: tf.constant(["a", "b"]) + tf.constant("c"),
    "variables": lambda tf: _variables(tf),
}


def _scoped(tf: Any) -> Any:
    with tf.name_scope("layer"):
        return (_x(tf) * 2.0 + _y(tf)) / 3.0 - 1.0


def _variables(tf: Any) -> Any:
    x = tf.placeholder_with_default(_X, [None, 3])
    return [x + 1.0, 1.0 / x, x > x]


FUNCTIONS: dict[str, Program] = {
    "add": lambda tf: [tf.add(_x(tf), 1), tf.add(1.0, _y(tf), name="sum"), tf.math.add(1, 2)],
    "add strings": lambda tf: tf.add(tf.constant("a"), "b"),
    "arithmetic": lambda tf: [tf.subtract(_x(tf), 1), tf.multiply(2.0, _x(tf), name="m")],
    "divide": lambda tf: [tf.divide(_x(tf), 2), tf.divide(3, 2), tf.divide(_n(tf), 2, name="d")],
    "truediv": lambda tf: [tf.truediv(_n(tf), 2), tf.truediv(_x(tf), _y(tf), name="t")],
    "div": lambda tf: [tf.div(_n(tf), 2), tf.div(_x(tf), 2), tf.realdiv(_x(tf), _y(tf))],
    "floordiv": lambda tf: [tf.floordiv(_n(tf), 2), tf.floor_div(_x(tf), 2.0)],
    "remainders": lambda tf: [tf.mod(_n(tf), 4), tf.floormod(_x(tf), 0.3), tf.truncatemod(_n(tf), 4), tf.truncatediv(_n(tf), 2)],
    "no nan": lambda tf: [tf.div_no_nan(_x(tf), 0), tf.div_no_nan(_n(tf), 2), tf.div_no_nan(1.0, _x(tf)), tf.math.multiply_no_nan(_x(tf), 0.0), tf.math.reciprocal_no_nan(_x(tf))],
    "pow": lambda tf: [tf.pow(_x(tf), 2), tf.pow(_n(tf), 3, name="cube"), tf.square(_x(tf)), tf.square(_n(tf))],
    "abs": lambda tf: [tf.abs(_x(tf)), tf.abs(-3), tf.abs(_z(tf)), tf.abs(_n(tf), name="a")],
    "sign": lambda tf: [tf.sign(_x(tf)), tf.sign(_z(tf)), tf.sign(-2.5)],
    "round": lambda tf: [tf.round(_x(tf)), tf.round(_n(tf)), tf.rint(_x(tf)), tf.floor(_x(tf)), tf.ceil(_x(tf))],
    "cast": lambda tf: [tf.cast(_x(tf), tf.int32), tf.cast(_x(tf), tf.float32), tf.cast(2.7, "int32", name="c"), tf.cast([1, 2], tf.float64), tf.cast(_b(tf), tf.float32)],
    "cast slices": lambda tf: tf.cast(_slices(tf), tf.float64).values,
    "to": lambda tf: [tf.to_float(_n(tf)), tf.to_int32(_x(tf)), tf.to_int64(_x(tf)), tf.to_double(_x(tf), name="wide")],
    "saturate": lambda tf: [tf.saturate_cast(tf.constant([-300.0, 3.7, 300.0]), tf.uint8), tf.saturate_cast(tf.constant([-3, 3, 300]), tf.int8)],
    "saturate 64": lambda tf: tf.saturate_cast(tf.constant([1e12, -1e12, 5.0]), tf.int32),
    "scalar_mul": lambda tf: [tf.scalar_mul(2, _x(tf)), tf.scalar_mul(2.0, _slices(tf)).values],
    "add_n": lambda tf: [tf.add_n([_x(tf), _y(tf), _Y]), tf.add_n([_x(tf)]), tf.add_n([_x(tf)], name="one"), tf.add_n([_slices(tf), tf.constant(floats(4, 3))])],
    "accumulate_n": lambda tf: [tf.accumulate_n([_x(tf), _y(tf)]), tf.accumulate_n([_x(tf)], shape=[2, 3], tensor_dtype=tf.float32, name="one")],
    "clip": lambda tf: [tf.clip_by_value(_x(tf), -1, 0.5), tf.clip_by_value(_X, -1.0, _Y + 2, name="c"), tf.clip_by_value(_slices(tf), 0.0, 1.0).values],
    "equal": lambda tf: [tf.equal(_n(tf), 7), tf.equal(7, _n(tf)), tf.not_equal(_x(tf), 0.0, name="ne"), tf.equal("a", tf.constant(["a", "b"]))],
    "order": lambda tf: [tf.less(_x(tf), 0), tf.greater_equal(0.5, _x(tf)), tf.maximum(_x(tf), 0), tf.minimum(0.0, _x(tf))],
    "logic": lambda tf: [tf.logical_and(_b(tf), True), tf.logical_or(_b(tf), False), tf.logical_not(_b(tf)), tf.logical_xor(_b(tf), True), tf.logical_xor(_b(tf), _b(tf), name="x")],
    "bitwise": lambda tf: [tf.bitwise.bitwise_and(_n(tf), 5), tf.bitwise.invert(_n(tf)), tf.bitwise.left_shift(_n(tf), 2)],
    "sigmoid": lambda tf: [tf.sigmoid(_x(tf)), tf.nn.sigmoid(_X, name="s"), tf.log_sigmoid(_x(tf)), tf.tanh(_x(tf)), tf.nn.tanh(_x(tf))],
    "complex": lambda tf: [tf.complex(_x(tf), _y(tf)), tf.real(_z(tf)), tf.imag(_z(tf)), tf.conj(_z(tf)), tf.angle(_z(tf)), tf.real(_x(tf)), tf.conj(_x(tf)), tf.imag(_x(tf))],
    "angle of reals": lambda tf: tf.angle(_x(tf)),
    "polyval": lambda tf: [tf.math.polyval([1.0, -2.0, 3.0], _x(tf)), tf.math.polyval([], _x(tf))],
    "squared_difference": lambda tf: tf.squared_difference(_x(tf), _y(tf)),
    "elementary": lambda tf: [f(tf.constant([0.25, 0.5])) for f in (tf.exp, tf.log, tf.log1p, tf.expm1, tf.sqrt, tf.rsqrt, tf.sin, tf.cos, tf.tan, tf.asin, tf.acos, tf.atan, tf.sinh, tf.cosh, tf.asinh, tf.atanh, tf.reciprocal, tf.lgamma, tf.digamma, tf.erf, tf.erfc)],
    "special": lambda tf: [f(tf.constant([0.25, 0.5])) for f in (tf.math.erfinv, tf.math.erfcinv, tf.math.ndtri, tf.math.bessel_i0e, tf.math.bessel_i1e, tf.math.bessel_i0, tf.lbeta)],
    "special of two": lambda tf: [f(tf.constant([0.0, 0.5]), tf.constant([0.5, 2.0])) for f in (tf.math.xlogy, tf.math.xdivy, tf.math.xlog1py, tf.igamma, tf.igammac, tf.atan2, tf.squared_difference)],
    "cross": lambda tf: tf.cross(_x(tf), _y(tf)),
}  # fmt: skip


@pytest.mark.parametrize("program", OPERATORS.values(), ids=OPERATORS.keys())
def test_operators(program: Program) -> None:
    assert_same(program)


@pytest.mark.parametrize("program", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_functions(program: Program) -> None:
    assert_same(program)


GRADIENTS: dict[str, Program] = {
    "second order": lambda tf: _second(tf, lambda x: x * x * tf.sin(x)),
    "second order tanh": lambda tf: _second(tf, tf.tanh),
    "second order sigmoid": lambda tf: _second(tf, tf.sigmoid),
    "second order division": lambda tf: _second(tf, lambda x: 1.0 / (x * x + 1.0)),
    "second order square root": lambda tf: _second(tf, lambda x: tf.sqrt(x * x + 1.0)),
    "second order power": lambda tf: _second(tf, lambda x: tf.abs(x) ** 3),
    "complex": lambda tf: _complex_gradient(tf),
}


def _second(tf: Any, function: Any) -> Any:
    x = tf.constant(_X)
    first = tf.gradients(function(x), x)[0]
    return [first, tf.gradients(tf.reduce_sum(first * _Y), x)[0]]


def _complex_gradient(tf: Any) -> Any:
    x, y = tf.constant(_X), tf.constant(_Y)
    z = tf.complex(x, y)
    return tf.gradients(tf.real(z * z * tf.exp(z)) + tf.abs(z) + tf.angle(z), [x, y])


@pytest.mark.parametrize("program", GRADIENTS.values(), ids=GRADIENTS.keys())
def test_gradients(program: Program) -> None:
    """Values only: TensorFlow builds gradients from other nodes."""
    assert_same(program, nodes=False)


def test_linspace() -> None:
    """TensorFlow 1.x's single op; 2.21 builds twenty nodes."""
    assert_same(lambda tf: [tf.linspace(0.0, 3.0, 7), tf.lin_space(2.0, -1.0, 4)], nodes=False)


ERRORS: dict[str, tuple[str, Program]] = {
    "int and float": ("TypeError", lambda tf: _n(tf) + 1.5),
    "types": ("TypeError", lambda tf: _n(tf) + _x(tf)),
    "division types": ("TypeError", lambda tf: _n(tf) / _x(tf)),
    "shapes": ("ValueError", lambda tf: _x(tf) + [1.0, 2.0]),
    "division by zero": ("InvalidArgumentError", lambda tf: _n(tf) // 0),
    "remainder by zero": ("InvalidArgumentError", lambda tf: _n(tf) % 0),
    "negative power": ("InvalidArgumentError", lambda tf: _n(tf) ** -1),
    "string": ("TypeError", lambda tf: _x(tf) * "a"),
    "scalar_mul": ("ValueError", lambda tf: tf.scalar_mul([1.0, 2.0], _x(tf))),
    "add_n": ("ValueError", lambda tf: tf.add_n([])),
    "complex": ("TypeError", lambda tf: tf.complex(_x(tf), 1)),
}


@pytest.mark.parametrize(("kind", "program"), ERRORS.values(), ids=ERRORS.keys())
def test_errors(kind: str, program: Program) -> None:
    from tests.oracle import tf1

    assert error_of(tf1, program)[0] == kind
    assert error_of(tf1x, program)[0] == kind


def test_equality_is_identity() -> None:
    with tf1x.Graph().as_default():
        x = _x(tf1x)
        assert x == x
        assert x != _x(tf1x)
        assert len({x, x}) == 1


def test_old_names() -> None:
    """Names of TensorFlow 0.x."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = _x(tf1x)
        np.testing.assert_allclose(session.run(tf1x.mul(x, 2.0)), _X * 2)
        np.testing.assert_allclose(session.run(tf1x.sub(x, 2.0)), _X - 2)
        np.testing.assert_allclose(session.run(tf1x.neg(x)), -_X)
        np.testing.assert_allclose(session.run(tf1x.inv(x)), 1 / _X, rtol=1e-6)
