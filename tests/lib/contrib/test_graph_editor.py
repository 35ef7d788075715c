"""`tf.contrib.graph_editor`."""

from __future__ import annotations

import collections
from typing import Any, NamedTuple

import numpy as np
import pytest

import tf1x as tf

ge = tf.contrib.graph_editor


class Small(NamedTuple):
    """a, b -> c; c, d -> e, f; c, a -> g; f, g -> h, which waits for c."""

    graph: Any
    a: Any
    b: Any
    c: Any
    d: Any
    e: Any
    f: Any
    g: Any
    h: Any


@pytest.fixture
def small() -> Small:
    graph = tf.Graph()
    with graph.as_default():
        a = tf.constant([1.0, 1.0], name="a")
        with tf.name_scope("foo"):
            b = tf.constant([2.0, 2.0], name="b")
            c = tf.add(a, b, name="c")
            d = tf.constant([3.0, 3.0], name="d")
            with tf.name_scope("bar"):
                e = tf.add(c, d, name="e")
                f = tf.add(c, d, name="f")
                g = tf.add(c, a, name="g")
                with tf.control_dependencies([c.op]):
                    h = tf.add(f, g, name="h")
    return Small(graph, a, b, c, d, e, f, g, h)


def _names(items: Any) -> list[str]:
    return sorted(item.name for item in items)


def test_selections(small: Small) -> None:
    controls = ge.ControlOutputs(small.graph)
    c, f, g, h = small.c.op, small.f.op, small.g.op, small.h.op
    for found, count in [
        (ge.filter_ops(small.graph, True), 8),
        (ge.filter_ops(small.graph, lambda op: op.type == "Const"), 3),
        (ge.filter_ops_from_regex(small.graph, r"^.*\b[abc]$"), 3),
        (ge.filter_ts(small.graph, True), 8),
        (ge.filter_ts_from_regex(small.graph, r"/[fgh]:\d$"), 3),
        (ge.get_name_scope_ops(small.graph, "foo/"), 7),
        (ge.get_name_scope_ops(small.graph, "foo/bar"), 4),
        (ge.get_ops_ios(h), 2),
        (ge.get_ops_ios(h, control_ios=controls), 3),
        (ge.get_ops_ios(c), 5),
        (ge.get_ops_ios(c, control_ios=controls), 6),
        (ge.get_walks_intersection_ops([c], [g]), 2),
        (ge.get_walks_union_ops([f], [g]), 6),
        (ge.get_within_boundary_ops(small.graph, h, [f, g]), 3),
        (ge.get_within_boundary_ops(small.graph, f, [c, h], False, control_ios=controls), 3),
        (ge.select_ops("^foo/bar/", "a", graph=small.graph), 5),
        (ge.select_ops(small.h, g), 1),
        (ge.select_ts(r".*/bar/\w+:0", graph=small.graph), 4),
        (ge.get_tensors(small.graph), 8),
        (ge.get_generating_ops([small.c, small.a]), 2),
        (ge.get_consuming_ops([small.c, small.a]), 4),
    ]:
        assert len(found) == count
    ops, ts = ge.select_ops_and_ts("^foo/.*", "(?#ts)^foo/bar/.*", graph=small.graph)
    assert (len(ops), len(ts)) == (7, 4)
    assert ge.compute_boundary_ts([g, h]) == ([small.c, small.a, small.f], [small.h], [small.g])


def test_walks(small: Small) -> None:
    assert _names(ge.get_backward_walk_ops(small.g)) == ["a", "foo/b", "foo/bar/g", "foo/c"]
    assert _names(ge.get_backward_walk_ops(small.g.op, stop_at_ts=[small.c])) == ["a", "foo/bar/g"]
    assert _names(ge.get_forward_walk_ops(small.d)) == ["foo/bar/e", "foo/bar/f", "foo/bar/h"]
    forward = ge.get_forward_walk_ops(small.c.op, inclusive=False, within_ops=[small.f.op])
    assert forward == []  # the seed is not within
    within = [small.c.op, small.f.op, small.h.op]
    assert ge.get_forward_walk_ops(small.c.op, False, within) == [small.f.op, small.h.op]
    controls = ge.ControlOutputs(small.graph)
    behind = ge.get_forward_walk_ops(small.c.op, within_ops=[small.c.op, small.h.op])
    assert behind == [small.c.op]
    waiting = ge.get_forward_walk_ops(
        small.c.op, within_ops=[small.c.op, small.h.op], control_outputs=controls
    )
    assert waiting == [small.c.op, small.h.op]


def test_a_long_chain() -> None:
    """No recursion, and no walk over the graph for each tensor."""
    with tf.Graph().as_default():
        x = first = tf.constant(0.0)
        for _ in range(3000):
            x = tf.negative(x)
        made = ge.graph_replace(x, {first: tf.constant(2.0)})
        assert len(ge.get_backward_walk_ops(made)) == 3001
        with tf.Session() as session:
            assert session.run([x, made]) == [0.0, 2.0]


def test_views(small: Small) -> None:
    view = ge.sgv(small.graph)
    assert (list(view.inputs), list(view.outputs)) == ([], [small.e, small.h])
    assert len(view.remap_outputs([1]).remove_unused_ops().ops) == 7
    view = ge.sgv(small.f.op, small.g.op)
    assert list(view.inputs) == [small.c, small.d, small.a]
    assert view.outputs + [1] == [small.f, small.g, 1]
    assert len(ge.sgv_scope("foo/bar", graph=small.graph).ops) == 4
    view = ge.sgv(small.c.op)
    assert list(view.remap_outputs_to_consumers().outputs) == [small.c] * 3
    bare = view.remap([], [])
    assert (len(bare.inputs), len(bare.outputs)) == (0, 0)
    assert list(bare.remap_default().inputs) == [small.a, small.b]
    assert view.input_index(small.b) == 1
    assert view.find_op_by_name("foo/c") is small.c.op
    assert ge.sgv(small.c).is_passthrough(small.c)
    assert "** inputs[2]:\na:0\nfoo/b:0\n" in str(view)
    assert str(ge.SubGraphView()) == "SubGraphView: empty"
    with pytest.raises(ValueError, match="repetition"):
        view.remap_inputs([0, 0])
    with pytest.raises(ValueError, match="range"):
        view.remap_outputs([1])
    with pytest.raises(ValueError, match="Graph mismatch"):
        ge.sgv(view, graph=tf.Graph())


def test_rewiring_changes_what_sessions_compute(small: Small) -> None:
    with tf.Session(graph=small.graph) as session:
        assert session.run(small.h).tolist() == [10.0, 10.0]  # f = 6, g = 4
        assert ge.swap_ts(small.a, small.d, can_modify=[small.f.op, small.g.op]) == 2
        assert session.run([small.f, small.g])[0].tolist() == [4.0, 4.0]
        assert session.run(small.g).tolist() == [6.0, 6.0]
        assert ge.reroute_ts(small.b, small.a) == 2  # of c and f
        assert session.run(small.c).tolist() == [4.0, 4.0]
        ge.remove_control_inputs(small.h.op, small.c.op)
        assert small.h.op.control_inputs == []
        with pytest.raises(ValueError, match="not a control_input"):
            ge.remove_control_inputs(small.h.op, small.c.op)
        ge.add_control_inputs(small.h.op, [small.c.op, small.a.op])
        with pytest.raises(ValueError, match="already"):
            ge.add_control_inputs(small.h.op, small.c.op)
        assert small.graph.as_graph_def().node[-1].input[-2:] == ["^foo/c", "^a"]
    with small.graph.as_default(), pytest.raises(ValueError, match="not compatible"):
        ge.swap_ts(small.a, tf.constant([1.0]))
    with small.graph.as_default(), pytest.raises(ValueError, match="not compatible"):
        ge.swap_ts(small.a, tf.constant([1, 1]))


def test_rewiring_of_views() -> None:
    with tf.Graph().as_default():
        a0, b0 = tf.constant(1.0, name="a0"), tf.constant(2.0, name="b0")
        a1, b1 = tf.constant(3.0, name="a1"), tf.constant(5.0, name="b1")
        c0, c1 = tf.multiply(a0, b0, name="c0"), tf.multiply(a1, b1, name="c1")
        user0, user1 = tf.identity(c0), tf.identity(c1)
        view0, view1 = ge.sgv(c0.op), ge.sgv(c1.op)
        with tf.Session() as session:

            def users() -> list[float]:
                return [float(x) for x in session.run([user0, user1])]

            ge.swap_inputs(view0, view1)
            assert users() == [15.0, 2.0]
            assert list(view0.inputs) == [a1, b1]
            ge.swap_outputs(view0, view1)
            assert users() == [2.0, 15.0]
            ge.reroute_inputs(view0, view1)
            assert users() == [15.0, 15.0]
            ge.swap_ios(ge.sgv(c0.op), ge.sgv(c1.op))
            assert users() == [15.0, 15.0]
            ge.reroute_outputs(ge.sgv(a0.op), ge.sgv(a1.op))
            assert users() == [5.0, 5.0]


def test_detaching_connecting_and_bypassing(small: Small) -> None:
    view = ge.sgv(small.c.op, small.a.op)
    _, inputs, outputs = ge.detach(view, control_ios=ge.ControlOutputs(small.graph))
    # `a` is used inside and outside, so it is an input and an output.
    assert [t.name for t in inputs] == ["geph__a_0:0", "foo/geph__b_0:0"]
    assert [t.name for t in outputs] == ["foo/geph__c_0:0", "geph__a_0_1:0"]
    assert ge.matcher("^foo/c$").input_ops("a", "^foo/geph__b_0$")(small.c.op)
    assert small.h.op.control_inputs == []
    with tf.Session(graph=small.graph) as session:
        given = {outputs[0]: [5.0, 5.0], outputs[1]: [7.0, 7.0]}
        assert session.run(small.h, given).tolist() == [20.0, 20.0]
        given = dict(zip(inputs, ([1.0, 1.0], [4.0, 4.0]), strict=True))
        assert session.run(small.c, given).tolist() == [5.0, 5.0]

        with small.graph.as_default():
            z = tf.constant([2.0, 3.0], name="z")
        ge.connect(ge.sgv(z.op), ge.sgv(small.e.op).remap_inputs([0]))
        assert session.run(small.e).tolist() == [5.0, 6.0]
        ge.bypass(ge.sgv(small.f.op).remap_inputs([1]))
        assert small.h.op.inputs[0] is small.d


def test_copies(small: Small) -> None:
    graph = tf.Graph()
    view, info = ge.copy(small.graph, graph)
    assert len(view.ops) == 8
    assert _names(graph.get_operations()) == _names(small.graph.get_operations())
    for item in (*small.graph.get_operations(), *ge.get_tensors(small.graph)):
        made = info.transformed(item)
        assert made.name == item.name
        assert made.graph is graph
        assert info.original(made) is item
    assert info.transformed({"x": (small.a, [small.h])})["x"][1][0].name == "foo/bar/h:0"
    assert graph.get_operation_by_name("foo/bar/h").control_inputs[0].name == "foo/c"
    with tf.Session(graph=graph) as session:
        assert session.run("foo/bar/h:0").tolist() == [10.0, 10.0]

    part, _ = ge.copy(ge.sgv(small.c.op), dst_scope="copy", src_scope="foo")
    assert [t.name for t in part.inputs] == ["copy/geph__a_0:0", "copy/geph__b_0:0"]
    assert part.ops[0].name == "copy/c"
    again, _ = ge.copy(ge.sgv(small.c.op), dst_scope="copy", src_scope="foo")
    assert again.ops[0].name == "copy_1/c"
    third, _ = ge.copy(ge.sgv(small.c.op), dst_scope="copy", src_scope="foo", reuse_dst_scope=True)
    assert third.ops[0].name == "copy/c_1"
    with pytest.raises(ValueError, match="does not belong to source scope"):
        ge.copy(ge.sgv(small.a.op), src_scope="foo")


def test_replacing_inputs(small: Small) -> None:
    with small.graph.as_default():
        ten = tf.constant([10.0, 10.0])
        view, _ = ge.copy_with_input_replacements(small.c.op, {small.a: ten})
        replaced = ge.graph_replace([small.h, small.d], {small.c: ten})
        assert replaced[1] is small.d
        Pair = collections.namedtuple("Pair", "x y")
        pair = ge.graph_replace(Pair(small.e, {"z": small.g}), {small.c: ten})
        assert isinstance(pair, Pair)
        assert set(pair.y) == {"z"}
        with tf.Session() as session:
            assert session.run(view.outputs[0]).tolist() == [12.0, 12.0]
            assert session.run(replaced[0]).tolist() == [24.0, 24.0]
            assert session.run(pair).y["z"].tolist() == [11.0, 11.0]
        with pytest.raises(ValueError, match="not connected"):
            ge.graph_replace(small.b, {small.a: ten})


def test_replacing_a_variable() -> None:
    with tf.Graph().as_default():
        a, b = tf.constant(1.0, name="a"), tf.Variable(2.0, name="b")
        c = tf.identity(a + b * b, name="c")
        new = ge.graph_replace(c, {b.op.outputs[0]: tf.constant(5.0)})
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            assert session.run([c, new]) == [5.0, 26.0]


@pytest.mark.parametrize("in_place", [False, True])
def test_a_transformer_with_a_handler_of_its_own(in_place: bool) -> None:
    source = tf.Graph()
    with source.as_default():
        x = tf.constant(1.0, name="x")
        y = tf.multiply(tf.multiply(x, 2.0, name="first"), 3.0, name="second")
    graph = source if in_place else tf.Graph()

    def noisy(info: Any, op: Any) -> Any:
        if in_place:
            made = ge.transform_op_in_place(info, op, detach_outputs=op.type == "Mul")
        else:
            made = ge.copy_op_handler(info, op)
        if op.type != "Mul":
            return made
        with info.graph_.as_default():
            return tf.add(made.outputs[0], 1.0, name="noise").op

    transformer = ge.Transformer()
    transformer.transform_op_handler = noisy
    _, info = transformer(source, graph, "", "")
    with tf.Session(graph=graph) as session:
        assert session.run(info.transformed(y)) == 10.0
    tree = ge.matcher("noise").input_ops("second", True)
    assert tree(graph.get_operation_by_name("noise_1"))


def test_gradients_of_copies_and_of_rewired_ops() -> None:
    with tf.Graph().as_default():
        x = tf.Variable([1.0, 2.0])
        hidden = tf.tanh(x.value())
        y = tf.reduce_sum(tf.square(hidden))
        (grad,) = tf.gradients(y, x)
        copied = ge.graph_replace(grad, {hidden: tf.constant([0.5, 0.5])})
        other = tf.constant([3.0, 4.0])
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            t = np.tanh([1.0, 2.0])
            np.testing.assert_allclose(session.run(grad), 2 * t * (1 - t**2), rtol=1e-5)
            # Square's gradient takes the constant, tanh's goes on with tanh(x).
            np.testing.assert_allclose(session.run(copied), 1 - t**2, rtol=1e-5)
            ge.reroute_ts(other, hidden, can_modify=[y.op.inputs[0].op])
            assert session.run(y) == 25.0
            # The gradient's own inputs were not touched: it still is that at tanh(x).
            np.testing.assert_allclose(session.run(grad), 2 * t * (1 - t**2), rtol=1e-5)


def test_copies_of_calls_and_python_functions_into_another_graph() -> None:
    source, graph = tf.Graph(), tf.Graph()
    with source.as_default():
        x = tf.placeholder(tf.float32, [], name="x")
        y = tf.cond(x > 0, lambda: x * 2.0, lambda: x - 1.0)
        z = tf.py_func(lambda v: v + np.float32(100), [y], tf.float32, name="z")
        (grad,) = tf.gradients(y, x)
    _, info = ge.copy(source, graph, "there")
    del source
    with tf.Session(graph=graph) as session:
        given = info.transformed(x)
        assert given.name == "there/x:0"
        assert session.run(info.transformed([z, grad]), {given: 3.0}) == [106.0, 2.0]
        assert session.run(info.transformed([z, grad]), {given: -3.0}) == [96.0, 1.0]


def test_names_and_corresponding_elements(small: Small) -> None:
    with small.graph.as_default():
        assert ge.ph(tf.float32, [2], scope="p").name == "p/geph:0"
        assert ge.placeholder_name(small.c) == "foo/geph__c_0"
        made = ge.make_placeholder_from_tensor(small.c, scope="")
        assert made.name == "geph__c_0:0"
        assert made.shape.as_list() == [2]
        assert ge.placeholder_name(made, "x") == "x/geph__c_0"
    graph = tf.Graph()
    ge.copy(small.graph, graph, "there")
    found = ge.util.find_corresponding([small.h, small.a.op], graph, dst_scope="there")
    assert [item.name for item in found] == ["there/foo/bar/h:0", "there/a"]
