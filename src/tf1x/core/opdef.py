"""How an op is declared, and the registry of declared ops.

One declaration says everything about an op: its signature in the notation of TensorFlow's op
definitions (signature.py), its attributes (the keyword-only parameters of the function), its
lowering (the function's body), its shape rule, what is special about its gradient, and its public
names:

    @op("x: T, y: T -> z: T", T=REALS, shape=broadcast, export=("maximum", "math.maximum"))
    def Maximum(x, y):
        '''Element-wise larger of `x` and `y`, with broadcasting.'''
        return xp.maximum(x, y)

The decorated name becomes the graph-building function: `Maximum(a, b, name=None) -> Tensor`.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

from tf1x.core import convert, errors, scopes
from tf1x.core.dtypes import DType
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.signature import Arg, Attr, check_attr, coerce, kind_of, parse_signature, slices

# Keyword-only parameters that are not attributes: the runtime supplies them.
INJECTED = ("counter", "session", "op", "functions")


ShapeRule = Callable[[Operation], Sequence[Any]]


@dataclass(eq=False)
class OpDef:
    """A declared op.

    Attributes:
        type: TensorFlow's op type, e.g. "MatMul".
        inputs, outputs: the signature.
        types: for each type attribute, the allowed types and the default (or None).
        attrs: the other attributes.
        lower: computes outputs from inputs: arrays in, array or tuple of arrays out.
        shape: the shape rule: an `Operation` to one shape (tuple or None) an output; None means
            that nothing is known.
        grad: `None` forbids a gradient; a function `(op, *grads) -> list of tensors` builds it
            from ops; "vjp" (the default) differentiates the lowering.
        vjp: overrides `jax.vjp` of the lowering: `(inputs, outputs, cotangents, attrs) ->
            cotangents of the inputs` (None where there is none).
        host: runs in Python on NumPy values, outside the compiled segments.
        blocking: a host op that can wait (a queue), so no lock may be held.
        stateful: never pruned into a constant, never merged.
        writes: names of the inputs (references or resources) that it changes; the lowering's
            first outputs are their new values.
        initializes: it writes without looking at the old value (`Assign`).
        exact: gives the same bits in NumPy and XLA, so that it may be folded and interpreted.
        needs_jax: the lowering calls JAX itself rather than `xp`, so interpreting it costs compiles.
        injected: which of `INJECTED` the lowering takes.
    """

    type: str
    inputs: tuple[Arg, ...]
    outputs: tuple[Arg, ...]
    types: dict[str, tuple[tuple[DType, ...] | None, Any]]
    attrs: dict[str, Attr]
    lower: Callable[..., Any]
    shape: ShapeRule | None
    grad: Callable[..., Any] | str | None = "vjp"
    vjp: Callable[..., Any] | None = None
    host: bool = False
    blocking: bool = False
    stateful: bool = False
    writes: tuple[str, ...] = ()
    initializes: bool = False
    exact: bool = False
    needs_jax: bool = False
    injected: frozenset[str] = frozenset()
    exports: tuple[str, ...] = ()
    doc: str = ""
    lower_attrs: tuple[str, ...] = ()
    endpoint: Callable[..., Any] = field(init=False, repr=False)
    _result: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if len(self.outputs) > 1:
            self._result = namedtuple(self.type, [arg.name for arg in self.outputs])  # type: ignore[misc]

    # -- building nodes ------------------------------------------------------------------------

    @property
    def parameters(self) -> list[str]:
        """Names of the endpoint's parameters, in order."""
        return [a.name for a in self.inputs] + list(self.attrs) + ["name"]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments by name.

        Raises:
            TypeError: too many, unknown, doubled or missing arguments; it names them.
        """
        names = self.parameters
        if len(args) > len(names):
            raise TypeError(
                f"{self.type} takes {len(names)} arguments ({', '.join(names)}); got {len(args)}."
            )
        bound = dict(zip(names, args, strict=False))
        for key, value in kwargs.items():
            if key not in names:
                close = difflib.get_close_matches(key, names, 1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise TypeError(
                    f"{self.type} got an unexpected keyword argument {key!r}; "
                    f"its arguments are: {', '.join(names)}.{hint}"
                )
            if key in bound:
                raise TypeError(f"{self.type} got multiple values for argument {key!r}.")
            bound[key] = value
        missing = [a.name for a in self.inputs if a.name not in bound]
        missing += [a.name for a in self.attrs.values() if a.required and a.name not in bound]
        if missing:
            raise TypeError(f"{self.type} is missing the arguments: {', '.join(missing)}.")
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Convert the arguments, add a node to the graph and return its output(s)."""
        bound = self.bind(args, kwargs)
        name = bound.pop("name", None) or self.type
        values = [bound[a.name] for a in self.inputs]
        graph = scopes.graph_of(_flat(values))
        with self._naming(graph, name) as scope:
            attrs: dict[str, Any] = {}
            for attr in self.attrs.values():
                if attr.name in bound:
                    attrs[attr.name] = check_attr(self.type, attr, bound[attr.name])
                else:
                    attrs[attr.name] = attr.default
            tensors = self._convert_inputs(values, attrs)
            with self._beside_references(graph, tensors, attrs):
                op = self.node(tensors, attrs, scope, graph=graph)
        return self.result(op)

    def _naming(self, graph: Graph, name: str) -> AbstractContextManager[str]:
        """The name scope in which the arguments are converted."""
        if graph.is_eager and scopes.get_default_graph() is graph:
            return nullcontext(name)  # nothing there needs a name of its own
        return scopes.scope_in(graph, name)

    def _beside_references(
        self, graph: Graph, tensors: tuple[Tensor, ...], attrs: dict[str, Any]
    ) -> AbstractContextManager[Any]:
        """TensorFlow colocates an op with the variables whose references it takes."""
        if not any(arg.is_ref for arg in self.inputs):
            return nullcontext()
        stack = ExitStack()
        for arg, part in zip(self.inputs, self.input_slices(attrs), strict=True):
            if arg.is_ref:
                for tensor in tensors[part] if arg.is_list else (tensors[part],):
                    stack.enter_context(graph.colocate_with(tensor.op))
        return stack

    def _convert_inputs(self, values: list[Any], attrs: dict[str, Any]) -> tuple[Tensor, ...]:
        flat: list[Tensor] = []
        for arg, value in zip(self.inputs, values, strict=True):
            if arg.is_type_list:
                items = [
                    convert.to_tensor(v, name=f"{arg.name}_{i}")
                    for i, v in enumerate(_sequence(value))
                ]
                attrs[str(arg.type_attr)] = [t.dtype.base_dtype for t in items]
                flat += items
            elif arg.number_attr:
                items = self._convert_list(arg, _sequence(value), attrs)
                flat += items
            else:
                flat.append(self._convert_one(arg, value, attrs))
        return tuple(flat)

    def _convert_one(self, arg: Arg, value: Any, attrs: dict[str, Any]) -> Tensor:
        wanted = arg.dtype or attrs.get(str(arg.type_attr))
        allowed, default = (
            (None, None) if wanted or not arg.type_attr else self.types[arg.type_attr]
        )
        if default is not None and allowed is not None:
            # As TensorFlow does: the value's own type where the op takes it, else the default.
            try:
                tensor = convert.to_tensor(value, name=arg.name, as_ref=arg.is_ref)
            except TypeError:
                pass
            else:
                if tensor.dtype.base_dtype in allowed:
                    value = tensor
        try:
            tensor = convert.to_tensor(
                value, wanted, name=arg.name, preferred_dtype=default, as_ref=arg.is_ref
            )
        except TypeError as error:
            if wanted is None:
                raise
            raise self._type_error(arg, value, wanted, error) from error
        except ValueError as error:
            if wanted is None or not isinstance(value, Tensor):
                raise
            raise self._type_error(arg, value, wanted, error) from error
        if arg.is_ref and not tensor.dtype._is_ref_dtype:
            raise TypeError(
                f"'{self.type}' Op requires that input '{arg.name}' be a mutable tensor "
                f"(e.g.: a tf.Variable)"
            )
        self._note_type(arg, tensor, attrs)
        return tensor

    def _convert_list(self, arg: Arg, values: list[Any], attrs: dict[str, Any]) -> list[Tensor]:
        wanted = arg.dtype or attrs.get(str(arg.type_attr))
        if wanted is None:
            # A Python number takes the type of the first tensor in the list.
            for value in values:
                dtype = getattr(value, "dtype", None)
                if isinstance(dtype, DType):
                    wanted = dtype.base_dtype
                    break
        try:
            items = [
                convert.to_tensor(v, wanted, name=f"{arg.name}_{i}", as_ref=arg.is_ref)
                for i, v in enumerate(values)
            ]
        except (TypeError, ValueError) as error:
            given = [getattr(v, "dtype", type(v).__name__) for v in values]
            raise TypeError(
                f"Tensors in list passed to '{arg.name}' of '{self.type}' Op have types "
                f"{[getattr(g, 'name', g) for g in given]} that don't all match."
            ) from error
        attrs[str(arg.number_attr)] = len(items)
        for tensor in items:
            self._note_type(arg, tensor, attrs)
        return items

    def _note_type(self, arg: Arg, tensor: Tensor, attrs: dict[str, Any]) -> None:
        if not arg.type_attr:
            return
        base = tensor.dtype.base_dtype
        allowed = self.types[arg.type_attr][0]
        if allowed is not None and base not in allowed:
            raise TypeError(
                f"Value passed to parameter '{arg.name}' of '{self.type}' has DataType {base.name} "
                f"not in list of allowed values: {', '.join(d.name for d in allowed)}"
            )
        attrs[arg.type_attr] = base

    def _type_error(self, arg: Arg, value: Any, wanted: DType, error: Exception) -> TypeError:
        dtype = getattr(value, "dtype", None)
        if not isinstance(dtype, DType):
            return TypeError(f"Input '{arg.name}' of '{self.type}' Op: {error}")
        text = f"Input '{arg.name}' of '{self.type}' Op has type {dtype.base_dtype.name} that does not match "
        same = [a for a in self.inputs if arg.type_attr and a.type_attr == arg.type_attr]
        if same and same[0] is not arg:
            return TypeError(f"{text}type {wanted.name} of argument '{same[0].name}'.")
        return TypeError(f"{text}expected type of {wanted.name}.")

    def node(
        self,
        inputs: tuple[Tensor, ...],
        attrs: dict[str, Any],
        name: str | None,
        graph: Graph | None = None,
        shapes: list[TensorShape] | None = None,
    ) -> Operation:
        """Add a node from converted inputs and checked attributes; its type is its default name."""
        for type_attr, (allowed, default) in self.types.items():
            chosen = attrs.get(type_attr)
            if chosen is None and default is not None:
                attrs[type_attr] = default
            elif isinstance(chosen, DType) and allowed is not None and chosen not in allowed:
                raise TypeError(
                    f"'{self.type}' does not take {type_attr}={chosen.name}; "
                    f"it takes {', '.join(d.name for d in allowed)}."
                )
        graph = graph or scopes.graph_of(inputs)
        return graph.add_op(
            self, inputs, self.output_dtypes(attrs), attrs, name or self.type, shapes
        )

    def output_dtypes(self, attrs: dict[str, Any]) -> list[DType]:
        found: list[DType] = []
        for arg in self.outputs:
            if arg.is_type_list:
                found += attrs[str(arg.type_attr)]
                continue
            dtype = arg.dtype or attrs[str(arg.type_attr)]
            if arg.is_ref:
                dtype = dtype._as_ref
            found += [dtype] * (attrs[arg.number_attr] if arg.number_attr else 1)
        return found

    def result(self, op: Operation) -> Any:
        """What the endpoint returns: the op, a tensor, a list, or a named tuple of those."""
        if not self.outputs:
            return op
        groups = [
            op.outputs[part] if not arg.is_list else list(op.outputs[part])
            for arg, part in zip(self.outputs, self.output_slices(op.attrs), strict=True)
        ]
        return self._result(*groups) if self._result else groups[0]

    def input_slices(self, attrs: dict[str, Any]) -> list[Any]:
        """For each input of the signature, its index or slice in `op.inputs`."""
        return slices(self.inputs, attrs)

    def output_slices(self, attrs: dict[str, Any]) -> list[Any]:
        return slices(self.outputs, attrs)

    def infer_shapes(self, op: Operation) -> list[TensorShape]:
        """The outputs' static shapes by the op's rule.

        Raises:
            ValueError: the inputs' shapes do not fit the op.
        """
        count = len(self.output_dtypes(op.attrs))
        if self.shape is None:
            return [TensorShape.of(None)] * count
        try:
            shapes = [
                s if isinstance(s, TensorShape) else TensorShape.of(s) for s in self.shape(op)
            ]
        except ValueError as error:
            given = ", ".join(str(t.shape) for t in op.inputs)
            raise ValueError(
                f"{error} for {op.name!r} (op: {op.type!r}) with input shapes: {given}."
            ) from error
        return shapes

    # -- running -------------------------------------------------------------------------------

    def arguments(self, op: Operation, values: Sequence[Any]) -> list[Any]:
        """The lowering's positional arguments from the flat input values."""
        if not any(a.is_list for a in self.inputs):
            return list(values)
        parts = self.input_slices(op.attrs)
        return [list(values[p]) if isinstance(p, slice) else values[p] for p in parts]

    def keywords(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The lowering's attributes."""
        return {name: attrs[name] for name in self.lower_attrs}

    def rule(self, attrs: dict[str, Any]) -> Callable[..., Any] | None:
        """The op's own derivative, `(inputs, outputs, cotangents) -> list`, if it has one."""
        vjp = self.vjp
        if vjp is None:
            return None
        return lambda inputs, outputs, cotangents: vjp(inputs, outputs, cotangents, attrs)

    @property
    def calls_functions(self) -> bool:
        """Whether it runs functions that its attributes name: control flow."""
        return "functions" in self.injected


def _sequence(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    raise TypeError(f"Expected a list of tensors, got {value!r}.")


def _flat(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        else:
            yield value


# -- attributes --------------------------------------------------------------------------------


def from_attr_value(value: Any) -> Any:
    """The Python value of an `AttrValue` proto; other values as they are."""
    if hasattr(value, "WhichOneof"):
        from tf1x.core import graphdef

        return graphdef.attr_from_proto(value)
    return value


# -- the registry ------------------------------------------------------------------------------

_registry: dict[str, OpDef] = {}
_on_demand: dict[str, str] = {}  # op type to the module that declares it


def provide(module: str, *op_types: str) -> None:
    """Say which module declares ops that are not loaded from the start; they are at first use."""
    _on_demand.update(dict.fromkeys(op_types, module))


def get(op_type: str) -> OpDef:
    """The declared op.

    Raises:
        UnsupportedError: tf1x has no op of that type; close names are given.
    """
    if op_type not in _registry and op_type in _on_demand:
        importlib.import_module(_on_demand[op_type])
    if op_type not in _registry:
        close = difflib.get_close_matches(op_type, {**_registry, **_on_demand}, 3)
        hint = f" Close names: {', '.join(close)}." if close else ""
        raise errors.UnsupportedError(f"tf1x has no op of type {op_type!r}.{hint}")
    return _registry[op_type]


def all_ops() -> dict[str, OpDef]:
    """Every declared op by type, those included that are loaded at first use."""
    for module in dict.fromkeys(_on_demand.values()):
        importlib.import_module(module)
    return loaded_ops()


def loaded_ops() -> dict[str, OpDef]:
    """The ops declared so far by type."""
    return dict(_registry)


def is_registered(op_type: str) -> bool:
    return op_type in _registry or op_type in _on_demand


def op(
    signature: str,
    *,
    shape: ShapeRule | None = None,
    grad: Callable[..., Any] | str | None = "vjp",
    vjp: Callable[..., Any] | None = None,
    export: tuple[str, ...] = (),
    host: bool = False,
    blocking: bool = False,
    stateful: bool = False,
    writes: tuple[str, ...] = (),
    initializes: bool = False,
    exact: bool = False,
    needs_jax: bool = False,
    type: str | None = None,
    attrs: dict[str, tuple[str, Any]] | None = None,
    **types: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an op; see the module's docstring and `OpDef`.

    Args:
        signature: inputs and outputs in the notation of signature.py.
        type: the op type, by default the function's name.
        export: public names, e.g. ("maximum", "math.maximum").
        attrs: attributes that the graph keeps and the lowering does not need:
            name to (kind, default).
        **types: for each type attribute a tuple of allowed DTypes, `None` (any), or
            `(allowed, default)` with a DType default.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        inputs, outputs = parse_signature(signature)
        op_type = type or function.__name__
        stated = inspect.unwrap(function)  # a wrapped lowering has the attributes of the inner one
        code = stated.__code__
        keyword_only = code.co_varnames[
            code.co_argcount : code.co_argcount + code.co_kwonlyargcount
        ]
        allowed = {name: _type_constraint(value) for name, value in types.items()}
        type_lists = {a.type_attr for a in (*inputs, *outputs) if a.is_type_list}
        for arg in (*inputs, *outputs):
            if arg.type_attr and arg.type_attr not in allowed:
                allowed[arg.type_attr] = (None, None)
        inferred = {a.type_attr for a in inputs} | {a.number_attr for a in inputs}
        defaults = stated.__kwdefaults__ or {}
        annotations = stated.__annotations__
        declared: dict[str, Attr] = {}
        lower_attrs = []
        for name in keyword_only:
            if name in INJECTED:
                continue
            lower_attrs.append(name)
            if name in inferred:
                continue
            kind = kind_of(annotations.get(name, "DType" if name in allowed else "object"))
            default = defaults.get(name, allowed.get(name, (None, None))[1])
            if kind == "float" and default is not None:
                default = coerce(kind, default)
            required = name not in defaults and default is None
            declared[name] = Attr(name, kind, default, required)
        for name, (kind, default) in (attrs or {}).items():
            declared[name] = Attr(name, kind, default, required=False)
        for name in allowed:
            if name not in inferred and name not in declared:
                kind = "list[DType]" if name in type_lists else "DType"
                declared[name] = Attr(name, kind, allowed[name][1], allowed[name][1] is None)
        definition = OpDef(
            type=op_type,
            inputs=inputs,
            outputs=outputs,
            types=allowed,
            attrs=declared,
            lower=function,
            shape=shape,
            grad=grad,
            vjp=vjp,
            host=host,
            blocking=blocking,
            stateful=stateful,
            writes=writes,
            initializes=initializes,
            exact=exact,
            needs_jax=needs_jax,
            injected=frozenset(n for n in keyword_only if n in INJECTED),
            exports=export,
            doc=function.__doc__ or "",
            lower_attrs=tuple(lower_attrs),
        )
        if op_type in _registry:
            raise ValueError(f"op {op_type!r} is declared twice")
        _registry[op_type] = definition
        definition.endpoint = _endpoint(definition, function)
        return definition.endpoint

    return declare


def _type_constraint(value: Any) -> tuple[tuple[DType, ...] | None, Any]:
    if isinstance(value, DType):
        return None, value
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], tuple):
        return value
    if isinstance(value, tuple) and len(value) == 2 and value[0] is None:
        return value
    return value, None


def _endpoint(definition: OpDef, function: Callable[..., Any]) -> Callable[..., Any]:
    def endpoint(*args: Any, **kwargs: Any) -> Any:
        return definition(*args, **kwargs)

    public = definition.exports[0].rpartition(".")[2] if definition.exports else definition.type
    endpoint.__name__ = endpoint.__qualname__ = public
    endpoint.__doc__ = definition.doc
    endpoint.__module__ = function.__module__
    endpoint.opdef = definition  # type: ignore[attr-defined]
    return endpoint
