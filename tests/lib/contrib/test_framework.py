"""`tf.contrib.framework`: argument scopes, variables by name, checks, deprecations, sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.oracle import tf1

F = tf1x.contrib.framework


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf1x.Graph().as_default() as graph:
        yield graph


# -- argument scopes -------------------------------------------------------------------------------


@F.add_arg_scope
def first(*args: Any, a: Any = None, **kwargs: Any) -> tuple[Any, ...]:
    return args, a, kwargs


@F.add_arg_scope
def second(x: Any, a: Any = 1, b: Any = 2) -> tuple[Any, ...]:
    return x, a, b


def test_scopes_nest_and_the_call_wins() -> None:
    with F.arg_scope([first, second], a=5):
        assert second(0) == (0, 5, 2)
        assert second(0, a=6) == (0, 6, 2)
        with F.arg_scope([second], b=7) as inner:
            assert second(0) == (0, 5, 7)
            assert first(1, c=3) == ((1,), 5, {"c": 3})
            with F.arg_scope((second,), a=8):
                assert second(0) == (0, 8, 7)
        assert second(0) == (0, 5, 2)
    assert second(0) == (0, 1, 2)
    with F.arg_scope(inner) as again:
        assert second(0) == (0, 5, 7)
        assert again == inner == F.current_arg_scope()
    with F.arg_scope({}):
        assert F.current_arg_scope() == {}


def test_a_scope_ends_with_an_error() -> None:
    with pytest.raises(RuntimeError), F.arg_scope([second], a=5):
        raise RuntimeError
    assert second(0) == (0, 1, 2)


def test_what_can_be_scoped() -> None:
    assert F.has_arg_scope(second)
    assert F.has_arg_scope(second.__wrapped__)
    assert not F.has_arg_scope(len)
    assert F.arg_scoped_arguments(second) == ("a", "b")
    assert second.__name__ == "second"
    with pytest.raises(ValueError, match="is not decorated"), F.arg_scope([len], a=1):
        pass
    with pytest.raises(ValueError, match="kwargs must be empty"), F.arg_scope({}, a=1):
        pass
    with pytest.raises(TypeError, match="list/tuple"), F.arg_scope(second, a=1):
        pass


def test_devices_and_initializers_by_scope() -> None:
    ones = tf1x.ones_initializer()
    with F.arg_scope([F.variable, F.model_variable], device="/cpu:0"):
        with F.arg_scope([F.model_variable], initializer=ones):
            made = F.model_variable("a", [2])
        F.variable("b", [2], device=lambda op: "/gpu:1", collections=["mine", "mine"])
    assert made.device == "/device:CPU:0"
    assert tf1x.get_collection("mine")[0].device == "/device:GPU:1"
    assert len(tf1x.get_collection("mine")) == 1
    assert tf1x.get_collection("model_variables") == tf1x.global_variables() == [made]


# -- variables -------------------------------------------------------------------------------------


def _some_variables() -> None:
    with tf1x.variable_scope("A"):
        F.model_variable("a", [5])
        with tf1x.variable_scope("B"):
            F.variable("a", [5])
            F.variable("fooa", [5])
    F.local_variable(0, name="local")
    F.global_variable(0, name="global")


def _names(variables: Any) -> list[str]:
    return [v.op.name for v in variables]


FOUND: dict[str, tuple[Callable[[], Any], str]] = {
    "all": (lambda: F.get_variables(), "A/a A/B/a A/B/fooa global"),
    "scope": (lambda: F.get_variables("A/B"), "A/B/a A/B/fooa"),
    "scope object": (
        lambda: F.get_variables(tf1x.VariableScope(False, "A/B")),
        "A/B/a A/B/fooa",
    ),
    "suffix": (lambda: F.get_variables_by_suffix("a"), "A/a A/B/a A/B/fooa"),
    "suffix and scope": (lambda: F.get_variables("A", suffix="B/a"), "A/B/a"),
    "name": (lambda: F.get_variables_by_name("a"), "A/a A/B/a"),
    "model": (lambda: F.get_model_variables(), "A/a"),
    "local": (lambda: F.get_local_variables(), "local"),
    "trainable": (lambda: F.get_trainable_variables(), "A/a A/B/a A/B/fooa"),
    "to restore": (lambda: F.get_variables_to_restore(["A"], ["A/B/f"]), "A/a A/B/a"),
    "unique": (lambda: [F.get_unique_variable("A/B/a")], "A/B/a"),
    "filtered": (
        lambda: F.filter_variables(tf1x.global_variables(), ["B/", "glo"], ["foo"]),
        "A/B/a global",
    ),
    "filtered from the start": (
        lambda: F.filter_variables(tf1x.global_variables(), ["B/", "glo"], reg_search=False),
        "global",
    ),
}


@pytest.mark.parametrize("which", FOUND)
def test_variables_by_name(which: str) -> None:
    _some_variables()
    find, wanted = FOUND[which]
    assert _names(find()) == wanted.split()


def test_no_such_variables() -> None:
    _some_variables()
    with pytest.raises(ValueError, match="find variable x"):
        F.get_unique_variable("x")
    with pytest.raises(ValueError, match="uniquely"):
        F.get_unique_variable("A/B")
    with pytest.raises(TypeError, match="exclude is provided"):
        F.get_variables_to_restore(exclude="A")
    with pytest.raises(ValueError, match="wasn't found"):
        F.assign_from_values({"x": np.zeros(5)})


def test_values_are_assigned() -> None:
    _some_variables()
    values = {"A/a": np.arange(5.0), "A/B/a": np.arange(5.0).reshape(5, 1) + 1}
    update, feeds = F.assign_from_values(values)
    with tf1x.Session() as session:
        session.run(update, feeds)
        a, b = F.get_variables_by_name("a")
        np.testing.assert_array_equal(session.run([a, b]), [np.arange(5), np.arange(5) + 1])
        F.assign_from_values_fn({"A/a": np.ones(5)})(session)
        np.testing.assert_array_equal(session.run(a), np.ones(5))
        session.run(F.zero_initializer(a))
        np.testing.assert_array_equal(session.run(a), np.zeros(5))


def test_parts_of_a_variable_have_its_name() -> None:
    whole = tf1x.get_variable("p", [4], partitioner=tf1x.fixed_size_partitioner(2))
    plain = tf1x.get_variable("q", [4])
    assert [F.get_variable_full_name(v) for v in [*whole, plain]] == ["p", "p", "q"]


def test_devices_in_turn() -> None:
    here = F.VariableDeviceChooser(device_type="GPU", device_index=1)
    assert here(None) == "/device:GPU:1"
    servers = F.VariableDeviceChooser(2)
    assert [servers(None)[:15] for _ in range(3)] == [f"/job:ps/task:{i}/"[:15] for i in (0, 1, 0)]


def test_global_step() -> None:
    assert F.get_global_step() is None
    step = F.create_global_step()
    assert F.get_global_step() is F.get_or_create_global_step() is step
    assert F.assert_or_get_global_step() is F.assert_or_get_global_step(None, step) is step
    with pytest.raises(ValueError, match="already exists"):
        F.create_global_step()
    with pytest.raises(TypeError):
        F.assert_or_get_global_step(None, tf1x.constant(1.0))


# -- tensors ---------------------------------------------------------------------------------------


def test_shapes_are_checked() -> None:
    known = tf1x.constant([[1.0, 2.0]])
    assert F.with_shape([1, 2], known) is known
    assert F.with_same_shape(known, known) is known
    assert F.with_shape([], tf1x.constant([3.0])).shape.ndims == 0
    for wrong in ([2, 1], [2]):
        with pytest.raises(ValueError, match="Invalid shape"):
            F.with_shape(wrong, known)
    with pytest.raises(ValueError, match="Invalid"):
        F.with_shape(np.zeros([2, 2], np.int32), known)
    fed = tf1x.placeholder(tf1x.float32)
    checked = F.with_shape([1, 2], fed)
    assert checked.shape.as_list() == [1, 2]
    same = F.with_same_shape(fed, known)
    with tf1x.Session() as session:
        session.run([checked, same], {fed: [[1.0, 2.0]]})
        for fetch in (checked, same):
            with pytest.raises(tf1x.errors.InvalidArgumentError, match="Wrong shape"):
                session.run(fetch, {fed: [[1.0], [2.0]]})


def test_small_functions() -> None:
    assert F.is_tensor(tf1x.constant(1))
    assert F.is_tensor(tf1x.Variable(1))
    assert not F.is_tensor(np.zeros(3))
    F.assert_scalar_int(tf1x.constant(1))
    with pytest.raises(ValueError, match="integer"):
        F.assert_scalar_int(tf1x.constant(1.0))
    with pytest.raises(ValueError, match="scalar"):
        F.assert_scalar_int(tf1x.constant([1]))
    total = F.reduce_sum_n([tf1x.constant([1.0, 2.0]), tf1x.constant([[3.0]])])
    static = F.remove_squeezable_dimensions(tf1x.zeros([3, 1]), tf1x.zeros([3]))
    assert [t.shape.as_list() for t in static] == [[3], [3]]
    fed = tf1x.placeholder(tf1x.float32)
    dynamic = F.remove_squeezable_dimensions(fed, tf1x.zeros([3]))
    with tf1x.Session() as session:
        assert session.run(total) == 6.0
        assert [v.shape for v in session.run(dynamic, {fed: np.ones([3, 1])})] == [(3,), (3,)]
        assert [v.shape for v in session.run(dynamic, {fed: np.ones([3])})] == [(3,), (3,)]
    with tf1x.name_scope("a/b"):
        assert F.get_name_scope() == "a/b"
    for name in ("x:0", "^x", "loc:@x"):
        inside = F.prepend_name_scope(name, "a/b")
        assert "a/b/x" in inside
        assert F.strip_name_scope(inside, "a/b") == name
    assert F.prepend_name_scope("x", None) == F.strip_name_scope("x", "") == "x"


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint8])
def test_sort(dtype: Any, direction: str) -> None:
    values = np.random.RandomState(0).randint(0, 255, (3, 4, 5)).astype(dtype)
    if dtype is np.int32:
        values[0, 0, 0] = np.iinfo(np.int32).min
    for axis in (-1, 0, 1):
        with tf1.Graph().as_default(), tf1.Session() as session:
            wanted = session.run(tf1.sort(values, axis, direction))
        found = F.sort(values, axis, direction)
        order = F.argsort(values, axis, direction)
        with tf1x.Session() as session:
            np.testing.assert_array_equal(session.run(found), wanted)
            taken = np.take_along_axis(values, session.run(order), axis)
            np.testing.assert_array_equal(taken, wanted)
    with pytest.raises(ValueError, match="Direction"):
        F.sort(values, direction="UP")


# -- deprecations ----------------------------------------------------------------------------------


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    from tf1x.lib import logging

    monkeypatch.setattr(logging, "warning", lambda text, *args: lines.append(text % args))
    return lines


def test_deprecated_functions_warn_once(log: list[str]) -> None:
    @F.deprecated("2017-01-01", "Use g.")
    def f(x: int) -> int:
        return x + 1

    @F.deprecated(None, "Use D.")
    class C:
        def __init__(self, x: int) -> None:
            self.x = x

    assert (f(1), f(2), C(3).x) == (2, 3, 3)
    assert len(log) == 2
    assert "after 2017-01-01" in log[0]
    assert "Use g." in log[0]
    assert "in a future version" in log[1]
    for date, instructions in (("soon", "x"), (None, "")):
        with pytest.raises(ValueError):
            F.deprecated(date, instructions)


def test_deprecated_arguments_warn(log: list[str]) -> None:
    @F.deprecated_args(None, "Use b.", "a", ("c", None))
    def f(b: int = 0, a: int = 0, c: Any = None) -> int:
        return a + b

    @F.deprecated_arg_values(None, "Use another.", a=True)
    def g(a: Any = None) -> Any:
        return a

    assert f(1, c=None) == 1
    assert g(False) is False
    assert log == []
    f(1, 2)
    f(1, c=2)
    g(True)
    assert len(log) == 3
    with pytest.raises(ValueError, match="not present"):
        F.deprecated_args(None, "x", "z")(g)
