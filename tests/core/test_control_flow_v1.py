"""Graphs that real TensorFlow built with Switch, Merge, Enter and Exit run here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto.graph_pb2 import GraphDef

import tf1x
from tests.oracle import tf1

X = np.arange(6, dtype=np.float32).reshape(2, 3) / 7
W = np.arange(9, dtype=np.float32).reshape(3, 3) / 10


class Given:
    def __init__(self) -> None:
        self.x = tf1.placeholder(tf1.float32, [None, 3], name="x")
        self.p = tf1.placeholder(tf1.bool, [], name="p")
        self.n = tf1.placeholder(tf1.int32, [], name="n")
        self.w = tf1.constant(W)
        self.v = tf1.get_variable("v", initializer=1.0)


def conditional(g: Given) -> Any:
    return tf1.cond(g.p, lambda: tf1.matmul(g.x, g.w), lambda: tf1.reduce_sum(g.x) * g.x)


def two_of_one_predicate(g: Given) -> Any:
    a = tf1.cond(g.p, lambda: g.x + 1.0, lambda: g.x - 1.0)
    b = tf1.cond(g.p, lambda: [a * 2.0, g.x], lambda: [a * 3.0, -g.x])
    return [a, *b]


def nested_conditionals(g: Given) -> Any:
    inner = lambda: tf1.cond(g.n > 2, lambda: g.x * 2.0, lambda: tf1.zeros_like(g.x))  # noqa: E731
    return tf1.cond(g.p, inner, lambda: g.x)


def conditional_update(g: Given) -> Any:
    return tf1.cond(g.p, lambda: tf1.assign_add(g.v, 2.0) + 0.0, lambda: g.v * 3.0)


def cases(g: Given) -> Any:
    pairs = [(g.n < 2, lambda: g.x + 1), (g.n < 5, lambda: g.x + 2)]
    return tf1.case(pairs, default=lambda: g.x + 3)


def loop_with_branch(g: Given) -> Any:
    def body(i: Any, a: Any) -> Any:
        return i + 1, tf1.cond(g.p, lambda: tf1.tanh(tf1.matmul(a, g.w)), lambda: a + 1.0)

    return tf1.while_loop(lambda i, a: i < g.n, body, [0, g.x])


def nested_loops_with_updates(g: Given) -> Any:
    def body(i: Any, a: Any) -> Any:
        with tf1.control_dependencies([tf1.assign_add(g.v, 1.0)]):
            _, b = tf1.while_loop(lambda j, b: j < i, lambda j, b: (j + 1, b * 1.1), [0, a])
        return i + 1, b

    return tf1.while_loop(lambda i, a: i < g.n, body, [0, g.x])


def growing(g: Given) -> Any:
    return tf1.while_loop(
        lambda a: tf1.shape(a)[0] < 9,
        lambda a: tf1.concat([a, a], 0),
        [g.x],
        shape_invariants=[tf1.TensorShape([None, 3])],
    )


def mapped(g: Given) -> Any:
    return [
        tf1.map_fn(lambda r: tf1.reduce_sum(r) * r, g.x),
        tf1.scan(lambda a, r: a * 0.5 + r, g.x),
    ]


def arrays(g: Given) -> Any:
    ta = tf1.TensorArray(tf1.float32, size=0, dynamic_size=True, clear_after_read=False)
    _, ta = tf1.while_loop(
        lambda i, _: i < g.n, lambda i, t: (i + 1, t.write(i, g.x * 2.0)), [0, ta]
    )
    return [ta.stack(), ta.size(), ta.read(0), ta.gather([1])]


def recurrent(g: Given) -> Any:
    cell = tf1.nn.rnn_cell.BasicLSTMCell(4)
    outputs, state = tf1.nn.dynamic_rnn(
        cell, tf1.expand_dims(g.x, 0), dtype=tf1.float32, sequence_length=[2]
    )
    return [outputs, state.c, state.h]


PROGRAMS: list[Callable[[Given], Any]] = [
    conditional, two_of_one_predicate, nested_conditionals, conditional_update, cases,
    loop_with_branch, nested_loops_with_updates, growing, mapped, arrays, recurrent,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_graph_of_tensorflow(program: Callable[[Given], Any]) -> None:
    graph = tf1.Graph()
    with graph.as_default(), tf1.Session() as session:
        found = program(Given())
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        fetches = [tf1.identity(t, name=f"out_{i}").name for i, t in enumerate(found)]
        variables = tf1.global_variables()
        session.run(tf1.global_variables_initializer())
        start = session.run(variables)
        feeds = [{"x:0": X, "p:0": p, "n:0": n} for p, n in ((True, 3), (False, 7))]
        theirs = [session.run(fetches, f) for f in feeds] + [session.run(variables)]
        names = [v.op.name for v in variables]
    ours = tf1x.Graph()
    with ours.as_default(), tf1x.Session() as session:
        proto = GraphDef.FromString(graph.as_graph_def().SerializeToString())
        tf1x.import_graph_def(proto, name="")
        for name, value in zip(names, start, strict=True):
            assign = ours.get_operation_by_name(f"{name}/Assign")
            session.run(assign, {assign.inputs[1]: value})
        found = [session.run(fetches, f) for f in feeds]
        found.append(session.run([f"{name}:0" for name in names]))
    for ours_run, theirs_run in zip(found, theirs, strict=True):
        for a, b in zip(ours_run, theirs_run, strict=True):
            assert np.shape(a) == np.shape(b)
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def nested_loops_and_branches(g: Given) -> Any:
    def body(i: Any, a: Any) -> Any:
        a = tf1.cond(tf1.equal(i % 2, 0), lambda: tf1.tanh(tf1.matmul(a, g.w)), lambda: a * g.v)
        _, a = tf1.while_loop(
            lambda j, b: j < i, lambda j, b: (j + 1, tf1.sin(b) * g.v + b), [0, a]
        )
        return i + 1, a

    return tf1.while_loop(lambda i, a: i < g.n, body, [0, g.x])[1]


def broadcasts(g: Given) -> Any:
    """Their gradients need the shapes of every step."""
    return tf1.while_loop(lambda a: tf1.reduce_sum(a) < 40.0, lambda a: a * g.v + tf1.reduce_mean(a, 0) + 1.0, [g.x])  # fmt: skip


def dynamic_arrays(g: Given) -> Any:
    ta = tf1.TensorArray(tf1.float32, size=0, dynamic_size=True, clear_after_read=False)
    _, ta = tf1.while_loop(
        lambda i, _: i < g.n, lambda i, t: (i + 1, t.write(i, g.x * g.v)), [0, ta]
    )
    return [ta.concat(), ta.read(0)]


DIFFERENTIATED: list[Callable[[Given], Any]] = [
    conditional, two_of_one_predicate, nested_conditionals, cases, loop_with_branch,
    nested_loops_and_branches, broadcasts, mapped, dynamic_arrays, recurrent,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", DIFFERENTIATED, ids=lambda p: p.__name__)
def test_gradient_graph_of_tensorflow(program: Callable[[Given], Any]) -> None:
    """Stacks and gradient arrays of a loop's gradient, Switch and Merge of a branch's."""
    with tf1.Graph().as_default() as graph, tf1.Session() as session:
        given = Given()
        found = program(given)
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        floats = [t for t in found if t.dtype == tf1.float32]
        weights = [tf1.reduce_sum(t * tf1.cos(t)) for t in floats]
        grads = tf1.gradients(weights, [given.x, given.w, given.v, *tf1.trainable_variables()])
        fetches = [tf1.convert_to_tensor(t).name for t in grads if t is not None]
        session.run(tf1.global_variables_initializer())
        variables = tf1.global_variables()
        start, names = session.run(variables), [v.op.name for v in variables]
        feeds = [{"x:0": X, "p:0": p, "n:0": n} for p, n in ((True, 3), (False, 4))]
        theirs = [session.run(fetches, f) for f in feeds]
    with tf1x.Graph().as_default() as ours, tf1x.Session() as session:
        tf1x.import_graph_def(
            GraphDef.FromString(graph.as_graph_def().SerializeToString()), name=""
        )
        for name, value in zip(names, start, strict=True):
            assign = ours.get_operation_by_name(f"{name}/Assign")
            session.run(assign, {assign.inputs[1]: value})
        for feed, expected in zip(feeds, theirs, strict=True):
            for a, b in zip(session.run(fetches, feed), expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5)
