"""Python functions in the graph, and printing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of, run
from tests.ops.cases.case import floats, ints
from tests.oracle import tf1

_X = floats(2, 3)


def _py(tf: Any, function: Callable[..., Any], inputs: Any, types: Any, **options: Any) -> Any:
    return tf.py_func(
        function,
        inputs,
        [getattr(tf, t) for t in types] if isinstance(types, list) else getattr(tf, types),
        **options,
    )


SAME: dict[str, Program] = {
    "one": lambda tf: _py(tf, lambda x: x * 2, [tf.constant(_X)], "float32"),
    "list": lambda tf: _py(tf, lambda x, y: (y, x[0]), [_X, tf.constant(3)], ["int32", "float32"], name="swap"),
    "single in a list": lambda tf: _py(tf, lambda x: x + 1, [tf.constant(_X)], ["float32"]),
    "stateless": lambda tf: _py(tf, np.linalg.norm, [tf.constant(_X)], "float32", stateful=False),
    "text": lambda tf: _py(tf, lambda s: s + b"!", [tf.constant("a")], "string"),
    "texts": lambda tf: _py(tf, lambda s: np.char.upper(s.astype(str)), [tf.constant(["a", "b"])], "string"),
    "float64": lambda tf: _py(tf, lambda: 1.5, [], "float64"),
    "int64": lambda tf: _py(tf, lambda x: [7], [_X], "int64"),
    "shape": lambda tf: (lambda y: y.set_shape([2, 3]) or y * 2)(_py(tf, lambda x: x, [_X], "float32")),
    "nothing": lambda tf: [t for t in [tf.constant(1.0)] if _py(tf, lambda x: [], [_X], []) is not None],
    "print": lambda tf: tf.Print(tf.constant(_X), [tf.constant(_X), ints(3)], "seen: ", summarize=2, name="p"),
}  # fmt: skip

ERRORS: dict[str, Program] = {
    "ValueError": lambda tf: _py(tf, lambda: int("x"), [], "int64"),
    "TypeError": lambda tf: _py(tf, lambda: 1 + "x", [], "int64"),  # type: ignore[operator]
    "KeyError": lambda tf: _py(tf, lambda: {}["x"], [], "int64"),
    "ZeroDivisionError": lambda tf: _py(tf, lambda: 1 // 0, [], "int64"),
    "NotImplementedError": lambda tf: _py(tf, _raising(NotImplementedError("later")), [], "int64"),
    "StopIteration": lambda tf: _py(tf, _raising(StopIteration("done")), [], "int64"),
    "tf.errors": lambda tf: _py(tf, _raising(tf.errors.NotFoundError(None, None, "gone")), [], "int64"),
    "wrong type": lambda tf: _py(tf, lambda: 1.5, [], "float32"),
    "wrong count": lambda tf: _py(tf, lambda: (1, 2), [], ["int64"]),
    "not callable": lambda tf: _py(tf, 3, [], "int64"),  # type: ignore[arg-type]
}  # fmt: skip


def _raising(error: Exception) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name])


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    ours, theirs = error_of(tf1x, ERRORS[name]), error_of(tf1, ERRORS[name])
    assert ours[0] == theirs[0]
    text = ours[1].splitlines()[0].split("pyfunc")[0]  # their numbers differ
    assert text in theirs[1]


def test_the_function_lives_as_long_as_the_graph() -> None:
    def program(tf: Any) -> Any:
        offset = 2.0
        return tf.py_func(lambda x: x + np.float32(offset), [tf.constant(1.0)], tf.float32)

    assert run(tf1x, program)[1] == [3.0]


def test_no_gradient_flows_through_a_function_but_through_a_print() -> None:
    with tf1x.Graph().as_default():
        x = tf1x.constant(_X)
        assert tf1x.gradients(tf1x.py_func(lambda v: v, [x], tf1x.float32), x) == [None]
        (grad,) = tf1x.gradients(tf1x.Print(x, [x]) * 3, x)
        with tf1x.Session() as session:
            np.testing.assert_array_equal(session.run(grad), np.full([2, 3], 3.0))


def _printed(
    program: Callable[[Any], Any], capfd: pytest.CaptureFixture[str], runs: int = 1
) -> list[str]:
    """What each engine writes to standard error (tf1x first); stdout where that is empty."""
    found = []
    for tf in (tf1x, tf1):
        graph = tf.Graph()
        with graph.as_default():
            fetch = program(tf)
            with tf.Session(graph=graph) as session:
                session.run(tf.constant(0))
                capfd.readouterr()
                for _ in range(runs):
                    session.run(fetch)
                captured = capfd.readouterr()
                found.append(captured.err + captured.out)
    return found


PRINTS: dict[str, Callable[[Any], Any]] = {
    "Print": lambda tf: tf.Print(1.0, [tf.constant(_X), tf.constant([True, False]), tf.constant(["a", "b"]), tf.constant(7)], "seen: "),
    "Print all": lambda tf: tf.Print(1.0, [tf.constant(ints(2, 2, 3))], summarize=100),
    "Print floats": lambda tf: tf.Print(1.0, [tf.constant([0.1, 1e-8, 1e20, 123456.789, np.nan, np.inf, 1.0]), tf.constant(1 / 3, tf.float64)], summarize=9),
    "Print twice": lambda tf: tf.Print(1.0, [tf.constant(1)], first_n=2),
    "print": lambda tf: tf.print("loss:", tf.constant(0.25), "at", tf.constant([1, 2, 3, 4, 5, 6, 7, 8]), 3, output_stream=sys.stderr),
    "print nested": lambda tf: tf.print({"a": tf.constant(1), "b": [tf.constant([1.5]), "x"]}, sep=", ", end="|\n", output_stream=sys.stderr),
    "print text": lambda tf: tf.print(tf.constant("plain"), output_stream=sys.stderr),
    "print braces": lambda tf: tf.print("{}", tf.constant(1), output_stream=sys.stderr),
    "print matrix": lambda tf: tf.print(tf.constant(ints(9, 2)), summarize=2, output_stream=sys.stderr),
    "print stdout": lambda tf: tf.print(tf.constant(ints(2, 2)), output_stream=sys.stdout),
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTS)
def test_printed_text(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = _printed(PRINTS[name], capfd, runs=3 if name == "Print twice" else 1)
    assert ours == theirs
    assert ours
