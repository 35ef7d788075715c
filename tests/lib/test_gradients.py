"""`tf.gradients` and what changes it, beside TensorFlow where both build the same program."""

from unittest import mock

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1
from tf1x.runtime import chunks


def both(build, feed=None):
    """Values of what `build(lib)` returns, in tf1x and in TensorFlow."""
    found = []
    for lib in (tf, tf1):
        with lib.Graph().as_default():
            lib.set_random_seed(1)
            fetches = build(lib)
            init = lib.global_variables_initializer()
            with lib.Session() as sess:
                sess.run(init)
                found.append(sess.run(fetches, feed))
    return found


def assert_same(build, feed=None, rtol=1e-5):
    ours, theirs = both(build, feed)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6)


X = np.float32([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]])


def _several_paths(lib):
    x = lib.constant(X)
    y = lib.tanh(x) * x + lib.reduce_sum(x, 1, keepdims=True) * lib.sigmoid(x)
    return lib.gradients([y, lib.square(x)], [x])


def _grad_ys(lib):
    x = lib.constant(X)
    return lib.gradients([x * 2.0, x * x], x, grad_ys=[x, None])


def _stopped(lib):
    x = lib.constant(X)
    y = x * x
    return lib.gradients(y * x, [x, y], stop_gradients=[y]) + lib.gradients(
        lib.stop_gradient(y) * x, x
    )


def _second(lib):
    x = lib.constant(X)
    y = lib.reduce_sum(lib.exp(x) * x + x**3)
    (first,) = lib.gradients(y, x)
    return [first, *lib.gradients(first, x)]


def _zero(lib):
    x, other = lib.constant(X), lib.constant(X)
    return lib.gradients(x * x, [x, other], unconnected_gradients="zero")


def _through_variables(lib):
    v = lib.Variable(X)
    r = lib.Variable(X, use_resource=True)
    return lib.gradients(lib.matmul(v, r, transpose_b=True), [v, r])


def _gathered(lib):
    table = lib.Variable(np.float32([[1, 2], [3, 4], [5, 6]]))
    rows = lib.gather(table, [2, 0, 2])
    (slices,) = lib.gradients(lib.square(rows), table)
    assert type(slices).__name__ == "IndexedSlices"
    (both_paths,) = lib.gradients(lib.reduce_sum(rows) + lib.reduce_sum(table), table)
    return [slices.values, slices.indices, lib.convert_to_tensor(slices), both_paths]


def _gathered_twice(lib):
    table = lib.Variable(np.float32([[1, 2], [3, 4], [5, 6]]))
    y = lib.reduce_sum(lib.gather(table, [0, 1])) + lib.reduce_sum(lib.gather(table, [1, 2]) ** 2)
    (slices,) = lib.gradients(y, table)
    return [lib.convert_to_tensor(slices)]


def _hessian(lib):
    x = lib.constant([1.0, 2.0, 3.0])
    return lib.hessians(lib.reduce_sum(x**3) + x[0] * x[1], x)


@pytest.mark.parametrize(
    "build",
    [_several_paths, _grad_ys, _stopped, _second, _zero, _through_variables, _gathered]
    + [_gathered_twice, _hessian],
)
def test_equal_to_tensorflow(build):
    assert_same(build)


def test_starting_gradients_have_the_names_of_tensorflow():
    """The forward part and what is given for it; the backward part is each engine's own."""

    def start(lib):
        with lib.Graph().as_default() as graph:
            x = lib.constant([1.0, 2.0])
            slices = lib.IndexedSlices(lib.constant([3.0]), lib.constant([1]), lib.constant([2]))
            lib.gradients([x * 2.0, x * x, x + 1.0], x, grad_ys=[x, [1.0, 2.0], slices])
            ops = [(op.name, op.type) for op in graph.get_operations()]
            return [o for o in ops if not o[0].startswith("gradients/") or "/grad_y" in o[0]]

    assert sorted(start(tf)) == sorted(start(tf1))


def test_not_connected_is_none():
    with tf.Graph().as_default():
        x, other = tf.constant(1.0), tf.constant(1.0)
        assert tf.gradients(x * x, other) == [None]
        assert tf.gradients(tf.stop_gradient(x), x) == [None]
        assert tf.gradients(tf.cast(tf.cast(x, tf.int32), tf.float32), x) == [None]
        assert tf.gradients(tf.floor(x), x) == [None]


def test_wrong_arguments():
    with tf.Graph().as_default():
        x = tf.constant(1.0)
        with pytest.raises(TypeError, match="floating or complex"):
            tf.gradients(tf.constant(1), x)
        with pytest.raises(ValueError, match="grad_ys"):
            tf.gradients([x], x, grad_ys=[x, x])
        with pytest.raises(LookupError, match="No gradient registered under the name 'Missing'"):
            with tf.get_default_graph().gradient_override_map({"Exp": "Missing"}):
                y = tf.exp(x)
            tf.gradients(y, x)


def test_registered_gradients_and_the_override_map():
    @tf.RegisterGradient("TimesTen")
    def _times_ten(op, grad):
        assert op.type == "Exp"
        return grad * 10.0

    with pytest.raises(KeyError, match="TimesTen"):
        tf.RegisterGradient("TimesTen")(_times_ten)
    with tf.Graph().as_default() as graph:
        x = tf.constant(2.0)
        with graph.gradient_override_map({"Exp": "TimesTen"}):
            y = tf.exp(x)
        z = tf.exp(x)
        with tf.Session() as sess:
            ours = sess.run(tf.gradients(y, x) + tf.gradients(z, x))
    np.testing.assert_allclose(ours, [10.0, np.exp(2.0)], rtol=1e-6)


def test_custom_gradient_with_and_without_variables():
    @tf.custom_gradient
    def clipped_log(x):
        return tf.log(x), lambda dy: tf.clip_by_value(dy / x, -1.0, 1.0)

    @tf.custom_gradient
    def scaled(x):
        v = tf.get_variable("v", initializer=3.0)

        def grad(dy, variables):
            return dy * 100.0, [dy * 7.0 for _ in variables]

        return x * v, grad

    with tf.Graph().as_default():
        x = tf.constant([0.1, 2.0])
        one = tf.constant(2.0)
        y = scaled(one)
        (v,) = tf.trainable_variables()
        fetches = [*tf.gradients(clipped_log(x), x), *tf.gradients(y, [one, v]), y]
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            slopes, by_x, by_v, value = sess.run(fetches)
    np.testing.assert_allclose(slopes, [1.0, 0.5])
    assert (by_x, by_v, value) == (100.0, 7.0, 6.0)


def test_gradients_sum_with_addn_under_the_scope():
    with tf.Graph().as_default() as graph:
        x = tf.constant(1.0)
        (g,) = tf.gradients(x * x, x)
        assert g.op.type == "AddN"
        assert g.op.name.startswith("gradients/AddN")
        assert "gradients/grad_ys_0" in [op.name for op in graph.get_operations()]


def test_each_forward_op_is_evaluated_once():
    """The pullback of a forward op in the same segment is kept, not computed anew."""
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [3])
        y = tf.exp(x)
        (g,) = tf.gradients(y, x)
        with mock.patch.object(chunks, "function_of", wraps=chunks.function_of) as compiling:
            sess.run([y, g], {x: [1.0, 2.0, 3.0]})
    (program,) = compiling.call_args.args
    assert str(program).count(" exp ") == 1


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_second_derivatives_of_conditionals(resource, training):
    def penalty(lib):
        x = lib.constant(X)
        with lib.variable_scope("critic", use_resource=resource):
            w = lib.get_variable("w", [3, 2], initializer=lib.constant_initializer(0.5))
        h = lib.tanh(lib.matmul(x, w))
        inner = lambda: lib.cond(lib.reduce_sum(h) > 0, lambda: w[0] * h, lambda: h**3)  # noqa: E731
        h = lib.cond(
            lib.constant(training), lambda: h * lib.reduce_sum(w), lambda: lib.square(h) + inner()
        )
        gradient = lib.gradients(h, x)[0]
        loss = lib.reduce_mean(lib.square(lib.norm(gradient, axis=1) - 1))
        return [loss, *lib.gradients(loss, [x, w])]

    assert_same(penalty)


@pytest.mark.parametrize("lib", [tf, tf1], ids=["tf1x", "oracle"])
def test_no_second_derivatives_of_loops(lib):
    with lib.Graph().as_default():
        x = lib.constant(2.0)
        y = lib.while_loop(lambda a: a < 9, lambda a: a * x, [x])
        (gradient,) = lib.gradients(y, x)
        with pytest.raises(TypeError, match="Second-order gradient for while loops"):
            lib.gradients(gradient, x)
