"""`tf.contrib.copy_graph`."""

from __future__ import annotations

import pytest

import tf1x as tf

copy_graph = tf.contrib.copy_graph


def test_a_computation_with_a_variable_copied_under_a_scope() -> None:
    source, graph = tf.Graph(), tf.Graph()
    with source.as_default():
        v = tf.Variable(3.0, name="v", collections=["mine", tf.GraphKeys.GLOBAL_VARIABLES])
        x = tf.placeholder(tf.float32, [], name="x")
        with tf.control_dependencies([tf.no_op(name="first")]):
            y = tf.identity(x * v + 1.0, name="y")
        tf.add_to_collection("outputs", y)
    copied = copy_graph.copy_variable_to_graph(v, graph, "s")
    assert copied.name == "s/v:0"
    assert copied.graph is graph
    assert copied in graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
    assert copied in graph.get_collection("s/mine")
    assert not graph.get_collection("mine")
    made = copy_graph.copy_op_to_graph(y, graph, [copied], "s")
    assert made.name == "s/y:0"
    assert graph.get_collection("s/outputs") == [made]
    assert graph.get_operation_by_name("s/mul").control_inputs[0].name == "s/first"
    count = graph.version
    assert copy_graph.copy_op_to_graph(y, graph, [copied], "s") is made
    assert copy_graph.copy_op_to_graph(y.op, graph, [copied], "s") is made.op
    assert copy_graph.get_copied_op(x, graph, "s").name == "s/x:0"
    assert graph.version == count
    with tf.Session(graph=graph) as session:
        session.run(copied.initializer)
        assert session.run(made, {"s/x:0": 2.0}) == 7.0
    with graph.as_default(), tf.name_scope("s/"):
        assert tf.constant(0, name="y").name == "s/y_1:0"


def test_a_computation_without_variables_under_the_same_names() -> None:
    source, graph = tf.Graph(), tf.Graph()
    with source.as_default():
        a = tf.constant(2.0, name="a")
        b, c = tf.square(a, name="b"), tf.negative(a, name="c")
    with graph.as_default():
        tf.constant(10.0, name="a")
    made = copy_graph.copy_op_to_graph(b, graph, [])
    assert [op.name for op in graph.get_operations()] == ["a", "b"]
    with tf.Session(graph=graph) as session:
        assert session.run(made) == 100.0  # the `a` that was there
    with pytest.raises(KeyError):
        copy_graph.get_copied_op(c, graph)
    with pytest.raises(TypeError):
        copy_graph.copy_op_to_graph("b", graph, [])
    with pytest.raises(TypeError):
        copy_graph.copy_variable_to_graph(b, graph)
