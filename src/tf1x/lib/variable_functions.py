"""Functions of variables: their collections, initialisation, and updates (`tf.assign`, ...)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.api import define, export
from tf1x.core import convert, dtypes, opdef, scopes
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib import variables
from tf1x.ops import math, state
from tf1x.ops.grouping import group, no_op

# -- collections -----------------------------------------------------------------------------------


def _collection(name: str, key: str, what: str, *aliases: str) -> Callable[..., list[Any]]:
    def function(scope: str | None = None) -> list[Any]:
        return scopes.get_collection(key, scope)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The {what}, or those whose names match the regular expression `scope`."
    define(function, name, *aliases)
    return function


global_variables = _collection("global_variables", GraphKeys.GLOBAL_VARIABLES, "variables that are shared and saved", "all_variables")  # fmt: skip
local_variables = _collection(
    "local_variables", GraphKeys.LOCAL_VARIABLES, "variables that are not saved"
)
model_variables = _collection(
    "model_variables", GraphKeys.MODEL_VARIABLES, "variables of the model"
)
moving_average_variables = _collection(
    "moving_average_variables", GraphKeys.MOVING_AVERAGE_VARIABLES, "variables with moving averages"
)


@export("trainable_variables")
def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimizers train by default."""
    return scopes.get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


# -- initialisation --------------------------------------------------------------------------------


@export("variables_initializer", "initialize_variables", "initializers.variables")
def variables_initializer(var_list: Any, name: str = "init") -> Operation:
    """An op that initialises the variables."""
    if not var_list:
        return no_op(name=name)
    return group(*[v.initializer for v in var_list], name=name)


@export("global_variables_initializer", "initialize_all_variables", "initializers.global_variables")
def global_variables_initializer() -> Operation:
    """An op that initialises all global variables."""
    return variables_initializer(global_variables())


@export("local_variables_initializer", "initialize_local_variables", "initializers.local_variables")
def local_variables_initializer() -> Operation:
    """An op that initialises all local variables."""
    return variables_initializer(local_variables())


@export("is_variable_initialized")
def is_variable_initialized(variable: Any, name: str | None = None) -> Tensor:
    """Whether a session has a value for the variable."""
    if variable.dtype._is_ref_dtype:
        found: Tensor = state.IsVariableInitialized(variable, name=name)
        return found
    return variable.is_initialized(name=name)


@export("report_uninitialized_variables")
def report_uninitialized_variables(
    var_list: Any = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names (a vector of strings) of the variables without a value.

    Args:
        var_list: which ones to look at, by default all global and local variables.
    """
    from tf1x.ops.array_gather import boolean_mask

    if var_list is None:
        var_list = global_variables() + local_variables()
    with scopes.name_scope(name):
        if not var_list:
            return convert.constant([], dtypes.string)
        found = [is_variable_initialized(v) for v in var_list]
        with scopes.device("/cpu:0"):
            missing = math.LogicalNot(opdef.get("Pack").endpoint(found, name="stack"))
            names = convert.constant([v.op.name for v in var_list])
            masked: Tensor = boolean_mask(names, missing)
            return masked


@export("assert_variables_initialized")
def assert_variables_initialized(var_list: Any = None) -> Any:
    """A tensor whose evaluation fails with FailedPreconditionError unless the variables have values."""
    if var_list is None:
        var_list = global_variables() + local_variables()
    ranks = []
    for variable in var_list:
        with scopes.colocate_with(variable.op):
            ranks.append(opdef.get("Rank").endpoint(variable))
    if not ranks:
        return None
    return ranks[0] if len(ranks) == 1 else opdef.get("Pack").endpoint(ranks, name="stack")


@contextmanager
def _creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    stack = variables.creators()
    stack.append(variable_creator)
    try:
        yield
    finally:
        stack.pop()


@export("variable_creator_scope")
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Any:
    """Let `variable_creator(next_creator, **kwargs)` make the variables created inside."""
    return _creator_scope(variable_creator)


# -- updates ---------------------------------------------------------------------------------------


def _given(**options: Any) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


@export("assign")
def assign(
    ref: Any,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Any:
    """Give a variable a value; returns something that evaluates to it.

    Args:
        ref: a variable, or a reference that another update returned.
        validate_shape: if false, the value may have another shape than the variable.
    """
    if not ref.dtype._is_ref_dtype:
        return ref.assign(value, name=name)
    return state.Assign(
        ref, value, name=name, **_given(validate_shape=validate_shape, use_locking=use_locking)
    )


@export("assign_add")
def assign_add(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Add to a variable; returns something that evaluates to its new value."""
    if not ref.dtype._is_ref_dtype:
        return ref.assign_add(value)
    return state.AssignAdd(ref, value, name=name, **_given(use_locking=use_locking))


@export("assign_sub")
def assign_sub(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Subtract from a variable; returns something that evaluates to its new value."""
    if not ref.dtype._is_ref_dtype:
        return ref.assign_sub(value)
    return state.AssignSub(ref, value, name=name, **_given(use_locking=use_locking))


@export("count_up_to")
def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """A variable's value; then it grows by one. OutOfRangeError when it reaches `limit`."""
    if ref.dtype._is_ref_dtype:
        counted: Tensor = state.CountUpTo(ref, limit=limit, name=name)
    else:
        counted = state.ResourceCountUpTo(ref.handle, limit=limit, T=ref.dtype, name=name)
    return counted


def _scatter_function(name: str, kind: str, doc: str, locking: bool = False) -> Any:
    def function(
        ref: Any, indices: Any, updates: Any, use_locking: bool = locking, name: str | None = None
    ) -> Any:
        return variables.scattered(kind, ref, indices, updates, use_locking, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{doc}; returns something that evaluates to the variable's new value."
    define(function, name)
    return function


scatter_add = _scatter_function("scatter_add", "ScatterAdd", "Add `updates` to the rows `indices`")
scatter_sub = _scatter_function(
    "scatter_sub", "ScatterSub", "Subtract `updates` from the rows `indices`"
)
scatter_mul = _scatter_function(
    "scatter_mul", "ScatterMul", "Multiply the rows `indices` by `updates`"
)
scatter_div = _scatter_function(
    "scatter_div", "ScatterDiv", "Divide the rows `indices` by `updates`"
)
scatter_min = _scatter_function(
    "scatter_min", "ScatterMin", "The smaller of `updates` and the rows `indices`"
)
scatter_max = _scatter_function(
    "scatter_max", "ScatterMax", "The larger of `updates` and the rows `indices`"
)
scatter_update = _scatter_function(
    "scatter_update", "ScatterUpdate", "Put `updates` in the rows `indices`", True
)
scatter_nd_add = _scatter_function(
    "scatter_nd_add", "ScatterNdAdd", "Add `updates` to the slices at `indices`"
)
scatter_nd_sub = _scatter_function(
    "scatter_nd_sub", "ScatterNdSub", "Subtract `updates` from the slices at `indices`"
)
scatter_nd_update = _scatter_function(
    "scatter_nd_update", "ScatterNdUpdate", "Put `updates` in the slices at `indices`", True
)
