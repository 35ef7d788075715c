"""Ops run one by one on concrete values: host ops, and plans that are not worth compiling.

An input pipeline of queues runs a dozen of them for every row of its file, so what can be known of
an op is looked up once for all runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tf1x.core import dtypes
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import waiting
from tf1x.runtime import tracing
from tf1x.runtime.device_step import concrete
from tf1x.runtime.evaluate import Evaluator, bound
from tf1x.runtime.plan import Access, Plan
from tf1x.runtime.state import State

if TYPE_CHECKING:
    from tf1x.runtime.session import BaseSession


class Prepared:
    """What is known of an op before it runs.

    Attributes:
        is_constant: whether it is a `Const`.
        is_handle: whether it gives what a session keeps under its name, the same in every run.
        direct: the op as a function of its inputs' values, where these are all that it depends on.
        waits: whether it may wait for another op.
        alone: whether it takes the state's lock itself, or may wait long.
        once: whether it is not to run again when the plan changes.
    """

    def __init__(self, op: Operation, access: Access, session: BaseSession) -> None:
        definition = op.opdef
        self.op = op
        self.inputs, self.outputs = op.inputs, op.outputs
        self.access = access
        self.is_constant = op.type == "Const"
        self.is_handle = definition.host and _gives_handle(op)
        self.waits = waiting.may_wait(op.type)
        self.alone = definition.blocking or definition.calls_functions
        self.once = definition.host and definition.stateful
        touches = access.reads or access.writes or access.inputs
        self.direct = None if touches else bound(op, session)


def _gives_handle(op: Operation) -> bool:
    """Whether it makes what has a name (`ops/resources.py`) or finds what was made."""
    is_handle = [t.dtype == dtypes.resource or t.dtype._is_ref_dtype for t in op.outputs]
    return is_handle == [True] and not op.inputs and "shared_name" in op.attrs


class Interpreter(ABC):
    """Runs ops that are not compiled.

    Attributes:
        plan: to which the ops belong.
    """

    plan: Plan

    def __init__(self, session: BaseSession) -> None:
        self._session = session
        self._state: State = session._state
        self._prepared: dict[Operation, Prepared] = {}

    @abstractmethod
    def _evaluator(self, variables: dict[str, Any], undo: dict[str, Any]) -> Evaluator:
        """What applies the ops that depend on more than their inputs."""

    @abstractmethod
    def _apply(self, evaluator: Evaluator, op: Operation) -> None:
        """`evaluator.apply(op)`."""

    def _interpret(
        self,
        ops: Sequence[Operation],
        values: dict[Tensor, Any],
        undo: dict[str, Any],
        done: dict[Operation, list[Any]],
    ) -> None:
        """Run ops one by one, but for those that are in `done`.

        An op that would have to wait is put off until the others have run: it may be one of them
        that it waits for.

        Args:
            values: what is known; the outputs are added.
            undo: gets the old values of the variables that are written.
            done: gets what host ops with effects gave.
        """
        own = _Own(self._state)
        pending = self._prepared_ops(ops)
        if sum([item.waits for item in pending]) < 2:
            for item in pending:
                self._run_prepared(item, values, undo, done, own)
            return
        while pending:
            late: list[Prepared] = []
            for item in pending:
                if _follows(item.op, [other.op for other in late]):
                    late.append(item)
                elif not item.waits:
                    self._run_prepared(item, values, undo, done, own)
                else:
                    try:
                        with waiting.without_waiting():
                            self._run_prepared(item, values, undo, done, own)
                    except waiting.WouldWait:
                        late.append(item)
            if len(late) == len(pending):  # nothing else is left to do
                self._run_prepared(late.pop(0), values, undo, done, own)
            pending = late

    def _prepared_ops(self, ops: Iterable[Operation]) -> list[Prepared]:
        return [self._prepared.get(op) or self._prepare(op) for op in ops]

    def _prepare(self, op: Operation) -> Prepared:
        prepared = self._prepared[op] = Prepared(op, self.plan.access[op], self._session)
        return prepared

    def _run_prepared(
        self,
        item: Prepared,
        values: dict[Tensor, Any],
        undo: dict[str, Any],
        done: dict[Operation, list[Any]],
        own: _Own,
    ) -> None:
        outputs = item.outputs
        if outputs and outputs[0] in values and all(t in values for t in outputs):
            return
        if item.is_constant:
            values[outputs[0]] = item.op.attrs["value"]
            return
        found = done.get(item.op)
        if found is None:
            if tracing.is_recording():
                with tracing.host_op(item.op):
                    found = self._computed(item, values, undo, own)
            else:
                found = self._computed(item, values, undo, own)
            if item.once:
                done[item.op] = found
        for tensor, value in zip(outputs, found, strict=True):
            values.setdefault(tensor, value)  # some may be fed

    def _computed(
        self, item: Prepared, values: dict[Tensor, Any], undo: dict[str, Any], own: _Own
    ) -> list[Any]:
        direct, state = item.direct, self._state
        if direct is not None:
            inputs = [concrete(values[t]) for t in item.inputs]
            if item.alone:
                return direct(inputs)
            with state.lock:
                return direct(inputs)
        evaluator = self._evaluator(state.variables, undo)
        evaluator.values = {t: concrete(values[t]) for t in item.inputs if t in values}
        if item.alone:
            self._apply(evaluator, item.op)
        else:
            with state.lock:
                self._apply_locked(evaluator, item, undo, own)
        return [evaluator.values[t] for t in item.outputs]

    def _apply_locked(
        self, evaluator: Evaluator, item: Prepared, undo: dict[str, Any], own: _Own
    ) -> None:
        state, access = self._state, item.access
        for key in access.writes:
            undo.setdefault(key, state.variables.get(key))
        if not access.writes:  # NumPy's, lest JAX compile for every new shape
            found = {k: state.variables.get(k) for k in access.reads}
            evaluator.variables = {k: concrete(v) for k, v in found.items() if v is not None}
        self._apply(evaluator, item.op)
        for key in access.writes:
            own.make(key)
        for random, used in evaluator.counters.items():
            state.counters[random.name] = state.counters.get(random.name, 0) + used.blocks


def _follows(op: Operation, earlier: list[Operation]) -> bool:
    """Whether an op needs one of the others, directly or by way of a `NoOp`."""
    sources = [*(t.op for t in op.inputs), *op.control_inputs] if earlier else ()
    return any(s in earlier or (s.type == "NoOp" and _follows(s, earlier)) for s in sources)


class _Own:
    """Lets a variable that was assigned another's value have an array of its own.

    A compiled segment donates the arrays that it overwrites. The arrays of all variables are noted
    once: one that came later to a variable is either noted in `make`, or nobody else's.
    """

    def __init__(self, state: State) -> None:
        self._variables = state.variables
        self._taken: set[int] | None = None

    def make(self, key: str) -> None:
        """After `key` was assigned; under the state's lock."""
        if self._taken is None:
            others = ((k, v) for k, v in self._variables.items() if k != key)
            self._taken = {id(value) for _, value in others}
        value = self._variables.get(key)
        if value is None:
            return
        if id(value) in self._taken:
            value = self._variables[key] = value.copy()
        self._taken.add(id(value))
