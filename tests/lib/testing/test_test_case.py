"""`tf.test.TestCase`: what passes and what fails is as under TensorFlow."""

# ruff: noqa: PT009, PT027 - the assertions of TestCase are what is tested

from __future__ import annotations

import unittest
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.oracle import tf1

import tf1x

Pair = namedtuple("Pair", ["left", "right"])
NAN = float("nan")

# name, arguments of the assertion, whether they pass
_ASSERTIONS: list[tuple[str, tuple[Any, ...], bool]] = [
    ("assertAllClose", ([1.0, 2.0], [1.0, 2.0 + 1e-7]), True),
    ("assertAllClose", ([1.0, 2.0], [1.0, 2.001]), False),
    ("assertAllClose", ([1.0, 2.0], [1.0, 2.001], 1e-2), True),
    ("assertAllClose", ([[1.0, 2.0]], [1.0, 2.0]), False),
    ("assertAllClose", ([NAN], [NAN]), True),
    ("assertAllClose", ({"a": [1.0]}, {"a": np.array([1.0])}), True),
    ("assertAllClose", ({"a": 1.0}, {"b": 1.0}), False),
    ("assertAllClose", ([np.ones(2), np.ones(3)], [np.ones(2), np.ones(3)]), True),
    ("assertAllClose", ([np.ones(2), np.ones(3)], [np.ones(2), np.zeros(3)]), False),
    ("assertAllClose", (Pair(1.0, [2.0]), Pair(1.0, [2.0])), True),
    ("assertNotAllClose", ([1.0], [2.0]), True),
    ("assertNotAllClose", ([1.0], [1.0]), False),
    ("assertAllCloseAccordingToType", (np.float16([1]), np.float16([1.0009])), True),
    ("assertAllCloseAccordingToType", (np.float32([1]), np.float32([1.0009])), False),
    ("assertAllEqual", ([[1, 2]], [[1, 2]]), True),
    ("assertAllEqual", ([1, 2], [1, 3]), False),
    ("assertAllEqual", ([1, 2], [[1, 2]]), False),
    ("assertAllEqual", ([b"a", b"b"], np.array([b"a", b"b"], object)), True),
    ("assertAllEqual", ([NAN], [NAN]), True),
    ("assertNotAllEqual", ([1, 2], [1, 3]), True),
    ("assertNotAllEqual", ([1, 2], [1, 2]), False),
    ("assertAllGreater", ([1, 2], 0), True),
    ("assertAllGreater", ([1, 2], 1), False),
    ("assertAllGreaterEqual", ([1, 2], 1), True),
    ("assertAllLess", ([1, 2], 2), False),
    ("assertAllLessEqual", ([1, 2], 2), True),
    ("assertAllInRange", ([1.0, 2.0], 1.0, 2.0), True),
    ("assertAllInRange", ([1.0, 2.0], 1.0, 2.0, True), False),
    ("assertAllInSet", ([1, 2], {1, 2, 3}), True),
    ("assertAllInSet", ([1, 4], {1, 2, 3}), False),
    ("assertShapeEqual", (np.ones([2, 3]), np.zeros([2, 3])), True),
    ("assertNear", (1.0, 1.1, 0.2), True),
    ("assertNear", (1.0, 1.1, 0.05), False),
    ("assertArrayNear", ([1.0, 2.0], [1.0, 2.1], 0.2), True),
    ("assertArrayNear", ([1.0, 2.0], [1.0, 2.1], 0.01), False),
    ("assertNDArrayNear", (np.ones(3), np.ones(3) + 0.01, 0.1), True),
    ("assertNDArrayNear", (np.ones(3), np.ones(3) + 1, 0.1), False),
    ("assertStartsWith", ("hello", "he"), True),
    ("assertStartsWith", ("hello", "lo"), False),
    ("assertItemsEqual", ([3, 1], [1, 3]), True),
    ("assertItemsEqual", ([3, 1], [1, 1]), False),
    ("assertDeviceEqual", ("/job:a/task:1", "/job:a/task:1"), True),
    ("assertDeviceEqual", ("/job:a/gpu:1", "/job:a/device:GPU:0"), False),
]  # fmt: skip


def _passes(tf: Any, name: str, arguments: tuple[Any, ...]) -> bool:
    class Case(tf.test.TestCase):  # type: ignore[misc]
        def testIt(self) -> None:
            getattr(self, name)(*arguments)

    result = unittest.TestResult()
    Case("testIt").run(result)
    assert not result.errors, result.errors
    return not result.failures


@pytest.mark.parametrize("i", range(len(_ASSERTIONS)))
def test_assertions(i: int) -> None:
    name, arguments, passes = _ASSERTIONS[i]
    assert _passes(tf1, name, arguments) == passes
    assert _passes(tf1x, name, arguments) == passes


def _run(body: Callable[[Any], None]) -> unittest.TestResult:
    class Case(tf1x.test.TestCase):  # type: ignore[misc]
        def testIt(self) -> None:
            body(self)

    result = unittest.TestResult()
    Case("testIt").run(result)
    return result


def _ok(body: Callable[[Any], None]) -> None:
    result = _run(body)
    assert result.wasSuccessful(), (result.errors or result.failures)[0][1]


def test_each_test_has_a_graph_of_its_own_with_a_seed() -> None:
    seen = []

    def body(case: Any) -> None:
        with case.test_session():
            seen.append((tf1x.random_normal([2]).eval().tolist(), np.random.rand()))
            seen.append(len(tf1x.get_default_graph().get_operations()))

    _ok(body)
    _ok(body)
    assert seen[:2] == seen[2:]


def test_the_cached_session_keeps_its_variables() -> None:
    def body(case: Any) -> None:
        v = tf1x.Variable(3.0)
        with case.test_session() as first:
            v.initializer.run()
        with case.test_session() as second:
            case.assertIs(first, second)
            case.assertEqual(v.eval(), 3.0)
        with case.session() as third, case.assertRaisesOpError("uninitialized"):
            third.run(v)
        with case.assertRaises(ValueError), case.cached_session(graph=tf1x.Graph()):
            pass
        case.assertAllEqual(case.evaluate([v, v + 1]), [3.0, 4.0])

    _ok(body)


def test_tensors_in_assertions_are_evaluated() -> None:
    def body(case: Any) -> None:
        case.assertAllClose(tf1x.constant([1.0]), [1.0])
        case.assertShapeEqual(np.zeros([2]), tf1x.zeros([2]))
        case.assertDTypeEqual(tf1x.zeros([2]), np.float32)

    _ok(body)


def test_op_errors() -> None:
    def body(case: Any) -> None:
        with case.test_session():
            bad = tf1x.check_numerics(tf1x.constant(NAN), "found it")
            with case.assertRaisesOpError("found it"):
                bad.eval()
            with case.assertRaisesWithPredicateMatch(ValueError, lambda e: "x" in str(e)):
                raise ValueError("x")
            with case.assertRaisesOpError("other"):
                bad.eval()

    failures = _run(body).failures
    assert len(failures) == 1
    assert "not as expected" in failures[0][1]


def test_checked_threads() -> None:
    def body(case: Any) -> None:
        done: list[int] = []
        thread = case.checkedThread(done.append, args=(1,))
        thread.start()
        thread.join()
        case.assertEqual(done, [1])
        broken = case.checkedThread(lambda: 1 / 0)
        broken.start()
        broken.join()

    assert "division by zero" in _run(body).failures[0][1]


def test_a_thread_that_was_not_joined_fails_the_test() -> None:
    assert "never joined" in _run(lambda case: case.checkedThread(int).start()).failures[0][1]


def test_protos() -> None:
    def body(case: Any) -> None:
        graph = tf1x.GraphDef(versions={"producer": 3})
        case.assertProtoEquals("versions { producer: 3 }", graph)
        case.assertProtoEquals("versions { producer: 4 }", graph)

    assert _run(body).failures


def test_folders() -> None:
    def body(case: Any) -> None:
        case.assertStartsWith(case.get_temp_dir(), tf1x.test.get_temp_dir())
        case.assertEqual(case.get_temp_dir(), case.get_temp_dir())

    _ok(body)
