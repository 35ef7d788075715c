"""The program's own functions inside of Keras: they see graph tensors, Keras sees JAX arrays.

A loss, a `Lambda`, the `call` of a layer that the program defines are written with `tf` or `K`. When
Keras calls one while it traces a training step, a small graph is built around the call, with
parameters for the arrays and for the Keras variables that are used, and its ops are at once applied
to the tracers (`on_graph`). While Keras only asks for shapes (some are symbols then), the graph's
static shapes answer.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype
from tf1x.core.errors import UnsupportedError
from tf1x.core.func_graph import FuncGraph
from tf1x.core.graph import Graph
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.ops import xp
from tf1x.runtime.evaluate import Counter, Evaluator
from tf1x.runtime.functions import Bounds, Traced
from tf1x.runtime.plan import SILENT, Plan

# So many random ops of one step have streams of their own.
_OPS_A_STEP = 2**16


class Call(FuncGraph):
    """The graph of one call: parameters, the Keras variables that it uses, what it assigns.

    Attributes:
        variables: Keras variables (by identity) and the tensors that stand for their values.
        updates: Keras variables and the tensors that become their new values.
    """

    def __init__(self) -> None:
        outer = Graph()
        outer.seed = scopes.get_default_graph().outermost.seed
        super().__init__("keras_call", outer)
        self.values: dict[Tensor, Any] = {}
        self.variables: dict[int, tuple[Any, Tensor]] = {}
        self.updates: list[tuple[Any, Tensor]] = []

    def given(self, value: Any) -> Tensor:
        """A tensor that stands for an array or tracer."""
        dims = tuple(d if isinstance(d, int) else None for d in value.shape)
        tensor = self.parameter(as_dtype(np.dtype(value.dtype)), TensorShape.of(dims))
        self.values[tensor] = value
        return tensor

    def variable(self, variable: Any) -> Tensor:
        """The tensor that stands for a Keras variable's value."""
        if id(variable) not in self.variables:
            with self.as_default():
                self.variables[id(variable)] = (variable, self.given(variable.value))
        return self.variables[id(variable)][1]


def current() -> Call | None:
    """The call whose graph is being built, if any."""
    graph: Any = scopes.get_default_graph()
    while isinstance(graph, FuncGraph):
        if isinstance(graph, Call):
            return graph
        graph = graph.outer
    return None


def holds_tensor(value: Any) -> bool:
    """Whether a nest holds graph tensors or variables of a graph."""
    if isinstance(value, (list, tuple)):
        return any(holds_tensor(v) for v in value)
    if isinstance(value, dict):
        return any(holds_tensor(v) for v in value.values())
    return is_graph_value(value)


def is_graph_value(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "_as_graph_element")


def map_leaves(function: Callable[[Any], Any], value: Any) -> Any:
    """A nest of lists, tuples and dicts with `function` applied to all else in it."""
    if isinstance(value, list):
        return [map_leaves(function, v) for v in value]
    if isinstance(value, tuple):
        mapped = [map_leaves(function, v) for v in value]
        return type(value)(*mapped) if hasattr(value, "_fields") else tuple(mapped)
    if isinstance(value, dict):
        return {k: map_leaves(function, v) for k, v in value.items()}
    return function(value)


def on_graph(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], seed: Any = None
) -> Any:
    """`function(*args, **kwargs)` where the function wants graph tensors and the caller has arrays.

    Args:
        seed: a Keras SeedGenerator for the random ops among what the function builds.

    Returns:
        What the function returns, with arrays in place of tensors.

    Raises:
        UnsupportedError: the ops need a value that tracing lacks, or are random without a seed.
    """
    if holds_tensor(args) or holds_tensor(kwargs):
        return function(*args, **kwargs)
    call = Call()
    symbolic = False

    def enter(value: Any) -> Any:
        nonlocal symbolic
        value = getattr(value, "value", value) if _is_keras_variable(value) else value
        if not isinstance(value, jax.Array):
            return value
        symbolic = symbolic or not all(isinstance(d, int) for d in value.shape)
        tensor = call.given(value)
        mask = getattr(value, "_keras_mask", None)
        if isinstance(mask, jax.Array):
            tensor._keras_mask = call.given(mask)
        return tensor

    with call.building():
        args, kwargs = map_leaves(enter, args), map_leaves(enter, kwargs)
        result = function(*args, **kwargs)
        result = map_leaves(lambda v: convert.to_tensor(v) if is_graph_value(v) else v, result)
    wanted: list[Tensor] = []
    map_leaves(lambda v: wanted.append(v) if isinstance(v, Tensor) else None, result)
    call.outputs = [*wanted, *(tensor for _, tensor in call.updates)]
    if symbolic:
        found = _placeholders(call)
    else:
        found = _evaluated(call, seed)
        for (variable, _), value in zip(call.updates, found[len(wanted) :], strict=True):
            variable.assign(value)
    values = dict(zip(wanted, found, strict=False))
    return map_leaves(lambda v: values[v] if isinstance(v, Tensor) else v, result)


def _is_keras_variable(value: Any) -> bool:
    return hasattr(value, "_deferred_initialize")


def _evaluated(call: Call, seed: Any) -> list[Any]:
    """The call's outputs, computed from its values (tracers, as a rule)."""
    plan = Plan([t for t in call.outputs if t not in call.values], ())
    random = [op for op in plan.ops if "counter" in op.opdef.injected]
    if random and seed is None:
        raise UnsupportedError(
            f"{random[0].type} in a function that Keras calls: random numbers need a state that "
            "training carries along. Draw them in a Lambda or another layer.",
            random[0],
        )
    state = seed.next() if random else None

    def counter(op: Any, position: Any) -> Counter:
        assert state is not None
        number = random.index(op) if op in random else zlib.crc32(op.name.encode()) % _OPS_A_STEP
        step = state[1].astype(np.uint64) * np.uint64(_OPS_A_STEP) + np.uint64(number)
        return Counter((state[0].astype(np.uint64), step), position)

    bounds = Bounds()
    with (
        jax.enable_x64(True),  # the program's int64 and float64 are what they say
        xp.tracing(),
        xp.collecting_checks(),
    ):
        evaluator = Evaluator(
            {}, counter, lambda e, op: Traced(e, op, bounds), plan.access, reverse=True
        )
        evaluator.values.update(call.values)
        try:
            evaluator.run(op for op in plan.ops if op.type not in SILENT)
        except xp.StaticValueNeeded as needed:
            raise UnsupportedError(
                f"{needed.op.type if needed.op else 'An op'} in a function that Keras calls: its "
                "result's shape depends on data, which a compiled training step cannot have. Use "
                "an op whose shape is fixed (tf.where with three arguments, a mask).",
                needed.op,
            ) from None
        return [_leaving(evaluator.values[t]) for t in call.outputs]


def _leaving(value: Any) -> Any:
    """A value as Keras takes it: 32 bits, unless Keras was given more."""
    array = jnp.asarray(value)
    narrow = {"int64": np.int32, "float64": np.float32, "uint64": np.uint32}.get(str(array.dtype))
    return array if narrow is None else array.astype(narrow)


def _placeholders(call: Call) -> list[Any]:
    """Arrays of the outputs' static shapes, for a caller that only asks for shapes."""
    symbol = next(
        d for v in call.values.values() for d in v.shape if not isinstance(d, int)
    )  # Keras has one symbol for all unknown dimensions
    found = []
    for tensor in call.outputs:
        if tensor in call.values:
            found.append(call.values[tensor])
            continue
        dims = tensor.shape.tuple
        if dims is None:
            raise UnsupportedError(
                f"The shape of {tensor.name} is not known when the model is built: call set_shape, "
                "or give the Lambda an output_shape.",
                tensor.op,
            )
        shape = tuple(symbol if d is None else d for d in dims)
        dtype = tensor.dtype.base_dtype.as_numpy_dtype
        found.append(jnp.broadcast_to(_leaving(np.zeros((), dtype)), shape))
    return found


def once(function: Callable[..., Any], *args: Any) -> Any:
    """The values of a function that builds ops, computed at once in a graph of its own."""
    from tf1x.runtime.session import Session

    graph = Graph()
    graph.seed = scopes.get_default_graph().outermost.seed
    with graph.as_default():
        found = function(*args)
        if not is_graph_value(found):
            return np.asarray(found)
        with Session(graph=graph) as session:
            return session.run(found)
