"""`tf.variable_scope`, `tf.get_variable`, `tf.make_template`: names, sharing and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_same_nodes, assert_same_values
from tests.oracle import tf1


def _names(program: Any) -> None:
    """What `program(tf)` returns is the same in both."""
    found = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default():
            found.append(program(tf))
    assert found[0] == found[1]


def _scopes(tf: Any) -> None:
    with tf.variable_scope("a", regularizer=tf.nn.l2_loss) as a:
        tf.get_variable("w", [2, 3])
        tf.get_variable("b", [3], initializer=tf.zeros_initializer())
        tf.Variable(1.0, name="plain")
        with tf.variable_scope("inner", regularizer=tf.no_regularizer):
            tf.get_variable("w", [2]) + 1.0
    with tf.variable_scope("a", reuse=True):
        tf.get_variable("w", [2, 3])
        tf.constant(1)
        tf.Variable(1.0, name="plain")
    with tf.variable_scope(a, reuse=True):
        tf.constant(1)
        with tf.variable_scope("inner"):
            tf.get_variable("w")
    with tf.variable_scope(a, auxiliary_name_scope=False):
        tf.constant(1)
        tf.get_variable("late", [1])
    with tf.name_scope("outer"), tf.variable_scope("b") as b:
        tf.get_variable("w", [1])
        tf.constant(1)
        with tf.name_scope(b.original_name_scope):
            tf.constant(1, name="again")
    for _ in range(2):
        with tf.variable_scope(None, "d"):
            tf.get_variable("w", [2, 3])
            with tf.variable_scope(None, default_name="d"):
                tf.get_variable("w", [2, 3])
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
        tf.get_variable("root", [1])
        tf.get_variable("root", [1])
    with tf.variable_scope(
        "r", use_resource=True, initializer=tf.constant_initializer(2.0), dtype=tf.float64
    ):
        tf.get_variable("w", [2]) * 2.0
        tf.Variable(1.0)
    with tf.variable_scope("deep/er"):
        tf.get_variable("x/y", [1])
    tf.get_variable("tensor", initializer=tf.constant([1.0, 2.0]))
    tf.get_variable("list", initializer=[1, 2])
    tf.get_variable("typed", initializer=2.0, dtype=tf.float32)
    tf.get_variable("called", initializer=lambda: tf.ones([2]))
    tf.get_variable("class", [2], initializer=tf.ones_initializer)
    tf.get_variable("int", [2], dtype=tf.int32)
    tf.get_variable("bool", [2], dtype=tf.bool)
    tf.get_local_variable("local", [2], initializer=tf.zeros_initializer())
    tf.get_variable("still", [2], trainable=False, constraint=tf.identity)


def test_nodes_equal_tensorflow() -> None:
    assert_same_nodes(_scopes)


def test_collections_equal_tensorflow() -> None:
    def program(tf: Any) -> Any:
        _scopes(tf)
        keys = ("variables", "local_variables", "trainable_variables", "regularization_losses")
        return {key: [item.name for item in tf.get_collection(key)] for key in keys}

    _names(program)


def test_partitioned_variables_equal_tensorflow() -> None:
    def program(tf: Any) -> Any:
        partitioner = tf.fixed_size_partitioner(3)
        whole = tf.get_variable(
            "p", [7, 2], partitioner=partitioner, initializer=tf.ones_initializer()
        )
        start = tf.constant(np.arange(6, dtype=np.float32).reshape(3, 2))
        given = tf.get_variable(
            "q", initializer=start, partitioner=tf.fixed_size_partitioner(2, axis=1)
        )
        with tf.variable_scope(
            "s", partitioner=tf.min_max_variable_partitioner(2, min_slice_size=8)
        ):
            small = tf.get_variable("w", [4, 4], initializer=tf.zeros_initializer())
            tf.get_variable("scalar", [], initializer=tf.zeros_initializer())
        sized = tf.get_variable(
            "z",
            [5, 2],
            partitioner=tf.variable_axis_size_partitioner(16),
            initializer=tf.zeros_initializer(),
        )
        parts = [len(list(v)) for v in (whole, given, small, sized)]
        shapes = [[p.shape.as_list() for p in v] for v in (whole, given, small, sized)]
        specs = [p._get_save_slice_info().spec for p in whole]
        assert parts == [3, 2, 2, 3]
        assert shapes[0] == [[3, 2], [2, 2], [2, 2]]
        assert specs[1] == "7 2 3,2:0,2"
        return None, [
            tf.convert_to_tensor(given),
            tf.convert_to_tensor(whole) * 2.0,
            tf.reduce_sum(sized),
        ]

    assert_same_values(program)
    assert_same_nodes(program)


def test_sharing() -> None:
    with tf1x.Graph().as_default():
        with tf1x.variable_scope("a") as scope:
            w = tf1x.get_variable("w", [2])
            scope.reuse_variables()
            assert tf1x.get_variable("w", [2]) is w
            assert tf1x.get_variable_scope() is scope
        assert tf1x.get_variable_scope().name == ""
        with tf1x.variable_scope("a", reuse=tf1x.AUTO_REUSE):
            assert tf1x.get_variable("w") is w
            fresh = tf1x.get_variable("fresh", [1])
        with tf1x.variable_scope(scope, reuse=True):
            assert tf1x.get_variable("fresh", [1]) is fresh
        with tf1x.variable_scope("a"):
            assert not tf1x.get_variable_scope().reuse


def test_errors_have_tensorflows_words() -> None:
    with tf1x.Graph().as_default():
        tf1x.get_variable("w", [2])
        with pytest.raises(ValueError) as caught:
            tf1x.get_variable("w", [2])
        assert str(caught.value).startswith(
            "Variable w already exists, disallowed. Did you mean to set reuse=True or "
            "reuse=tf.AUTO_REUSE in VarScope? Originally defined at:"
        )
        assert 'tf1x.get_variable("w", [2])' in str(caught.value)
        with tf1x.variable_scope("", reuse=True):
            with pytest.raises(
                ValueError,
                match=r"Variable x does not exist, or was not created with tf.get_variable\(\)",
            ):
                tf1x.get_variable("x", [2])
            with pytest.raises(
                ValueError,
                match=r"Trying to share variable w, but specified shape \(3,\) and found shape \(2,\)",
            ):
                tf1x.get_variable("w", [3])
            with pytest.raises(
                ValueError, match="specified dtype int32 and found dtype float32_ref"
            ):
                tf1x.get_variable("w", [2], tf1x.int32)
        with pytest.raises(ValueError, match="do not specify shape"):
            tf1x.get_variable("y", [2], initializer=tf1x.constant([1.0, 2.0]))
        with pytest.raises(ValueError, match="`shape` argument must be specified"):
            tf1x.get_variable("y")
        with pytest.raises(ValueError, match="don't match"):
            tf1x.get_variable("y", initializer=1.0, dtype=tf1x.int32)
        with pytest.raises(ValueError, match="not valid"):
            tf1x.get_variable("y", initializer=tf1x.zeros_initializer())
        with pytest.raises(ValueError, match="not callable"):
            tf1x.get_variable("y", [1], custom_getter=3)
        with pytest.raises(TypeError, match="name_or_scope is required"):
            tf1x.variable_scope(None)
        with pytest.raises(ValueError, match="reuse=True cannot be used"):
            tf1x.variable_scope(None, "d", reuse=True).__enter__()
        with pytest.raises(ValueError, match="reuse parameter"):
            tf1x.variable_scope("a", reuse="yes")
        with pytest.raises(ValueError, match="one dimension"):
            tf1x.get_variable("p", [4, 4], partitioner=lambda shape, dtype: [2, 2])


def test_custom_getters_nest_like_tensorflows() -> None:
    def program(tf: Any) -> Any:
        calls = []

        def outer(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
            calls.append(("outer", name, sorted(k for k in kwargs if kwargs[k] is not None)))
            return getter(name + "_o", *args, **kwargs)

        def inner(getter: Any, *args: Any, **kwargs: Any) -> Any:
            calls.append(("inner", args, kwargs["name"]))
            return getter(*args, **kwargs) * 2.0

        with tf.variable_scope("a", custom_getter=outer):
            first = tf.get_variable("w", [1])
            with tf.variable_scope("b", custom_getter=inner):
                second = tf.get_variable("w", [1])
        return calls, first.name, second.name, [v.name for v in tf.global_variables()]

    _names(program)


def test_templates_equal_tensorflow() -> None:
    def program(tf: Any) -> Any:
        def layer(x: Any, size: int) -> Any:
            w = tf.get_variable("w", [size], initializer=tf.ones_initializer())
            return x * w

        first = tf.make_template("layer", layer, size=2)
        second = tf.make_template("layer", layer, size=3, create_scope_now_=True)
        results = [first(1.0), first(2.0), second(3.0), second(4.0)]
        exact = tf.make_template("unused", layer, size=1, unique_name_="exact")
        exact(1.0)
        return (
            [r.name for r in results],
            [v.name for v in tf.global_variables()],
            first.variable_scope.name, first.name, [v.name for v in second.variables],
            [v.name for v in first.trainable_variables],
        )  # fmt: skip

    _names(program)


def test_a_template_makes_variables_once() -> None:
    with tf1x.Graph().as_default():
        template = tf1x.make_template("t", lambda: tf1x.Variable(1.0))
        template()
        with pytest.raises(ValueError, match="Trainable variable created"):
            template()


def test_resource_variables_by_default() -> None:
    with tf1x.Graph().as_default():
        assert not tf1x.resource_variables_enabled()
        tf1x.enable_resource_variables()
        try:
            assert tf1x.resource_variables_enabled()
            assert tf1x.Variable(1.0).op.type == "VarHandleOp"
            assert tf1x.get_variable("w", [1]).op.type == "VarHandleOp"
            assert tf1x.get_variable("x", [1], use_resource=False).op.type == "VariableV2"
        finally:
            tf1x.disable_resource_variables()
        assert tf1x.Variable(1.0).op.type == "VariableV2"


def test_regularization_losses_add_up() -> None:
    def program(tf: Any) -> Any:
        with tf.variable_scope("a", regularizer=lambda w: 0.5 * tf.reduce_sum(tf.abs(w))):
            tf.get_variable("w", initializer=[1.0, -2.0])
            tf.get_variable("v", initializer=[3.0])
        losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
        return None, [
            tf.add_n(losses),
            losses[0] + 1.0,
            sum(losses),
            losses[1],
            tf.identity(losses[0]),
        ]

    assert_same_values(program)
    assert_same_nodes(program)


def test_old_form_of_the_scope() -> None:
    with tf1x.Graph().as_default():
        x = tf1x.constant(1.0)
        with tf1x.variable_op_scope([x], None, "default"):
            assert tf1x.get_variable("w", [1]).name == "default/w:0"
