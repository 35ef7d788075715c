"""Functions that datasets call on each element.

A function whose ops all work on NumPy arrays is run op by op in NumPy: an element is small, its
shape may differ from the last one's, and threads then work side by side without the session's
lock. Its random ops count from 0 for each initialisation of an iterator, as TensorFlow's do. What
needs JAX, variables or loops is run by the session, compiled where it can be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from tf1x.core import dtypes, errors
from tf1x.core.func_graph import FuncAttr, FuncGraph, function_names
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.ops.dataset_value import Context, Element
from tf1x.ops.pullback import flat_outputs

_NOT_IN_NUMPY = frozenset(
    {"SymbolicGradient", "VarHandleOp", "VariableV2", "Variable", "While", "StatelessWhile"}
)


class Function:
    """A function of the graph together with its captured arguments.

    Args:
        op: the dataset op whose attribute it is.
        captured: the values of the tensors around it that it uses.
        functions: what the session runs functions with.
    """

    def __init__(self, op: Operation, attr: FuncAttr, captured: list[Any], functions: Any) -> None:
        self._captured = list(captured)
        graph: FuncGraph = op.graph.function(attr.name)
        self.program = program_of(graph)
        self._name = attr.name
        if self.program is None or self.program.needs_session:
            self._functions, self._session = functions, _session_of(functions)
        else:
            self._functions = self._session = None

    @property
    def is_random(self) -> bool:
        """Whether calls depend on the order in which they are made."""
        return self.program is None or self.program.is_random

    @property
    def is_numpy(self) -> bool:
        """Whether all its ops are NumPy's, so that a call waits for nothing."""
        return self.program is not None and self._session is None

    def __call__(self, context: Context, args: Element) -> Element:
        """The outputs.

        Raises:
            OpError: an op of the function failed; the error names it.
        """
        if self._captured:
            args = [*args, *self._captured]
        if self.program is not None:
            return self.program.run(args, context, self._session, self._functions)
        results = self._functions.branch(np.int32(0), [self._name], args)
        return [_array(x) for x in results]


def _array(value: Any) -> Any:
    return value if getattr(value, "dtype", None) is None else np.asarray(value)


def _session_of(functions: Any) -> Any:
    runner = getattr(functions, "_runner", None)
    return functions.session if runner is None else runner._session


# -- programs ------------------------------------------------------------------------------------

_programs: WeakKeyDictionary[FuncGraph, Program | None] = WeakKeyDictionary()


def program_of(function: FuncGraph) -> Program | None:
    """How to run a function in NumPy, or None if it has an op that does not work so."""
    if function not in _programs:
        needed = _needed(function)
        fits = all(_works(op) for op in needed)
        _programs[function] = Program(function, needed) if fits else None
    return _programs[function]


def _needed(function: FuncGraph) -> list[Operation]:
    stack = [t.op for t in function.outputs]
    found: set[Operation] = set()
    while stack:
        op = stack.pop()
        if op not in found:
            found.add(op)
            stack += [t.op for t in op.inputs]
            stack += [c for c in op.control_inputs if c.graph is function]
    return sorted(found, key=lambda op: op._id)


def _works(op: Operation) -> bool:
    definition = op.opdef
    if definition.needs_jax or definition.writes or op.type in _NOT_IN_NUMPY:
        return False
    if any(variable_key(t) is not None for t in (*op.inputs, *op.outputs)):
        return False
    if definition.calls_functions and not _makes_dataset(op):
        library = op.graph.outermost._functions
        return all(
            name in library and program_of(library[name]) is not None
            for name in function_names(op.attrs)
        )
    return True


def _makes_dataset(op: Operation) -> bool:
    return op.opdef.host and bool(op.outputs) and op.outputs[0].dtype is dtypes.variant


class Program:
    """The ops of a function, ready to be run on NumPy values."""

    def __init__(self, function: FuncGraph, ops: list[Operation]) -> None:
        self._function = function
        places: dict[Tensor, int] = {}
        for tensor in function.args:
            places[tensor] = len(places)
        self._constants: list[Any] = []
        self._steps: list[_Step] = []
        self.is_random = self.needs_session = False
        for op in ops:
            for tensor in op.outputs:
                places.setdefault(tensor, len(places))
        for op in ops:
            if op.type == "_Arg":
                continue
            if op.type == "Const":
                self._constants.append((places[op.outputs[0]], op.attrs["value"]))
                continue
            step = _Step(op, places)
            self._steps.append(step)
            self._note(op)
        self._size = len(places)
        self._outputs = [places[t] for t in function.outputs]

    def _note(self, op: Operation) -> None:
        injected = op.opdef.injected
        self.is_random |= "counter" in injected
        self.needs_session |= "session" in injected
        if "functions" not in injected:
            return
        library = op.graph.outermost._functions
        for name in function_names(op.attrs):
            inner = program_of(library[name])
            self.needs_session |= inner is None or inner.needs_session
            if not _makes_dataset(op):
                self.is_random |= inner is None or inner.is_random

    def run(self, args: list[Any], context: Context, session: Any, functions: Any) -> list[Any]:
        """The outputs; `context` has the positions of random ops."""
        values: list[Any] = [None] * self._size
        values[: len(args)] = args
        for place, value in self._constants:
            values[place] = value
        calls = _Calls(context, session, functions)
        for step in self._steps:
            step.run(values, calls)
        return [_as_array(values[place]) for place in self._outputs]


def _as_array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, np.generic) else value


class _Step:
    """One op: where its inputs are and where its outputs go."""

    __slots__ = ("_arguments", "_inputs", "_keywords", "_lower", "_op", "_outputs", "_types")

    def __init__(self, op: Operation, places: dict[Tensor, int]) -> None:
        definition = op.opdef
        self._op = op
        self._lower: Callable[..., Any] = definition.lower
        self._inputs = [places[t] for t in op.inputs]
        # For each parameter its place, or the places of a list.
        self._arguments = [self._inputs[part] for part in definition.input_slices(op.attrs)]
        self._keywords = definition.keywords(op.attrs)
        self._outputs = [places[t] for t in op.outputs]
        self._types = [
            None if t.dtype in (dtypes.resource, dtypes.variant) else t.dtype.numpy_dtype
            for t in op.outputs
        ]

    def run(self, values: list[Any], calls: _Calls) -> None:
        op = self._op
        keywords = self._keywords
        if op.opdef.injected:
            keywords = {**keywords, **calls.injected(op)}
        arguments = [
            values[i] if type(i) is int else [values[j] for j in i] for i in self._arguments
        ]
        try:
            results = flat_outputs(self._lower(*arguments, **keywords), len(self._outputs))
        except errors.OpError as error:
            error.op = error.op or op
            raise
        except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError) as error:
            raise errors.InvalidArgumentError(None, op, str(error)) from error
        for place, dtype, value in zip(self._outputs, self._types, results, strict=True):
            if dtype is not None:
                found = getattr(value, "dtype", None)
                if found is None:
                    value = np.asarray(value, dtype)
                elif found != dtype:
                    raise errors.InternalError(
                        None, op, f"{op.type} gave {found} where {dtype} is declared."
                    )
            values[place] = value


class _Position:
    """The random-number position of an op, as a lowering takes it (runtime `Counter`)."""

    def __init__(self, context: Context, op: Operation) -> None:
        self._context, self._op = context, op
        self.key = tuple(np.uint64(s & 0xFFFFFFFFFFFFFFFF) for s in context.key(op))

    def take(self, blocks: int) -> Any:
        """Reserve so many blocks; the position of the first."""
        first = self._context.positions.get(self._op, 0)
        self._context.positions[self._op] = first + blocks
        return np.uint64(first)


class _Calls:
    """What the ops of a program get injected; as `functions`, it runs those that they call."""

    def __init__(self, context: Context, session: Any, functions: Any) -> None:
        self.context, self.session, self._functions = context, session, functions

    def injected(self, op: Operation) -> dict[str, Any]:
        wanted = op.opdef.injected
        given: dict[str, Any] = {}
        if "counter" in wanted:
            given["counter"] = _Position(self.context, op)
        if "session" in wanted:
            given["session"] = self.session
        if "op" in wanted:
            given["op"] = op
        if "functions" in wanted:
            given["functions"] = _Library(self, op)
        return given


class _Library:
    """Runs the functions that an op names."""

    def __init__(self, calls: _Calls, op: Operation) -> None:
        self._calls, self._op = calls, op
        self.session = calls.session

    def branch(self, index: Any, names: list[str], args: list[Any]) -> list[Any]:
        name = names[int(index)]
        program = program_of(self._op.graph.function(name))
        calls = self._calls
        if program is None:
            results: list[Any] = calls._functions.branch(index, names, args)
            return results
        return program.run(args, calls.context, calls.session, calls._functions)
