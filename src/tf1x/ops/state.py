"""Variables, and the ops that read them and change them as a whole.

Most updates come in two forms, on a reference (`AssignAdd`) and on a resource
(`AssignAddVariableOp`); `update` declares both from one lowering. Updates of single rows are in
ops/scatter.py, those of the optimizers in ops/training.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import errors
from tf1x.core.dtypes import INDICES, NUMBERS, DType, int32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.references import variable_key, variable_op
from tf1x.core.shapes import TensorShape
from tf1x.ops import xp
from tf1x.ops.shape_rules import from_attr, nothing, scalar

_NAMES: dict[str, tuple[str, Any]] = {"container": ("str", ""), "shared_name": ("str", "")}
_LOCKING: dict[str, tuple[str, Any]] = {"use_locking": ("bool", False)}


def _variable(name: str, doc: str) -> Any:
    def lower(*, shape: TensorShape, dtype: DType) -> Any:
        raise AssertionError("a variable op stands for its variable; it is never computed")

    lower.__doc__ = doc
    output = "resource: resource" if name == "VarHandleOp" else "ref: Ref(dtype)"
    rule = scalar if name == "VarHandleOp" else from_attr()
    return op(f"-> {output}", type=name, shape=rule, grad=None, stateful=True, attrs=_NAMES)(lower)


VariableV2 = _variable("VariableV2", "A reference variable; the session holds its value.")
Variable = _variable("Variable", "A reference variable as graphs before TensorFlow 1.0 have it.")
VarHandleOp = _variable(
    "VarHandleOp", "The handle of a resource variable; the session holds its value."
)


def variable_shape(op: Operation, index: int = 0) -> TensorShape:
    """The static shape of the variable that an input refers to."""
    tensor = op.inputs[index]
    if tensor.dtype._is_ref_dtype:
        return tensor.shape
    variable = variable_op(tensor)
    shape: TensorShape = TensorShape(None) if variable is None else variable.attrs["shape"]
    return shape


# -- assignment ----------------------------------------------------------------------------------


def _checked_shape(op: Operation, value: Any) -> Any:
    """`value`, unless a static shape that is to be validated forbids it."""
    shape = variable_shape(op)
    if op.attrs["validate_shape"] and not shape.is_compatible_with(np.shape(value)):
        raise errors.InvalidArgumentError(
            None,
            op,
            "Assign requires shapes of both tensors to match. "
            f"lhs shape= {_text(shape.as_list())} rhs shape= {_text(np.shape(value))}",
        )
    return value


def _text(shape: Any) -> str:
    """A shape as TensorFlow's kernels write it: `[2,3]`."""
    return f"[{','.join('?' if n is None else str(n) for n in shape)}]"


def _assign_shape(op: Operation) -> Any:
    shape, value = op.inputs[0].shape, op.inputs[1].shape
    if not op.attrs["validate_shape"]:
        return [value]
    return [merged_shape(shape, value)]


def merged_shape(shape: TensorShape, value: TensorShape) -> TensorShape:
    """What two shapes that must be equal say together.

    Raises:
        ValueError: they differ.
    """
    if not shape.is_compatible_with(value):
        raise ValueError(f"Dimension 0 in both shapes must be equal: shapes {shape} and {value}")
    return shape.merge_with(value)


@op(
    "ref: Ref(T), value: T -> output_ref: Ref(T)",
    shape=_assign_shape,
    grad=None,
    stateful=True,
    writes=("ref",),
    initializes=True,
    exact=True,
    attrs={"validate_shape": ("bool", True), "use_locking": ("bool", True)},
)
def Assign(ref: Any, value: Any, *, op: Operation) -> Any:
    """Give a reference variable a value."""
    return _checked_shape(op, value)


@op(
    "resource: resource, value: dtype -> ",
    shape=nothing,
    grad=None,
    stateful=True,
    writes=("resource",),
    initializes=True,
    exact=True,
    attrs={"validate_shape": ("bool", False)},
)
def AssignVariableOp(resource: Any, value: Any, *, op: Operation) -> Any:
    """Give a resource variable a value."""
    return _checked_shape(op, value)


# -- reading -------------------------------------------------------------------------------------


def _pass_gradient(op: Operation, grad: Any) -> list[Any]:
    return [grad]


@op(
    "resource: resource -> value: dtype",
    shape=lambda op: [variable_shape(op)],
    grad=_pass_gradient,
    stateful=True,
    exact=True,
)
def ReadVariableOp(resource: Any, *, dtype: DType) -> Any:
    """The value of a resource variable."""
    return resource


@op(
    "input: resource -> output: out_type",
    shape=lambda op: [(variable_shape(op).ndims,)],
    grad=None,
    stateful=True,
    exact=True,
    out_type=(INDICES, int32),
)
def VariableShape(input: Any, *, out_type: DType) -> Any:
    """The shape of a resource variable as a vector."""
    return np.array(np.shape(input), out_type.as_numpy_dtype)


def _is_initialized(ref: Any, *, op: Operation, session: Any) -> Any:
    """Whether the variable has a value in this session."""
    return np.array(variable_key(op.inputs[0]) in session._state.variables)


_looking: dict[str, Any] = {
    "shape": scalar,
    "grad": None,
    "stateful": True,
    "host": True,
    "initializes": True,
}
IsVariableInitialized = op(
    "ref: Ref(dtype) -> is_initialized: bool", type="IsVariableInitialized", **_looking
)(_is_initialized)
VarIsInitializedOp = op(
    "resource: resource -> is_initialized: bool", type="VarIsInitializedOp", **_looking
)(_is_initialized)


def _initialized_value_shape(op: Operation) -> Any:
    return [op.inputs[1].shape]


def _initialized_value(variable: Any, initial_value: Any, *, op: Operation, session: Any) -> Any:
    """The variable's value if it has one, else `initial_value`.

    tf1x's own op, where TensorFlow builds a `cond` of six nodes around the uninitialised read.
    """
    value = session._state.variables.get(variable_key(op.inputs[0]))
    return initial_value if value is None else np.asarray(value)


_reading: dict[str, Any] = {
    "shape": _initialized_value_shape,
    "grad": None,
    "stateful": True,
    "host": True,
    "initializes": True,
}
InitializedValue = op(
    "variable: Ref(T), initial_value: T -> value: T", type="InitializedValue", **_reading
)(_initialized_value)
ResourceInitializedValue = op(
    "variable: resource, initial_value: T -> value: T", type="ResourceInitializedValue", **_reading
)(_initialized_value)


# -- updates -------------------------------------------------------------------------------------


def same_shape(variable: Any, value: Any, names: str = "var and grad") -> Any:
    """`value`, which must have the shape of the variable.

    Raises:
        InvalidArgumentError: it has another.
    """
    if np.shape(variable) != np.shape(value):
        shapes = f"{list(np.shape(variable))} {list(np.shape(value))}"
        raise errors.InvalidArgumentError(
            None, None, f"{names} do not have the same shape: {shapes}"
        )
    return value


def update(
    name: str,
    resource_name: str,
    signature: str,
    function: Callable[..., Any],
    variables: tuple[str, ...] = ("ref",),
    *,
    attrs: dict[str, tuple[str, Any]] | None = None,
    resource_attrs: dict[str, tuple[str, Any]] | None = None,
    resource_argument: str | None = None,
    resource_type: str = "T",
    output: str = "output_ref",
    like: str | None = None,
    exact: bool = False,
    **types: Any,
) -> tuple[Any, Any]:
    """Declare an update of variables twice: on references and on resources.

    Args:
        name, resource_name: the two op types.
        signature: the inputs; those in `variables` come first and have type T.
        function: new values of `variables`, in order, from the inputs' values.
        attrs: attributes that the lowering does not need; `use_locking` by default.
        resource_attrs: those of the resource form where they differ.
        resource_argument, resource_type: TensorFlow's names of the first input and of the type
            attribute of the resource form, where they differ from those of the reference form.
        output: the name of the reference form's output.
        like: the input that must have the shape of the variables.

    Returns:
        The two endpoints.
    """
    parts = [p.strip() for p in signature.split(",")]
    names = [p.partition(":")[0] for p in parts]

    def inputs(kind: str) -> str:
        return ", ".join(
            f"{n}: {kind}" if n in variables else p for n, p in zip(names, parts, strict=True)
        )

    def shape(op: Operation) -> Any:
        merged = variable_shape(op)
        for i, other in enumerate(names):
            if i and (other in variables or other == like):
                merged = merged_shape(
                    merged, variable_shape(op, i) if other in variables else op.inputs[i].shape
                )
        return [merged] if op.opdef.outputs else ()

    options: dict[str, Any] = {"shape": shape, "grad": None, "stateful": True, "exact": exact}
    attrs = _LOCKING if attrs is None else attrs
    by_reference = op(
        f"{inputs('Ref(T)')} -> {output}: Ref(T)",
        type=name,
        attrs=attrs,
        writes=variables,
        **options,
        **types,
    )(function)
    text = inputs("resource")
    if resource_argument:
        text = text.replace(names[0], resource_argument, 1)
        variables = (resource_argument, *variables[1:])
    text = re.sub(r"\bT\b", resource_type, text)
    types = {resource_type if kind == "T" else kind: allowed for kind, allowed in types.items()}
    extra = attrs if resource_attrs is None else resource_attrs
    by_resource = op(
        f"{text} -> ", type=resource_name, attrs=extra, writes=variables, **options, **types
    )(function)
    return by_reference, by_resource


def _add(ref: Any, value: Any) -> Any:
    """Add `value` to a variable."""
    return ref + same_shape(ref, value, "ref and value")


def _subtract(ref: Any, value: Any) -> Any:
    """Subtract `value` from a variable."""
    return ref - same_shape(ref, value, "ref and value")


_as_handle: dict[str, Any] = {
    "resource_argument": "resource",
    "resource_type": "dtype",
    "resource_attrs": {},
}
AssignAdd, AssignAddVariableOp = update(
    "AssignAdd",
    "AssignAddVariableOp",
    "ref: T, value: T",
    _add,
    like="value",
    T=NUMBERS,
    **_as_handle,
)
AssignSub, AssignSubVariableOp = update(
    "AssignSub",
    "AssignSubVariableOp",
    "ref: T, value: T",
    _subtract,
    like="value",
    T=NUMBERS,
    **_as_handle,
)


def _count_up_to(ref: Any, *, limit: int) -> tuple[Any, Any]:
    """The variable's value; then it grows by one.

    Raises (at run time):
        OutOfRangeError: it has reached `limit`.
    """
    xp.check(ref < limit, errors.OutOfRangeError, f"Reached limit of {limit}")
    return ref + xp.asarray(1, ref.dtype), ref


_counting: dict[str, Any] = {
    "T": INDICES,
    "shape": scalar,
    "grad": None,
    "stateful": True,
    "exact": True,
}
CountUpTo = op("ref: Ref(T) -> output: T", type="CountUpTo", writes=("ref",), **_counting)(
    _count_up_to
)
ResourceCountUpTo = op(
    "resource: resource -> output: T", type="ResourceCountUpTo", writes=("resource",), **_counting
)(_count_up_to)
