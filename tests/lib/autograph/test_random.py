"""Random small programs: converted, on tensors, they give what Python gives on ints."""

from __future__ import annotations

import builtins
import linecache
import types
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

import tf1x

NAMES = ("a", "b", "c")
_EXPRESSIONS = ("a + 1", "b - a", "c * 2 - b", "a - c", "-b", "5", "a if b > c else c + 1")
_TESTS = (
    "a > b", "b < c", "c >= 3", "not a > c", "a > 0 and b > 0", "c < 0 or a < b", "-3 < a < 4",
)  # fmt: skip


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


@st.composite
def _block(draw: Any, depth: int, loop: bool) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        lines += draw(_statement(depth, loop))
    return lines


@st.composite
def _statement(draw: Any, depth: int, loop: bool) -> list[str]:
    kinds = ["assign", "assign", "return"]
    kinds += ["if", "if", "for", "while", "python for"] if depth else []
    kinds += ["break", "continue"] if loop else []
    kind = draw(st.sampled_from(kinds))
    if kind == "assign":
        return [f"{draw(st.sampled_from(NAMES))} = {draw(st.sampled_from(_EXPRESSIONS))}"]
    if kind == "return":
        return [f"if {draw(st.sampled_from(_TESTS))}:", f"    return {draw(st.sampled_from(NAMES))}"]  # fmt: skip
    if kind in ("break", "continue"):
        return [f"if {draw(st.sampled_from(_TESTS))}:", f"    {kind}"]
    if kind == "if":
        lines = [f"if {draw(st.sampled_from(_TESTS))}:", *_indented(draw(_block(depth - 1, loop)))]
        if draw(st.booleans()):
            lines += ["else:", *_indented(draw(_block(depth - 1, loop)))]
        return lines
    if kind == "python for":
        # Jumps that depend on tensors leave no Python loop, so it only assigns.
        body = [line for line in draw(_block(0, False)) if line[1:4] == " = "]
        return ["for k in (1, 2):", *_indented(body or ["pass"])]
    body = draw(_block(depth - 1, True))
    if kind == "for":
        return [f"for i in tf.range({draw(st.integers(0, 3))}):", *_indented([*body, "a = a + i"])]
    counter = f"n{draw(st.integers(0, 99))}"
    return [
        f"{counter} = tf.constant(0)",
        f"while {counter} < 3 and {draw(st.sampled_from(_TESTS))}:",
        f"    {counter} = {counter} + 1",
        *_indented(body),
    ]


PYTHON = types.SimpleNamespace(range=builtins.range, constant=lambda value: value)


def _made(lines: list[str], tf: Any, number: int) -> Any:
    text = "\n".join(["def f(a, b, c):", *_indented([*lines, "return a + 2 * b + 3 * c"])]) + "\n"
    filename = f"<random program {number}>"
    linecache.cache[filename] = len(text), None, text.splitlines(True), filename
    space: dict[str, Any] = {"tf": tf}
    exec(compile(text, filename, "exec"), space)
    return space["f"]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(lines=_block(3, False), values=st.lists(st.integers(-5, 5), min_size=3, max_size=3))
def test_random_programs(lines: list[str], values: list[int]) -> None:
    wanted = _made(lines, PYTHON, 0)(*values)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        inputs = [tf1x.placeholder(tf1x.int32, []) for _ in values]
        result = tf1x.autograph.to_graph(_made(lines, tf1x, 0))(*inputs)
        assert session.run(result, dict(zip(inputs, values, strict=True))) == wanted
