"""One op on values: the same code for tracers (compile.py) and for concrete arrays.

An `Evaluator` holds the values of tensors and variables during one segment or one interpreted
run and applies ops to them in the order it is given.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, NoReturn

import jax
import numpy as np

from tf1x.core import dtypes, errors, opdef
from tf1x.core.func_graph import FuncAttr
from tf1x.core.opdef import OpDef
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import read_variable_op, variable_key
from tf1x.ops import xp
from tf1x.ops.functional import LOOPS
from tf1x.ops.pullback import Pullback, differentiable, flat_outputs, vjp
from tf1x.runtime.plan import Access, inside, is_random_key, random_key

SYMBOLIC_GRADIENT = "SymbolicGradient"
# What a lowering raises for values that the op does not take.
_BAD_VALUE = (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError)
_JAX_ERRORS = (jax.errors.JAXTypeError, jax.errors.JAXIndexError)


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


class _Kept(Counter):
    """A counter whose position is stored as soon as it moves."""

    def __init__(self, counter: Counter, variables: dict[str, Any], key: str) -> None:
        super().__init__(counter.key, counter._position)
        self._variables, self._name = variables, key

    def take(self, blocks: int) -> Any:
        position = super().take(blocks)
        self._variables[self._name] = self._position + np.uint64(self.blocks)
        return position


class Evaluator:
    """Values of tensors and variables, and the ops applied to them.

    Args:
        variables: current values by key; reading an absent one is FailedPreconditionError.
        counter: gives an op's `Counter` at a position; None for where the session left off.
        functions: gives what runs the functions of a control-flow op.
        access: what the plan says of the ops' reads; by it an `Identity` knows whether it stands
            for a variable.
        session: for host ops.
        differentiated: ops whose pullback a later `SymbolicGradient` will want.
        reverse: the whole is being differentiated by JAX, as the body of a loop is; each op then
            brings its own derivative where TensorFlow's is not JAX's (reverse.py).
    """

    def __init__(
        self,
        variables: dict[str, Any],
        counter: Callable[[Operation, Any], Counter],
        functions: Callable[[Evaluator, Operation], Any],
        access: dict[Operation, Access] | None = None,
        session: Any = None,
        differentiated: frozenset[Operation] = frozenset(),
        reverse: bool = False,
    ) -> None:
        self.values: dict[Tensor, Any] = {}
        self.variables = variables
        self.session = session
        self.reverse = reverse
        self._counter = counter
        self._functions = functions
        self._access = access or {}
        self._differentiated = differentiated
        self._pullbacks: MutableMapping[Operation, Pullback] = {}
        # What the writes changed: indices and old rows where the op said so, or all of it.
        self.changed_rows: dict[str, list[tuple[Any, Any]]] = {}
        self.overwritten: set[str] = set()
        # Ops whose outputs are found in another way (per_step.py).
        self.known_ops: dict[Operation, Callable[[Evaluator], list[Any]]] = {}
        self.counters: dict[Operation, Counter] = {}

    def nested(
        self, variables: dict[str, Any], access: dict[Operation, Access], reverse: bool
    ) -> Evaluator:
        """An evaluator for the ops of a function that an op calls."""
        inner = Evaluator(
            variables,
            self._counter,
            self._functions,
            access,
            self.session,
            self._differentiated,
            reverse,
        )
        inner._pullbacks = ChainMap({}, self._pullbacks)
        return inner

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
        value = self.known(key)
        return without_value(key, op) if value is None else value

    def known(self, key: str) -> Any:
        """A variable's value, or None; a random op that never ran stands at position 0."""
        value = self.variables.get(key)
        return np.uint64(0) if value is None and is_random_key(key) else value

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
            outputs = attributed(op, self._outputs, op, definition)
        except xp.StaticValueNeeded as needed:
            if needed.op is None:
                needed.op = op
                needed.tensor = next(
                    (t for t in op.inputs if self.values.get(t) is needed.value), None
                )
            raise
        written = self._write(op, definition, outputs) if definition.writes else outputs
        for tensor, value in zip(op.outputs, written, strict=True):
            if tensor not in self.values:  # else it is fed
                self.values[tensor] = checked(op, tensor, value)

    def _outputs(self, op: Operation, definition: OpDef) -> list[Any]:
        if op in self.known_ops:
            return self.known_ops[op](self)
        if definition.type == SYMBOLIC_GRADIENT:
            return self._gradients(op)
        inputs = self._inputs(op, definition)
        if op in self._differentiated and differentiable(definition):
            return self._differentiable_outputs(op, op, definition, op.attrs, inputs)
        if self.reverse:
            from tf1x.runtime.reverse import reversible

            return reversible(self, op, inputs)
        return self.lower(op, definition, op.attrs, inputs)

    def _gradients(self, op: Operation) -> list[Any]:
        """Of a `SymbolicGradient`: by the pullback kept from the forward op, or anew."""
        count = len(op.attrs["Tout"])
        if op.forward not in self._pullbacks:
            function = op.attrs["f"]
            definition = opdef.get(function.name)
            base = _differentiated(function)
            inputs = [self._input(t, op, opdef.get(base.name)) for t in op.inputs[:count]]
            self._differentiable_outputs(op.forward or op, op, definition, function.attrs, inputs)
        pullback = self._pullbacks[op.forward or op]
        grads = pullback([self.value(t, op) for t in op.inputs[count:]])
        return [_zero_if_none(g, t) for g, t in zip(grads, op.outputs, strict=True)]

    def _differentiable_outputs(
        self,
        key: Operation,
        op: Operation,
        definition: OpDef,
        attrs: dict[str, Any],
        inputs: list[Any],
    ) -> list[Any]:
        """The outputs, with the pullback kept under `key`."""
        outputs, effects, self._pullbacks[key] = self._vjp(op, definition, attrs, inputs)
        if effects:
            self.variables.update(effects[0])
            self.overwritten.update(effects[0])
            flags = effects[1].flags
            if not xp.flag(flags):
                _raise_if_too_long(flags)
        return outputs

    def _vjp(
        self, op: Operation, definition: OpDef, attrs: dict[str, Any], inputs: list[Any]
    ) -> tuple[list[Any], Any, Pullback]:
        """Outputs, the variables that changed with the checks, and the pullback."""
        written = list(self._access[op].writes) if op in self._access else []
        # Variables that functions read by their handles count as inputs, to have gradients.
        handles = {}
        base = _differentiated(FuncAttr(definition.type, attrs))
        calls_functions = opdef.get(base.name).calls_functions
        if calls_functions:
            handles = {
                i: k for i, t in enumerate(op.inputs[: len(inputs)]) if (k := variable_key(t))
            }
            inputs = [self.known(handles[i]) if i in handles else x for i, x in enumerate(inputs)]

        def lower(values: list[Any]) -> tuple[list[Any], Any]:
            if not calls_functions:
                return self.lower(op, definition, attrs, values), ()
            variables = dict(self.variables)
            variables.update((k, values[i]) for i, k in handles.items() if values[i] is not None)
            inner = self.nested(variables, {}, reverse=True)
            with xp.collecting_checks() as checks:
                if definition.type == SYMBOLIC_GRADIENT:
                    outputs = inner._gradients_again(op, attrs, values)
                else:
                    values = [None if i in handles else x for i, x in enumerate(values)]
                    outputs = inner.lower(op, definition, attrs, values)
            changed = {k: inner.variables[k] for k in written if k in inner.variables}
            return outputs, (changed, xp.Flags(checks.combined()))

        return vjp(lower, inputs, definition.rule(attrs))

    def _gradients_again(
        self, op: Operation, attrs: dict[str, Any], values: list[Any]
    ) -> list[Any]:
        """What the `SymbolicGradient` computes that `op` differentiates, itself differentiable.

        Args:
            attrs: of that gradient.
            values: the inputs of its forward op (variables for handles), and gradients.
        """
        if any(item.type in LOOPS for item in inside([op])):
            raise errors.UnsupportedError(
                f"{op.name!r}: tf1x has no second derivatives of loops, as TensorFlow 1 has none. "
                "Write the loop out (static_rnn for dynamic_rnn), or one op for tf.map_fn."
            )
        count = len(attrs["Tout"])
        function = attrs["f"]
        definition = opdef.get(function.name)
        _, _, pullback = self._vjp(op, definition, function.attrs, values[:count])
        found = pullback(values[count:])
        return [_zero_if_none(g, t) for g, t in zip(found, op.inputs[:count], strict=True)]

    def _inputs(self, op: Operation, definition: OpDef) -> list[Any]:
        if not definition.initializes:
            return [self._input(t, op, definition) for t in op.inputs]
        # An op that gives a variable its first value does not look at the old one.
        return [None if i == 0 else self.value(t, op) for i, t in enumerate(op.inputs)]

    def _input(self, tensor: Tensor, op: Operation, definition: OpDef) -> Any:
        # Functions read variables when they need them, by key.
        if definition.calls_functions and variable_key(tensor) is not None:
            return None
        return self.value(tensor, op)

    def lower(
        self, op: Operation, definition: OpDef, attrs: dict[str, Any], inputs: list[Any]
    ) -> list[Any]:
        """The lowering's outputs, flat."""
        keywords = definition.keywords(attrs)
        if definition.injected:
            keywords |= self._injected(op, definition)
        parts = definition.input_slices(attrs)
        arguments = [list(inputs[p]) if isinstance(p, slice) else inputs[p] for p in parts]
        return flat_outputs(definition.lower(*arguments, **keywords), len(op.outputs))

    def _injected(self, op: Operation, definition: OpDef) -> dict[str, Any]:
        injected: dict[str, Any] = {}
        if "counter" in definition.injected:
            injected["counter"] = self._random_counter(op)
        if "session" in definition.injected:
            injected["session"] = self.session
        if "op" in definition.injected:
            injected["op"] = op
        if "functions" in definition.injected:
            injected["functions"] = self._functions(self, op)
        return injected

    def _random_counter(self, op: Operation) -> Counter:
        if not op.graph.is_function:
            counter = self.counters[op] = self._counter(op, None)
            return counter
        # In a branch or loop the position depends on the run: it is kept like a variable.
        key = random_key(op)
        return _Kept(self._counter(op, self.known(key)), self.variables, key)

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
        self._note_rows(keys)
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

    def _note_rows(self, keys: list[str | None]) -> None:
        """Which rows the last lowering changed of the variables that it wrote, if it said so."""
        noted = xp.remembered_rows()
        for i, key in enumerate(keys):
            if key is None:
                continue
            if noted and all(i < len(rows.old) for rows in noted):
                changed = self.changed_rows.setdefault(key, [])
                changed += [(rows.indices, rows.old[i]) for rows in noted]
            else:
                self.overwritten.add(key)


def bound(op: Operation, session: Any) -> Callable[[list[Any]], list[Any]] | None:
    """The op as a function of its inputs' values, if it depends on no variable and no counter.

    It does what `Evaluator.apply` does, with all that can be known of the op looked up beforehand.
    """
    definition = op.opdef
    if op.type == SYMBOLIC_GRADIENT or not definition.injected <= {"op", "session"}:
        return None
    if any(variable_key(tensor) for tensor in op.inputs):
        return None
    given = {"op": op, "session": session}
    keywords = definition.keywords(op.attrs) | {name: given[name] for name in definition.injected}
    lower = definition.lower
    outputs = [(tensor, tensor.dtype.numpy_dtype) for tensor in op.outputs]
    parts = definition.input_slices(op.attrs) if any(a.is_list for a in definition.inputs) else None

    def run(inputs: list[Any]) -> list[Any]:
        arguments = inputs if parts is None else [inputs[p] for p in parts]
        try:
            found = lower(*arguments, **keywords)
        except Exception as error:
            reraise(op, error)
        flat = flat_outputs(found, len(outputs))
        return [
            value if getattr(value, "dtype", None) is dtype else checked(op, tensor, value)
            for (tensor, dtype), value in zip(outputs, flat, strict=True)
        ]

    return run


def attributed(op: Operation, compute: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """`compute(*args, **kwargs)`, whose errors become those of `op`."""
    try:
        return compute(*args, **kwargs)
    except Exception as error:
        reraise(op, error)


def reraise(op: Operation, error: Exception) -> NoReturn:
    """Raise `error` as one of `op`."""
    try:
        if isinstance(error, errors.OpError):
            error.op = error.op or op
        elif _is_bad_value(op, error):
            raise errors.InvalidArgumentError(None, op, str(error)) from error
        raise error
    finally:  # its traceback has this frame: a cycle, which would keep what the frames hold
        del error


def _is_bad_value(op: Operation, error: Exception) -> bool:
    """Whether the op's lowering raised `error` since it does not take such values."""
    if op.opdef.host:
        return type(error) in (TypeError, ValueError)
    return isinstance(error, _BAD_VALUE) and not isinstance(error, _JAX_ERRORS)


def checked(op: Operation, tensor: Tensor, value: Any) -> Any:
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


def _differentiated(function: FuncAttr) -> FuncAttr:
    """The op or function that a gradient, or the gradient of a gradient, differentiates."""
    while function.name == SYMBOLIC_GRADIENT:
        function = function.attrs["f"]
    return function


def _zero_if_none(gradient: Any, tensor: Tensor) -> Any:
    """Zero for the gradient of a variable without a value."""
    return xp.zeros((), tensor.dtype.as_numpy_dtype) if gradient is None else gradient


class LoopTooLong(Exception):
    """A loop with room for so many iterations had more to do (functions.py, `Bounds`)."""

    def __init__(self, op: Operation) -> None:
        super().__init__()
        self.op = op


def _raise_if_too_long(flags: dict[Any, Any]) -> None:
    for tag, flag in flags.items():
        if tag is not None and bool(flag):
            raise LoopTooLong(tag)


def without_value(key: str, op: Operation) -> Any:
    """What a variable that was never assigned reads as.

    A reference variable without elements counts as initialised (TensorFlow's
    `Tensor::IsInitialized`); programs grow one from `tf.Variable([], validate_shape=False)`.

    Args:
        op: the variable, or what reads it, perhaps through others that hand it on.

    Raises:
        FailedPreconditionError: it has elements.
    """
    for tensor in (*op.outputs, *op.inputs):
        made = read_variable_op(tensor)
        if made is None or made.type == "VarHandleOp" or variable_key(made.outputs[0]) != key:
            continue
        if made.attrs["shape"].num_elements() == 0:
            return np.empty(made.attrs["shape"].as_list(), made.attrs["dtype"].numpy_dtype)
    raise uninitialized(key, op)


def uninitialized(key: str, op: Operation) -> errors.FailedPreconditionError:
    return errors.FailedPreconditionError(None, op, f"Attempting to use uninitialized value {key}")
