"""Branches and loops: the same programs under tf1x and TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1

X = np.arange(6, dtype=np.float32).reshape(2, 3) / 7 - 0.3
W = np.arange(9, dtype=np.float32).reshape(3, 3) / 10 - 0.35


class Given:
    """What the programs start from: placeholders and a variable."""

    def __init__(self, tf: Any, resource: bool = False) -> None:
        self.x = tf.placeholder(tf.float32, [None, 3])
        self.p = tf.placeholder(tf.bool, [])
        self.n = tf.placeholder(tf.int32, [])
        self.w = tf.get_variable("w", initializer=W, use_resource=resource)
        self.v = tf.get_variable("v", initializer=1.0, use_resource=resource)

    def feeds(self, p: bool, n: int) -> dict[Any, Any]:
        return {self.x: X, self.p: p, self.n: n}


Program = Callable[[Any, Given], Any]


def results(tf: Any, program: Program, resource: bool = False) -> list[list[Any]]:
    """Values of all fetches in runs with three different feeds, then those of the variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        given = Given(tf, resource)
        fetches = program(tf, given)
        fetches = list(fetches) if isinstance(fetches, (list, tuple)) else [fetches]
        session.run(tf.global_variables_initializer())
        found = [
            session.run(fetches, given.feeds(p, n)) for p, n in ((True, 3), (False, 7), (True, 20))
        ]
        return [*found, session.run([given.w, given.v])]


def grads(tf: Any, y: Any, *xs: Any) -> list[Any]:
    return [tf.convert_to_tensor(g) for g in tf.gradients(y, list(xs)) if g is not None]


def cond_gradients(tf: Any, g: Given) -> Any:
    y = tf.cond(g.p, lambda: tf.matmul(g.x, g.w), lambda: tf.reduce_sum(g.x) * g.x)
    return [y, *grads(tf, y, g.x, g.w)]


def cond_structure(tf: Any, g: Given) -> Any:
    a = tf.cond(g.p, lambda: {"a": [g.x, g.x + 1]}, lambda: {"a": [g.x * 2, g.x]})
    return [
        *a["a"],
        tf.cond(g.p, lambda: [g.x], lambda: [-g.x]),
        *tf.cond(g.p, lambda: [g.x], lambda: [-g.x], strict=True),
    ]


def cond_operations(tf: Any, g: Given) -> Any:
    return tf.cond(g.p, lambda: tf.group(tf.assign(g.v, 5.0)), lambda: tf.no_op())


def cond_assigns(tf: Any, g: Given) -> Any:
    return tf.cond(g.p, lambda: tf.assign_add(g.v, 2.0) + 0.0, lambda: g.v * 10.0)


def cond_runs_only_its_branch(tf: Any, g: Given) -> Any:
    def inside() -> Any:
        with tf.control_dependencies([tf.assign(g.v, 9.0)]):
            return tf.constant(1.0)

    return tf.cond(g.n > 5, inside, lambda: tf.constant(2.0))


def cond_runs_what_stands_outside(tf: Any, g: Given) -> Any:
    update = tf.assign_add(g.v, 1.0)

    def inside() -> Any:
        with tf.control_dependencies([update]):
            return tf.constant(1.0)

    return tf.cond(g.n > 100, inside, lambda: tf.constant(2.0))


def cond_of_other_shapes(tf: Any, g: Given) -> Any:
    y = tf.cond(g.p, lambda: g.x, lambda: tf.reduce_sum(g.x, 1, keepdims=True))
    return [y, tf.shape(y), *grads(tf, y, g.x)]


def cond_nested(tf: Any, g: Given) -> Any:
    inner = lambda: tf.cond(g.n > 5, lambda: g.x * 3.0, lambda: g.x * 4.0)  # noqa: E731
    y = tf.cond(g.p, inner, lambda: g.x * tf.reduce_max(g.w))
    return [y, *grads(tf, y, g.x, g.w)]


def cond_random(tf: Any, g: Given) -> Any:
    return tf.cond(g.p, lambda: tf.random_uniform([3], seed=4), lambda: tf.zeros([3]))


def cond_slices(tf: Any, g: Given) -> Any:
    rows = tf.gather(g.w, [0, 2])
    y = tf.cond(g.p, lambda: tf.reduce_sum(tf.gather(g.w, [1, 1])), lambda: tf.reduce_sum(rows))
    return grads(tf, y, g.w)


def cond_minimizes(tf: Any, g: Given) -> Any:
    loss = tf.reduce_mean(tf.square(tf.matmul(g.x, g.w) - 1.0))
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
    return tf.cond(g.p, lambda: tf.group(optimizer.minimize(loss)), lambda: tf.group(tf.no_op()))


def case_first(tf: Any, g: Given) -> Any:
    pairs = [(g.n < 5, lambda: g.x + 1), (g.n < 10, lambda: g.x + 2)]
    return tf.case(pairs, default=lambda: g.x + 3)


def case_exclusive(tf: Any, g: Given) -> Any:
    return tf.case({g.n < 5: lambda: g.x + 1, g.n > 5: lambda: g.x + 2}, exclusive=True)


def while_static(tf: Any, g: Given) -> Any:
    _, y = tf.while_loop(
        lambda i, y: i < 4, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, g.w))), [0, g.x]
    )
    return [y, *grads(tf, y, g.x, g.w)]


def while_by_data(tf: Any, g: Given) -> Any:
    i, y = tf.while_loop(
        lambda i, y: (i < g.n) & (tf.reduce_sum(tf.abs(y)) < 100),
        lambda i, y: (i + 1, y * 1.5 + tf.reduce_mean(g.w)),
        [0, g.x],
    )
    return [i, y, *grads(tf, y, g.x, g.w)]


def while_nested_by_data(tf: Any, g: Given) -> Any:
    def outer(i: Any, y: Any) -> Any:
        _, z = tf.while_loop(
            lambda j, z: (j < i + 2) & (tf.reduce_sum(z) < 50.0),
            lambda j, z: (j + 1, z * 1.1 + tf.reduce_sum(g.w) * 0.01), [0, y],
        )  # fmt: skip
        return i + 1, tf.tanh(z) * 2.0

    _, y = tf.while_loop(lambda i, y: i < g.n, outer, [0, g.x])
    return [y, *grads(tf, y, g.x, g.w)]


def while_with_branch(tf: Any, g: Given) -> Any:
    def body(i: Any, y: Any) -> Any:
        even = tf.equal(i % 2, 0)
        return i + 1, tf.cond(even, lambda: tf.nn.relu(tf.matmul(y, g.w)), lambda: y + 1.0)

    _, y = tf.while_loop(lambda i, y: i < g.n, body, [0, g.x])
    return [y, *grads(tf, y, g.x, g.w)]


def while_accumulates(tf: Any, g: Given) -> Any:
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True)

    def body(i: Any, array: Any, h: Any) -> Any:
        h = tf.tanh(h * tf.reduce_mean(g.w) + 1.0)
        return i + 1, array.write(i, h), h

    _, array, _ = tf.while_loop(lambda i, *_: i < g.n, body, [0, array, g.x])
    whole = array.stack()
    return [whole, array.size(), *grads(tf, tf.reduce_sum(whole * whole), g.x, g.w)]


def while_reads_and_writes(tf: Any, g: Given) -> Any:
    source = tf.TensorArray(tf.float32, size=2).unstack(g.x)
    array = tf.TensorArray(tf.float32, size=2, clear_after_read=False)
    _, array = tf.while_loop(
        lambda i, _: i < 2, lambda i, a: (i + 1, a.write(1 - i, source.read(i) * 2.0)), [0, array]
    )
    y = array.stack()
    return [y, array.gather([1]), array.concat(), *grads(tf, y, g.x)]


def while_grows(tf: Any, g: Given) -> Any:
    _, y = tf.while_loop(
        lambda i, y: i < 3,
        lambda i, y: (i + 1, tf.concat([y, y * 2.0], 0)),
        [tf.constant(0), g.x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 3])],
    )
    return [y, *grads(tf, y, g.x)]


def while_grows_by_data(tf: Any, g: Given) -> Any:
    return tf.while_loop(
        lambda i, y: i < g.n % 5,
        lambda i, y: (i + 1, tf.concat([y, y * 2.0], 0)),
        [tf.constant(0), g.x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 3])],
    )


def while_assigns(tf: Any, g: Given) -> Any:
    def body(i: Any) -> Any:
        with tf.control_dependencies([tf.assign_add(g.v, 2.0)]):
            return i + 1

    return tf.while_loop(lambda i: i < g.n, body, [0])


def while_waits_once_for_what_stands_outside(tf: Any, g: Given) -> Any:
    # An update without outputs is forgotten by TensorFlow here, with a resource variable.
    update = tf.identity(tf.assign_add(g.v, 1.0))

    def body(i: Any) -> Any:
        with tf.control_dependencies([update]):
            return i + 1

    return tf.while_loop(lambda i: i < 5, body, [0])


def while_random(tf: Any, g: Given) -> Any:
    return tf.while_loop(
        lambda i, y: i < g.n,
        lambda i, y: (i + 1, y + tf.random_normal([3], seed=2)),
        [0, tf.zeros(3)],
    )[1]


def while_python_function(tf: Any, g: Given) -> Any:
    def body(i: Any, y: Any) -> Any:
        z = tf.py_func(lambda a: (a * 2).astype(np.float32), [y], tf.float32)
        z.set_shape([None, 3])
        return i + 1, z

    return tf.while_loop(lambda i, y: i < g.n % 5, body, [0, g.x])[1]


def while_limited(tf: Any, g: Given) -> Any:
    y = tf.while_loop(lambda i: True, lambda i: i + 2, [tf.constant(0)], maximum_iterations=g.n)
    same = tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0], return_same_structure=True)
    return [y, *same]


def while_no_gradient(tf: Any, g: Given) -> Any:
    _, y = tf.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, y * 2.0), [0, g.x], back_prop=False
    )
    return [y, tf.gradients(y + g.x, g.x)[0]]


def while_stops_gradients(tf: Any, g: Given) -> Any:
    def body(i: Any, y: Any) -> Any:
        return i + 1, tf.maximum(y, 0.0) * tf.stop_gradient(y) + tf.nn.relu(y) * tf.reduce_max(g.w)

    _, y = tf.while_loop(lambda i, y: i < 3, body, [0, g.x])
    return [y, *grads(tf, y, g.x, g.w)]


def while_creates_variables(tf: Any, g: Given) -> Any:
    def body(i: Any, y: Any) -> Any:
        with tf.variable_scope("inside", reuse=tf.AUTO_REUSE):
            k = tf.get_variable("k", [3, 3], initializer=tf.constant_initializer(0.1))
        return i + 1, tf.matmul(y, k)

    _, y = tf.while_loop(lambda i, y: i < 3, body, [0, g.x])
    names = [v.name for v in tf.trainable_variables()]
    assert "inside/k:0" in names
    return [y, *grads(tf, y, *tf.trainable_variables())]


def gradient_inside_a_loop(tf: Any, g: Given) -> Any:
    def body(i: Any, y: Any) -> Any:
        loss = tf.reduce_sum(tf.square(tf.matmul(y, g.w) - 1.0))
        return i + 1, y - 0.05 * tf.gradients(loss, y)[0]

    return tf.while_loop(lambda i, y: i < g.n, body, [0, g.x])


def map_rows(tf: Any, g: Given) -> Any:
    y = tf.map_fn(lambda r: tf.reduce_sum(r) * r, g.x)
    a, b = tf.map_fn(lambda r: (r[0] * r[1], r[2] > 0), (g.x), dtype=(tf.float32, tf.bool))
    c = tf.map_fn(lambda pair: pair[0] + pair[1], (g.x, g.x * 2.0), dtype=tf.float32)
    return [y, a, b, c, *grads(tf, y, g.x)]


def scans(tf: Any, g: Given) -> Any:
    a = tf.scan(lambda acc, r: acc * 0.5 + r, g.x)
    b = tf.scan(lambda acc, r: (acc[0] + r, acc[1] + 1), g.x, initializer=(tf.zeros(3), 0))
    c = tf.scan(lambda acc, r: tf.tanh(acc + r), g.x, initializer=tf.ones(3), reverse=True)
    return [a, *b, c, *grads(tf, a, g.x), *grads(tf, c, g.x)]


def folds(tf: Any, g: Given) -> Any:
    a = tf.foldl(lambda acc, r: acc * 0.5 + r, g.x)
    b = tf.foldr(lambda acc, r: acc * 0.5 + r, g.x, initializer=tf.ones(3))
    return [a, b, *grads(tf, a, g.x)]


PROGRAMS = [
    cond_gradients, cond_structure, cond_operations, cond_assigns, cond_runs_only_its_branch,
    cond_runs_what_stands_outside, cond_of_other_shapes, cond_nested, cond_random, cond_slices,
    cond_minimizes, case_first, case_exclusive, while_static, while_by_data, while_nested_by_data,
    while_with_branch, while_accumulates, while_reads_and_writes, while_grows, while_grows_by_data,
    while_assigns, while_waits_once_for_what_stands_outside, while_random, while_python_function,
    while_limited, while_no_gradient, while_stops_gradients, while_creates_variables,
    gradient_inside_a_loop, map_rows, scans, folds,
]  # fmt: skip


@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_as_tensorflow(program: Program, resource: bool) -> None:
    ours, theirs = (results(tf, program, resource) for tf in (tf1x, tf1))
    for our_run, their_run in zip(ours, theirs, strict=True):
        for a, b in zip(our_run, their_run, strict=True):
            assert np.shape(a) == np.shape(b)
            assert np.asarray(a).dtype == np.asarray(b).dtype
            np.testing.assert_allclose(
                np.asarray(a).astype(float), np.asarray(b).astype(float), rtol=2e-5, atol=1e-6
            )


WRONG = {
    "cond of a Python bool": (lambda tf, g: tf.cond(True, lambda: 1, lambda: 2), TypeError),
    "branch that is no function": (lambda tf, g: tf.cond(g.p, 1, lambda: 2), TypeError),
    "branches of other types": (lambda tf, g: tf.cond(g.p, lambda: 1, lambda: 2.0), ValueError),
    "branches of other structures": (lambda tf, g: tf.cond(g.p, lambda: [1, 2], lambda: [1]), ValueError),
    "branch that returns nothing": (lambda tf, g: tf.cond(g.p, lambda: None, lambda: None), ValueError),
    "loop without variables": (lambda tf, g: tf.while_loop(lambda: True, list, []), ValueError),
    "loop of another structure": (
        lambda tf, g: tf.while_loop(lambda i: i < 3, lambda i: (i, i), [0]), ValueError,
    ),
    "loop that changes a shape": (
        lambda tf, g: tf.while_loop(lambda y: True, lambda y: tf.concat([y, y], 0), [tf.zeros([2])]),
        ValueError,
    ),
    "map over a scalar": (lambda tf, g: tf.map_fn(lambda r: r, tf.constant(1.0)), ValueError),
    "write of another shape": (
        lambda tf, g: tf.TensorArray(tf.float32, 2).write(0, [1.0]).write(1, [1.0, 2.0]), ValueError,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WRONG))
def test_wrong_use_is_refused(name: str) -> None:
    program, kind = WRONG[name]
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), pytest.raises(kind):
            program(tf, Given(tf))


def run_error(program: Program) -> Exception:
    tf = tf1x
    with tf.Graph().as_default(), tf.Session() as session:
        given = Given(tf)
        fetches = program(tf, given)
        session.run(tf.global_variables_initializer())
        before = session.run([given.w, given.v])
        with pytest.raises(tf.errors.OpError) as caught:
            session.run(fetches, given.feeds(True, 7))
        after = session.run([given.w, given.v])
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    return caught.value


def test_an_error_in_a_loop_names_the_op_and_the_line_and_changes_nothing() -> None:
    def program(tf: Any, g: Given) -> Any:
        def body(i: Any, y: Any) -> Any:
            with tf.control_dependencies([tf.assign_add(g.v, 1.0)]):
                return i + 1, tf.check_numerics(tf.log(y - 1.0), "bad log")  # the line

        return tf.while_loop(lambda i, y: i < g.n, body, [0, g.x])

    error = run_error(program)
    assert isinstance(error, tf1x.errors.InvalidArgumentError)
    assert "bad log" in str(error)
    assert "# the line" in str(error)


def test_an_error_in_a_branch() -> None:
    def program(tf: Any, g: Given) -> Any:
        zero = g.n - 7
        return tf.cond(g.p, lambda: 5 // zero, lambda: 1)

    error = run_error(program)
    assert "division" in str(error).lower()


def test_no_case_holds() -> None:
    error = run_error(lambda tf, g: tf.case([(g.n < 0, lambda: 1), (g.n < 1, lambda: 2)]))
    assert "None of the conditions" in str(error)


def test_two_exclusive_cases_hold() -> None:
    pairs = lambda tf, g: [(g.n > 0, lambda: 1), (g.n > 1, lambda: 2)]  # noqa: E731
    error = run_error(lambda tf, g: tf.case(pairs(tf, g), default=lambda: 3, exclusive=True))
    assert "more than 1" in str(error)


def test_a_variable_that_only_the_other_branch_reads_needs_no_value() -> None:
    tf = tf1x
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(3.0)
        y = tf.cond(
            tf.is_variable_initialized(v), lambda: v.read_value(), lambda: tf.constant(-1.0)
        )
        assert session.run(y) == -1.0
        session.run(v.initializer)
        assert session.run(y) == 3.0


def test_a_tensor_of_a_branch_cannot_be_used_outside() -> None:
    tf = tf1x
    leaked: list[Any] = []
    with tf.Graph().as_default():
        p = tf.placeholder(tf.bool, [])
        tf.cond(p, lambda: leaked.append(tf.constant(1.0)) or leaked[0], lambda: tf.constant(2.0))
        with pytest.raises(ValueError, match="branch or loop body"):
            tf.cond(p, lambda: leaked[0] + 1.0, lambda: tf.constant(2.0))


def test_a_loop_over_many_lengths_compiles_once() -> None:
    """A number of steps that is fed changes no shape, so nothing is compiled again."""
    tf = tf1x
    with tf.Graph().as_default(), tf.Session() as session:
        given = Given(tf)
        y = tf.while_loop(
            lambda i, y: i < given.n,
            lambda i, y: (i + 1, tf.tanh(tf.matmul(y, given.w))),
            [0, given.x],
        )[1]
        session.run(tf.global_variables_initializer())
        for n in range(1, 12):
            session.run(y, given.feeds(True, n))
        (executor,) = [e for e in session._executors.values() if e._fed]
        assert sum(len(s.compiled) for s in executor._segments.values()) == 1


def test_a_loop_that_changes_a_type() -> None:
    """TensorFlow builds it and fails later; here the program's own line is named."""
    tf = tf1x
    with tf.Graph().as_default(), pytest.raises(TypeError, match="after 1 iteration"):
        tf.while_loop(lambda i: i < 3, lambda i: tf.cast(i, tf.float32), [0])
