"""A device segment as one function compiled by XLA.

The segment is traced once for each signature of its inputs (shapes, types, and the values of
those that are needed as shapes). The function takes, flat: inputs, variables, large constants,
and the keys and positions of its random ops; it gives: outputs, new values of the variables it
writes, and the flags of its checks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.ops import xp
from tf1x.ops.list_value import ListValue
from tf1x.runtime import chunks, dense, in_place, pooled, precision, scans, xla
from tf1x.runtime.counted import Beforehand, Known
from tf1x.runtime.evaluate import SYMBOLIC_GRADIENT, Counter, Evaluator, without_value
from tf1x.runtime.functions import Bounds, NeedsConcrete, Traced
from tf1x.runtime.plan import Access, Plan, Step, inside, is_random_key
from tf1x.runtime.saved_programs import SavedProgram
from tf1x.runtime.state import State

# A larger constant is an input of the compiled program rather than a literal in it: literals
# slow XLA's compilation down and are kept twice.
_LITERAL_ELEMENTS = 1024
# Where a check can fail, a smaller variable (in bytes) is not overwritten in place: the old value is
# still there then, and nothing has to choose between the two. Each choice is one more loop to compile.
_SMALL_BYTES = 1 << 16
# What tracing finds out, beside the checks and the shapes; it is saved with the program.
_NOTED = ("static", "blocks", "writes", "recovered", "undo")


@dataclass
class Segment:
    """What a device step takes and gives.

    Attributes:
        inputs: tensors computed or fed before the step.
        outputs: tensors that later steps or the caller want.
        reads: keys of the variables whose old values it needs.
        writes: keys of the variables that it changes.
        constants: `Const` ops passed as inputs.
        readers: for each key of `reads`, the first op that reads it.
        access: the plan's, of all ops.
    """

    ops: list[Operation]
    inputs: list[Tensor]
    outputs: list[Tensor]
    reads: list[str]
    writes: list[str]
    constants: list[Operation]
    readers: dict[str, Operation]
    access: dict[Operation, Access]

    @staticmethod
    def of(step: Step, plan: Plan, wanted: set[Tensor]) -> Segment:
        """The segment of `step`; `wanted` are the tensors needed after it."""
        inside = {t for op in step.ops for t in op.outputs}
        inputs: dict[Tensor, None] = {}
        reads: dict[str, None] = {}
        readers: dict[str, Operation] = {}
        writes: dict[str, None] = {}
        for op in step.ops:
            found = plan.access[op]
            for key in sorted(found.reads - set(writes)):
                reads[key] = None
                readers.setdefault(key, op)
            for key in sorted(found.writes):
                writes[key] = None
            for tensor in op.inputs:
                outside = tensor not in inside and tensor not in found.inputs
                if tensor in plan.fed or (outside and variable_key(tensor) is None):
                    inputs[tensor] = None
        outputs = [
            t
            for op in step.ops
            for t in op.outputs
            if t in wanted and t not in plan.fed and not t.dtype._is_ref_dtype
        ]
        constants = [
            op
            for op in step.ops
            if op.type == "Const" and op.attrs["value"].size > _LITERAL_ELEMENTS
        ]
        return Segment(
            step.ops,
            list(inputs),
            outputs,
            list(reads),
            # In the order of the reads: JAX pairs the buffers that it may reuse with the results
            # of their shape in order, and XLA copies what is overwritten by something else.
            [
                *(key for key in reads if key in writes),
                *(key for key in writes if key not in reads),
            ],
            constants,
            readers,
            plan.access,
        )

    def is_like(self, other: Segment) -> bool:
        """Whether both are the same ops with the same inputs and outputs."""
        return (
            self.ops == other.ops
            and self.inputs == other.inputs
            and self.outputs == other.outputs
            and self.reads == other.reads
        )


class Compiled:
    """A segment compiled for one signature.

    Attributes:
        dynamic: positions of the inputs that the function takes.
        static: outputs whose values do not depend on the run, by position.
        blocks: for each random op, how far one run moves its counter.
        writes: the variables that it changes; not those of branches that are never taken.
        checks: tags of the flags that the function's last output holds, if there are any.
        recovered: variables that the function gives back unchanged when a check fails; of those
            in `undo`, it is up to the caller to put back the old rows that follow the new values.
        undo: for each such variable, how many pairs of indices and old rows.
        shapes: of the segment's tensors.
        is_wide: whether it takes numbers of 64 bits, which JAX has to be told to leave as they are.
    """

    def __init__(
        self,
        segment: Segment,
        state: State,
        inputs: Sequence[Any],
        static: frozenset[Tensor],
        keep_old: bool,
        bounds: Bounds,
        known: Known,
    ) -> None:
        self.segment = segment
        self._bounds = bounds
        self._known = known
        self._keep_old = keep_old
        self._static_inputs = static
        self.dynamic = [i for i, t in enumerate(segment.inputs) if t not in static]
        self._takes_lists = any(isinstance(x, ListValue) for x in inputs)
        self._lists: dict[int, Any] = {}
        # The position of one in a function is kept like a variable.
        self.random = [
            op for op in segment.ops if "counter" in op.opdef.injected and not op.graph.is_function
        ]
        self.static: dict[int, Any] = {}
        self.blocks: list[int] = []
        self.writes: list[str] = []
        self.checks: list[Any] = []
        self.recovered: list[str] = []
        self.undo: list[tuple[str, int]] = []
        self.shapes: dict[Tensor, Any] = {}
        self.is_wide = True
        self.function = self._compile(state, inputs)

    # -- tracing -------------------------------------------------------------------------------

    def _compile(self, state: State, inputs: Sequence[Any]) -> Callable[..., Any]:
        arguments = self.arguments(state, inputs)
        self.is_wide = any(x.dtype.itemsize >= 8 for x in arguments)
        saved = self._saved(inputs, arguments)
        found = saved and saved.load()
        if saved and found:
            notes, function = found
            self._restore(notes, list(saved.number), inputs)
            return function
        struct: Any = jax.ShapeDtypeStruct
        specs = [struct(np.shape(x), x.dtype) for x in arguments]
        jaxpr = jax.make_jaxpr(lambda *flat: self._trace(state, inputs, flat))(*specs)
        chosen = pooled.merged(in_place.merged(dense.merged(precision.chosen(jaxpr))))
        function = chunks.function_of(scans.merged(chosen))
        notes = self._notes(saved.number) if saved and not jaxpr.effects else None
        if saved and notes:
            return saved.save(notes, function, specs, self._donated())
        return xla.compiled(function, specs, self._donated())

    def _saved(self, inputs: Sequence[Any], arguments: Sequence[Any]) -> SavedProgram | None:
        """The program's place on the disk, if it has one."""
        given = self.segment, inputs, self._static_inputs, arguments
        return SavedProgram.of(*given, self._known, self._bounds, self._keep_old)

    def _notes(self, number: dict[Operation, int]) -> dict[str, Any] | None:
        """What tracing found out, with numbers for ops; None where that cannot be said so."""
        if self._lists or not number.keys() >= {tag for tag in self.checks if tag is not None}:
            return None
        return {
            **{name: getattr(self, name) for name in _NOTED},
            "checks": [
                None if tag is None else (number[tag], self._bounds.of(tag)) for tag in self.checks
            ],
            "shapes": [
                (number[t.op], t.value_index, shape)
                for t, shape in self.shapes.items()
                if t.op in number
            ],
        }

    def _restore(self, notes: dict[str, Any], ops: list[Operation], inputs: Sequence[Any]) -> None:
        for name in _NOTED:
            setattr(self, name, notes[name])
        for tag in notes["checks"]:
            self.checks.append(tag and ops[tag[0]])
            if tag is not None:
                self._bounds.start(ops[tag[0]], tag[1])
        self.shapes = {t: np.shape(x) for t, x in zip(self.segment.inputs, inputs, strict=True)}
        self.shapes |= {ops[i].outputs[k]: shape for i, k, shape in notes["shapes"]}

    def _donated(self) -> tuple[int, ...]:
        """Positions of the variables that are overwritten: their buffers may be reused.

        Not where a later step can fail, since a failed run leaves the variables as they were; and
        where this segment can fail, only those that it then gives back unchanged.
        """
        if self._keep_old:
            return ()
        first = self._inputs_taken
        reads = self.segment.reads
        return tuple(first + i for i, key in enumerate(reads) if key in self.recovered)

    def _trace(self, state: State, inputs: Sequence[Any], flat: Sequence[Any]) -> list[Any]:
        segment = self.segment
        parts = iter(flat)
        values = {
            t: jax.tree.map(np.asarray, x)  # a list is a tree
            for t, x in zip(segment.inputs, inputs, strict=True)
            if t in self._static_inputs
        }
        for i in self.dynamic:
            values[segment.inputs[i]] = _unflattened(inputs[i], parts)
        old = [next(parts) for _ in segment.reads]
        variables = dict(zip(segment.reads, old, strict=True))
        constants = {op: next(parts) for op in segment.constants}
        keys = next(parts) if self.random else None

        def counter(op: Operation, position: Any) -> Counter:
            if position is not None:
                return Counter(state.philox_key(op), position)
            assert keys is not None
            row = keys[self.random.index(op)]
            return Counter((row[0], row[1]), row[2])

        differentiated = frozenset(
            op.forward for op in inside(segment.ops) if op.type == SYMBOLIC_GRADIENT and op.forward
        )
        beforehand: Beforehand
        evaluator = Evaluator(
            variables,
            counter,
            lambda evaluator, op: Traced(evaluator, op, self._bounds, beforehand),
            segment.access,
            differentiated=differentiated,
        )
        evaluator.values.update(values)
        given = dict(zip(segment.inputs, inputs, strict=True))
        beforehand = Beforehand(given, segment.ops, evaluator.values, self._known)
        evaluator.values.update(
            (t, x) for t, x in self._known.items() if isinstance(t, Tensor) and x is not None
        )
        with xp.tracing(), xp.collecting_checks() as checks:
            for op in segment.ops:
                if op in constants:
                    evaluator.values[op.outputs[0]] = constants[op]
                elif not (op.outputs and all(t in evaluator.values for t in op.outputs)):
                    try:
                        evaluator.apply(op)
                    except xp.StaticValueNeeded as needed:
                        if needed.tensor is not None:
                            beforehand.fix(needed.tensor, op)
                        raise
        self.shapes = {
            t: np.shape(x) for t, x in evaluator.values.items() if not isinstance(x, ListValue)
        }
        self.blocks = [evaluator.counters[op].blocks for op in self.random]
        flags = checks.combined()
        self.checks = list(flags)
        results: list[Any] = []
        self.static = {}
        self._lists = {}
        for i, tensor in enumerate(segment.outputs):
            value = evaluator.values[tensor]
            if isinstance(value, ListValue):
                leaves, self._lists[i] = jax.tree.flatten(jax.tree.map(jnp.asarray, value))
                results += leaves
            elif isinstance(value, jax.core.Tracer):
                results.append(value)
            else:
                self.static[i] = np.asarray(value)
        failed = jnp.stack(list(flags.values())) if flags else None
        before = dict(zip(segment.reads, old, strict=True))
        results += self._new_values(evaluator, before, failed, checks)
        if failed is not None:
            results.append(failed)
        return results

    def _new_values(
        self, evaluator: Evaluator, old: dict[str, Any], failed: Any, checks: xp.Checks
    ) -> list[Any]:
        """What the segment writes; the old values where a check failed, if it read them.

        Of a variable of which only some rows change (an embedding), these rows follow, as they
        were: choosing between the old and the new value would copy the whole.
        """
        self.recovered, self.undo = [], []
        values: dict[str, Any] = {}
        rows: list[Any] = []
        for key in self.segment.writes:
            written, before = evaluator.variables.get(key), old.get(key)
            if written is before:
                continue
            values[key] = value = jnp.asarray(written)
            if before is None or (before.shape, before.dtype) != (value.shape, value.dtype):
                continue
            if failed is not None and not checks.keep(written, before):
                if before.nbytes <= _SMALL_BYTES:
                    continue
                changed = evaluator.changed_rows.get(key)
                if changed and key not in evaluator.overwritten:
                    self.undo.append((key, len(changed)))
                    rows += [x for pair in changed for x in pair]
                else:
                    values[key] = jnp.where(failed.any(), before, value)
            self.recovered.append(key)
        # As in `Segment.of`: what may be overwritten comes first, so that JAX pairs it rightly.
        self.writes = [*self.recovered, *(key for key in values if key not in self.recovered)]
        return [values[key] for key in self.writes] + rows

    def has_failed(self, results: Sequence[Any]) -> bool:
        """Whether a check did."""
        return bool(self.checks) and bool(np.asarray(results[-1]).any())

    def new_values(self, results: Sequence[Any]) -> dict[str, Any]:
        """What the segment wrote."""
        first = len(results) - len(self.writes) - self.extra
        return dict(zip(self.writes, results[first:]))

    def rows_before(self, results: Sequence[Any]) -> dict[str, list[tuple[Any, Any]]]:
        """After a failed check: indices and old rows of the variables that have changed."""
        position = len(results) - 1 - 2 * sum(count for _, count in self.undo)
        found: dict[str, list[tuple[Any, Any]]] = {}
        for key, count in self.undo:
            found[key] = [
                (results[position + 2 * i], results[position + 2 * i + 1]) for i in range(count)
            ]
            position += 2 * count
        return found

    @functools.cached_property
    def extra(self) -> int:
        """How many results follow the new values of the variables."""
        return 2 * sum(count for _, count in self.undo) + bool(self.checks)

    # -- running -------------------------------------------------------------------------------

    def arguments(self, state: State, inputs: Sequence[Any]) -> list[Any]:
        """The function's flat arguments (called with `state.lock` held).

        Raises:
            FailedPreconditionError: a variable has no value yet.
        """
        arguments = [inputs[i] for i in self.dynamic]
        if self._takes_lists:
            arguments = jax.tree.leaves(arguments)
        self._inputs_taken = len(arguments)
        variables = state.variables
        for key in self.segment.reads:
            value = variables.get(key)
            if value is None:
                value = self._absent(key)
            if type(value) is np.ndarray:  # set by an interpreted run; keep it on the device
                value = variables[key] = jax.device_put(value)
            arguments.append(value)
        if self.segment.constants:
            arguments += self.constants
        if self.random:
            arguments.append(self.counters(state))
        return arguments

    def counters(self, state: State) -> np.ndarray[Any, Any]:
        """The two keys and the position of each random op."""
        positions = state.counters
        rows = [(*state.random_key(op), positions.get(op.name, 0)) for op in self.random]
        return np.array(rows, np.uint64)

    @functools.cached_property
    def constants(self) -> list[Any]:
        """Values of the segment's large constants, on the device."""
        return [jax.device_put(op.attrs["value"]) for op in self.segment.constants]

    @property
    def writes_only(self) -> bool:
        """Whether new values of variables are all that it computes."""
        return bool(self.writes) and len(self.static) == len(self.segment.outputs)

    @property
    def has_lists(self) -> bool:
        """Whether it takes or gives lists, of which each is several arrays."""
        return bool(self._lists) or self._takes_lists

    def _absent(self, key: str) -> Any:
        """What stands for a variable without a value, if anything can."""
        if is_random_key(key):
            return np.uint64(0)
        reader = self.segment.readers[key]
        if reader.opdef.calls_functions:
            raise NeedsConcrete(None, reader)  # perhaps it is not read in the branch that is taken
        return without_value(key, reader)

    def advance(self, state: State) -> None:
        """Move the counters of the random ops on."""
        for op, blocks in zip(self.random, self.blocks, strict=True):
            state.counters[op.name] = state.counters.get(op.name, 0) + blocks

    def outputs(self, results: Sequence[Any]) -> Sequence[Any]:
        """Values of `segment.outputs`, the static ones among them."""
        count = len(self.segment.outputs)
        if not self.static and not self._lists:
            return results[:count]
        found = iter(results)
        values: list[Any] = []
        for i in range(count):
            if i in self.static:
                values.append(self.static[i])
            elif i in self._lists:
                form = self._lists[i]
                values.append(form.unflatten([next(found) for _ in range(form.num_leaves)]))
            else:
                values.append(next(found))
        return values


def _unflattened(value: Any, parts: Iterator[Any]) -> Any:
    """The tracers that stand for an input: one, or those of a list."""
    if not isinstance(value, ListValue):
        return next(parts)
    form: Any = jax.tree.structure(value)
    return form.unflatten([next(parts) for _ in range(form.num_leaves)])
