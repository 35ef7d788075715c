"""`tf.cond`, `tf.case`, `tf.while_loop`.

They build the functional ops `If`, `Case` and `While`, each branch and body a function of its
own (core/func_graph.py), as TensorFlow does under `enable_control_flow_v2`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tf1x.api import export
from tf1x.core import convert, dtypes, nest, scopes
from tf1x.core.func_graph import trace
from tf1x.core.function_calls import allows, branch_node, while_node
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.static import constant_value
from tf1x.ops import array, composite, grouping, math

# -- conditionals --------------------------------------------------------------------------------


@export("cond")
def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """`true_fn()` where the scalar `pred` holds when the graph runs, else `false_fn()`.

    Both functions build ops and return the same structure of tensors of the same types. Ops that
    they create run only when their branch is taken; ops created outside run in any case.

    Args:
        pred: a scalar bool tensor.
        strict: keep a list of one as a list.
        fn1, fn2: older names of `true_fn` and `false_fn`.

    Raises:
        TypeError: `pred` is a Python bool, or a function is not callable.
        ValueError: `pred` is no scalar; the functions return different structures or types, or
            nothing.
    """
    true_fn, false_fn = _one_of("true_fn", true_fn, "fn1", fn1), _one_of("false_fn", false_fn, "fn2", fn2)  # fmt: skip
    if isinstance(pred, bool) and not scopes.executing_eagerly():
        raise TypeError("pred must not be a Python bool")
    for label, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"{label} must be callable.")
    if scopes.executing_eagerly():
        chosen: Any = true_fn if pred else false_fn
        return chosen() if strict else _unpacked(chosen())
    with scopes.name_scope(name, "cond") as scope:
        condition = convert.to_tensor(pred, name="pred")
        if condition.dtype.base_dtype is not dtypes.bool_:
            raise TypeError(f"pred must be a bool tensor, got {condition.dtype.name}.")
        if condition.shape.ndims:
            raise ValueError(
                f"Shape must be rank 0 but is rank {condition.shape.ndims} for the predicate "
                f"{condition.name!r} of {scope[:-1]!r}: tf.cond decides once, tf.where for each "
                "element."
            )
        branches = [
            _Branch(true_fn, "true_fn", scope),
            _Branch(false_fn, "false_fn", scope, pivot=False),
        ]
        result = branches[0].pack(_branching(scope, condition, branches))
    return result if strict else _unpacked(result)


def _one_of(name: str, value: Any, old: str, given: Any) -> Any:
    if given is None:
        return value
    if value is not None:
        raise TypeError(f"cond(): give {name} or {old}, not both.")
    return given


def _unpacked(result: Any) -> Any:
    """A list or tuple of one as its item."""
    if isinstance(result, (list, tuple)) and len(result) == 1 and not hasattr(result, "_fields"):
        return result[0]
    return result


@export("switch_case")
def switch_case(
    branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case"
) -> Any:
    """`branch_fns[branch_index]()`; `default()` (or the last) where the index is none of them.

    Args:
        branch_index: a scalar int32 tensor.
        branch_fns: a list of functions, or a dict or list of pairs from int to function.
    """
    if isinstance(branch_fns, dict):
        pairs = sorted(branch_fns.items())
    elif branch_fns and not callable(branch_fns[0]):
        pairs = sorted(branch_fns, key=lambda pair: pair[0])
    else:
        pairs = list(enumerate(branch_fns))
    if not pairs or not all(callable(f) for _, f in pairs):
        raise ValueError("branch_fns must be a non-empty list of callables.")
    if [i for i, _ in pairs] != list(range(len(pairs))):
        raise ValueError(f"branch indices must form contiguous range of 0 to {len(pairs) - 1}.")
    functions = [f for _, f in pairs] + ([default] if default is not None else [])
    if scopes.executing_eagerly():
        number = int(branch_index)
        return _unpacked(functions[number if 0 <= number < len(functions) else -1]())
    with scopes.name_scope(name, "switch_case"), scopes.name_scope("indexed_case") as scope:
        index = convert.to_tensor(branch_index, dtypes.int32, name="branch_index")
        branches = [_Branch(f, f"branch {i}", scope) for i, f in enumerate(functions)]
        return _unpacked(branches[0].pack(_branching(scope, index, branches)))


class _Branch:
    """A branch: its function, and the structure that the user's function returned."""

    def __init__(self, function: Any, label: str, scope: str, pivot: bool = True) -> None:
        self.label = label
        self._pivot = pivot
        self.structure: Any = None
        name = f"{scope[:-1].replace('/', '_')}_{label.replace('_fn', '').replace(' ', '_')}"
        self.graph = trace(lambda: self._built(function), name, scope[:-1])

    def _built(self, function: Callable[[], Any]) -> list[Tensor]:
        result = function()
        if result is None:
            raise ValueError(f"{self.label} must have a return value.")
        leaves = [_as_value(item, self._pivot) for item in nest.flatten(result)]
        self.structure = (
            nest.pack_sequence_as(result, leaves) if nest.is_nested(result) else leaves[0]
        )
        return composite.flatten(self.structure)

    def pack(self, outputs: list[Tensor]) -> Any:
        return composite.pack(self.structure, outputs)


def _as_value(item: Any, pivot: bool = True) -> Any:
    """What a branch returns as something with a value; for an operation, `pivot` after it."""
    if composite.is_composite(item):
        return item
    if isinstance(item, Operation):
        return grouping.with_dependencies([item], convert.constant(pivot))
    if item is None:
        raise ValueError("A branch or loop body returned None among its values.")
    return convert.to_tensor(item)


def _branching(scope: str, selector: Tensor, branches: list[_Branch]) -> list[Tensor]:
    """Add the node that chooses among branches; its outputs, one identity each."""
    _check_alike(branches)
    node = branch_node(scope, selector, [b.graph for b in branches])
    return [array.Identity(t) for t in node.outputs]


def _check_alike(branches: list[_Branch]) -> None:
    first = branches[0]
    for other in branches[1:]:
        try:
            nest.assert_same_structure(first.structure, other.structure)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"Incompatible return values of {first.label} and {other.label}: {error}"
            ) from error
        if len(first.graph.outputs) != len(other.graph.outputs):
            raise ValueError(
                f"Incompatible return values of {first.label} and {other.label}: "
                "one returns sparse values where the other does not."
            )
        for a, b in zip(first.graph.outputs, other.graph.outputs, strict=True):
            if a.dtype.base_dtype is not b.dtype.base_dtype:
                raise ValueError(
                    f"Outputs of {first.label} and {other.label} must have the same type: "
                    f"{a.dtype.name}, {b.dtype.name}"
                )


def smart_cond(
    pred: Any,
    true_fn: Callable[[], Any],
    false_fn: Callable[[], Any],
    name: str | None = None,
) -> Any:
    """`tf.cond`, but where `pred` is known now (a bool, an int, a constant) only that branch."""
    known = smart_constant_value(pred)
    if known is None:
        return cond(pred, true_fn, false_fn, name=name)
    return true_fn() if known else false_fn()


def smart_constant_value(pred: Any) -> bool | None:
    """The truth of `pred` if it is known while the graph is built, else None.

    Raises:
        TypeError: it is neither a bool, 0, 1, nor a tensor.
    """
    if pred in (0, 1) and not isinstance(pred, Tensor):
        return bool(pred)
    if isinstance(pred, Tensor):
        value = constant_value(pred)
        return None if value is None else bool(value)
    if hasattr(pred, "value") and hasattr(pred, "op"):
        return None
    raise TypeError(f"`pred` must be a Tensor, a Python bool, 1 or 0. Found instead: {pred!r}")


@export("case")
def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The first function whose predicate holds, else `default`.

    Args:
        pred_fn_pairs: pairs (scalar bool tensor, function), or a dict of those.
        default: what to do where none holds; without it the run fails then.
        exclusive: whether to check that at most one holds.

    Raises:
        TypeError: malformed pairs.
        InvalidArgumentError (at run time): none holds and there is no default, or several do
            and `exclusive`.
    """
    pairs = _pairs(pred_fn_pairs, exclusive)
    if default is not None and not callable(default):
        raise TypeError("default must be callable.")
    with scopes.name_scope(name, "case", [p for p, _ in pairs]):
        guards = _guards([p for p, _ in pairs], exclusive, default is None)
        with scopes.control_dependencies(guards):
            return _chain(pairs, default, strict)


def _pairs(given: Any, exclusive: bool) -> list[tuple[Tensor, Callable[[], Any]]]:
    if isinstance(given, dict):
        items = list(given.items())
        if not exclusive:
            # The order of a dict is not said to mean anything: TensorFlow sorts by name.
            items.sort(key=lambda pair: getattr(pair[0], "name", ""))
    elif isinstance(given, (list, tuple)):
        items = list(given)
    else:
        raise TypeError("pred_fn_pairs must be a list, tuple, or dict")
    for item in items:
        if not isinstance(item, tuple) or len(item) != 2:
            raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
        if not callable(item[1]):
            raise TypeError("fn for pred must be callable.")
    if not items:
        raise ValueError("pred_fn_pairs must not be empty.")
    return [(convert.to_tensor(p, dtypes.bool_), f) for p, f in items]


def _guards(preds: list[Tensor], exclusive: bool, required: bool) -> list[Any]:
    from tf1x.ops.array_moves import stack
    from tf1x.ops.checks import Assert

    guards: list[Any] = []
    if not (exclusive or required):
        return guards
    together = stack(preds, name="preds_c")
    if required:
        from tf1x.ops.reduce import reduce_any

        text = "None of the conditions evaluated as True and there is no default. Predicates:"
        guards.append(Assert(reduce_any(together), [text, together]))
    if exclusive:
        from tf1x.ops.reduce import reduce_sum

        count = reduce_sum(math.Cast(together, DstT=dtypes.int32), name="num_true_conds")
        text = "Input error: exclusive=True: more than 1 conditions evaluated as True. Predicates:"
        guards.append(Assert(math.Less(count, 2), [text, together]))
    return guards


def _chain(pairs: list[tuple[Tensor, Any]], default: Any, strict: bool) -> Any:
    """Conditionals inside of one another; without a default the last one needs no question."""
    (pred, function), rest = pairs[0], pairs[1:]
    if not rest:
        if default is None:
            return function() if strict else _unpacked(function())
        return cond(pred, function, default, strict=strict, name="cond")
    return cond(pred, function, lambda: _chain(rest, default, strict), strict=strict, name="cond")


# -- loops ---------------------------------------------------------------------------------------


@export("while_loop")
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """`loop_vars` after `body` was applied for as long as `cond` holds.

    Args:
        cond: takes the loop variables, gives a scalar bool.
        body: takes the loop variables, returns their new values in the same structure.
        loop_vars: a nest of tensors, variables, numbers, IndexedSlices, SparseTensors and
            TensorArrays.
        shape_invariants: shapes (in the structure of `loop_vars`) that hold in every iteration,
            where they are less than those of `loop_vars`.
        back_prop: False: no gradient flows through the loop.
        maximum_iterations: a scalar int: at most so many.
        parallel_iterations, swap_memory: accepted; XLA schedules.
        return_same_structure: keep a list of one as a list.

    Raises:
        TypeError: `cond` or `body` is not callable, or a variable changes its type.
        ValueError: no loop variables, another structure, or a shape that is not invariant.
    """
    if not callable(cond):
        raise TypeError("'cond' must be callable.")
    if not callable(body):
        raise TypeError("'body' must be callable.")
    if parallel_iterations is not None and parallel_iterations < 1:
        raise TypeError("'parallel_iterations' must be a positive integer.")
    if not nest.flatten(loop_vars):
        raise ValueError("'loop_vars' must be provided.")
    if scopes.executing_eagerly():
        packed = _loop(cond, body, loop_vars, maximum_iterations)
        return packed if return_same_structure else _unpacked(packed)
    with scopes.name_scope(name, "while", []) as scope:
        loop = _WhileBuilder(scope, cond, body, loop_vars, shape_invariants, maximum_iterations)
        outputs = loop.node(parallel_iterations or 10)
        wrap = array.Identity if back_prop else array.StopGradient
        packed = loop.pack([wrap(t) for t in outputs])
    return packed if return_same_structure else _unpacked(packed)


def _loop(cond: Any, body: Any, loop_vars: Any, limit: Any) -> Any:
    """`while_loop` where values are known: Python's own loop."""
    single = not isinstance(loop_vars, (list, tuple)) or hasattr(loop_vars, "_fields")
    current = [loop_vars] if single else loop_vars
    steps = None if limit is None else int(limit)
    while cond(*current) and (steps is None or steps > 0):
        result = body(*current)
        if not isinstance(result, (list, tuple)) or (single and nest.is_nested(loop_vars)):
            result = [result]
        nest.assert_same_structure(list(current), list(result))
        current = result
        steps = None if steps is None else steps - 1
    return nest.pack_sequence_as(current, [_as_value(item) for item in nest.flatten(current)])


class _WhileBuilder:
    """The two functions of a loop, and its node."""

    def __init__(
        self, scope: str, cond: Any, body: Any, loop_vars: Any, invariants: Any, limit: Any
    ) -> None:
        self._scope = scope
        single = not isinstance(loop_vars, (list, tuple)) or hasattr(loop_vars, "_fields")
        self._single = single
        given = [loop_vars] if single else loop_vars
        leaves = [_as_value(item) for item in nest.flatten(given)]
        self._structure = nest.pack_sequence_as(given, leaves)
        self._start = [_without_reference(t) for t in composite.flatten(self._structure)]
        shapes = self._shapes([invariants] if single and invariants is not None else invariants)
        self._limited = limit is not None
        parameters = [(t.dtype.base_dtype, s) for t, s in zip(self._start, shapes, strict=True)]
        extra: list[Any] = []
        if self._limited:
            self._limit = convert.to_tensor(limit, dtypes.int32, name="maximum_iterations")
            extra = [(dtypes.int32, TensorShape.of(()))]
            self._start = [convert.constant(0, dtypes.int32, name="loop_counter"), *self._start]
        base = scope[:-1].replace("/", "_")
        self._result: Any = None
        types = extra + parameters
        self._cond = trace(self._condition(cond), f"{base}_cond", scope[:-1], types)
        self._body = trace(self._step(body), f"{base}_body", scope[:-1], types)
        self._check(parameters)

    def _shapes(self, invariants: Any) -> list[TensorShape]:
        if invariants is None:
            return [t.shape for t in self._start]
        flat: list[TensorShape] = []
        given = iter(_flat_shapes(invariants))
        for value in nest.flatten(self._structure):
            shape = next(given, None)
            parts = composite.flatten(value)
            if composite.is_composite(value):
                flat += _composite_shapes(value, shape)
            else:
                flat.append(parts[0].shape if shape is None else as_shape(shape))
        if next(given, None) is not None:
            raise ValueError("'shape_invariants' has more elements than 'loop_vars'.")
        for tensor, shape in zip(self._start, flat, strict=True):
            if not allows(shape, tensor.shape):
                raise ValueError(
                    f"The shape invariant specified for {tensor.name} is not compatible with the "
                    f"initial shape of the loop variable. It enters the loop with shape "
                    f"{tensor.shape}, but the specified shape invariant is {shape}."
                )
        return flat

    def _condition(self, cond: Any) -> Callable[..., list[Tensor]]:
        def build(*args: Tensor) -> list[Tensor]:
            holds = convert.to_tensor(cond(*self._packed(self._user(args))), dtypes.bool_)
            if self._limited:
                holds = math.LogicalAnd(holds, math.Less(args[0], self._limit))
            return [holds]

        return build

    def _step(self, body: Any) -> Callable[..., list[Tensor]]:
        def build(*args: Tensor) -> list[Tensor]:
            result = body(*self._packed(self._user(args)))
            if not isinstance(result, (list, tuple)) or (
                self._single and nest.is_nested(self._structure[0])
            ):
                result = [result]
            leaves = [_as_value(item) for item in nest.flatten(result)]
            self._result = nest.pack_sequence_as(result, leaves)
            nest.assert_same_structure(list(self._structure), list(self._result))
            new = composite.flatten(self._result)
            return [math.Add(args[0], 1), *new] if self._limited else new

        return build

    def _user(self, args: Sequence[Tensor]) -> list[Tensor]:
        return list(args[1:] if self._limited else args)

    def _packed(self, tensors: list[Tensor]) -> Any:
        return composite.pack(self._structure, tensors)

    def _check(self, parameters: list[tuple[Any, TensorShape]]) -> None:
        outputs = self._user(self._body.outputs)
        for start, (dtype, shape), new in zip(
            self._user(self._start), parameters, outputs, strict=True
        ):
            if new.dtype.base_dtype is not dtype:
                raise TypeError(
                    f"Input tensor '{start.name}' enters the loop with type {dtype.name}, but has "
                    f"type {new.dtype.base_dtype.name} after 1 iteration."
                )
            if not allows(shape, new.shape):
                raise ValueError(
                    f"Input tensor '{start.name}' enters the loop with shape {shape}, but has "
                    f"shape {new.shape} after one iteration. To allow the shape to vary across "
                    "iterations, use the `shape_invariants` argument of tf.while_loop to specify "
                    "a less-specific shape."
                )

    def node(self, parallel_iterations: int) -> list[Tensor]:
        """Add the `While`; returns the final values of the loop variables."""
        node = while_node(self._scope, self._start, self._cond, self._body, parallel_iterations)
        return self._user(node.outputs[: len(self._start)])

    def pack(self, outputs: list[Tensor]) -> Any:
        return composite.pack(self._result, outputs)


def _without_reference(value: Any) -> Tensor:
    tensor: Tensor = value
    if tensor.dtype._is_ref_dtype:
        tensor = array.Identity(tensor)
    return tensor


def _flat_shapes(invariants: Any) -> list[Any]:
    """The shapes of a nest of shapes (which may themselves be lists of dimensions)."""
    if isinstance(invariants, (list, tuple)) and not _is_dims(invariants):
        return [shape for item in invariants for shape in _flat_shapes(item)]
    if isinstance(invariants, dict):
        return [shape for key in sorted(invariants) for shape in _flat_shapes(invariants[key])]
    return [invariants]


def _is_dims(item: Any) -> bool:
    return bool(item) and all(d is None or isinstance(d, int) for d in item)


def _composite_shapes(value: Any, shape: Any) -> list[TensorShape]:
    parts = composite.flatten(value)
    if len(parts) == 1:  # a TensorArray
        return [parts[0].shape]
    rank = None if shape is None else as_shape(shape).ndims
    indices, values = TensorShape.of((None, rank)), TensorShape.of((None,))
    if hasattr(value, "dense_shape") and parts[0] is value.indices:  # a SparseTensor
        return [indices, values, TensorShape.of((rank,))]
    return [TensorShape.of(None), TensorShape.of((None,)), TensorShape.of((rank,))][: len(parts)]
