"""Eager execution: a graph whose ops run as they are made.

`EagerGraph` is a default graph like any other to all that builds ops, but `add_op` computes the
outputs at once and keeps nothing. Variables and resources live in a session of its own.

Small arrays are computed by NumPy (a lowering is written over `xp`), which costs microseconds;
large ones, and ops that only JAX can compute, by kernels that XLA compiles once for each op and
signature (eager_kernels.py).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tf1x.core import errors, opdef, recording, scopes
from tf1x.core.dtypes import DType
from tf1x.core.func_graph import FuncGraph
from tf1x.core.graph import Graph
from tf1x.core.opdef import OpDef
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.core.scopes import GraphKeys
from tf1x.core.shapes import TensorShape
from tf1x.ops.resources import close, resource_key
from tf1x.runtime import eager_kernels
from tf1x.runtime.device_step import concrete
from tf1x.runtime.eager_tensor import EagerOperation, EagerTensor, is_plain, on_release, size_of
from tf1x.runtime.evaluate import SYMBOLIC_GRADIENT, Counter, Evaluator, attributed, checked
from tf1x.runtime.execute import FunctionRunner, _Concrete
from tf1x.runtime.session import BaseSession

# Up to so many elements NumPy is as fast as a compiled kernel, and has nothing to compile.
_SMALL = 16384

_MAX_SEED = 2**31 - 1

# What makes no sense without a session.
_GRAPH_ONLY = {
    "Placeholder": "tf.placeholder() is not compatible with eager execution.",
    "PlaceholderV2": "tf.placeholder() is not compatible with eager execution.",
    "VariableV2": "Reference variables are not compatible with eager execution; use tf.Variable.",
}
# Collections would keep all that an eager program ever made; these are only for graphs.
_KEPT_COLLECTIONS = frozenset({GraphKeys.GLOBAL_STEP})
_STANDARD_COLLECTIONS = frozenset(
    value for key, value in vars(GraphKeys).items() if key.isupper() and isinstance(value, str)
)


class EagerGraph(Graph):
    """The default graph while TensorFlow executes eagerly."""

    is_eager = True

    def __init__(self) -> None:
        self._seed: int | None = None
        self._random = random.Random()
        super().__init__()
        self.session = EagerSession(self)
        self._evaluator = _EagerEvaluator(self.session)
        self._numbers = itertools.count()

    # -- ops -----------------------------------------------------------------------------------

    def add_op(
        self,
        opdef: OpDef,
        inputs: tuple[Tensor, ...],
        dtypes: list[DType],
        attrs: dict[str, Any],
        name: str,
        shapes: list[TensorShape] | None = None,
    ) -> Operation:
        """Run an op.

        Raises:
            OpError: it failed.
        """
        if name.endswith("/"):
            name = name[:-1]
        for tensor in inputs:
            if type(tensor) is not EagerTensor:
                raise ValueError(
                    f"{tensor} belongs to a graph: it has no value that the op {name!r} "
                    f"({opdef.type}), which is executed eagerly, could use."
                )
        if opdef.type in self._gradient_overrides:
            attrs = {**attrs, "_gradient_op_type": self._gradient_overrides[opdef.type]}
        held = opdef.stateful and any(
            a.dtype is not None and a.dtype.name == "resource" for a in opdef.outputs
        )
        if held:  # what a session keeps by its name
            name = f"{name}_{next(self._numbers)}"
        op = EagerOperation(self, opdef, name, inputs, attrs)
        origin = opdef, name, attrs
        op.outputs = [EagerTensor(self, origin, i, dtype) for i, dtype in enumerate(dtypes)]
        for tensor, value in zip(op.outputs, self._evaluator.results(op), strict=True):
            tensor._value = value  # type: ignore[attr-defined]
        if held:
            self._release_with(op)
        if recording.active():
            recording.note(op)
        return op

    def _release_with(self, op: Operation) -> None:
        """Let what an op made for itself alone go with its handle."""
        if not op.attrs.get("shared_name") and opdef.get(op.type).host:
            on_release(op.outputs[0], self.session.release, resource_key(op))  # type: ignore[arg-type]

    # -- names and scopes ----------------------------------------------------------------------

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """`name` in the current name scope; nothing has to be unique."""
        return f"{self._name_stack}/{name}" if self._name_stack else name

    @contextmanager
    def control_dependencies(self, control_inputs: Any) -> Iterator[None]:
        """Nothing: ops run in the order of the program."""
        yield

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        yield

    def get_collection_ref(self, name: str) -> list[Any]:
        if name in _KEPT_COLLECTIONS or name not in _STANDARD_COLLECTIONS:
            return super().get_collection_ref(name)
        return []

    def add_to_collection(self, name: str, value: Any) -> None:
        if name in _KEPT_COLLECTIONS or name not in _STANDARD_COLLECTIONS:
            super().add_to_collection(name, value)

    # -- random numbers ------------------------------------------------------------------------

    @property
    def seed(self) -> int | None:
        """TensorFlow's global seed. Setting it starts all random ops anew."""
        return self._seed

    @seed.setter
    def seed(self, value: int | None) -> None:
        self._seed = value
        self._random = random.Random(value)
        if value is not None:
            self.session._state.counters.clear()

    def next_seed(self) -> int:
        """The seed of the next random op that has none of its own, as TensorFlow draws it."""
        return self._random.randint(0, _MAX_SEED)


class EagerSession(BaseSession):
    """Keeps variables, resources and random positions, and runs functions."""

    def __init__(self, graph: EagerGraph) -> None:
        super().__init__(graph=graph)
        self._functions: dict[FuncGraph, FunctionRunner] = {}

    @property
    def _session(self) -> BaseSession:
        return self

    def function(self, function: FuncGraph) -> FunctionRunner:
        """What runs a function."""
        if function not in self._functions:
            self._functions[function] = FunctionRunner(self, function)
        return self._functions[function]

    def release(self, key: str) -> None:
        """Close a resource that nothing refers to any more."""
        close(self._state.resources.pop(key, None))


class _EagerEvaluator(Evaluator):
    """Ops applied to the values of eager tensors."""

    def __init__(self, session: EagerSession) -> None:
        state = session._state

        def counter(op: Operation, position: Any) -> Counter:
            key = (
                f"{op.type}/{op.attrs.get('seed')}/{op.attrs.get('seed2')}/{op.attrs.get('dtype')}"
            )
            return _Stored(state.philox_key(op), state.counters, key)

        def functions(evaluator: Evaluator, op: Operation) -> Any:
            return _Concrete(session, op, {})  # type: ignore[arg-type]

        super().__init__(state.variables, counter, functions, session=session)

    def value(self, tensor: Tensor, op: Operation) -> Any:
        """The value; of a variable's handle, the variable's."""
        key = variable_key(tensor)
        if key is not None:
            return self.variable(key, tensor.op)
        return tensor._value  # type: ignore[attr-defined]

    def results(self, op: Operation) -> list[Any]:
        """The outputs of an op, once what it writes is stored.

        Raises:
            OpError: it failed, with the op attached.
        """
        definition = op.opdef
        if op.type == "Const":
            return [_own(op.attrs["value"])]
        if op.type in _GRAPH_ONLY:
            raise RuntimeError(_GRAPH_ONLY[op.type])
        if op.type == "VarHandleOp":
            return [None]
        outputs = attributed(op, self._run, op, definition)
        written = self._write(op, definition, outputs) if definition.writes else outputs
        return [_array(checked(op, t, v)) for t, v in zip(op.outputs, written, strict=True)]

    def _run(self, op: Operation, definition: OpDef) -> list[Any]:
        if not (definition.host or definition.writes):
            definition.infer_shapes(op)
        return self._computed(op, definition, self._inputs(op, definition))

    def _note_rows(self, keys: list[str | None]) -> None:
        """Nothing: an op that fails writes nothing, and there is no run to take back."""

    def _computed(self, op: Operation, definition: OpDef, inputs: list[Any]) -> list[Any]:
        if definition.injected or definition.host:
            if definition.injected == {"op"} and not definition.host:
                return self.lower(op, definition, op.attrs, inputs)
            with eager_kernels.enable_x64(True):
                return self.lower(op, definition, op.attrs, [concrete(x) for x in inputs])
        if self._suits_numpy(op, definition, inputs):
            return self.lower(op, definition, op.attrs, [concrete(x) for x in inputs])
        if all(is_plain(t) for t in op.outputs) and all(_is_array(x) for x in inputs):
            try:
                return self._compiled(op, definition)(inputs)
            except eager_kernels.NotCompilable:
                pass
            except eager_kernels.CheckFailed:  # by NumPy, it says which
                self._lowered(op, definition, [concrete(x) for x in inputs])
                raise errors.InvalidArgumentError(None, op, "A check failed.") from None
        return self._lowered(op, definition, inputs)

    def _compiled(self, op: Operation, definition: OpDef) -> eager_kernels.Kernel:
        count, attrs = len(op.outputs), op.attrs

        def lower(inputs: list[Any]) -> list[Any]:
            return self.lower(_Like(count), definition, attrs, inputs)  # type: ignore[arg-type]

        return eager_kernels.kernel(op, lower)

    def _lowered(self, op: Operation, definition: OpDef, inputs: list[Any]) -> list[Any]:
        with eager_kernels.enable_x64(True):
            return self.lower(op, definition, op.attrs, inputs)

    def _suits_numpy(self, op: Operation, definition: OpDef, inputs: list[Any]) -> bool:
        if definition.needs_jax:
            return False
        if op.type == SYMBOLIC_GRADIENT:
            forward = opdef.get(op.attrs["f"].name)
            if forward.vjp is None or forward.needs_jax:
                return False
        if definition.exact:
            return True
        return sum(size_of(x) for x in inputs) <= _SMALL


class _Like:
    """As much of an op as `Evaluator.lower` needs where nothing is injected."""

    def __init__(self, count: int) -> None:
        self.outputs = [None] * count


class _Stored(Counter):
    """A counter whose position is kept among all of a session's."""

    def __init__(self, key: tuple[Any, Any], positions: dict[str, int], name: str) -> None:
        super().__init__(key, np.uint64(positions.get(name, 0)))
        self._positions, self._place = positions, name

    def take(self, blocks: int) -> Any:
        position = super().take(blocks)
        self._positions[self._place] = self._positions.get(self._place, 0) + blocks
        return position


def _array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, np.generic) else value


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and value.dtype != object


def _own(value: Any) -> Any:
    """A constant's array, which the program may go on to change."""
    return np.array(value) if value.size else value


def graph() -> EagerGraph:
    """The graph in which ops are executed eagerly, made at the first call."""
    global _graph
    if _graph is None:
        _graph = EagerGraph()
    return _graph


_graph: EagerGraph | None = None


def enable() -> None:
    """Execute eagerly from here on.

    Raises:
        ValueError: the default graph has ops.
    """
    existing = scopes.get_global_graph()
    if existing is not None and not existing.is_eager and existing.get_operations():
        raise ValueError("tf.enable_eager_execution must be called at program startup.")
    scopes.set_global_graph(graph())
