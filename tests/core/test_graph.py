import pytest
from hypothesis import given
from hypothesis import strategies as st

import tf1x as tf
from tests.oracle import tf1


@given(st.lists(st.sampled_from(["a", "A", "a_1", "b", "a_1_1", "B"]), max_size=12))
def test_unique_names_equal_tensorflow(names):
    ours, theirs = tf.Graph(), tf1.Graph()
    with ours.as_default(), theirs.as_default():
        for name in names:
            assert tf.constant(1, name=name).op.name == tf1.constant(1, name=name).op.name


def _scopes(lib):
    """Names made by nested, repeated and re-entered scopes."""
    with lib.Graph().as_default() as graph:
        with lib.name_scope("s") as scope:
            lib.constant(1)
            with lib.name_scope("inner"):
                lib.constant(1, name="c")
        with lib.name_scope("s"):
            lib.constant(1, name="c")
        with lib.name_scope(scope):
            lib.constant(1, name="c")
        with lib.name_scope(None):
            lib.constant(1, name="root")
        with lib.name_scope(None, "default"):
            lib.constant(1)
        with lib.name_scope(""):
            lib.constant(1)
        return [op.name for op in graph.get_operations()]


def test_name_scopes_equal_tensorflow():
    assert _scopes(tf) == _scopes(tf1)


def _controls(lib):
    with lib.Graph().as_default() as graph:
        a, b = lib.constant(1, name="a"), lib.constant(2, name="b")
        with lib.control_dependencies([a]):
            c = lib.identity(b, name="c")
            lib.identity(c, name="d")
            lib.identity(a, name="e")
            with lib.control_dependencies([b, b.op]):
                lib.constant(0, name="f")
            with lib.control_dependencies(None):
                lib.constant(0, name="g")
        return {op.name: [i.name for i in op.control_inputs] for op in graph.get_operations()}


def test_control_inputs_equal_tensorflow():
    assert _controls(tf) == _controls(tf1)


def test_lookup():
    with tf.Graph().as_default() as graph:
        c = tf.constant(1.0, name="c")
        assert graph.get_tensor_by_name("c:0") is c
        assert graph.get_operation_by_name("c") is c.op
        assert graph.as_graph_element("c:0") is c
        assert c in [t for op in graph.get_operations() for t in op.values()]
        with pytest.raises(KeyError, match="does not exist"):
            graph.get_tensor_by_name("d:0")
        with pytest.raises(KeyError, match="only has 1 outputs"):
            graph.get_tensor_by_name("c:1")
        with pytest.raises(ValueError, match="refers to an Operation"):
            graph.get_tensor_by_name("c")
        with pytest.raises(KeyError, match="not in the graph"):
            graph.get_operation_by_name("d")
        with pytest.raises(TypeError, match="Can not convert a int"):
            graph.as_graph_element(3)
    with tf.Graph().as_default() as other, pytest.raises(ValueError, match="not an element"):
        other.as_graph_element(c)


def test_graphs_do_not_mix():
    a = tf.constant(1.0) if tf.get_default_graph() else None
    with tf.Graph().as_default():
        b = tf.constant(2.0)
        with pytest.raises(ValueError, match="same graph"):
            _ = b + a


def test_finalized_graph_is_closed():
    with tf.Graph().as_default() as graph:
        graph.finalize()
        with pytest.raises(RuntimeError, match="finalized"):
            tf.constant(1)
        with pytest.raises(RuntimeError, match="finalized"):
            graph.add_to_collection("c", 1)


def test_default_graphs():
    first = tf.get_default_graph()
    with tf.Graph().as_default() as graph:
        assert tf.get_default_graph() is graph
        with pytest.raises(AssertionError, match="nested"):
            tf.reset_default_graph()
    assert tf.get_default_graph() is first
    tf.reset_default_graph()
    assert tf.get_default_graph() is not first


def test_devices_are_recorded():
    with tf.Graph().as_default():
        with tf.device("/job:worker/task:1"), tf.device("/gpu:1"):
            assert tf.constant(1).device == "/job:worker/task:1/device:GPU:1"
        with tf.device(lambda op: "/cpu:0"):
            assert tf.constant(1).device == "/device:CPU:0"
        with tf.device("/cpu:0"), tf.device(None):
            assert tf.constant(1).device == ""


def test_collections():
    with tf.Graph().as_default() as graph:
        a, b = tf.constant(1, name="a"), tf.constant(1, name="b")
        tf.add_to_collection("c", a)
        tf.add_to_collections(["c", "d"], b)
        assert tf.get_collection("c") == [a, b]
        assert tf.get_collection("c", scope="b") == [b]
        assert tf.get_collection("none") == []
        tf.get_collection_ref("d").append(a)
        assert tf.get_collection("d") == [b, a]
        assert set(graph.get_all_collection_keys()) == {"c", "d"}
        graph.clear_collection("c")
        assert tf.get_collection("c") == []


def test_tensors_are_not_python_values():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        with pytest.raises(TypeError, match="not allowed"):
            bool(x)
        with pytest.raises(TypeError, match="iterable"):
            iter(x)
        with pytest.raises(ValueError, match="session"):
            x.eval()
        assert x == x
        assert len({x, x}) == 1
        assert str(x) == 'Tensor("x:0", shape=(2,), dtype=float32)'
        x.set_shape([2])
        with pytest.raises(ValueError, match="not compatible"):
            x.set_shape([3])


def test_ops_know_the_line_that_made_them():
    with tf.Graph().as_default():
        op = tf.constant(1).op
    assert op.traceback[0].filename == __file__
    assert "op = tf.constant(1).op" in str(op.traceback[0])


def test_constant_without_a_name() -> None:
    with tf.Graph().as_default():
        assert tf.constant(1, name=None).op.name == "Const"


def test_attributes_of_the_program() -> None:
    with tf.Graph().as_default():
        x = tf.constant(1)
        x.scope, x.op.layer, variable = "conv1", 3, tf.Variable(1.0)
        variable.W = x
        assert (x.scope, x.op.layer, variable.W) == ("conv1", 3, x)
