"""One op on values: the same code for tracers (compile.py) and for concrete arrays.

An `Evaluator` holds the values of tensors and variables during one segment or one interpreted
run and applies ops to them in the order it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

from tf1x.core import dtypes, errors
from tf1x.core.graph import Operation, Tensor
from tf1x.core.opdef import OpDef
from tf1x.core.references import variable_key
from tf1x.ops import xp
from tf1x.ops.pullback import differentiable, flat_outputs, vjp
from tf1x.runtime.plan import Access

SYMBOLIC_GRADIENT = "SymbolicGradient"


class Counter:
    """The random-number position of one op in one run, handed to its lowering.

    Attributes:
        key: the op's two seeds, Python ints or traced uint64 scalars.
        blocks: after `take`, how many 128-bit Philox blocks the run used up.
    """

    def __init__(self, key: tuple[Any, Any], position: Any) -> None:
        self.key = key
        self._position = position
        self.blocks = 0

    def take(self, blocks: int) -> Any:
        """Reserve `blocks` blocks; returns the position of the first."""
        position = self._position if not self.blocks else self._position + np.uint64(self.blocks)
        self.blocks += blocks
        return position


class Evaluator:
    """Values of tensors and variables, and the ops applied to them.

    Args:
        variables: current values by key; reading an absent one is FailedPreconditionError.
        counter: gives an op's `Counter`.
        access: what the plan says of the ops' reads; by it an `Identity` knows whether it stands
            for a variable.
        session: for host ops.
        differentiated: ops whose pullback a later `SymbolicGradient` will want.
    """

    def __init__(
        self,
        variables: dict[str, Any],
        counter: Callable[[Operation], Counter],
        access: dict[Operation, Access] | None = None,
        session: Any = None,
        differentiated: frozenset[Operation] = frozenset(),
    ) -> None:
        self.values: dict[Tensor, Any] = {}
        self.variables = variables
        self.session = session
        self._counter = counter
        self._access = access or {}
        self._differentiated = differentiated
        self._pullbacks: dict[Operation, Callable[[list[Any]], list[Any]]] = {}
        self.counters: dict[Operation, Counter] = {}

    def run(self, ops: Iterable[Operation]) -> None:
        for op in ops:
            self.apply(op)

    def value(self, tensor: Tensor, op: Operation) -> Any:
        """The value of an input of `op`; for a reference or a handle, that of its variable."""
        access = self._access.get(op)
        if access is not None and tensor in access.inputs:
            return self.variable(access.inputs[tensor], tensor.op)
        if tensor in self.values:
            return self.values[tensor]
        key = variable_key(tensor)
        if key is None:
            raise errors.InternalError(None, op, f"No value for {tensor.name}.")
        return self.variable(key, tensor.op)

    def variable(self, key: str, op: Operation) -> Any:
        if key not in self.variables:
            raise uninitialized(key, op)
        return self.variables[key]

    def apply(self, op: Operation) -> None:
        """Compute the op's outputs and its writes.

        Raises:
            StaticValueNeeded: tracing cannot supply a value that the lowering needs; its `op`
                and `value` attributes say which.
            OpError: the op failed, with the op attached.
        """
        definition = op.opdef
        if definition.type == "Const":
            self.values[op.outputs[0]] = op.attrs["value"]
            return
        try:
            outputs = self._outputs(op, definition)
        except xp.StaticValueNeeded as needed:
            needed.op = needed.op or op
            raise
        except errors.OpError as error:
            error.op = error.op or op
            raise
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
            raise
        except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError) as error:
            if definition.host and type(error) not in (TypeError, ValueError):
                raise
            raise errors.InvalidArgumentError(None, op, str(error)) from error
        written = self._write(op, definition, outputs) if definition.writes else outputs
        for tensor, value in zip(op.outputs, written, strict=True):
            self.values[tensor] = self._checked(op, tensor, value)

    def _outputs(self, op: Operation, definition: OpDef) -> list[Any]:
        if definition.type == SYMBOLIC_GRADIENT and op.forward in self._pullbacks:
            count = len(op.outputs)
            return self._pullbacks[op.forward]([self.value(t, op) for t in op.inputs[count:]])
        inputs = self._inputs(op, definition)
        if op in self._differentiated and differentiable(definition):
            outputs, pullback = vjp(definition, op.attrs, inputs, len(op.outputs))
            self._pullbacks[op] = pullback
            return outputs
        return self._lower(op, definition, inputs)

    def _inputs(self, op: Operation, definition: OpDef) -> list[Any]:
        if not definition.initializes:
            return [self.value(t, op) for t in op.inputs]
        # An op that gives a variable its first value does not look at the old one.
        return [None if i == 0 else self.value(t, op) for i, t in enumerate(op.inputs)]

    def _lower(self, op: Operation, definition: OpDef, inputs: list[Any]) -> list[Any]:
        keywords = definition.keywords(op.attrs)
        if definition.injected:
            keywords |= self._injected(op, definition)
        result = definition.lower(*definition.arguments(op, inputs), **keywords)
        return flat_outputs(result, len(op.outputs))

    def _injected(self, op: Operation, definition: OpDef) -> dict[str, Any]:
        injected: dict[str, Any] = {}
        if "counter" in definition.injected:
            injected["counter"] = self.counters[op] = self._counter(op)
        if "session" in definition.injected:
            injected["session"] = self.session
        if "op" in definition.injected:
            injected["op"] = op
        return injected

    def _write(self, op: Operation, definition: OpDef, outputs: list[Any]) -> list[Any]:
        """Store the new values (the lowering's first outputs); the rest are the op's outputs.

        Where the op hands its reference on, the output is the new value of the first variable.
        """
        parts = definition.input_slices(op.attrs)
        keys = [
            variable_key(op.inputs[part])
            for arg, part in zip(definition.inputs, parts, strict=True)
            if arg.name in definition.writes
        ]
        values = outputs if len(outputs) >= len(keys) else outputs * len(keys)
        for key, value in zip(keys, values, strict=False):
            if key is None:
                raise errors.InternalError(
                    None, op, f"{op.type} writes to something that is no variable."
                )
            self.variables[key] = value
        if not op.outputs:
            return []
        rest = values[len(keys) :]
        return rest if rest else [values[0]]

    def _checked(self, op: Operation, tensor: Tensor, value: Any) -> Any:
        """`value`, which must have the declared type: nothing promotes silently."""
        dtype = getattr(value, "dtype", None)
        if dtype is None:
            if tensor.dtype.base_dtype in (dtypes.resource, dtypes.variant):
                return value
            return np.asarray(value, tensor.dtype.numpy_dtype)
        if dtype != tensor.dtype.numpy_dtype:
            raise errors.InternalError(
                None, op, f"{op.type} gave {dtype} where {tensor.dtype.name} is declared."
            )
        return value


def uninitialized(key: str, op: Operation) -> errors.FailedPreconditionError:
    return errors.FailedPreconditionError(None, op, f"Attempting to use uninitialized value {key}")
