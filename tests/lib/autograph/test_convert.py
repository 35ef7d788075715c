"""What is converted, what is not, and what a converted function keeps."""

from __future__ import annotations

import ast
import builtins
import functools
import logging
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.lib.autograph.convert import converted


def absolute(x: Any) -> Any:
    if x > 0:
        return x
    return -x


class Base:
    def scaled(self, x: Any) -> Any:
        return x * 2


class Derived(Base):
    __secret = 3

    def scaled(self, x: Any, *, times: int = 1) -> Any:
        if x > 0:
            return super().scaled(x) * self.__secret * times
        return -x


def _run(function: Any, *values: Any) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(function(*[tf.constant(v) for v in values]))


def test_functions_methods_and_partials() -> None:
    assert _run(tf.autograph.to_graph(absolute), -4) == 4
    assert _run(tf.autograph.to_graph(Derived().scaled), 4) == 24
    assert _run(tf.autograph.to_graph(functools.partial(Derived().scaled, times=10)), 4) == 240
    assert _run(tf.contrib.autograph.convert()(absolute), -4) == 4
    assert tf.contrib.autograph.convert(recursive=True)(absolute).__name__ == "absolute"


def test_lambdas_of_one_line() -> None:
    first, second = (lambda x: 1 if x > 0 else 2), (lambda x: 3 if x > 0 else 4)
    assert [_run(tf.autograph.to_graph(f), -4) for f in (first, second)] == [2, 4]


def test_what_a_converted_function_keeps() -> None:
    late = 1

    def f(x: Any, y: int = 2, *rest: int, z: int = 3, **more: int) -> Any:
        """Its text."""
        if x > late:
            return y + z
        return x

    made = converted(f)
    assert made is not f
    assert (made.__name__, made.__doc__, made.__defaults__) == ("f", "Its text.", (2,))
    late = 10
    assert made(5) == 5
    late = 0
    assert made(5, z=5) == 7
    assert converted(f).__code__ is made.__code__


def test_what_stays_as_it_is() -> None:
    def plain(x: Any) -> Any:
        y = x + 1
        return y  # noqa: RET504

    def generator(n: Any) -> Any:
        for i in range(n):
            yield i + 1

    for function in (plain, generator, len, tf.nn.relu, Derived, tf.function(absolute)):
        assert converted(function) is function
    assert tf.autograph.do_not_convert(len) is len
    assert list(converted(generator)(3)) == [1, 2, 3]


def test_do_not_convert() -> None:
    kept = tf.autograph.experimental.do_not_convert(absolute)
    for function in (kept, lambda x: kept(x)):
        with pytest.raises(TypeError, match="as a Python `bool`"):
            _run(tf.autograph.to_graph(function), 1)
    with pytest.raises(TypeError, match="as a Python `bool`"):
        _run(tf.autograph.to_graph(lambda x: absolute(x), recursive=False), 1)
    with pytest.raises(TypeError, match="AutoGraph did not convert"):
        _run(tf.contrib.eager.defun(absolute, autograph=False), 1)


def test_without_source_it_runs_as_it_is(caplog: Any) -> None:
    space: dict[str, Any] = {}
    exec("def unread(x):\n    return x if x else 0", space)
    logger = logging.getLogger("tensorflow")
    logger.propagate, before = True, logger.propagate
    try:
        for _ in range(2):
            assert converted(space["unread"]) is space["unread"]
    finally:
        logger.propagate = before
    assert sum("could not transform" in r.getMessage() for r in caplog.records) <= 1
    with pytest.raises(tf.errors.UnimplementedError, match="could not be read"):
        tf.autograph.to_code(space["unread"])


def test_old_spellings_stay_rewritten(monkeypatch: Any) -> None:
    class Old(ast.NodeTransformer):
        def visit_Attribute(self, node: ast.Attribute) -> Any:
            self.generic_visit(node)
            node.attr = {"tostring": "tobytes"}.get(node.attr, node.attr)
            return node

    def f(x: Any) -> Any:
        return x.tostring() if x is not None else None

    monkeypatch.setattr(builtins, "__tf1x_rewritten__", Old().visit, raising=False)
    assert converted(f)(np.array([1], np.int8)) == b"\x01"


def test_the_code() -> None:
    text = tf.autograph.to_code(absolute)
    compile(text, "<made>", "exec")
    assert "def absolute(x: Any)" in text
    assert "ag__.if_stmt(x > 0" in text


def test_methods_of_a_decorated_class() -> None:
    class Counter:
        def __init__(self) -> None:
            self.traces = 0

        @tf.function
        def clipped(self, x: Any) -> Any:
            self.traces += 1
            if x > 10:
                x = 10
            return x

    counter = Counter()
    assert [_run(counter.clipped, v) for v in (3, 30)] == [3, 10]
    assert counter.traces == 2  # one in each graph
