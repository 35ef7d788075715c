"""Ops, variables, layers, optimizers and data executed eagerly: TensorFlow's numbers and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.eager.both import check, ours, theirs
from tests.processes import code
from tf1x.core import errors
from tf1x.runtime import eager

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


@program
def arithmetic(tf: Any) -> Any:
    x, y = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([1.0, -1.0])
    n = tf.constant(7)
    return [
        x + y,
        2 * x - 1,
        x / y,
        x @ x,
        -x,
        abs(y),
        x**2,
        x > y,
        n // 2,
        n % 4,
        n / 2,
        ~(x > 2.0),
    ]


@program
def indexing_and_conversion(tf: Any) -> Any:
    x = tf.constant(np.arange(12, dtype=np.float32).reshape(3, 4))
    row, rest = x[1], x[1:, ::2]
    values = [len(x), int(tf.constant(3)), float(x[0, 1]), bool(tf.constant(True))]
    return [
        row,
        rest,
        x[..., tf.newaxis, 0],
        list(x),
        np.array(x) + 1,
        values,
        [1, 2, 3][tf.constant(1)],
    ]


@program
def strings_and_host_ops(tf: Any) -> Any:
    words = tf.constant(["a", "bc", ""])
    return [
        tf.string_join([words, words], "-"),
        tf.string_to_number(tf.constant(["1.5"])),
        tf.py_func(lambda a: a * np.float32(2), [tf.constant([1.0])], tf.float32),
        tf.unique(tf.constant([3, 3, 1])).y,
        tf.boolean_mask(tf.constant([1, 2, 3]), tf.constant([True, False, True])),
    ]


@program
def control_flow(tf: Any) -> Any:
    x = tf.constant(2.0)
    return [
        tf.cond(x > 1.0, lambda: x * 2, lambda: x),
        tf.case([(x > 3.0, lambda: tf.constant(1.0))], default=lambda: tf.constant(3.0)),
        list(
            tf.while_loop(
                lambda i, a: i < 5, lambda i, a: (i + 1, a * x), [tf.constant(0), tf.constant(1.0)]
            )
        ),
        tf.map_fn(lambda v: v * v, tf.constant([1.0, 2.0, 3.0])),
        tf.scan(lambda a, v: a + v, tf.constant([1.0, 2.0, 3.0])),
    ]


@program
def random_numbers(tf: Any) -> Any:
    tf.set_random_seed(777)
    first = [tf.random.normal([3]), tf.random.uniform([2], seed=3), tf.random.uniform([2], seed=3)]
    more = [
        tf.random.truncated_normal([4]),
        tf.random.uniform([3], 0, 9, tf.int32),
        tf.random.shuffle([1, 2, 3, 4]),
    ]
    tf.set_random_seed(777)
    return [*first, *more, tf.random.normal([3])]


@program
def variables(tf: Any) -> Any:
    v = tf.Variable([1.0, 2.0], name="v")
    values = [v.numpy(), v.assign_add([1.0, 1.0]), v.assign_sub([0.5, 0.5])]
    values += [v + 1, v[0], tf.identity(v), tf.assign(v, [5.0, 6.0]), v.read_value()]
    values += [v.scatter_add(tf.IndexedSlices(tf.constant([5.0]), tf.constant([0]))), v.numpy()]
    return [*values, v.name, str(v.dtype), v.shape.as_list()]


@program
def layers(tf: Any) -> Any:
    x = tf.constant(np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4))
    ones = tf.ones_initializer()
    dense = tf.layers.Dense(3, kernel_initializer=ones)
    normalization = tf.layers.BatchNormalization()
    cell = tf.nn.rnn_cell.BasicLSTMCell(2)
    for weight in (cell(x[:, 0], cell.zero_state(2, tf.float32)), *cell.variables)[1:]:
        weight.assign(tf.ones_like(weight) * 0.1)
    outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    return [
        dense(x), normalization(x, training=True), normalization.moving_mean, outputs, state.h,
        [v.name for v in dense.variables + normalization.variables],
        tf.layers.conv1d(x, 2, 2, kernel_initializer=ones), tf.losses.mean_squared_error(x, x + 1),
    ]  # fmt: skip


def _train(tf: Any, optimizer: Any, by_function: bool) -> Any:
    w, b = tf.Variable([[1.0], [2.0]], name="w"), tf.Variable(0.0, name="b")
    x, y = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([[1.0], [2.0]])
    step = tf.Variable(0, trainable=False, dtype=tf.int64)

    def loss() -> Any:
        return tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y))

    losses = []
    for _ in range(4):
        losses.append(loss())
        if by_function:
            optimizer.minimize(loss, global_step=step)
            continue
        with tf.GradientTape() as tape:
            value = loss()
        optimizer.apply_gradients(zip(tape.gradient(value, [w, b]), [w, b]), step)
    return [losses, w, b, step]


@program
def optimizers(tf: Any) -> Any:
    train = tf.train
    return [
        _train(tf, train.GradientDescentOptimizer(0.01), True),
        _train(tf, train.MomentumOptimizer(0.01, 0.9), False),
        _train(tf, train.AdamOptimizer(0.1), True),
        _train(tf, train.RMSPropOptimizer(0.01), False),
        _train(tf, train.AdagradOptimizer(0.1), False),
        _train(tf, train.FtrlOptimizer(0.1), False),
    ]


@program
def learning_rates(tf: Any) -> Any:
    step, train = tf.Variable(3, dtype=tf.int64), tf.train
    rates = [
        train.exponential_decay(0.1, step, 2, 0.5), train.natural_exp_decay(0.1, step, 2, 0.5),
        train.inverse_time_decay(0.1, step, 2, 0.5), train.polynomial_decay(0.1, step, 10),
        train.piecewise_constant(step, [2, 5], [1.0, 0.5, 0.1]), train.cosine_decay(0.1, step, 10),
    ]  # fmt: skip
    before = [rate() for rate in rates]
    step.assign(5)
    return before + [rate() for rate in rates]


@program
def decayed_training(tf: Any) -> Any:
    v, step = tf.Variable(1.0), tf.Variable(0, dtype=tf.int64, trainable=False)
    optimizer = tf.train.GradientDescentOptimizer(tf.train.exponential_decay(0.1, step, 1, 0.5))
    values = []
    for _ in range(3):
        optimizer.minimize(lambda: v * v, global_step=step)
        values.append(v.numpy())
    return values


@program
def datasets(tf: Any) -> Any:
    data = tf.data.Dataset.from_tensor_slices((np.arange(6, dtype=np.float32), np.arange(6)))
    data = data.map(lambda a, b: (a * 2, {"b": b})).shuffle(10, seed=1).batch(4)
    iterator = data.make_one_shot_iterator()
    offset = tf.Variable(10.0)
    shifted = tf.data.Dataset.range(3).map(lambda i: tf.cast(i, tf.float32) + 1.0)
    return [list(data), iterator.get_next(), [x + offset for x in shifted]]


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_values_are_tensorflows(name: str) -> None:
    check(PROGRAMS[name])


ERRORS: list[tuple[str, Callable[[Any], Any]]] = [
    ("matmul", lambda tf: tf.matmul(tf.ones([2, 2]), tf.ones([3, 2]))),
    ("broadcast", lambda tf: tf.ones([2]) + tf.ones([3])),
    ("index", lambda tf: tf.constant([1, 2])[5]),
    ("reshape", lambda tf: tf.reshape(tf.ones([4]), [3])),
    ("gather", lambda tf: tf.gather(tf.ones([2]), [5])),
    ("nan", lambda tf: tf.check_numerics(tf.constant(float("nan")), "x")),
    ("assert", lambda tf: tf.Assert(tf.constant(False), [tf.constant(1)])),
    ("division", lambda tf: tf.constant([1]) // tf.constant([0])),
    ("placeholder", lambda tf: tf.placeholder(tf.float32)),
    ("gradients", lambda tf: tf.gradients(tf.ones([2]), tf.ones([2]))),
    ("eval", lambda tf: tf.ones([2]).eval()),
    ("len", lambda tf: len(tf.constant(1))),
    ("iteration", lambda tf: list(tf.constant(1))),
    ("truth", lambda tf: bool(tf.ones([2]))),
    ("end", lambda tf: _past_the_end(tf)),
    ("initializable", lambda tf: tf.data.Dataset.range(2).make_initializable_iterator()),
    ("used tape", lambda tf: _used_tape(tf)),
]  # fmt: skip


def _past_the_end(tf: Any) -> Any:
    iterator = tf.data.Dataset.range(1).make_one_shot_iterator()
    return [iterator.get_next(), iterator.get_next()]


def _used_tape(tf: Any) -> Any:
    x = tf.ones([2])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return [tape.gradient(y, x), tape.gradient(y, x)]


@pytest.mark.parametrize("case", [pytest.param(f, id=name) for name, f in ERRORS])
def test_errors_are_tensorflows(case: Callable[[Any], Any]) -> None:
    with pytest.raises(Exception) as wanted:
        theirs(case)
    with pytest.raises(Exception) as found:
        ours(case)
    kinds = [
        {k.__name__ for k in type(e.value).__mro__ if k.__name__ != "object"}
        for e in (found, wanted)
    ]
    assert type(wanted.value).__name__.lstrip("_") in {k.lstrip("_") for k in kinds[0]}


def test_texts() -> None:
    """TensorFlow 1.15's form, which has the tensor's id."""
    with eager.graph().as_default():
        x = tf1x.constant([1.0, 2.0])
        assert repr(x) == f"<tf.Tensor: id={x.id}, shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>"  # fmt: skip
        assert str(x) == "tf.Tensor([1. 2.], shape=(2,), dtype=float32)"
        assert str(tf1x.constant(b"a")) == "tf.Tensor(b'a', shape=(), dtype=string)"
        assert f"{tf1x.constant(1.5):.2f}" == "1.50"
        assert repr(tf1x.Variable(1.0, name="w")) == "<tf.Variable 'w:0' shape=() dtype=float32, numpy=1.0>"  # fmt: skip


def test_large_arrays_are_compiled() -> None:
    """By kernels of XLA, whose checks and static arguments work as NumPy's do."""
    with eager.graph().as_default():
        x = tf1x.random.normal([300, 200], seed=1)
        y = tf1x.nn.softmax(tf1x.matmul(x, x, transpose_b=True))
        assert y.shape.as_list() == [300, 300]
        np.testing.assert_allclose(tf1x.reduce_sum(y, axis=1).numpy(), np.ones(300), rtol=1e-5)
        np.testing.assert_array_equal(tf1x.transpose(x, [1, 0]).numpy(), x.numpy().T)
        np.testing.assert_array_equal(tf1x.gather(x, [5, 3], axis=1).numpy(), x.numpy()[:, [5, 3]])
        assert tf1x.reshape(x * 2, [200, -1]).shape.as_list() == [200, 300]
        with pytest.raises(errors.InvalidArgumentError, match="NaN"):
            tf1x.check_numerics(x / 0.0 * 0.0, "not finite")


def test_values_go_with_their_objects() -> None:
    """Variables and iterators leave nothing behind; nor does a long chain of ops."""
    with eager.graph().as_default():
        state = eager.graph().session._state
        before = len(state.variables), len(state.resources)
        for _ in range(3):
            v = tf1x.Variable(tf1x.ones([3]))
            list(tf1x.data.Dataset.range(2))
        assert len(state.variables) <= before[0] + 1
        del v
        assert len(state.variables) == before[0]
        assert len(state.resources) == before[1]
        x = tf1x.constant(0.0)
        for _ in range(3000):
            x = x + 1.0
        assert float(x) == 3000.0
        assert not x.op.inputs
        assert not eager.graph().get_operations()


def test_enabling(tmp_path: Path) -> None:
    """At the start of the program; graphs are still there to be entered."""
    code(
        """
        import tf1x as tf
        tf.constant(1)
        try:
            tf.enable_eager_execution()
        except ValueError as error:
            assert "startup" in str(error)
        else:
            raise AssertionError
        tf.reset_default_graph()
        assert not tf.executing_eagerly()
        tf.enable_eager_execution(tf.ConfigProto())
        tf.enable_eager_execution()
        assert tf.executing_eagerly() and tf.contrib.eager.in_eager_mode()
        x = tf.constant([1.0])
        with tf.Graph().as_default():
            assert not tf.executing_eagerly()
            y = tf.placeholder(tf.float32) + 1.0
            with tf.init_scope():
                pass
            try:
                x + y
            except RuntimeError as error:
                assert "EagerTensor" in str(error)
            else:
                raise AssertionError
            with tf.Session() as session:
                assert session.run(y, {y: 2.0}) == 2.0
        tf.reset_default_graph()
        assert tf.executing_eagerly()
        assert tf.global_variables_initializer() is not None
        """,
        tmp_path,
    )
