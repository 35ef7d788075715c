"""Converted functions give what TensorFlow's AutoGraph gives: in eager mode, in a graph, under
gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.autograph.programs import BEYOND, PROGRAMS, F
from tests.lib.eager.both import _arrays, _same, check, ours
from tests.oracle import tf1


def _names(tf: Any) -> Any:
    """The module that has `function` and `autograph`."""
    if tf is tf1x:
        return tf1x
    import tensorflow

    return tensorflow


@pytest.mark.parametrize("name", PROGRAMS)
def test_functions(name: str) -> None:
    make, calls = PROGRAMS[name]

    def run(tf: Any) -> Any:
        function = _names(tf).function(make(tf))
        return [function(*[tf.constant(a) for a in args]) for args in calls]

    if name not in BEYOND:
        check(run)
        return

    def plainly(tf: Any) -> Any:
        return [
            tf1x.nest.map_structure(tf.convert_to_tensor, make(tf)(*[tf.constant(a) for a in args]))
            for args in calls
        ]

    _same(ours(run), ours(plainly), 1e-5)


_GRAPH_ONLY = sorted(set(PROGRAMS) - {"variables", "datasets", *BEYOND})


@pytest.mark.parametrize("name", _GRAPH_ONLY)
def test_graphs(name: str) -> None:
    make, calls = PROGRAMS[name]

    def run(tf: Any) -> Any:
        with tf.Graph().as_default(), tf.Session() as session:
            function = _names(tf).autograph.to_graph(make(tf))
            found = [function(*[tf.constant(a) for a in args]) for args in calls]
            return session.run([[tf.convert_to_tensor(x) for x in flat(r)] for r in found])

    def flat(result: Any) -> list[Any]:
        return tf1.nest.flatten(result)

    _same(_arrays(run(tf1x)), _arrays(run(tf1)), 1e-5)


def power(tf: Any) -> Any:
    def f(x, n):
        y = x
        for _ in tf.range(n):
            if tf.reduce_sum(y) < 20.0:
                y = y * x
            else:
                y = y + x
        return tf.reduce_sum(y)

    return f


def newton(tf: Any) -> Any:
    def f(x, n):
        y = x
        i = 0
        while i < n and tf.reduce_max(tf.abs(y * y - x)) > 1e-3:
            y = 0.5 * (y + x / y)
            i += 1
        return tf.reduce_sum(y) if i > 1 else tf.reduce_sum(y) * 3.0

    return f


def collected(tf: Any) -> Any:
    def f(x, n):
        h = tf.zeros_like(x)
        total = 0.0
        for row in tf.stack([x, x * 2.0, x * 3.0]):
            h = tf.tanh(h + row)
            if tf.reduce_sum(h) < -100.0:
                break
            total += tf.reduce_sum(h * h)
        return total

    return f


_DIFFERENTIABLE = [power, newton, collected]


@pytest.mark.parametrize("make", _DIFFERENTIABLE)
def test_gradients_of_functions(make: Any) -> None:
    def run(tf: Any) -> Any:
        f, x = _names(tf).function(make(tf)), tf.constant([1.5, 2.0])
        found = []
        for n in (1, 5):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x, tf.constant(n))
            found += [y, tape.gradient(y, x)]
        return found

    check(run)


@pytest.mark.parametrize("make", _DIFFERENTIABLE)
def test_gradients_in_graphs(make: Any) -> None:
    def run(tf: Any) -> Any:
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.placeholder(tf.float32, [2])
            y = _names(tf).autograph.to_graph(make(tf))(x, tf.constant(4))
            return session.run([y, *tf.gradients(y, x)], {x: [1.5, 2.0]})

    found, wanted = run(tf1x), run(tf1)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_lists_grow_in_loops() -> None:
    def f(n):  # type: ignore[no-untyped-def]
        squares = []
        for i in tf1x.range(n):
            if i > 1:
                squares.append(tf1x.cast(i, tf1x.float32) ** 2)  # noqa: PERF401
        return tf1x.stack(squares), len(squares)

    def g(n, x):  # type: ignore[no-untyped-def]
        products = [x]
        i = 0
        while i < n:
            products.append(products[i] * x)
            i += 1
        return tf1x.reduce_sum(tf1x.contrib.autograph.stack(products))

    with tf1x.Graph().as_default(), tf1x.Session() as session:
        n, x = tf1x.placeholder(tf1x.int32, []), tf1x.placeholder(tf1x.float32, [])
        stacked, count = tf1x.autograph.to_graph(f)(n)
        total = tf1x.autograph.to_graph(g)(n, x)
        (slope,) = tf1x.gradients(total, x)
        for steps in (4, 6):
            rows, found = session.run([stacked, count], {n: steps})
            assert rows.tolist() == [i * i for i in range(2, steps)]
            assert found == steps - 2
        assert session.run([total, slope], {n: 3, x: 2.0}) == [30.0, 1 + 4 + 12 + 32]


def test_a_function_without_control_flow_is_as_before() -> None:
    def body(x):  # type: ignore[no-untyped-def]
        return tf1x.nn.relu(x * 2.0) + 1.0

    graphs = []
    for autograph in (False, True):
        with tf1x.Graph().as_default():
            traced = tf1x.function(body, autograph=autograph).get_concrete_function(
                tf1x.TensorSpec([2], tf1x.float32)
            )
            graphs.append([(o.name.partition("/")[2] or o.name, o.type) for o in traced.graph.get_operations()][1:])  # fmt: skip
    assert graphs[0] == graphs[1]


def test_effects_in_a_graph_happen_before_the_result(capfd: Any) -> None:
    def f(x):  # type: ignore[no-untyped-def]
        assert x > 0, ("too small:", x)
        if x > 2:
            print("large", x)
        return x + 1

    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.placeholder(tf1x.int32, [])
        y = tf1x.autograph.to_graph(f)(x)
        assert session.run(y, {x: 3}) == 4
        assert "large 3" in capfd.readouterr().out
        assert session.run(y, {x: 1}) == 2
        assert "large" not in capfd.readouterr().out
        with pytest.raises(tf1x.errors.InvalidArgumentError, match="too small"):
            session.run(y, {x: 0})


def test_types_of_results() -> None:
    with tf1x.Graph().as_default():
        found = tf1x.autograph.to_graph(lambda x: x if True else 0)(F(1.0))
        assert found == 1.0
        assert isinstance(found, np.float32)
