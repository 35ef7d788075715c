"""One kind of run of a session: its plan, its compiled segments, and how they are driven.

The life of a run: values of the feeds, then step by step (a device segment through XLA, host ops
through the evaluator), then the fetches. A run that fails puts back the variables that it wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from tf1x.core import dtypes, errors
from tf1x.core.graph import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.ops import xp
from tf1x.runtime import feeds as feeding
from tf1x.runtime.compile import Compiled, Segment
from tf1x.runtime.evaluate import Counter, Evaluator, uninitialized
from tf1x.runtime.fetches import Fetches
from tf1x.runtime.plan import Plan, Step
from tf1x.runtime.state import State

if TYPE_CHECKING:
    from tf1x.runtime.session import BaseSession

# Values fed for shapes are part of a program's signature up to this size, and up to this many
# different ones; beyond, the ops that need them are run one by one between segments.
_STATIC_ELEMENTS = 64
_MAX_STATIC_SIGNATURES = 32
# An initialiser of more elements than this is worth compiling.
_INTERPRET_ELEMENTS = 4_000_000

_enable_x64: Callable[..., Any] = jax.enable_x64
_wait_for: Callable[..., Any] = jax.block_until_ready


class Executor:
    """Runs one combination of fetches and fed tensors."""

    def __init__(self, session: BaseSession, fetches: Fetches, fed: feeding.Feeds) -> None:
        self._session = session
        self._state: State = session._state
        self._fetches = fetches
        self._feeds = fed
        self._fed = fed.tensors
        self._static: set[Tensor] = set()
        self._needing: set[Operation] = set()
        self._concrete: set[Operation] = set()
        self._values = _fetched_values(fetches, fed)
        self.keep_alive: Any = None
        self._replan()

    def _replan(self) -> None:
        self.plan = Plan(self._fetches.elements, self._fed, self._concrete)
        _check_placeholders(self.plan)
        self._segments: dict[Step, _DeviceStep] = {}
        wanted = {t for t in self._fetches.elements if isinstance(t, Tensor)}
        for step in reversed(self.plan.steps):
            if not step.host:
                self._segments[step] = _DeviceStep(
                    Segment.of(step, self.plan, wanted), self._static
                )
            wanted |= {t for op in step.ops for t in op.inputs}
        self._only = self._single_segment()
        if self._only is not None:
            self._only.place(self._fed)
        self._fetches_feeds = any(t in self._fed for t in self._fetches.elements)
        self._interpreted = self._is_one_off()

    def _single_segment(self) -> _DeviceStep | None:
        if len(self.plan.steps) == 1 and not self.plan.steps[0].host:
            return self._segments[self.plan.steps[0]]
        return None

    def _is_one_off(self) -> bool:
        """Whether to interpret with NumPy rather than compile.

        True for initialisers (only operations are fetched, variables get their first values) and
        for plans of which every op gives the same bits either way. Compiling such a plan costs
        more than running it.
        """
        ops = [op for step in self.plan.steps for op in step.ops if not op.opdef.host]
        if any(op.opdef.needs_jax for op in ops):
            return False
        size = sum(t.shape.num_elements() or 0 for op in ops for t in op.outputs)
        if size > _INTERPRET_ELEMENTS:
            return False
        if not self._fed and self._fetches.operations_only and self._only_initializes(ops):
            return True
        return all(op.opdef.exact or op.type == "Const" or _is_integral(op) for op in ops)

    def _only_initializes(self, ops: list[Operation]) -> bool:
        writes = [op for op in ops if self.plan.access[op].writes]
        return bool(writes) and all(op.opdef.initializes for op in writes)

    # -- running -------------------------------------------------------------------------------

    def run(self, feed_dict: Any) -> Any:
        """Run with the values of `feed_dict`, whose keys are those this executor was made for."""
        if self._feeds.plain:
            values = (
                [feeding.to_array(t, v) for t, v in zip(self._fed, feed_dict.values(), strict=True)]
                if self._fed
                else []
            )
        else:
            values = [feeding.to_array(t, v) for t, v in self._feeds.flatten(feed_dict)]
        with _enable_x64(True):
            return self._run_values(values)

    def _run_values(self, fed: list[Any]) -> Any:
        if self._only is not None and not self._interpreted:
            return self._run_single(fed)
        return self._run_steps(fed)

    def _run_single(self, fed: list[Any]) -> Any:
        """The fast path: the whole run is one compiled segment."""
        step = self._only
        assert step is not None
        inputs = [fed[i] for i in step.positions] if step.positions is not None else fed
        try:
            compiled, results = self._dispatch(step, inputs)
        except _Replan:
            return self._run_values(fed)
        outputs = compiled.outputs(results)
        values: dict[Tensor, Any] = dict(zip(step.segment.outputs, outputs))
        if self._fetches_feeds:
            values.update(zip(self._fed, fed, strict=True))
        return self._finish(values)

    def _run_steps(self, fed: list[Any]) -> Any:
        undo: dict[str, Any] = {}
        try:
            while True:
                try:
                    values = dict(zip(self._fed, fed, strict=True))
                    for step in self.plan.steps:
                        self._run_step(step, values, undo)
                    return self._finish(values)
                except _Replan:
                    # Steps that ran already run again; their writes are put back first.
                    self._restore(undo)
        except BaseException:
            self._restore(undo)
            raise

    def _restore(self, undo: dict[str, Any]) -> None:
        with self._state.lock:
            for key, value in undo.items():
                if value is None:
                    self._state.variables.pop(key, None)
                else:
                    self._state.variables[key] = value
            undo.clear()

    def _run_step(self, step: Step, values: dict[Tensor, Any], undo: dict[str, Any]) -> None:
        if step.host or self._interpreted:
            self._interpret(step.ops, values, undo)
            return
        device_step = self._segments[step]
        inputs = [values[t] for t in device_step.segment.inputs]
        compiled, results = self._dispatch(device_step, inputs, undo)
        values.update(zip(device_step.segment.outputs, compiled.outputs(results), strict=True))

    def _dispatch(
        self, step: _DeviceStep, inputs: list[Any], undo: dict[str, Any] | None = None
    ) -> tuple[Compiled, Any]:
        """Run a segment and store what it writes."""
        state = self._state
        with state.lock:
            compiled = self._compiled(step, inputs, keep_old=undo is not None)
            results = compiled.function(*compiled.arguments(state, inputs))
            failed = compiled.checked and bool(np.asarray(results[-1]).any())
            writes = step.segment.writes
            if writes:
                first = len(results) - len(writes) - compiled.checked
                variables = state.variables
                for i, key in enumerate(writes):
                    if failed and key not in compiled.recovered:
                        continue
                    if undo is not None and key not in undo:
                        undo[key] = variables.get(key)
                    variables[key] = results[first + i]
            if failed:
                self._explain(step.segment, dict(zip(step.segment.inputs, inputs, strict=True)))
            if compiled.random:
                compiled.advance(state)
            if writes and not step.segment.outputs:
                # Nothing else waits for the end of the run, and until then XLA may read the
                # caller's feeds in place. Under the lock, since another thread may donate these.
                _wait_for(results[-1])
        return compiled, results

    def _compiled(self, step: _DeviceStep, inputs: list[Any], keep_old: bool) -> Compiled:
        key = step.signature(inputs)
        compiled = step.compiled.get(key)
        if compiled is None:
            self._limit_signatures(step)
            try:
                compiled = Compiled(
                    step.segment, self._state, inputs, frozenset(step.static), keep_old
                )
            except xp.StaticValueNeeded as needed:
                self._make_known(step.segment, needed)
                raise _Replan from None
            step.compiled[key] = compiled
        return compiled

    def _make_known(self, segment: Segment, needed: xp.StaticValueNeeded) -> None:
        """Plan again so that the value an op needs while tracing is known then.

        Small fed values become part of the program's signature. Anything else is computed
        first, and the op that needs it runs on its own between two segments.
        """
        op = needed.op
        sources = _small_sources(op, segment)
        if sources is None or sources <= self._static or op in self._needing:
            self._concrete.add(op)
        else:
            self._static |= sources
            self._needing.add(op)
        self._replan()

    def _limit_signatures(self, step: _DeviceStep) -> None:
        """Give up on values in signatures when too many different ones come by."""
        if step.static and len(step.compiled) >= _MAX_STATIC_SIGNATURES:
            self._concrete |= self._needing
            self._static.clear()
            self._replan()
            raise _Replan

    def _explain(self, segment: Segment, values: dict[Tensor, Any]) -> None:
        """Interpret a segment whose checks failed, to raise the error of the op that failed."""
        evaluator = self._evaluator(dict(self._state.variables))
        evaluator.values.update({t: _concrete(v) for t, v in values.items()})
        evaluator.run(op for op in segment.ops if op.type != "Const" or op.outputs[0] not in values)
        raise errors.InvalidArgumentError(None, None, "A check failed in the compiled program.")

    def _evaluator(self, variables: dict[str, Any]) -> Evaluator:
        state = self._state

        def counter(op: Operation) -> Counter:
            seed, seed2 = state.random_key(op)
            key = np.uint64(seed & _MASK64), np.uint64(seed2 & _MASK64)
            return Counter(key, np.uint64(state.counters.get(op.name, 0)))

        return Evaluator(variables, counter, self.plan.access, self._session)

    def _interpret(
        self, ops: list[Operation], values: dict[Tensor, Any], undo: dict[str, Any]
    ) -> None:
        """Run ops one by one on concrete values."""
        state = self._state
        for op in ops:
            if op.outputs and all(t in values for t in op.outputs):
                continue
            written = self.plan.access[op].writes
            reads = {t: _concrete(values[t]) for t in op.inputs if t in values}
            if op.opdef.blocking:
                evaluator = self._evaluator(state.variables)
                evaluator.values = reads
                evaluator.apply(op)
            else:
                with state.lock:
                    for key in written:
                        undo.setdefault(key, state.variables.get(key))
                    evaluator = self._evaluator(state.variables)
                    evaluator.values = reads
                    evaluator.apply(op)
                    for random, used in evaluator.counters.items():
                        state.counters[random.name] = (
                            state.counters.get(random.name, 0) + used.blocks
                        )
            for tensor in op.outputs:
                values[tensor] = evaluator.values[tensor]

    # -- results -------------------------------------------------------------------------------

    def _finish(self, values: dict[Tensor, Any]) -> Any:
        return self._fetches.result([get(values, self._state) for get in self._values])


_MASK64 = (1 << 64) - 1


class _Replan(Exception):
    """The plan changed while a segment was traced; run again."""


class _DeviceStep:
    """A segment, and its compiled forms by signature."""

    def __init__(self, segment: Segment, static: set[Tensor]) -> None:
        self.segment = segment
        self.static = [t for t in segment.inputs if t in static]
        self.compiled: dict[Any, Compiled] = {}
        self.positions: list[int] | None = None

    def place(self, fed: list[Tensor]) -> None:
        """Note where the inputs stand among the fed tensors; None if just so."""
        same = self.segment.inputs == fed
        self.positions = None if same else [fed.index(t) for t in self.segment.inputs]

    def signature(self, inputs: list[Any]) -> Any:
        if not self.static:
            return tuple([x.shape for x in inputs])
        return tuple(
            [
                (x.shape, np.asarray(x).tobytes() if t in self.static else None)
                for t, x in zip(self.segment.inputs, inputs, strict=True)
            ]
        )


class PartialRun:
    """The state of `Session.partial_run` between its calls: everything computed so far."""

    def __init__(self, session: BaseSession, fetches: Fetches, feeds: list[Any]) -> None:
        self._session = session
        self._allowed = set(feeds)
        self._expected = set(fetches.elements)
        self._values: dict[Tensor, Any] = {}
        self._done: set[Operation] = set()

    def run(self, fetches: Fetches, fed: list[tuple[Tensor, Any]]) -> Any:
        """Feed, then compute what `fetches` still need; every op runs once in all."""
        for tensor, value in fed:
            if tensor not in self._allowed:
                raise errors.InvalidArgumentError(
                    None, None, f"The feed {tensor.name} was not specified in partial_run_setup."
                )
            if tensor in self._values:
                raise errors.InvalidArgumentError(
                    None, None, f"The feed {tensor.name} has already been fed."
                )
            self._values[tensor] = value
        for element in fetches.elements:
            if element not in self._expected:
                raise errors.InvalidArgumentError(
                    None, None, f"The fetch {element.name} was not specified in partial_run_setup."
                )
        executor = Executor.__new__(Executor)
        executor._session, executor._state = self._session, self._session._state
        plan = Plan(fetches.elements, list(self._values))
        _check_placeholders(plan)
        executor.plan = plan
        undo: dict[str, Any] = {}
        with _enable_x64(True):
            for step in plan.steps:
                pending = [op for op in step.ops if op not in self._done]
                executor._interpret(pending, self._values, undo)
                self._done.update(pending)
        getters = _fetched_values(fetches, feeding.Feeds())
        return fetches.result([get(self._values, executor._state) for get in getters])


# -- fetched values ------------------------------------------------------------------------------


def _fetched_values(
    fetches: Fetches, fed: feeding.Feeds
) -> list[Callable[[dict[Tensor, Any], State], Any]]:
    """For each fetched element, a function that gives its value at the end of the run."""
    return [_getter(element, set(fed.tensors)) for element in fetches.elements]


def _getter(
    element: Tensor | Operation, fed: set[Tensor]
) -> Callable[[dict[Tensor, Any], State], Any]:
    if isinstance(element, Operation):
        return lambda values, state: None
    if element in fed:
        return lambda values, state: _as_result(np.asarray(values[element]))
    key = variable_key(element)
    if key is not None and element.dtype._is_ref_dtype:
        return lambda values, state: _variable_result(element, key, state)
    if element.dtype in (dtypes.resource, dtypes.variant):
        return lambda values, state: values.get(element, key)
    return lambda values, state: _as_result(values[element])


def _variable_result(element: Tensor, key: str, state: State) -> Any:
    """A reference variable's value: that after the run (SEMANTICS.md)."""
    with state.lock:  # so that no other thread donates the buffer meanwhile
        value = state.variables.get(key)
        if value is None:
            raise uninitialized(key, element.op)
        return _as_result(value)


def _as_result(value: Any) -> Any:
    """A fresh, writable NumPy array; a scalar for rank 0, as TensorFlow returns."""
    array = np.array(value)
    return array[()] if array.ndim == 0 else array


def _concrete(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, jax.Array) else value


# -- analysis ------------------------------------------------------------------------------------


def _is_integral(op: Operation) -> bool:
    """Whether the op computes on integers and booleans only, where NumPy and XLA agree."""
    tensors = (*op.inputs, *op.outputs)
    return all(t.dtype.is_integer or t.dtype.is_bool for t in tensors)


def _check_placeholders(plan: Plan) -> None:
    for op in plan.ops:
        if op.type == "Placeholder" and op.outputs[0] not in plan.fed:
            tensor = op.outputs[0]
            shape = "" if tensor.shape.ndims is None else f" and shape {tensor.shape}"
            raise errors.InvalidArgumentError(
                None,
                op,
                f"You must feed a value for placeholder tensor '{op.name}' "
                f"with dtype {tensor.dtype.name}{shape}",
            )


def _small_sources(op: Operation, segment: Segment) -> set[Tensor] | None:
    """The segment's inputs that determine the integers `op` needs, if all are small.

    None when a variable, a random number or a large value is among the sources.
    """
    inputs = set(segment.inputs)
    inside = set(segment.ops)
    found: set[Tensor] = set()
    stack = [t for t in op.inputs if t.dtype.is_integer or t.dtype.is_bool]
    seen: set[Tensor] = set()
    while stack:
        tensor = stack.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        if tensor in inputs:
            size = tensor.shape.num_elements()
            if size is None or size > _STATIC_ELEMENTS:
                return None
            found.add(tensor)
        elif tensor.op.type in ("Shape", "Size", "Rank", "Const"):
            continue
        elif tensor.op not in inside or tensor.op.opdef.stateful or tensor.dtype._is_ref_dtype:
            return None
        else:
            stack += tensor.op.inputs
    return found or None
