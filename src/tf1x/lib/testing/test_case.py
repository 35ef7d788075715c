"""`tf.test.TestCase` and its runner, on top of absl's."""

from __future__ import annotations

import contextlib
import os
import random
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
from absl.testing import absltest

from tf1x.api import define, export
from tf1x.core import errors, nest, scopes
from tf1x.core.graph import Graph
from tf1x.core.operation import Tensor, merge_devices
from tf1x.core.random_seed import DEFAULT_GRAPH_SEED
from tf1x.lib.compat import as_text
from tf1x.runtime.session import Session

define(mock, "test.mock")


@export("test.main")
def main(argv: Any = None) -> None:
    """Run all tests of the program's main module, as `unittest.main` does; does not return."""
    absltest.main(argv=argv)


@export("test.get_temp_dir")
def get_temp_dir() -> str:
    """A folder for files of the tests in this process, removed at its end."""
    global _folder
    if _folder is None:
        _folder = tempfile.TemporaryDirectory(prefix="tf1x_test_")
    return _folder.name


_folder: tempfile.TemporaryDirectory[str] | None = None


@export("test.test_src_dir_path")
def test_src_dir_path(relative_path: str) -> str:
    """`relative_path` below the folder of the running test program."""
    return os.path.join(os.getcwd(), relative_path)


test_src_dir_path.__test__ = False  # type: ignore[attr-defined]


@export("test.TestCase")
class TestCase(absltest.TestCase):
    """A test of a graph program (`tf.test.TestCase`).

    Each test starts with a new default graph whose seed, like Python's and NumPy's, is fixed.
    The array assertions take tensors' values, arrays and Python numbers; `assertAllClose` and
    `assertAllEqual` also nests of them.

    Example:
        >>> class SquareTest(tf.test.TestCase):
        ...     def testSquare(self):
        ...         with self.test_session():
        ...             self.assertAllClose(tf.square([2., 3.]).eval(), [4., 9.])
    """

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._cached: Session | None = None
        self._cached_arguments: tuple[Any, ...] = ()
        self._threads: list[CheckedThread] = []
        self._folder: str | None = None

    def setUp(self) -> None:
        super().setUp()
        self._close_cached()
        random.seed(DEFAULT_GRAPH_SEED)
        np.random.seed(DEFAULT_GRAPH_SEED)
        scopes.reset_default_graph()
        scopes.get_default_graph().seed = DEFAULT_GRAPH_SEED

    def tearDown(self) -> None:
        for thread in self._threads:
            thread.check_termination()
        self._close_cached()
        super().tearDown()

    def _close_cached(self) -> None:
        if self._cached is not None:
            self._cached.close()
            self._cached = None

    def get_temp_dir(self) -> str:
        """A folder of this test's own."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(dir=get_temp_dir())
        return self._folder

    # -- sessions ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def session(
        self,
        graph: Graph | None = None,
        config: Any = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """A new session that is the default one within the block, and closed after it.

        `use_gpu` and `force_gpu` are accepted; XLA decides where to run.
        """
        with Session(graph=graph, config=config) as session:
            yield session

    @contextlib.contextmanager
    def cached_session(
        self,
        graph: Graph | None = None,
        config: Any = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """The test's one session: every block within a test gets the same, variables included.

        Raises:
            ValueError: a graph or config other than that of the first block.
        """
        if self._cached is None:
            self._cached = Session(graph=graph, config=config)
            self._cached_arguments = (graph, config)
        elif self._cached_arguments != (graph, config):
            raise ValueError(
                "The graph or config used to get the cached session is different from the one "
                "that was used to create it. Maybe create a new session with self.session()"
            )
        with self._cached.graph.as_default(), self._cached.as_default():
            yield self._cached

    @contextlib.contextmanager
    def test_session(
        self,
        graph: Graph | None = None,
        config: Any = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """The test's one session (see `cached_session`); a new one where a graph is given."""
        new = graph is not None
        with self.session(graph, config) if new else self.cached_session(graph, config) as session:
            yield session

    def evaluate(self, tensors: Any) -> Any:
        """Values of a nest of tensors: their own (eagerly), or by the default session."""
        if scopes.executing_eagerly():
            return nest.map_structure(lambda t: t.numpy() if hasattr(t, "numpy") else t, tensors)
        session = scopes.get_default_session()
        if session is None:
            with self.cached_session() as session:
                return session.run(tensors)
        return session.run(tensors)

    def checkedThread(
        self, target: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> CheckedThread:
        """A thread (to be started) whose exception fails the test when it is joined."""
        thread = CheckedThread(self, target, args or (), kwargs or {})
        self._threads.append(thread)
        return thread

    # -- arrays --------------------------------------------------------------------------------

    def _array(self, value: Any) -> np.ndarray[Any, Any]:
        if isinstance(value, Tensor) or hasattr(value, "initializer"):
            value = self.evaluate(value)
        return np.asarray(value)

    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None
    ) -> None:
        """Equal structures, shapes and, to `atol + rtol * |b|`, values."""
        if isinstance(a, dict) or isinstance(b, dict):
            self.assertIsInstance(a, dict, msg)
            self.assertIsInstance(b, dict, msg)
            self.assertItemsEqual(a, b, msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, f"{msg or ''} [{key!r}]".strip())
            return
        if _is_nest_of_arrays(a) or _is_nest_of_arrays(b):
            self.assertEqual(len(a), len(b), msg)
            for i, (x, y) in enumerate(zip(a, b, strict=True)):
                self.assertAllClose(x, y, rtol, atol, f"{msg or ''} [{i}]".strip())
            return
        x, y = self._array(a), self._array(b)
        self.assertEqual(x.shape, y.shape, f"Shape mismatch: {x.shape} and {y.shape}. {msg or ''}")
        np.testing.assert_allclose(x, y, rtol, atol, err_msg=msg or "")

    def assertNotAllClose(self, a: Any, b: Any, **kwargs: Any) -> None:
        """Some value differs by more than the tolerance."""
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        raise self.failureException(f"The two values are close at all elements: {a!r} and {b!r}")

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: str | None = None,
    ) -> None:
        """`assertAllClose` with the tolerance of the less exact of the two types."""
        x, y = self._array(a), self._array(b)
        limits = {
            "float32": (float_rtol, float_atol), "complex64": (float_rtol, float_atol),
            "float16": (half_rtol, half_atol), "bfloat16": (bfloat16_rtol, bfloat16_atol),
        }  # fmt: skip
        for array in (x, y):
            found = limits.get(array.dtype.name, (0, 0))
            rtol, atol = max(rtol, found[0]), max(atol, found[1])
        self.assertAllClose(x, y, rtol, atol, msg)

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Equal shapes and values; NaN equals NaN."""
        x, y = self._array(a), self._array(b)
        self.assertEqual(x.shape, y.shape, f"Shape mismatch: {x.shape} and {y.shape}. {msg or ''}")
        if x.dtype.kind in "SUO" or y.dtype.kind in "SUO":
            x, y = (np.vectorize(_text, otypes=[object])(v) if v.size else v for v in (x, y))
        np.testing.assert_array_equal(x, y, err_msg=msg or "")

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Some element differs."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise self.failureException(f"The two values are equal at all elements. {msg or ''}")

    def _assert_all(self, a: Any, holds: Callable[[Any], Any], wanted: str) -> None:
        array = self._array(a)
        wrong = ~np.asarray(holds(array))
        if wrong.any():
            self.fail(f"Not {wanted} at {np.argwhere(wrong)[:10].tolist()}: {array[wrong][:10]}")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        self._assert_all(a, lambda x: x > comparison_target, f"> {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        self._assert_all(a, lambda x: x < comparison_target, f"< {comparison_target}")

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        self._assert_all(a, lambda x: x >= comparison_target, f">= {comparison_target}")

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        self._assert_all(a, lambda x: x <= comparison_target, f"<= {comparison_target}")

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """All elements between the bounds, which count unless they are open."""
        above = np.greater if open_lower_bound else np.greater_equal
        below = np.less if open_upper_bound else np.less_equal
        self._assert_all(
            target,
            lambda x: above(x, lower_bound) & below(x, upper_bound),
            f"between {lower_bound} and {upper_bound}",
        )

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        self._assert_all(target, lambda x: np.isin(x, list(expected_set)), f"in {expected_set}")

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        found = target.dtype if hasattr(target, "dtype") else self._array(target).dtype
        wanted = getattr(expected_dtype, "as_numpy_dtype", expected_dtype)
        self.assertEqual(np.dtype(getattr(found, "as_numpy_dtype", found)), np.dtype(wanted))

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """The static shapes of tensors, or the shapes of arrays, are equal."""
        first, second = (
            x.get_shape().as_list() if isinstance(x, Tensor) else list(np.shape(x))
            for x in (input_a, input_b)
        )
        self.assertEqual(first, second, msg)

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        self.assertTrue(
            f1 == f2 or abs(f1 - f2) <= err, f"{f1!r} != {f2!r} +/- {err!r} {msg or ''}".strip()
        )

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: Any = None) -> None:
        self.assertEqual(len(farray1), len(farray2), msg)
        for f1, f2 in zip(farray1, farray2, strict=True):
            self.assertNear(float(f1), float(f2), err, msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: Any = None) -> None:
        """The Euclidean norm of the difference is below `err`."""
        distance = np.linalg.norm(np.subtract(self._array(ndarray1), self._array(ndarray2)))
        self.assertTrue(distance < err, f"distance {distance}, not below {err} {msg or ''}")

    # -- messages, devices, errors ---------------------------------------------------------------

    def assertProtoEquals(
        self, expected_message_maybe_ascii: Any, validate_message: Any, msg: str | None = None
    ) -> None:
        """A message equals another one, or its text form."""
        from google.protobuf import text_format

        expected = expected_message_maybe_ascii
        if isinstance(expected, (str, bytes)):
            expected = text_format.Parse(expected, type(validate_message)())
        self.assertMultiLineEqual(str(expected), str(validate_message), msg)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        self.assertEqual(_canonical_device(device1), _canonical_device(device2), msg)

    def assertStartsWith(self, actual: str, expected_start: str, msg: str | None = None) -> None:
        self.assertTrue(
            actual.startswith(expected_start),
            msg or f"{actual!r} does not start with {expected_start!r}",
        )

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """The block raises an error that the predicate accepts, or whose text the pattern finds."""
        predicate = expected_err_re_or_predicate
        try:
            yield
        except exception_type as error:
            text = str(error.message) if isinstance(error, errors.OpError) else str(error)
            if isinstance(error, errors.OpError) and error.op is not None:
                text += f"\nCaused by op: {error.op.name}"
            accepted = predicate(error) if callable(predicate) else re.search(predicate, text)
            if not accepted:
                raise self.failureException(
                    f"The error was not as expected: {type(error).__name__}: {text}"
                ) from error
        else:
            self.fail(f"{getattr(exception_type, '__name__', exception_type)} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)

    def assertItemsEqual(self, first: Any, second: Any, msg: str | None = None) -> None:
        """Python 2's name of `assertCountEqual`."""
        self.assertCountEqual(list(first), list(second), msg)


class CheckedThread:
    """A thread of a test (see `TestCase.checkedThread`)."""

    def __init__(self, case: TestCase, target: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self._case = case
        self._thread = threading.Thread(target=self._run, args=(target, args, kwargs))
        self._error: BaseException | None = None
        self._joined = False

    def _run(self, target: Callable[..., Any], args: Any, kwargs: Any) -> None:
        try:
            target(*args, **kwargs)
        except Exception as error:  # shown by `join`
            self._error = error

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait for the end.

        Raises:
            AssertionError: the thread raised.
        """
        self._joined = True
        self._thread.join()
        if self._error is not None:
            raise self._case.failureException(
                f"Error in checkedThread: {self._error}"
            ) from self._error

    def check_termination(self) -> None:
        """Fail if the thread was started and is still running, or was never joined."""
        if self._thread.ident is None or self._joined:
            return
        state = "is still running" if self.is_alive() else "was never joined"
        self._case.fail(f"A checked thread {state}.")


def _is_nest_of_arrays(value: Any) -> bool:
    """Whether a list or tuple holds things that do not make one array: of unequal shapes, dicts."""
    if not isinstance(value, (list, tuple)):
        return False
    if any(isinstance(x, (dict, tuple)) or _is_nest_of_arrays(x) for x in value):
        return True
    return len({np.shape(x) for x in value}) > 1


def _text(value: Any) -> Any:
    return as_text(value) if isinstance(value, (bytes, str)) else value


def _canonical_device(device: Any) -> str:
    return merge_devices("", device or "")
