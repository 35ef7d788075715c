"""Errors of converted functions: TensorFlow's classes, the user's variable and line."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import tf1x as tf
from tf1x.core.errors import InvalidArgumentError

CASES: list[tuple[Callable[..., Any], type[Exception], str, str]] = []


def case(kind: type[Exception], message: str, line: str) -> Callable[..., Any]:
    def note(function: Callable[..., Any]) -> Callable[..., Any]:
        CASES.append((function, kind, message, line))
        return function

    return note


@case(ValueError, "'y' must also be initialized in the else branch", "if x > 0:")
def one_branch(x):  # type: ignore[no-untyped-def]
    if x > 0:
        y = 1
    return y


@case(ValueError, "'y' must also be initialized in the main branch", "if x > 1:")
def other_branch(x):  # type: ignore[no-untyped-def]
    if x > 1:
        pass
    else:
        y = 1
    return y


@case(TypeError, "'y' has dtype int32 in the main branch, but dtype float32 in the else", "if x > 2:")  # fmt: skip
def types_of_branches(x):  # type: ignore[no-untyped-def]
    if x > 2:
        y = 1
    else:
        y = 1.0
    return y


@case(TypeError, "'y' must have the same nested structure in the main and else branches", "if x > 3:")  # fmt: skip
def structures_of_branches(x):  # type: ignore[no-untyped-def]
    if x > 3:
        y = (1, 2)
    else:
        y = 1
    return y


@case(ValueError, "'y' is None at the end of the else branch", "if x > 4:")
def none(x):  # type: ignore[no-untyped-def]
    y = None
    if x > 4:
        y = x
    return y


@case(ValueError, "must also have a return statement", "")  # noqa: RET503
def no_return(x):  # type: ignore[no-untyped-def]
    if x > 5:
        return x


@case(TypeError, "'s' has dtype int32 before the loop, but dtype float32 after one iteration", "for i in tf.range(x):")  # fmt: skip
def types_in_a_loop(x):  # type: ignore[no-untyped-def]
    s = 0
    for i in tf.range(x):
        s = tf.cast(s, tf.float32) + tf.cast(i, tf.float32)
    return s


@case(ValueError, r"'s' has shape (1,) before the loop, but shape (2,) after one iteration", "while x < 6:")  # fmt: skip
def shapes_in_a_loop(x):  # type: ignore[no-untyped-def]
    s = tf.zeros([1])
    while x < 6:
        s = tf.concat([s, [1.0]], 0)
        x += 1
    return s


@case(ValueError, "'s' is not allowed to be None before the loop", "while x < 7:")
def none_before_a_loop(x):  # type: ignore[no-untyped-def]
    s = None
    while x < 7:
        s = x
        x += 1
    return s


@case(ValueError, "'s' must be defined before the loop", "while x < 8:")
def undefined_before_a_loop(x):  # type: ignore[no-untyped-def]
    while x < 8:
        s = s + 1  # noqa: F821
        x += 1
    return s


@case(NotImplementedError, "break and return statements which depend on a TF condition", "for i in range(9):")  # fmt: skip
def tensor_in_a_python_loop(x):  # type: ignore[no-untyped-def]
    for i in range(9):
        if x > i:
            break
    return x


@case(NotImplementedError, "The condition of while loop started as non-Tensor", "while y < 10:")
def condition_becomes_a_tensor(x):  # type: ignore[no-untyped-def]
    y = 0
    while y < 10:
        y = x
    return y


@case(ValueError, "condition of if statement expected to be `tf.bool` scalar", "if x + 11:")
def no_bool(x):  # type: ignore[no-untyped-def]
    if x + 11:
        x = x + 1
    return x


@case(UnboundLocalError, "y", "if x > 12 and y:")
def unbound(x):  # type: ignore[no-untyped-def]
    if x > 12 and y:  # noqa: F821
        y = 1  # noqa: F841
    return x


@pytest.mark.parametrize("made", CASES, ids=lambda c: c[0].__name__)
def test_errors(made: Any) -> None:
    function, kind, message, line = made
    with (
        tf.Graph().as_default(),
        pytest.raises(kind, match=re.escape(message)) as caught,
    ):
        tf.autograph.to_graph(function)(tf.placeholder(tf.int32, []))
    told = str(caught.value) + "".join(traceback.format_exception(caught.value))
    assert line in told
    assert __file__ in told


def test_an_error_when_it_runs_names_the_line() -> None:
    def f(x):  # type: ignore[no-untyped-def]
        if tf.reduce_sum(x) > 0:
            y = tf.gather(x, 7)  # the line
        else:
            y = x[0]
        return y

    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.int32, [3])
        y = tf.autograph.to_graph(f)(x)
        with pytest.raises(InvalidArgumentError, match=r"y = tf\.gather") as caught:
            session.run(y, {x: [1, 2, 3]})
        assert f"{__file__}" in str(caught.value)


def test_loop_options() -> None:
    def f(n):  # type: ignore[no-untyped-def]
        rows = tf.zeros([0])
        i = 0
        while i < n:
            tf.autograph.experimental.set_loop_options(shape_invariants=[(rows, tf.TensorShape([None]))])  # fmt: skip
            rows = tf.concat([rows, [1.0]], 0)
            i += 1
        return tf.reduce_sum(rows)

    with tf.Graph().as_default(), tf.Session() as session:
        assert session.run(tf.autograph.to_graph(f)(tf.constant(4))) == 4.0
