"""`while` and `for` on Python values and on tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tf1x.core import convert, nest, scopes
from tf1x.core.func_graph import FuncGraph
from tf1x.core.function_calls import allows
from tf1x.core.operation import Tensor
from tf1x.core.shapes import as_shape
from tf1x.lib.autograph import state as states
from tf1x.lib.autograph.conditionals import blank
from tf1x.lib.autograph.lists import Pending
from tf1x.lib.autograph.state import UNDEFINED, State, is_staged
from tf1x.ops import composite, control_flow, math

_options: list[dict[str, Any]] = []  # of the loops being built, innermost last
_STARTED = (
    "The condition of while loop started as non-Tensor, then changed to Tensor. This may happen "
    "either because variables changed type, or when a break or return statement inside the loop "
    "depends on a Tensor condition. In both cases, changing to a TF loop should remove the error."
)
_BREAK = (
    "break and return statements which depend on a TF condition are not supported in Python for "
    "loops. Did you intend to make it a TF loop?"
)


def while_stmt(
    test: Callable[[], Any],
    body: Callable[[], Any],
    names: Sequence[str],
    options: Sequence[str] = (),
) -> None:
    """A `while` loop.

    Args:
        names: the variables that the loop changes, and that it or what follows reads.
        options: lists that the body appends to; "set_loop_options" where it calls that.

    Raises:
        NotImplementedError: the condition becomes a tensor after the first step.
        TypeError, ValueError: a variable changes its type or shape.
    """
    if scopes.executing_eagerly():
        while test():
            body()
        return
    state = State(names, body, test)
    with _scratch():
        going = test()
    if is_staged(going):
        staged_while(test, body, state, options)
        return
    while going:
        body()
        going = test()
        if is_staged(going):
            raise NotImplementedError(f"{_STARTED}\n  {state.where}")


def staged_while(
    test: Callable[[], Any], body: Callable[[], Any], state: Any, options: Sequence[str] = ()
) -> None:
    """A loop that becomes an op."""
    entry = state.read()
    settings: dict[str, Any] = {}
    if options or any(v is UNDEFINED or v is None for v in entry):
        entry, settings = _completed(body, state, entry, options)
    start = [states.lifted(value) for value in entry]
    variables = states.leaves(start)
    invariants = _invariants(start, settings)

    def arrange(tensors: tuple[Any, ...]) -> list[Any]:
        current = states.packed(start, tensors[: len(variables)])
        state.write([states.copied(value) for value in current])
        return current

    def condition(*tensors: Any) -> Tensor:
        arrange(tensors)
        return states.condition(test(), "while loop")

    def step(*tensors: Any) -> list[Any]:
        current = arrange(tensors)
        _options.append({})
        try:
            body()
        finally:
            _options.pop()
        after = [states.lifted(value) for value in state.read()]
        for i, name in enumerate(state.names):
            _check(name, current[i], after[i], state.where)
        return [*states.leaves(after), *tensors[len(variables) :]]

    given = variables or [convert.constant(0)]
    hints = {k: v for k, v in settings.items() if k in _HINTS and v is not None}
    try:
        found = control_flow.while_loop(
            condition, step, given, shape_invariants=invariants if variables else None,
            return_same_structure=True, **hints,
        )  # fmt: skip
    except BaseException:
        state.write(entry)
        raise
    state.write(states.packed(start, found[: len(variables)]))


_HINTS = ("parallel_iterations", "swap_memory", "maximum_iterations")


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Options of the loop in whose body it is called (`tf.while_loop` has the same).

    Args:
        shape_invariants: pairs of a loop variable and its shape.
    """
    if _options:
        _options[-1].update(
            parallel_iterations=parallel_iterations,
            swap_memory=swap_memory,
            maximum_iterations=maximum_iterations,
            shape_invariants=shape_invariants,
        )


# -- before the loop ---------------------------------------------------------------------------


@contextmanager
def _scratch() -> Iterator[FuncGraph]:
    """A graph that is thrown away."""
    outer = scopes.get_default_graph()
    graph = FuncGraph("scratch", outer)
    graph._collections = {k: list(v) for k, v in outer._collections.items()}
    with graph.building():
        yield graph


def _completed(
    body: Callable[[], Any], state: Any, entry: list[Any], lists: Sequence[str]
) -> tuple[list[Any], dict[str, Any]]:
    """Start values for variables that only the body defines, from a step that is thrown away.

    Lists that grow become lists of tensors. Also gives the options that the body sets.
    """
    missing = [n for n, v in zip(state.names, entry, strict=True) if v is UNDEFINED]
    with _scratch():
        before = [states.lifted(value) for value in entry]
        for i, name in enumerate(state.names):
            if name in lists and isinstance(before[i], list):
                before[i] = Pending(before[i])
        state.write([states.copied(value) for value in before])
        _options.append({})
        try:
            body()
            after = [states.lifted(value) for value in state.read()]
        except NameError as error:
            if error.name in missing:
                raise ValueError(
                    f"'{error.name}' must be defined before the loop\n  {state.where}"
                ) from error
            raise
        finally:
            settings = _options.pop()
            state.write(entry)
    settings["shapes"] = _wanted_shapes(before, settings.pop("shape_invariants", None))
    found = []
    for i, (name, old, new) in enumerate(zip(state.names, entry, after, strict=True)):
        if old is UNDEFINED and new is not UNDEFINED:
            old = _placeholder(name, new, state.where)
            parts = [t.shape for t in composite.flatten(nest.flatten(new))]
            settings["shapes"].setdefault(i, parts if not nest.is_nested(new) else None)
        elif old is None and new is not None:
            raise ValueError(f"'{name}' is not allowed to be None before the loop\n  {state.where}")
        elif isinstance(before[i], Pending) and before[i].grows:
            old = before[i].begun(old)
        found.append(old)
    return found, settings


def _placeholder(name: str, like: Any, where: Any) -> Any:
    """Of the form of `like`: a step assigns the variable before anything reads it."""
    if not all(states.is_value(leaf) for leaf in nest.flatten(like)):
        raise ValueError(f"'{name}' must be defined before the loop\n  {where}")
    made = [
        composite.pack(leaf, [blank(t) for t in composite.flatten(leaf)])
        for leaf in nest.flatten(like)
    ]
    return nest.pack_sequence_as(like, made) if nest.is_nested(like) else made[0]


def _wanted_shapes(values: list[Any], pairs: Any) -> dict[int, list[Any] | None]:
    """Shape invariants by the place of the variable that each was given for."""
    found: dict[int, list[Any] | None] = {}
    for value, shape in pairs or ():
        for i, known in enumerate(values):
            if known is value:
                found[i] = [as_shape(shape)]
    return found


def _invariants(start: list[Any], settings: dict[str, Any]) -> list[Any] | None:
    shapes = settings.get("shapes")
    if not shapes:
        return None
    invariants: list[Any] = []
    for i, value in enumerate(start):
        kept = [x for x in nest.flatten(value) if states.is_value(x)]
        wanted = shapes.get(i)
        if wanted and len(kept) == 1 and not composite.is_composite(kept[0]):
            invariants += wanted
        else:
            invariants += [None if composite.is_composite(x) else x.shape for x in kept]
    return invariants


def _check(name: str, before: Any, after: Any, where: Any) -> None:
    """A loop variable stays what it is."""
    if before is UNDEFINED and after is UNDEFINED:
        return
    if after is UNDEFINED:
        raise ValueError(f"'{name}' must be defined at the end of the iteration\n  {where}")
    words = {
        "structure": "does not have the same nested structure after one iteration",
        "first": "before the loop",
        "second": "after one iteration",
        "first_end": "what comes before the loop",
        "second_end": "the iteration",
    }
    states.check_alike(name, before, after, words, where)
    for a, b in zip(nest.flatten(before), nest.flatten(after), strict=True):
        if isinstance(a, Tensor) and isinstance(b, Tensor) and not allows(a.shape, b.shape):
            raise ValueError(
                f"'{name}' has shape {a.shape} before the loop, but shape {b.shape} after one "
                "iteration. Use tf.autograph.experimental.set_loop_options to set shape "
                f"invariants.\n  {where}"
            )


# -- for ---------------------------------------------------------------------------------------


def for_stmt(
    items: Any,
    test: Callable[[], Any] | None,
    body: Callable[[Any], Any],
    names: Sequence[str],
    target: Sequence[str] = (),
    options: Sequence[str] = (),
) -> None:
    """A `for` loop over what Python iterates, a tensor (its rows), `tf.range`, or a dataset.

    Args:
        test: what has to hold for the loop to go on.
        target: the variables that take the items.
        options: as for `while_stmt`.
    """
    from tf1x.lib.data.dataset import Dataset

    state = State(names, body, *([test] if test else []))
    if is_staged(items):
        _rows(convert.to_tensor(items), test, body, state, target, options)
    elif isinstance(items, Dataset) and not scopes.executing_eagerly():
        from tf1x.lib.autograph.datasets import over

        over(items, test, body, state, options, _completed)
    else:
        _python_for(items, test, body, state)


def _python_for(items: Any, test: Any, body: Any, state: State) -> None:
    for item in items:
        body(item)
        if test is not None:
            going = test()
            if is_staged(going):
                raise NotImplementedError(f"{_BREAK}\n  {state.where}")
            if not going:
                break


class _Counted:
    """A state with a counter of the loop's own in front."""

    def __init__(self, state: State, start: Any) -> None:
        self.names = ("<internal iterate>", *state.names)
        self.where = state.where
        self.index = start
        self._state = state

    def read(self) -> list[Any]:
        return [self.index, *self._state.read()]

    def write(self, values: Sequence[Any]) -> None:
        self.index = values[0]
        self._state.write(values[1:])


def _rows(
    items: Tensor, test: Any, body: Any, state: State, target: Sequence[str], options: Sequence[str]
) -> None:
    if items.op.type == "Range":
        start, limit, delta = items.op.inputs
        counted = _Counted(state, start)

        def step() -> None:
            index = counted.index
            body(index)
            counted.index = index + delta

        def going() -> Any:
            return _and(_before(counted.index, limit, delta), test)

    else:
        from tf1x.lib.autograph.python_builtins import len_
        from tf1x.ops.tensor_array import TensorArray

        count = len_(items)
        array = TensorArray(items.dtype.base_dtype, size=count).unstack(items)
        counted = _Counted(state, 0)

        def step() -> None:
            index = counted.index
            body(array.read(index))
            counted.index = index + 1

        def going() -> Any:
            return _and(math.Less(counted.index, count), test)

    staged_while(going, step, counted, options)


def _before(index: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    from tf1x.core.static import constant_value

    known = constant_value(delta)
    if known is not None:
        test: Tensor = math.Less(index, limit) if known >= 0 else math.Greater(index, limit)
        return test
    rising = math.LogicalAnd(math.GreaterEqual(delta, 0), math.Less(index, limit))
    falling = math.LogicalAnd(math.Less(delta, 0), math.Greater(index, limit))
    either: Tensor = math.LogicalOr(rising, falling)
    return either


def _and(main: Tensor, test: Callable[[], Any] | None) -> Tensor:
    """Both; the test is one of flags, which cannot fail."""
    if test is None:
        return main
    both: Tensor = math.LogicalAnd(main, test())
    return both
