"""`tf.Variable`: nodes and values against TensorFlow, both kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_same_nodes, assert_same_values
from tf1x.core import errors

both_kinds = pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])


@both_kinds
def test_nodes_equal_tensorflow(resource: bool) -> None:
    def program(tf: Any) -> None:
        def make(value: Any, **options: Any) -> Any:
            return tf.Variable(value, use_resource=resource, **options)

        w = make(tf.zeros([2, 3]), name="w")
        make(1.0)
        make(2, dtype=tf.int64)
        make(lambda: tf.ones([2]), name="called")
        make(lambda: 3.0, name="called", dtype=tf.float32)
        with tf.name_scope("scope"):
            make([1.0, 2.0], name="w")
            make([1.0, 2.0], name="w", trainable=False)
        make(np.arange(3.0), name="cached", caching_device="/cpu:0")
        tf.global_variables_initializer()
        tf.local_variables_initializer()
        tf.variables_initializer([w], name="some")
        w.assign(tf.ones([2, 3]))
        w.assign_add(tf.ones([2, 3]), name="more")
        w.assign_sub(tf.ones([2, 3]), read_value=False)
        tf.assign(w, tf.ones([2, 3]), name="set")
        tf.assign_add(w, tf.ones([2, 3]))
        w.read_value()
        w.value()
        w + 1.0, 1.0 - w, -w, w * w, w / 2.0, abs(w), w > 0.0, w[0], w[:, 1]
        tf.is_variable_initialized(w)
        tf.report_uninitialized_variables()
        tf.assert_variables_initialized()
        with tf.control_dependencies([w.assign_add(tf.ones([2, 3]))]):
            tf.group(w.assign_sub(tf.ones([2, 3])), w.initializer, name="both")

    assert_same_nodes(program)


@both_kinds
def test_scatter_nodes_equal_tensorflow(resource: bool) -> None:
    def program(tf: Any) -> None:
        w = tf.Variable(np.ones((3, 2), np.float32), name="w", use_resource=resource)
        n = tf.Variable(1, name="n", use_resource=resource)
        slices = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([1]))
        for kind in ("add", "sub", "mul", "div", "min", "max", "update"):
            getattr(tf, f"scatter_{kind}")(w, [0], [[1.0, 2.0]])
            getattr(w, f"scatter_{kind}")(slices)
        for kind in ("add", "sub", "update"):
            getattr(tf, f"scatter_nd_{kind}")(w, [[0]], [[1.0, 2.0]])
            getattr(w, f"scatter_nd_{kind}")([[0, 1]], [2.0])
        tf.count_up_to(n, 3)
        n.count_up_to(4)
        if resource:
            w.sparse_read([0, 1])
            w.gather_nd([[0, 1]])

    assert_same_nodes(program)


@both_kinds
def test_updates_equal_tensorflow(resource: bool) -> None:
    def program(tf: Any) -> Any:
        w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="w", use_resource=resource)
        v = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="v", use_resource=resource)
        first = w.assign_add([[1.0, 1.0], [1.0, 1.0]])
        with tf.control_dependencies([first]):
            second = w.assign(w * 2.0)
        with tf.control_dependencies([second]):
            third = tf.scatter_sub(w, [1], [[0.5, 0.5]])
        return tf.group(third, tf.assign_sub(v, v / 2.0)), [w, v]

    assert_same_values(program, runs=3)


@both_kinds
def test_updates_return_the_new_value(resource: bool) -> None:
    def program(tf: Any) -> Any:
        w = tf.Variable(1.0, use_resource=resource)
        return None, [w.assign_add(2.0)]

    assert_same_values(program, runs=3)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        w = tf1x.Variable(1.0, use_resource=resource)
        chained = w.assign(5.0).assign_add(1.0) if resource else tf1x.assign_add(w.assign(5.0), 1.0)
        session.run(w.initializer)
        assert session.run(chained) == 6.0


def test_reads_ordered_after_an_update_see_it() -> None:
    """Also through the variable's `read` op, for it aliases the variable (measured)."""

    def program(tf: Any) -> Any:
        w = tf.Variable(1.0)
        x = tf.constant(2.0)
        train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.square(w * x - 4.0))
        old = tf.identity(w)
        with tf.control_dependencies([train]):
            after = tf.square(w * x - 4.0)
            moved = w.read_value() - old
        return None, [after, moved, w]

    assert_same_values(program, runs=2)


@both_kinds
def test_fetch_feed_load_eval(resource: bool) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        w = tf1x.Variable([1.0, 2.0], name="w", use_resource=resource)
        y = w * 2.0 if not resource else w._as_graph_element() * 2.0
        session.run(w.initializer)
        np.testing.assert_array_equal(session.run({"w": w, "pair": (w, y)})["pair"][0], [1.0, 2.0])
        np.testing.assert_array_equal(session.run(y, {w: [5.0, 6.0]}), [10.0, 12.0])
        np.testing.assert_array_equal(w.eval(), [1.0, 2.0])
        w.load([7.0, 8.0], session)
        np.testing.assert_array_equal(w.eval(session), [7.0, 8.0])
        w.load([3.0, 4.0])
        np.testing.assert_array_equal(session.run("w:0" if not resource else w), [3.0, 4.0])
        with pytest.raises(TypeError):
            session.run(y, {y: w})


@both_kinds
def test_properties(resource: bool) -> None:
    from tests.oracle import tf1

    def described(tf: Any) -> Any:
        with tf.Graph().as_default() as graph:
            w = tf.Variable(
                tf.zeros([2, 3]),
                name="w",
                trainable=False,
                use_resource=resource,
                collections=["mine"],
            )
            return (
                w.name, w.op.name, w.op.type, w.shape.as_list(), w.get_shape().as_list(),
                w.dtype.base_dtype.name, w.trainable, w.graph is graph, w.initializer.name,
                w.initial_value.name, w.device, w.constraint, [v.name for v in tf.get_collection("mine")],
                tf.global_variables(), tf.trainable_variables(), repr(w), w in {w}, w.ref() == w.ref(),
            )  # fmt: skip

    assert described(tf1x) == described(tf1)


def test_identity_is_equality() -> None:
    with tf1x.Graph().as_default():
        a, b = tf1x.Variable(1.0), tf1x.Variable(1.0)
        assert a == a
        assert a != b
        assert {a: 1, b: 2}[a] == 1
        assert isinstance(a, tf1x.Variable)
        assert isinstance(tf1x.Variable(1.0, use_resource=True), tf1x.Variable)
        assert a.ref().deref() is a
        with pytest.raises(TypeError, match="not iterable"):
            iter(a)
        with pytest.raises(RuntimeError, match="assign_add"):
            resource = tf1x.Variable(1.0, use_resource=True)
            resource += 1.0


def test_collections_by_scope() -> None:
    with tf1x.Graph().as_default():
        with tf1x.variable_scope("a"):
            first = tf1x.get_variable("w", [1])
        second = tf1x.Variable(1.0, name="b")
        local = tf1x.Variable(1.0, collections=[tf1x.GraphKeys.LOCAL_VARIABLES], trainable=False)
        assert tf1x.global_variables() == tf1x.all_variables() == [first, second]
        assert tf1x.trainable_variables("a") == [first]
        assert tf1x.local_variables() == [local]
        assert tf1x.model_variables() == tf1x.moving_average_variables() == []


def test_initialisation_is_per_session_and_reported() -> None:
    with tf1x.Graph().as_default():
        w = tf1x.Variable(1.0, name="w")
        r = tf1x.Variable(1.0, name="r", use_resource=True)
        report = tf1x.report_uninitialized_variables()
        init = tf1x.global_variables_initializer()
        known = tf1x.is_variable_initialized(w)
        asserted = tf1x.assert_variables_initialized()
        with tf1x.Session() as session:
            assert session.run(report).tolist() == [b"w", b"r"]
            assert not session.run(known)
            with pytest.raises(errors.FailedPreconditionError, match="uninitialized value w"):
                session.run(w)
            with pytest.raises(errors.FailedPreconditionError, match="uninitialized"):
                session.run(r + 1.0)
            with pytest.raises(errors.FailedPreconditionError):
                session.run(asserted)
            session.run(w.initializer)
            assert session.run(report).tolist() == [b"r"]
            assert session.run(known)
            session.run(init)
            assert session.run(report).tolist() == []
            session.run(asserted)
        with tf1x.Session() as session:
            assert len(session.run(report)) == 2


def test_initial_values_from_other_variables() -> None:
    def program(tf: Any) -> Any:
        w = tf.Variable([1.0, 2.0], name="w")
        double = tf.Variable(w * 2.0, name="double")
        copied = tf.Variable(w.initialized_value(), name="copied")
        return None, [w, double, copied]

    assert_same_values(program)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        w = tf1x.Variable(1.0)
        double = tf1x.Variable(w * 2.0)
        session.run(w.initializer)
        w.load(5.0)
        session.run(double.initializer)
        assert session.run(double) == 10.0


def test_errors() -> None:
    with tf1x.Graph().as_default():
        with pytest.raises(ValueError, match="initial_value must be specified"):
            tf1x.Variable()
        with pytest.raises(ValueError, match="must be a list, tuple, or set"):
            tf1x.Variable(1.0, collections="variables")
        with pytest.raises(ValueError, match="constraint"):
            tf1x.Variable(1.0, constraint=3)
        unknown = tf1x.placeholder(tf1x.float32, [None])
        with pytest.raises(ValueError, match="must have a shape specified"):
            tf1x.Variable(unknown)
        w = tf1x.Variable([1.0, 2.0])
        with pytest.raises(ValueError, match="shape"):
            w.assign([1.0, 2.0, 3.0])
        with pytest.raises(ValueError, match="shape"):
            tf1x.Variable([1.0, 2.0], use_resource=True).assign([1.0, 2.0, 3.0])
        with pytest.raises(TypeError):
            w.assign(["a", "b"])


@both_kinds
def test_a_variable_of_open_shape(resource: bool) -> None:
    def program(tf: Any) -> Any:
        if resource:
            w = tf.Variable([1.0], shape=tf.TensorShape([None]), use_resource=True)
            return w.assign([1.0, 2.0, 3.0]).op, [w]
        w = tf.Variable([1.0], validate_shape=False)
        return tf.assign(w, [1.0, 2.0, 3.0], validate_shape=False), [w]

    assert_same_values(program)


@both_kinds
def test_scatter_outside_is_an_error_and_changes_nothing(resource: bool) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        w = tf1x.Variable([1.0, 2.0, 3.0], use_resource=resource)
        place = tf1x.placeholder(tf1x.int32, [2])
        update = tf1x.scatter_update(w, place, [9.0, 9.0])
        session.run(w.initializer)
        with pytest.raises(
            errors.InvalidArgumentError, match=r"indices\[1\] = 5 is not in \[0, 3\)"
        ):
            session.run(update, {place: [0, 5]})
        np.testing.assert_array_equal(session.run(w), [1.0, 2.0, 3.0])
        with pytest.raises(errors.InvalidArgumentError, match=r"indices\[0\] = -1 is not in"):
            session.run(update, {place: [-1, 0]})


@both_kinds
def test_count_up_to_ends(resource: bool) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        n = tf1x.Variable(0, use_resource=resource)
        count = tf1x.count_up_to(n, 2)
        session.run(n.initializer)
        assert [session.run(count), session.run(count)] == [0, 1]
        with pytest.raises(errors.OutOfRangeError, match="Reached limit of 2"):
            session.run(count)
        assert session.run(n) == 2


def test_creators_see_every_variable() -> None:
    seen = []

    def creator(next_creator: Any, **kwargs: Any) -> Any:
        seen.append(kwargs["name"])
        return next_creator(**kwargs)

    with tf1x.Graph().as_default():
        with tf1x.variable_creator_scope(creator):
            tf1x.Variable(1.0, name="a")
            tf1x.get_variable("b", [1])
        tf1x.Variable(1.0, name="c")
    assert seen == ["a", "b"]


def test_gradients_of_gathered_rows_are_slices() -> None:
    def program(tf: Any) -> Any:
        w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], use_resource=True)
        rows = tf.gather(w, [1, 1, 0])
        at = tf.gather_nd(w, [[0, 1]])
        (slices,) = tf.gradients(tf.reduce_sum(tf.square(rows)), [w])
        (dense,) = tf.gradients(tf.reduce_sum(at * 3.0), [w])
        return None, [slices.values, slices.indices, tf.convert_to_tensor(slices), dense, rows, at]

    assert_same_values(program)
