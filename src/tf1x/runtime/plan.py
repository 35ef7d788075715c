"""Which ops a run needs, in which order, and how they fall into segments (DESIGN.md section 4).

Order: data and control edges; among ready ops, a read or pure op before a write, so that every
op sees a variable as it was before the run unless an edge says otherwise; unordered writes in
order of creation.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from tf1x.core import errors
from tf1x.core.dtypes import string
from tf1x.core.func_graph import FuncGraph, function_names
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.ops.waiting import may_wait

# Ops that stand for a reference, a fed value or an order; there is nothing to compute.
SILENT = frozenset({"VariableV2", "Variable", "VarHandleOp", "NoOp", "_Arg"})

# Keys of the state that are no variables of the program: positions of random ops in functions.
_RANDOM_PREFIX = "\0random/"


@dataclass
class Access:
    """The variables that an op reads and writes, by key.

    Attributes:
        inputs: the op's inputs that stand for a variable; the op reads it at its own place in the
            order.
    """

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    inputs: dict[Tensor, str] = field(default_factory=dict)


def read_variable(tensor: Tensor, fed: frozenset[Tensor] | set[Tensor]) -> str | None:
    """The variable that an op reads which takes `tensor`, or None.

    That of a reference or handle; also that of the `Identity` of a reference (the variable's
    `read` op, for one), for in TensorFlow it aliases the variable's buffer: an op that runs after
    an update sees the new value through it (measured: always).
    """
    while tensor not in fed:
        if tensor.dtype._is_ref_dtype or tensor.op.type != "Identity":
            return variable_key(tensor)
        tensor = tensor.op.inputs[0]
    return None


def access(op: Operation, fed: frozenset[Tensor] | set[Tensor] = frozenset()) -> Access:
    """What `op` reads and writes, the functions that it calls included."""
    found = Access()
    definition = op.opdef
    if "counter" in definition.injected and op.graph.is_function:
        found.reads.add(random_key(op))
        found.writes.add(random_key(op))
    functions = called(op)
    for function in functions:
        inner = effects(function)
        found.reads |= inner.reads
        if definition.calls_functions:  # and not a gradient, which only reads again
            found.writes |= inner.writes
    if functions:
        return found
    parts = definition.input_slices(op.attrs)
    for arg, part in zip(definition.inputs, parts, strict=True):
        for tensor in op.inputs[part] if isinstance(part, slice) else (op.inputs[part],):
            key = read_variable(tensor, fed)
            if key is None:
                continue
            if arg.name in definition.writes:
                found.writes.add(key)
                if definition.initializes:
                    continue
            found.reads.add(key)
            found.inputs[tensor] = key
    return found


def random_key(op: Operation) -> str:
    """Under which key of the state the position of a random op in a function is kept."""
    function: Any = op.graph
    return f"{_RANDOM_PREFIX}{function.name}/{op.name}"


def is_random_key(key: str) -> bool:
    return key.startswith(_RANDOM_PREFIX)


# -- functions -----------------------------------------------------------------------------------

_plans: WeakKeyDictionary[FuncGraph, Plan] = WeakKeyDictionary()


def called(op: Operation) -> list[FuncGraph]:
    """The functions that an op's attributes name; a gradient's are those of its forward op."""
    if not (op.opdef.calls_functions or op.type == "SymbolicGradient"):
        return []
    library = op.graph.outermost._functions
    return [library[name] for name in function_names(op.attrs) if name in library]


def plan_of(function: FuncGraph) -> Plan:
    """The ops of a function that its outputs need, in order."""
    if function not in _plans:
        _plans[function] = Plan(function.outputs, ())
    return _plans[function]


def effects(function: FuncGraph) -> Access:
    """The variables that a call of the function reads and writes."""
    found = Access()
    for access in plan_of(function).access.values():
        found.reads |= access.reads
        found.writes |= access.writes
    return found


def inside(ops: Iterable[Operation]) -> Iterator[Operation]:
    """The ops and, at any depth, those of the functions that they call."""
    for op in ops:
        yield op
        for function in called(op):
            yield from inside(plan_of(function).ops)


def needs_host(op: Operation) -> bool:
    """Whether an op runs in Python: a host op, one on strings, or control flow with one inside."""
    return any(item.opdef.host or _moves_strings(item) for item in inside([op]))


def _moves_strings(op: Operation) -> bool:
    """Whether an op computes with strings, which XLA does not know.

    Constants stay static; the messages of an `Assert`, which has no outputs, are needed by none.
    """
    if op.type == "Const":
        return False
    strings = [t for t in (*op.inputs, *op.outputs) if t.dtype.base_dtype is string]
    return any(op.outputs or t.op.type != "Const" for t in strings)


@dataclass(eq=False)
class Step:
    """A maximal run of device ops, or a run of host ops."""

    host: bool
    ops: list[Operation]


class Plan:
    """The ops of one kind of run.

    Args:
        targets: tensors and operations to compute.
        fed: tensors whose values are given.
        concrete: device ops that need concrete values; they run between segments.

    Attributes:
        ops: all needed ops, in order.
        steps: the same (without those that compute nothing), grouped.
    """

    def __init__(
        self,
        targets: Iterable[Tensor | Operation],
        fed: Iterable[Tensor],
        concrete: set[Operation] | None = None,
    ) -> None:
        self.targets = list(targets)
        self.fed = frozenset(fed)
        self.concrete = concrete or set()
        needed = self._needed()
        self.access = {op: access(op, self.fed) for op in needed}
        self.ops = self._ordered(needed)
        self.steps = self._steps()

    def _inputs(self, op: Operation) -> list[Operation]:
        sources = [t.op for t in op.inputs if t not in self.fed]
        return sources + op.control_inputs

    def _needed(self) -> set[Operation]:
        stack = [t if isinstance(t, Operation) else t.op for t in self.targets if t not in self.fed]
        needed: set[Operation] = set()
        while stack:
            op = stack.pop()
            if op in needed:
                continue
            needed.add(op)
            stack += [source for source in self._inputs(op) if source not in needed]
        return needed

    def _is_host(self, op: Operation) -> bool:
        return op in self.concrete or needs_host(op)

    def _ordered(self, needed: set[Operation]) -> list[Operation]:
        return _Ordering(self, needed).run()

    def _steps(self) -> list[Step]:
        steps: list[Step] = []
        for op in self.ops:
            if op.type in SILENT or (op.outputs and self.fed.issuperset(op.outputs)):
                continue
            host = self._is_host(op)
            if not steps or steps[-1].host != host:
                steps.append(Step(host, []))
            steps[-1].ops.append(op)
        for step in steps:
            if not step.host:
                step.ops[:0] = self._constants_from_before(step)
        return steps

    def _constants_from_before(self, step: Step) -> list[Operation]:
        """Constants of earlier steps that this one takes: in it too, they are known while tracing."""
        own = set(step.ops)
        taken = (t.op for op in step.ops for t in op.inputs if t not in self.fed)
        return list(dict.fromkeys(op for op in taken if op.type == "Const" and op not in own))


class _Ordering:
    """Kahn's algorithm with four classes of ready ops."""

    def __init__(self, plan: Plan, needed: set[Operation]) -> None:
        self.plan = plan
        self.consumers: dict[Operation, list[Operation]] = {op: [] for op in needed}
        self.waiting: dict[Operation, int] = {}
        for op in needed:
            sources = set(plan._inputs(op))
            self.waiting[op] = len(sources)
            for source in sources:
                self.consumers[source].append(op)
        self.readers: dict[str, set[Operation]] = {}
        for op in needed:
            found = plan.access[op]
            for key in found.reads - found.writes:
                self.readers.setdefault(key, set()).add(op)
        # Ready ops by (is host, writes), each a heap of (creation order, op).
        self.ready: dict[tuple[bool, bool], list[tuple[int, Operation]]] = {
            (host, writes): [] for host in (False, True) for writes in (False, True)
        }
        self.order: list[Operation] = []
        for op in sorted(needed, key=lambda op: op._id):
            if not self.waiting[op]:
                self._push(op)

    def _push(self, op: Operation) -> None:
        kind = self.plan._is_host(op), bool(self.plan.access[op].writes)
        heapq.heappush(self.ready[kind], (op._id, op))

    def run(self) -> list[Operation]:
        total = len(self.waiting)
        while len(self.order) < total:
            op = self._next()
            self.order.append(op)
            for key in self.plan.access[op].reads:
                self.readers.get(key, set()).discard(op)
            for consumer in self.consumers[op]:
                self.waiting[consumer] -= 1
                if not self.waiting[consumer]:
                    self._push(consumer)
        return self.order

    def _next(self) -> Operation:
        """Device reads, then device writes that no pending read waits for, then host ops.

        Ops that may wait for each other stand together, so that they can take turns.
        """
        if self.order and may_wait(self.order[-1].type):
            heap = self.ready[True, False]
            item = min((item for item in heap if may_wait(item[1].type)), default=None)
            if item is not None:
                heap.remove(item)
                heapq.heapify(heap)
                return item[1]
        for host in (False, True):
            if self.ready[host, False]:
                return heapq.heappop(self.ready[host, False])[1]
            write = self._unblocked_write(self.ready[host, True])
            if write is not None:
                return write
        for host in (False, True):  # reads wait for these writes by way of other ops
            if self.ready[host, True]:
                return heapq.heappop(self.ready[host, True])[1]
        done = set(self.order)
        stuck = min((op for op in self.waiting if op not in done), key=lambda op: op._id)
        raise errors.InvalidArgumentError(None, stuck, "The graph has a cycle.")

    def _unblocked_write(self, heap: list[tuple[int, Operation]]) -> Operation | None:
        blocked = []
        found = None
        while heap and found is None:
            item = heapq.heappop(heap)
            if self._has_pending_reader(item[1]):
                blocked.append(item)
            else:
                found = item[1]
        for item in blocked:
            heapq.heappush(heap, item)
        return found

    def _has_pending_reader(self, write: Operation) -> bool:
        """Whether an op that does not depend on `write` still has to read its variable."""
        keys = self.plan.access[write].writes
        pending = {op for key in keys for op in self.readers.get(key, ())} - {write}
        if not pending:
            return False
        stack, seen = [write], {write}
        while stack:
            for consumer in self.consumers[stack.pop()]:
                if consumer not in seen:
                    seen.add(consumer)
                    stack.append(consumer)
        return bool(pending - seen)
