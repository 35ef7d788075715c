"""`tf.gradients`: the graph walked backwards."""

from __future__ import annotations

import enum
import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tf1x.api import export
from tf1x.core import convert, dtypes, nest, scopes
from tf1x.core.gradient_registry import gradient_function, registered
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import as_variable
from tf1x.ops import array, math
from tf1x.ops.functional import gradient_node
from tf1x.ops.pullback import differentiable


@export("RegisterGradient")
class RegisterGradient:
    """Decorator that registers a gradient function for an op type (`tf.RegisterGradient`).

    The function takes the op and the gradients of its outputs, and returns those of its inputs.
    Use it for a name of your own together with `Graph.gradient_override_map`.

    Example:
        >>> @tf.RegisterGradient("PassThrough")
        ... def _pass(op, grad):
        ...     return grad
        >>> with tf.get_default_graph().gradient_override_map({"Round": "PassThrough"}):
        ...     y = tf.round(x)
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if self._op_type in registered:
            raise KeyError(f"Registering two gradient with name '{self._op_type}'!")
        registered[self._op_type] = function
        return function


@export("NotDifferentiable", "NoGradient", "no_gradient")
def not_differentiable(op_type: str) -> None:
    """Declare that ops of a type have no gradient; it ends there, without an error."""
    registered[op_type] = None


@export("UnconnectedGradients")
class UnconnectedGradients(enum.Enum):
    """What the gradient is by something that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


@export("gradients")
def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = None,
) -> list[Any]:
    """Derivatives of the sum of `ys` with respect to each of `xs`.

    Args:
        ys: a tensor or list of tensors.
        xs: a tensor or variable, or a list (or nest) of them.
        grad_ys: gradients of `ys` to start from, ones by default.
        stop_gradients: tensors that count as constants.
        unconnected_gradients: "none" (default) gives None where `ys` do not depend on x, "zero"
            gives zeros.
        colocate_gradients_with_ops, gate_gradients, aggregation_method: accepted; XLA schedules.

    Returns:
        A list as long as `xs`: tensors of their shapes, `IndexedSlices` where an x is only
        gathered from, or None.

    Raises:
        TypeError: a y is neither floating nor complex.
        ValueError: lists of different lengths.
        LookupError: an op on the way has no gradient.
    """
    if scopes.executing_eagerly():
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. "
            "Use tf.GradientTape instead."
        )
    ys = ys if isinstance(ys, (list, tuple)) else [ys]
    structure = xs if nest.is_nested(xs) else [xs]
    flat_xs = nest.flatten(structure)
    starts = grad_ys if isinstance(grad_ys, (list, tuple)) else [grad_ys] * len(ys)
    if len(starts) != len(ys):
        raise ValueError(f"Passed {len(starts)} grad_ys for {len(ys)} ys")
    stops = nest.flatten(stop_gradients) if stop_gradients is not None else []
    with scopes.name_scope(name, "gradients", [*ys, *flat_xs, *stops]) as scope:
        y_tensors = [convert.to_tensor(y, name="y") for y in ys]
        x_tensors = [_reference(x) for x in flat_xs]
        walk = _Backward(x_tensors, y_tensors, [convert.to_tensor(s) for s in stops], scope)
        walk.start(starts)
        walk.run()
        found = [walk.total(x) for x in x_tensors]
        if _wants_zeros(unconnected_gradients):
            found = [
                array.ZerosLike(convert.to_tensor(x)) if g is None else g
                for g, x in zip(found, flat_xs, strict=True)
            ]
    return nest.pack_sequence_as(structure, found) if isinstance(structure, dict) else found


def _wants_zeros(unconnected: Any) -> bool:
    value = getattr(unconnected, "value", unconnected)
    if value not in (None, "none", "zero"):
        raise ValueError(f"Unknown value for unconnected_gradients: {unconnected!r}")
    return value == "zero"


def _reference(x: Any) -> Tensor:
    """A tensor as it is; of a variable, what its reads start from."""
    if isinstance(x, Tensor):
        return x
    x = as_variable(x)
    handle = getattr(x, "handle", None)
    if isinstance(handle, Tensor):
        return handle
    return convert.to_tensor(x, name="x", as_ref=True)


def differentiable_type(dtype: dtypes.DType) -> bool:
    base = dtype.base_dtype
    return base.is_floating or base.is_complex or base in (dtypes.resource, dtypes.variant)


class _Backward:
    """One walk from ys to xs."""

    def __init__(self, xs: list[Tensor], ys: list[Tensor], stops: list[Tensor], scope: str) -> None:
        self._scope = scope
        self._ys = ys
        self._xs = set(xs)
        self._stops = {t.op for t in stops}
        self._grads: dict[Tensor, list[Any]] = {}
        self._between = self._ops_between(xs, ys)

    def _ops_between(self, xs: list[Tensor], ys: list[Tensor]) -> set[Operation]:
        """Ops that lie on a path from an x to a y."""
        above: dict[Operation, bool] = {}
        order: list[Operation] = []
        stack = [(y.op, False) for y in ys]
        while stack:
            op, done = stack.pop()
            if done:
                order.append(op)
            elif op not in above:
                above[op] = False
                stack.append((op, True))
                stack += [(t.op, False) for t in _inputs(op)]
        sources = self._xs
        reached = {x.op for x in xs}
        for op in order:
            above[op] = any(
                t in sources or (above.get(t.op, False) and t.op not in self._stops)
                for t in _inputs(op)
            )
        return {op for op, reaches in above.items() if reaches} | (reached & set(above))

    def start(self, grad_ys: Sequence[Any]) -> None:
        for i, (y, grad) in enumerate(zip(self._ys, grad_ys, strict=True)):
            if not differentiable_type(y.dtype):
                raise TypeError(
                    f"Gradients of tensors must be floating or complex; {y.name} has type {y.dtype.name}."
                )
            if grad is None:
                grad = _ones_like(y, f"grad_ys_{i}")
            elif isinstance(grad, IndexedSlices):
                grad = _named_slices(grad, f"grad_ys_{i}")
            else:
                grad = convert.to_tensor(grad, y.dtype.base_dtype, name=f"grad_y_{i}")
                grad = array.identity(grad, name=f"grad_ys_{i}")
            self._grads.setdefault(y, []).append(grad)

    def run(self) -> None:
        heap = [(*_rank(op), op) for op in {y.op for y in self._ys} if op in self._between]
        heapq.heapify(heap)
        queued = {op for _, _, op in heap}
        while heap:
            _, _, op = heapq.heappop(heap)
            for tensor, grad in self._input_gradients(op):
                self._grads.setdefault(tensor, []).append(grad)
                source = tensor.op
                if source in self._between and source not in queued:
                    queued.add(source)
                    heapq.heappush(heap, (*_rank(source), source))

    def total(self, tensor: Tensor) -> Any:
        """The sum of what has arrived at a tensor, or None."""
        arrived = self._grads.get(tensor)
        if not arrived:
            return None
        if len(arrived) > 1:
            self._grads[tensor] = arrived = [_summed(arrived, self._scope)]
        return arrived[0]

    def _input_gradients(self, op: Operation) -> Iterable[tuple[Tensor, Any]]:
        if op in self._stops:
            return []
        grads = [self.total(t) for t in op.outputs]
        if op.type == "_Arg":  # the value comes from the graph around this function
            return [(t, grads[0]) for t in _inputs(op) if grads[0] is not None]
        wanted = [t for t in op.inputs if self._wants(t)]
        if not wanted or all(g is None for g in grads):
            return []
        function = gradient_function(op)
        if function is None:
            return []
        with scopes.name_scope(f"{op.name}_grad"):
            found = op_gradients(op, function, grads)
        pairs = []
        for tensor, grad in zip(op.inputs, found, strict=True):
            if grad is None or not self._wants(tensor):
                continue
            if isinstance(grad, Tensor) and tensor.dtype is not dtypes.resource:
                _merge_shape(op, tensor, grad)
            pairs.append((tensor, grad))
        return pairs

    def _wants(self, tensor: Tensor) -> bool:
        if not differentiable_type(tensor.dtype):
            return False
        return tensor in self._xs or tensor.op in self._between


def op_gradients(op: Operation, function: Any, grads: list[Any]) -> list[Any]:
    """The gradients of an op's inputs by its gradient function, or by its lowering for "vjp".

    Raises:
        LookupError: it has none.
        ValueError: the function gave too few or too many.
    """
    if function != "vjp":
        filled = [_zeros_if_none(g, t) for g, t in zip(grads, op.outputs, strict=True)]
        found = function(op, *filled)
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        if len(found) != len(op.inputs):
            raise ValueError(
                f"Num gradients {len(found)} generated for op {op.name!r} ({op.type}) do not match "
                f"num inputs {len(op.inputs)}"
            )
        return found
    if not differentiable(op.opdef):
        raise LookupError(f"No gradient defined for operation '{op.name}' (op type: {op.type})")
    dense = [
        # A loop hands handles on; the variable's gradient arrives where the handle is read.
        convert.constant(0.0)
        if t.dtype is dtypes.resource
        else convert.to_tensor(_zeros_if_none(g, t))
        for g, t in zip(grads, op.outputs, strict=True)
    ]
    return gradient_node(op, dense)


def _inputs(op: Operation) -> Sequence[Tensor]:
    """What a gradient flows on to: inputs, or the tensor that an argument stands for."""
    if op.type == "_Arg":
        outer = op.graph.bound(op.outputs[0])  # type: ignore[attr-defined]
        return () if outer is None else (outer,)
    return op.inputs


def _rank(op: Operation) -> tuple[int, int]:
    """Ops of inner functions before those of the graphs around them, each in reverse order."""
    depth, graph = 0, op.graph
    while graph.is_function:
        depth, graph = depth + 1, graph.outer  # type: ignore[attr-defined]
    return -depth, -op._id


def _zeros_if_none(grad: Any, tensor: Tensor) -> Any:
    if grad is not None or tensor.dtype.base_dtype in (dtypes.resource, dtypes.string):
        return grad
    return array.ZerosLike(tensor)


def _named_slices(grad: IndexedSlices, name: str) -> IndexedSlices:
    shape = grad.dense_shape
    return IndexedSlices(
        array.identity(grad.values, name=f"{name}_values"),
        array.identity(grad.indices, name=f"{name}_indices"),
        None if shape is None else array.identity(shape, name=f"{name}_shape"),
    )


def _ones_like(y: Tensor, name: str) -> Tensor:
    """Ones of the shape of `y`, as TensorFlow builds them."""
    one = 1
    if y.shape.is_fully_defined():
        shape: Any = convert.constant(y.shape.as_list(), dtypes.int32, name="Shape")
    else:
        shape = array.Shape(y, name="Shape")
    with scopes.name_scope(name) as scope:
        value = convert.constant(one, y.dtype.base_dtype, name="Const")
        ones: Tensor = array.Fill(shape, value, name=scope)
    return ones


def _merge_shape(op: Operation, tensor: Tensor, grad: Tensor) -> None:
    try:
        grad.set_shape(tensor.shape)
    except ValueError as error:
        raise ValueError(
            f"Incompatible shapes between op input and calculated input gradient. Forward operation: "
            f"{op.name}. Input: {tensor.name} {tensor.shape}. Gradient: {grad.shape}."
        ) from error


def _summed(grads: list[Any], scope: str) -> Any:
    """`AddN`, or slices put side by side where all are IndexedSlices."""
    if all(isinstance(g, IndexedSlices) for g in grads):
        from tf1x.ops.array_moves import concat

        values = concat([g.values for g in grads], 0)
        indices = concat([_as_int64(g.indices, grads) for g in grads], 0)
        return IndexedSlices(values, indices, grads[0].dense_shape)
    with scopes.name_scope(scope):
        return math.AddN([convert.to_tensor(g) for g in grads])


def _as_int64(indices: Tensor, grads: list[Any]) -> Tensor:
    if len({g.indices.dtype for g in grads}) == 1 or indices.dtype is dtypes.int64:
        return indices
    return math.Cast(indices, DstT=dtypes.int64)
