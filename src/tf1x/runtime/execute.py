"""One kind of run of a session: its plan, its compiled segments, and how they are driven.

The life of a run: values of the feeds, then step by step (a device segment through XLA, host ops
through the evaluator), then the fetches. A run that fails puts back the variables that it wrote.

A function that control flow calls outside of a segment (it has host ops inside, say) is run in
the same way: its arguments are the feeds, its outputs the fetches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core import errors
from tf1x.core.func_graph import FuncGraph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.ops import xp
from tf1x.ops.list_value import ListValue
from tf1x.runtime import feeds as feeding
from tf1x.runtime import tracing
from tf1x.runtime.compile import Compiled, Segment
from tf1x.runtime.counted import Fixed, Needed
from tf1x.runtime.device_step import DeviceStep, concrete, deciding, small_sources
from tf1x.runtime.direct import NOT_DIRECT, DirectRun, direct_run
from tf1x.runtime.direct_ops import direct_ops_run
from tf1x.runtime.evaluate import Counter, Evaluator, LoopTooLong, without_value
from tf1x.runtime.fetched import fetched_values
from tf1x.runtime.fetches import Fetches
from tf1x.runtime.functions import Bounds, Traced
from tf1x.runtime.interpret import Interpreter
from tf1x.runtime.plan import Plan, Step, inside
from tf1x.runtime.trip_count import grows

if TYPE_CHECKING:
    from tf1x.runtime.session import BaseSession

# Values fed for shapes are part of a program's signature up to this many different ones; beyond,
# the ops that need them are run one by one between segments.
_MAX_STATIC_SIGNATURES = 32
# What takes more different shapes than this from an op between segments is not compiled.
_MAX_COMPUTED_SHAPES = 3
# For so many combinations of shapes a run is prepared.
_MAX_DIRECT = 64
# An initialiser that computes more elements than this is worth compiling.
_INTERPRET_ELEMENTS = 4_000_000
# These only hand a value on (restoring a checkpoint is made of them): there is nothing to compile.
_HANDING_ON = frozenset(
    {"Assign", "AssignVariableOp", "Const", "Identity", "ReadVariableOp", "Reshape"}
)

_enable_x64: Callable[..., Any] = jax.enable_x64
_wait_for: Callable[..., Any] = jax.block_until_ready


class Runner(Interpreter):
    """Computes certain targets from certain given tensors, with a session's state."""

    def __init__(
        self, session: BaseSession, targets: list[Tensor | Operation], given: list[Tensor]
    ) -> None:
        super().__init__(session)
        self._targets = targets
        self._fed = given
        self._bounds = Bounds()
        self._static: set[Tensor] = set()
        self._needing: set[Operation] = set()
        self._concrete: set[Operation] = set()
        self._functions: dict[FuncGraph, FunctionRunner] = {}
        # By step; those of earlier plans stay, since another thread may be in the middle of one.
        self._segments: dict[Step, DeviceStep] = {}
        self._replan(first=True)

    def _replan(self, first: bool = False) -> None:
        self.plan = Plan(self._targets, self._fed, self._concrete)
        if first:
            self._static = deciding(self.plan.ops, self._fed)
        _check_placeholders(self.plan)
        self._random = [
            op.name
            for op in self.plan.ops
            if "counter" in op.opdef.injected and not op.graph.is_function
        ]
        wanted = {t for t in self._targets if isinstance(t, Tensor)}
        for step in reversed(self.plan.steps):
            if not step.host:
                self._segments[step] = self._device_step(Segment.of(step, self.plan, wanted))
            wanted |= {t for op in step.ops for t in op.inputs}
        self._only = self._single_segment()
        if self._only is not None:
            self._only.place(self._fed)
        self._interpreted = self._is_one_off()

    def _device_step(self, segment: Segment) -> DeviceStep:
        """That of an earlier plan, with what it compiled, where it is the same."""
        made = DeviceStep(segment, self._static)
        same = (
            step
            for step in self._segments.values()
            if step.segment.is_like(segment) and step.static == made.static
        )
        return next(same, made)

    def _single_segment(self) -> DeviceStep | None:
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
        computed = (op for op in ops if op.type not in _HANDING_ON)
        size = sum(t.shape.num_elements() or 0 for op in computed for t in op.outputs)
        if size > _INTERPRET_ELEMENTS:
            return False
        if not self._fed and self._operations_only and self._only_initializes(ops):
            return True
        return all(op.opdef.exact or op.type == "Const" or _is_integral(op) for op in ops)

    @property
    def _operations_only(self) -> bool:
        return all(isinstance(t, Operation) for t in self._targets)

    def _only_initializes(self, ops: list[Operation]) -> bool:
        writes = [op for op in ops if self.plan.access[op].writes]
        return bool(writes) and all(op.opdef.initializes for op in writes)

    # -- running -------------------------------------------------------------------------------

    def _run_steps(
        self, fed: list[Any], undo: dict[str, Any], is_whole: bool = False
    ) -> dict[Tensor, Any]:
        """Values of all targets; the old values of what was written are added to `undo`.

        Args:
            is_whole: nothing follows that can fail, so what the last step writes need not be there.
        """
        # What host ops with effects gave: they do not run again when the plan changes.
        done: dict[Operation, list[Any]] = {}
        while True:
            here: dict[str, Any] = {}
            counters = {name: self._state.counters.get(name, 0) for name in self._random}
            try:
                values = dict(zip(self._fed, fed, strict=True))
                last = self.plan.steps[-1] if is_whole and self.plan.steps else None
                for step in self.plan.steps:
                    self._run_step(step, values, here, done, step is last)
                for key, value in here.items():
                    undo.setdefault(key, value)
                return values
            except _Replan:
                # Steps that ran already run again; their writes are put back first, and the
                # random ops start from where they did.
                self._restore(here)
                self._state.counters.update(counters)
            except BaseException:
                self._restore(here)
                raise

    def _restore(self, undo: dict[str, Any]) -> None:
        with self._state.lock:
            for key, value in undo.items():
                if value is None:
                    self._state.variables.pop(key, None)
                else:
                    self._state.variables[key] = value
            undo.clear()

    def _run_step(
        self,
        step: Step,
        values: dict[Tensor, Any],
        undo: dict[str, Any],
        done: dict[Operation, list[Any]],
        is_last: bool,
    ) -> None:
        if step.host or self._interpreted:
            self._interpret(step.ops, values, undo, done)
            return
        device_step = self._segments[step]
        inputs = [values[t] for t in device_step.segment.inputs]
        kept = None if is_last else undo
        if tracing.is_recording():
            with tracing.segment(step.ops):
                compiled, results = self._dispatch(device_step, inputs, kept)
                _wait_for(results)
        else:
            compiled, results = self._dispatch(device_step, inputs, kept)
        values.update(zip(device_step.segment.outputs, compiled.outputs(results), strict=True))

    def _dispatch(
        self, step: DeviceStep, inputs: list[Any], undo: dict[str, Any] | None = None
    ) -> tuple[Compiled, Any]:
        """Run a segment and store what it writes."""
        state = self._state
        with state.lock:
            compiled = self._compiled(step, inputs, keep_old=undo is not None)
            results = compiled.function(*self._arguments(step, compiled, inputs))
            if compiled.has_failed(results):
                self._fail(step, compiled, inputs, results)
            written = compiled.new_values(results)
            if undo is not None:
                for key in written:
                    undo.setdefault(key, state.variables.get(key))
            state.variables.update(written)
            compiled.advance(state)
            if compiled.writes_only:
                # Nothing else waits for the end of the run, and until then XLA may read the
                # caller's feeds in place. Under the lock, since another thread may donate these.
                results[-1].block_until_ready()
        return compiled, results

    def _arguments(self, step: DeviceStep, compiled: Compiled, inputs: list[Any]) -> list[Any]:
        try:
            return compiled.arguments(self._state, inputs)
        except xp.StaticValueNeeded as needed:
            self._make_known(step.segment, needed, inputs)
            raise _Replan from None

    def _fail(
        self, step: DeviceStep, compiled: Compiled, inputs: list[Any], results: Any
    ) -> NoReturn:
        """After a failed check: the variables as they were, and the error of the op that failed."""
        written = compiled.new_values(results)
        self._state.variables.update((key, written[key]) for key in compiled.recovered)
        self._put_back(compiled.rows_before(results))
        self._make_room(step, compiled, results[-1])
        self._explain(step.segment, dict(zip(step.segment.inputs, inputs, strict=True)))

    def _put_back(self, rows: dict[str, list[tuple[Any, Any]]]) -> None:
        """Undo changes of single rows, the last one first."""
        variables = self._state.variables
        for key, changes in rows.items():
            table = variables[key]
            for indices, old in reversed(changes):
                inside = jnp.where(indices >= 0, indices, table.shape[0])
                table = table.at[inside].set(old, mode="drop")
            variables[key] = table

    def _make_room(self, step: DeviceStep, compiled: Compiled, flags: Any) -> None:
        """Where a loop had more to do than there was room for: make more, and run again.

        The other checks did not see all iterations then, so what they say does not count.
        """
        short = [
            tag
            for tag, flag in zip(compiled.checks, np.asarray(flags), strict=True)
            if flag and tag is not None
        ]
        if short:
            for op in short:
                self._bounds.grow(op)
            step.compiled.clear()
            step.buckets.clear()
            raise _Replan

    def _compiled(self, step: DeviceStep, inputs: list[Any], keep_old: bool) -> Compiled:
        signature = step.signature(inputs, self._state.variables)
        while True:
            key, known = step.with_known(signature, inputs)
            compiled = step.compiled.get(key) or step.padded(signature)
            if compiled is not None:
                return compiled
            self._limit_signatures(step)
            self._set_apart(step)
            static = frozenset(step.static)
            given = (step.segment, self._state, inputs, static, keep_old, self._bounds, known)
            if step.is_plain(signature):
                compiled = step.buckets.make(signature, inputs, *given)
                if compiled is not None:
                    return compiled
            try:
                compiled = Compiled(*given)
            except Needed as needed:
                step.counted.setdefault(signature, []).append(needed.found)
                continue
            except xp.StaticValueNeeded as needed:
                self._make_known(step.segment, needed, inputs)
                raise _Replan from None
            step.compiled[key] = compiled
            return compiled

    def _make_known(
        self, segment: Segment, needed: xp.StaticValueNeeded, inputs: list[Any]
    ) -> None:
        """Plan again so that the value an op needs while tracing is known then.

        Small fed values become part of the program's signature. Anything else is computed
        first, and the op that needs it runs on its own between two segments.
        """
        op = needed.op
        given = dict(zip(segment.inputs, inputs, strict=True))
        sources = small_sources(op, needed.tensor, segment, given)
        if sources is None or sources <= self._static:
            op = next((o for o in segment.ops if any(op is part for part in inside([o]))), op)
            self._concrete.add(op)
        else:
            self._static |= sources
            self._needing.add(op)
        self._replan()

    def _set_apart(self, step: DeviceStep) -> None:
        """Interpret the ops whose tensors come in ever new shapes from an op between segments.

        The rest of the segment has the same shapes in all runs and stays compiled. Otherwise a
        program that, say, drops elements of a sparse tensor at random would compile in every run.
        Not so where the varying part is one that only JAX computes, or comes in from outside.
        """
        if len(step.compiled) < _MAX_COMPUTED_SHAPES:
            return
        before, after = list(step.compiled.values())[-2:]
        varying = {t for t, shape in after.shapes.items() if before.shapes.get(t) != shape}
        sources = [t for t in step.segment.inputs if t in varying]
        apart = {op for op in step.segment.ops if varying.intersection((*op.inputs, *op.outputs))}
        suits = not any(op.opdef.needs_jax or op.opdef.calls_functions for op in apart)
        if sources and suits and all(t.op in self._concrete for t in sources):
            self._concrete |= apart
            self._replan()
            raise _Replan

    def _limit_signatures(self, step: DeviceStep) -> None:
        """Give up on values in signatures when too many different ones come by.

        Not beside a counted loop: what is computed from its steps changes its shape anyway.
        """
        if len(step.compiled) < _MAX_STATIC_SIGNATURES:
            return
        items = [item for found in step.counted.values() for item in found]
        fixed = {item.op for item in items if isinstance(item, Fixed)}
        if step.static or (fixed and len(fixed) == len(items)):
            self._concrete |= self._needing | fixed
            self._static.clear()
            self._replan()
            raise _Replan

    def _explain(self, segment: Segment, values: dict[Tensor, Any]) -> NoReturn:
        """Interpret a segment whose checks failed, to raise the error of the op that failed."""
        saved = dict(self._state.variables)
        try:
            evaluator = self._evaluator(dict(saved), {})
            evaluator.values.update({t: concrete(v) for t, v in values.items()})
            evaluator.run(
                op for op in segment.ops if op.type != "Const" or op.outputs[0] not in values
            )
        finally:
            self._state.variables.update(saved)
        raise errors.InvalidArgumentError(None, None, "A check failed in the compiled program.")

    def _evaluator(self, variables: dict[str, Any], undo: dict[str, Any]) -> Evaluator:
        state = self._state

        def counter(op: Operation, position: Any) -> Counter:
            if position is None:
                position = np.uint64(state.counters.get(op.name, 0))
            return Counter(state.philox_key(op), position)

        def functions(evaluator: Evaluator, op: Operation) -> Any:
            if evaluator.reverse:
                return Traced(evaluator, op, self._bounds)
            return _Concrete(self, op, undo)

        return Evaluator(variables, counter, functions, self.plan.access, self._session)

    def interpret_pending(self, values: dict[Tensor, Any], done: set[Operation]) -> None:
        """Run those of the plan's ops that are not in `done`, and add them to it."""
        with _enable_x64(True):
            for step in self.plan.steps:
                pending = [op for op in step.ops if op not in done]
                self._interpret(pending, values, {}, {})
                done.update(pending)

    def _apply(self, evaluator: Evaluator, op: Operation) -> None:
        try:
            evaluator.apply(op)
        except LoopTooLong as loop:
            self._bounds.grow(loop.op)
            raise _Replan from None
        except xp.StaticValueNeeded:
            raise errors.UnsupportedError(
                f"{op.type} {op.name!r}: tf1x cannot differentiate a loop whose values change "
                "their shape in every iteration while the number of iterations depends on the "
                "data. Give the values one shape (pad them), or use a TensorArray."
            ) from None

    def function(self, function: FuncGraph) -> FunctionRunner:
        """What runs a function that one of the ops calls."""
        if function not in self._functions:
            self._functions[function] = FunctionRunner(self._session, function)
        return self._functions[function]


class FunctionRunner(Runner):
    """Runs a function on concrete values."""

    def __init__(self, session: BaseSession, function: FuncGraph) -> None:
        values = [t for t in function.args if variable_key(t) is None]
        super().__init__(session, list(function.outputs), values)
        self._taken = [i for i, t in enumerate(function.args) if t in set(values)]
        self._outputs = function.outputs

    def call(self, args: list[Any], undo: dict[str, Any]) -> list[Any]:
        """The outputs; the old values of the variables that were written go to `undo`."""
        with _enable_x64(True):  # the thread may be one of a pipeline's
            values = self._run_steps([args[i] for i in self._taken], undo)
        return [values[t] for t in self._outputs]


class _Concrete:
    """Runs the functions of a control-flow op between segments, on concrete values."""

    def __init__(self, runner: Runner, op: Operation, undo: dict[str, Any]) -> None:
        self._runner, self._op, self._undo = runner, op, undo

    def _function(self, name: str) -> FuncGraph:
        function: FuncGraph = self._op.graph.function(name)
        return function

    def branch(self, index: Any, names: list[str], args: list[Any]) -> list[Any]:
        chosen = self._function(names[int(index)])
        return self._runner.function(chosen).call(args, self._undo)

    def loop(self, cond: str, body: str, args: list[Any]) -> list[Any]:
        condition = self._runner.function(self._function(cond))
        function = self._function(body)
        step = self._runner.function(function)
        growing = [i for i, x in enumerate(args) if isinstance(x, ListValue) and grows(function, i)]
        args = list(args)
        while bool(np.asarray(condition.call(args, self._undo)[0])):
            for i in growing:
                args[i] = _with_room(args[i])
            args = step.call(args, self._undo)
        for i in growing:
            args[i] = args[i].settled()
        return args


def _with_room(value: ListValue) -> ListValue:
    """A list with room for one more element, so that its buffer seldom changes its shape."""
    if value.is_growing and int(value.length) < value.capacity:
        return value
    return value.growing(max(16, 2 * value.capacity))


class Executor(Runner):
    """Runs one combination of fetches and fed tensors."""

    def __init__(self, session: BaseSession, fetches: Fetches, fed: feeding.Feeds) -> None:
        self._fetches = fetches
        self._feeds = fed
        self._takers = [feeding.taker(t) for t in fed.tensors]
        self._values = fetched_values(fetches, fed)
        self._fetches_feeds = any(t in fed.tensors for t in fetches.elements)
        self.keep_alive: Any = None
        self._direct: dict[Any, DirectRun | None] = {}
        super().__init__(session, list(fetches.elements), fed.tensors)

    def run(self, feed_dict: Any) -> Any:
        """Run with the values of `feed_dict`, whose keys are those this executor was made for."""
        if self._feeds.plain:
            given = feed_dict.values() if self._fed else ()
            values = [take(v) for take, v in zip(self._takers, given, strict=True)]
        else:
            values = [feeding.to_array(t, v) for t, v in self._feeds.flatten(feed_dict)]
        form: Any = None if self._is_host_only else tuple([x.shape for x in values])
        if self._deciding:
            form = (form, *[np.asarray(values[i]).tobytes() for i in self._deciding])
        direct = self._direct.get(form)
        if direct is not None and not tracing.is_recording():
            try:
                result = direct(values)
            except _Replan:
                self._direct.clear()
            else:
                if result is not NOT_DIRECT:
                    return result
        with _enable_x64(True):
            result = self._run_values(values)
        if form not in self._direct and len(self._direct) < _MAX_DIRECT:
            self._direct[form] = self._direct_run(values)
        return result

    def _direct_run(self, fed: list[Any]) -> DirectRun | None:
        """How to run with such values from now on, if that needs no more decisions."""
        step = self._only
        if self._is_host_only:
            ops = self._prepared_ops(op for part in self.plan.steps for op in part.ops)
            return direct_ops_run(ops, self._fed, self._fetches, self._state)
        if step is None or step.counted or step.is_reshaped:
            return None
        inputs = self._inputs(step, fed)
        compiled = step.compiled.get(step.signature(inputs, self._state.variables))
        if compiled is None:
            return None

        def fail(values: list[Any], results: Any) -> NoReturn:
            with _enable_x64(True):
                self._fail(step, compiled, self._inputs(step, values), results)

        return direct_run(step, compiled, self._fetches, self._state, fail)

    def _replan(self, first: bool = False) -> None:
        super()._replan(first)
        self._direct.clear()
        self._is_host_only = self._interpreted or all(step.host for step in self.plan.steps)
        self._deciding = [i for i, t in enumerate(self._fed) if t in self._static]
        # Variables that are fetched and not written: without a value the run fails before it starts.
        written = {key for access in self.plan.access.values() for key in access.writes}
        fetched = {
            variable_key(t): t.op
            for t in self._fetches.elements
            if isinstance(t, Tensor) and t.dtype._is_ref_dtype and t not in self.plan.fed
        }
        self._read_only = [(k, op) for k, op in fetched.items() if k and k not in written]

    def _run_values(self, fed: list[Any]) -> Any:
        for key, op in self._read_only:
            if key not in self._state.variables:
                without_value(key, op)
        if self._only is not None and not self._interpreted and not tracing.is_recording():
            return self._run_single(fed)
        undo: dict[str, Any] = {}
        values = self._run_steps(fed, undo, is_whole=True)
        try:
            return self._finish(values)
        except BaseException:
            self._restore(undo)
            raise

    def _run_single(self, fed: list[Any]) -> Any:
        """The whole run is one compiled segment."""
        step = self._only
        assert step is not None
        try:
            compiled, results = self._dispatch(step, self._inputs(step, fed))
        except _Replan:
            return self._run_values(fed)
        outputs = compiled.outputs(results)
        values: dict[Tensor, Any] = dict(zip(step.segment.outputs, outputs))
        if self._fetches_feeds:
            values.update(zip(self._fed, fed, strict=True))
        return self._finish(values)

    def _inputs(self, step: DeviceStep, fed: list[Any]) -> list[Any]:
        return fed if step.positions is None else [fed[i] for i in step.positions]

    # -- results -------------------------------------------------------------------------------

    def _finish(self, values: dict[Tensor, Any]) -> Any:
        return self._fetches.result([get(values, self._state) for get in self._values])


class _Replan(Exception):
    """The plan changed while a segment was traced; run again."""


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
