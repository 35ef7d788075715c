"""`if`, conditional expressions, `and`, `or`, `not`, `assert` on Python values and on tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.func_graph import after_effects, trace
from tf1x.core.function_calls import branch_node
from tf1x.core.operation import Tensor
from tf1x.lib.autograph import state as states
from tf1x.lib.autograph.state import UNDEFINED, State, is_staged
from tf1x.ops import array, composite, control_flow, math

# Variables of jumps.py: the result of the function, and flags.
_RESULT = "retval_"
_FLAGS = ("do_return", "break_", "continue_")


def if_stmt(
    test: Any,
    body: Callable[[], Any],
    orelse: Callable[[], Any],
    names: Sequence[str],
    others: Sequence[str] = (),
) -> None:
    """An `if` statement.

    Args:
        body, orelse: its branches.
        names: the variables that they change and that matter afterwards.
        others: those that they change and nobody reads afterwards.

    Raises:
        ValueError: a variable has a value after one branch only.
        TypeError: its types in the branches differ.
    """
    if not is_staged(test):
        body() if test else orelse()
        return
    staged_if(test, body, orelse, State(names, body, orelse), State(others, body, orelse))


def staged_if(
    test: Any,
    body: Callable[[], Any],
    orelse: Callable[[], Any],
    state: Any,
    others: State | None = None,
) -> None:
    """An `if` that becomes an op."""
    predicate = states.condition(test, "if statement")
    entry = state.read()
    dead = others.read() if others is not None else []
    with scopes.name_scope(None, "cond") as scope:
        try:
            main = _Branch("true", body, state, entry, scope)
            if others is not None:
                others.write(dead)
            other = _Branch("false", orelse, state, entry, scope)
        finally:
            state.write(entry)
            if others is not None:
                others.write(dead)
        values = [_joined(state, i, main, other) for i in range(len(state.names))]
        if not main.outputs:
            main.add(lambda: [convert.constant(True)])
            other.add(lambda: [convert.constant(True)])
        graphs = [b.finished() for b in (main, other)]
        outputs = [array.Identity(t) for t in branch_node(scope, predicate, graphs).outputs]
    tensors: list[Any] = []
    for leaf in states.leaves(values):
        count = len(composite.flatten(leaf))
        tensors.append(composite.pack(leaf, outputs[:count]))
        outputs = outputs[count:]
    state.write(states.packed(values, tensors))


class _Branch:
    """A branch as a function.

    Attributes:
        values: those of the variables at its end.
        jumps: whether it ends by `return`, `break` or `continue`.
        outputs: the tensors of each variable.
    """

    def __init__(
        self, label: str, body: Callable[[], Any], state: State, entry: list[Any], scope: str
    ) -> None:
        self.values: list[Any] = []
        self.jumps = False

        def build() -> list[Tensor]:
            state.write([states.copied(value) for value in entry])
            body()
            values = state.read()
            self.jumps = any(v is True and _is_flag(n) for n, v in zip(state.names, values, strict=True))  # fmt: skip
            self.values = [states.lifted(value) for value in values]
            return composite.flatten(states.leaves(self.values))

        self.graph = trace(build, f"{scope[:-1].replace('/', '_')}_{label}", scope[:-1])
        remaining = list(self.graph.outputs)
        self.outputs: list[list[Tensor]] = []
        for value in self.values:
            count = len(composite.flatten(states.leaves([value])))
            self.outputs.append(remaining[:count])
            remaining = remaining[count:]

    def add(self, make: Callable[[], list[Tensor]], place: int | None = None) -> None:
        """Further outputs, those of a variable or more."""
        with self.graph.building():
            made = make()
            if self.graph.effects is not None:
                made = after_effects(self.graph, made)
        if place is None:
            self.outputs.append(made)
        else:
            self.outputs[place] = made

    def finished(self) -> Any:
        self.graph.outputs = [t for outputs in self.outputs for t in outputs]
        return self.graph


def _joined(state: State, place: int, main: _Branch, other: _Branch) -> Any:
    """The value that stands for a variable after both branches."""
    name = state.names[place]
    first, second = main.values[place], other.values[place]
    if first is UNDEFINED and second is UNDEFINED:
        return UNDEFINED
    for branch, value, like, label in (
        (main, first, second, "main"),
        (other, second, first, "else"),
    ):
        if value is not UNDEFINED:
            continue
        if not name.startswith(_RESULT) and not branch.jumps:
            raise ValueError(
                f"'{name}' must also be initialized in the {label} branch\n  {state.where}"
            )
        # Nobody reads it: a flag tells that this branch has jumped, or has not returned.
        tensors = composite.flatten(states.leaves([like]))
        branch.add(lambda tensors=tensors: [blank(t) for t in tensors], place)
        return like
    words = {
        "structure": "must have the same nested structure in the main and else branches",
        "first": "in the main branch",
        "second": "in the else branch",
        "first_end": "the main branch",
        "second_end": "the else branch",
    }
    states.check_alike(name, first, second, words, state.where)
    return first


def _is_flag(name: str) -> bool:
    return name.startswith(_FLAGS)


def blank(like: Tensor) -> Tensor:
    """A tensor of the type of `like` (and of its shape where that is known) that nobody reads."""
    dims = like.shape.tuple
    shape = () if dims is None else tuple(0 if d is None else d for d in dims)
    zeros: Tensor = array.zeros(shape, like.dtype.base_dtype)
    return zeros


def returned(flag: Any, value: Callable[[], Any]) -> Any:
    """What a function gives that may come to its end without `return`.

    Raises:
        ValueError: only the values of tensors tell whether it does.
    """
    if is_staged(flag):
        frame = State((), value).where
        raise ValueError(
            "the else branch must also have a return statement: if one path through the function "
            f"returns a value, all paths that depend on tensors must.\n  {frame}"
        )
    return value() if flag else None


# -- expressions -------------------------------------------------------------------------------


def if_exp(test: Any, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    """`body() if test else orelse()`."""
    if is_staged(test):
        predicate = states.condition(test, "conditional expression")
        return control_flow.cond(predicate, body, orelse, strict=True, name="if_exp")
    return body() if test else orelse()


def and_(first: Any, *others: Callable[[], Any]) -> Any:
    """`first and ...`; on a tensor, what follows runs only where it holds."""
    value = first
    for other in others:
        if is_staged(value):
            value = _lazily(value, other, _itself(value))
        elif not value:
            return value
        else:
            value = other()
    return value


def or_(first: Any, *others: Callable[[], Any]) -> Any:
    """`first or ...`; on a tensor, what follows runs only where it does not hold."""
    value = first
    for other in others:
        if is_staged(value):
            value = _lazily(value, _itself(value), other)
        elif value:
            return value
        else:
            value = other()
    return value


def _itself(value: Any) -> Callable[[], Any]:
    return lambda: value


def _lazily(value: Any, holds: Callable[[], Any], fails: Callable[[], Any]) -> Any:
    return control_flow.cond(states.condition(value, "logical expression"), holds, fails)


def not_(value: Any) -> Any:
    """`not value`."""
    return math.LogicalNot(convert.to_tensor(value)) if is_staged(value) else not value


def assert_stmt(test: Any, text: Callable[[], Any]) -> None:
    """`assert test, text()`; of a tensor, an Assert op."""
    if not is_staged(test):
        message = None if test else text()
        assert test, message
        return
    from tf1x.ops.checks import Assert

    message = text()
    data = nest.flatten(message) if isinstance(message, (list, tuple)) else [message]
    if message is None:
        data = ["assertion failed"]
    Assert(states.condition(test, "assert statement"), data)
