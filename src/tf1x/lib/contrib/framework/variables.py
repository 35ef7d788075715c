"""Variables of models: created with a device and collections, found by name, filtered, assigned."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Operation
from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.train import training_util
from tf1x.lib.variable_functions import assign
from tf1x.lib.variable_scope import VariableScope, get_variable, get_variable_scope
from tf1x.lib.variables import Variable, VariableAggregation, VariableSynchronization
from tf1x.ops import array
from tf1x.ops.grouping import group

# -- creation --------------------------------------------------------------------------------------


@add_arg_scope
def variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Callable[..., Any] | None = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """`tf.get_variable` on a device.

    Args:
        collections: by default `GraphKeys.GLOBAL_VARIABLES`; each counts once.
        device: a device's name, or a function of the op that gives one.
        custom_getter: called in place of `tf.get_variable`.
    """
    if collections is None:
        collections = [GraphKeys.GLOBAL_VARIABLES]
    getter: Callable[..., Any] = get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=get_variable_scope().reuse)
    with scopes.device(device or ""):
        return getter(
            name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
            trainable=trainable, collections=list(dict.fromkeys(collections)),
            caching_device=caching_device, partitioner=partitioner, use_resource=use_resource,
            synchronization=synchronization, aggregation=aggregation,
        )  # fmt: skip


@add_arg_scope
def model_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Callable[..., Any] | None = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """`variable`, in the collections GLOBAL_VARIABLES and MODEL_VARIABLES besides those given."""
    own = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(
        name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
        trainable=trainable, collections=[*(collections or []), *own],
        caching_device=caching_device, device=device, partitioner=partitioner,
        custom_getter=custom_getter, use_resource=use_resource, synchronization=synchronization,
        aggregation=aggregation,
    )  # fmt: skip


def local_variable(
    initial_value: Any,
    validate_shape: bool = True,
    name: str | None = None,
    use_resource: bool | None = None,
) -> Any:
    """A variable that is neither trained nor saved, in `GraphKeys.LOCAL_VARIABLES`."""
    return Variable(
        initial_value, trainable=False, collections=[GraphKeys.LOCAL_VARIABLES],
        validate_shape=validate_shape, name=name, use_resource=use_resource,
    )  # fmt: skip


def global_variable(
    initial_value: Any,
    validate_shape: bool = True,
    name: str | None = None,
    use_resource: bool | None = None,
) -> Any:
    """A variable that is not trained, in `GraphKeys.GLOBAL_VARIABLES`."""
    return Variable(
        initial_value, trainable=False, collections=[GraphKeys.GLOBAL_VARIABLES],
        validate_shape=validate_shape, name=name, use_resource=use_resource,
    )  # fmt: skip


def add_model_variable(var: Any) -> None:
    """Put a variable into the collection MODEL_VARIABLES, once."""
    if var not in scopes.get_collection(GraphKeys.MODEL_VARIABLES):
        scopes.add_to_collection(GraphKeys.MODEL_VARIABLES, var)


def zero_initializer(ref: Any, use_locking: bool = True, name: str = "zero_initializer") -> Any:
    """Set a variable to zeros; returns something that evaluates to it."""
    return assign(ref, array.zeros(ref.get_shape(), ref.dtype.base_dtype), None, use_locking, name)


# -- the global step -------------------------------------------------------------------------------


def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """`global_step_tensor`, checked, or the graph's global step where it is None.

    Raises:
        TypeError: it cannot be a global step.
    """
    if global_step_tensor is None:
        return training_util.get_global_step(graph)
    training_util.assert_global_step(global_step_tensor)
    return global_step_tensor


# -- by name ---------------------------------------------------------------------------------------


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """The variables of a collection, filtered by scope (a name or `VariableScope`) and ending."""
    if isinstance(scope, VariableScope):
        scope = scope.name
    if suffix is not None:
        scope = f"{scope or ''}.*{suffix}{'' if ':' in suffix else ':'}"
    return scopes.get_collection(collection, scope)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """`get_variables` of the collection MODEL_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """`get_variables` of the collection LOCAL_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """`get_variables` of the collection TRAINABLE_VARIABLES."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """The global variables in the scopes `include` (None for all) and in none of `exclude`.

    Raises:
        TypeError: one of them is neither None nor a list or tuple.
    """
    for given, what in ((include, "include"), (exclude, "exclude")):
        if given is not None and not isinstance(given, (list, tuple)):
            raise TypeError(f"{what} is provided but is not a list or a tuple.")
    chosen = get_variables() if include is None else [v for s in include for v in get_variables(s)]
    dropped = {v for s in exclude or () for v in get_variables(s)}
    return [v for v in chosen if v not in dropped]


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """The global variables whose names end with `suffix`."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """The global variables of this name, whatever the scopes before it."""
    return get_variables(scope=scope, suffix=f"/{given_name}:|^{given_name}:")


def get_unique_variable(var_op_name: str) -> Any:
    """The global variable of this full name (without ":0").

    Raises:
        ValueError: there is none.
    """
    candidates = get_variables(scope=var_op_name)
    if not candidates:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    return _exactly(candidates, var_op_name)


def _exactly(candidates: list[Any], name: str) -> Any:
    for candidate in candidates:
        if candidate.op.name == name:
            return candidate
    raise ValueError(f"Variable {name} does not uniquely identify a variable")


def get_variable_full_name(var: Any) -> str:
    """The name of a variable, for a part of a partitioned one that of the whole."""
    part = var._get_save_slice_info()
    name: str = part.full_name if part else var.op.name
    return name


def filter_variables(
    var_list: Iterable[Any],
    include_patterns: Any = None,
    exclude_patterns: Any = None,
    reg_search: bool = True,
) -> list[Any]:
    """Those variables whose names match one of `include_patterns` and none of `exclude_patterns`.

    Args:
        include_patterns, exclude_patterns: regular expressions; None or empty for no filter.
        reg_search: find the expressions anywhere in the name rather than at its start.
    """
    matches = re.search if reg_search else re.match

    def any_of(patterns: Any, var: Any) -> bool:
        return any(matches(pattern, var.op.name) for pattern in patterns)

    chosen = [v for v in var_list if not include_patterns or any_of(include_patterns, v)]
    return [v for v in chosen if not exclude_patterns or not any_of(exclude_patterns, v)]


# -- values ----------------------------------------------------------------------------------------


def assign_from_values(var_names_to_values: dict[str, Any]) -> tuple[Operation, dict[Any, Any]]:
    """An op that gives variables new values, and the feed_dict to run it with.

    Args:
        var_names_to_values: names of global variables to arrays.

    Raises:
        ValueError: there is no such variable.
    """
    feed_dict, updates = {}, []
    for name, value in var_names_to_values.items():
        found = scopes.get_collection(GraphKeys.GLOBAL_VARIABLES, name)
        if not found:
            raise ValueError(f"Variable {name} wasn't found")
        var = found[0] if len(found) == 1 else _exactly(found, name)
        fed = array.placeholder(
            var.dtype.base_dtype, var.get_shape(), name=f"placeholder/{var.op.name}"
        )
        updates.append(var.assign(fed))
        feed_dict[fed] = value.reshape(var.get_shape().as_list())
    return group(*updates), feed_dict


def assign_from_values_fn(var_names_to_values: dict[str, Any]) -> Callable[[Any], Any]:
    """A function of a session that gives variables new values; see `assign_from_values`."""
    update, feed_dict = assign_from_values(var_names_to_values)
    return lambda session: session.run(update, feed_dict)


# -- devices ---------------------------------------------------------------------------------------


class VariableDeviceChooser:
    """Devices for variables: those of the parameter servers in turn, where there are any.

    Args:
        num_tasks: how many parameter servers; 0 for none.
        job_name: their job.
        device_type, device_index: the device, on each of them or here.
        replica: a replica's index.
    """

    def __init__(
        self,
        num_tasks: int = 0,
        job_name: str = "ps",
        device_type: str = "CPU",
        device_index: int = 0,
        replica: int | None = None,
    ) -> None:
        self._num_tasks = num_tasks
        self._job_name = job_name
        self._replica = replica
        self._device = f"/device:{device_type}:{device_index}"
        self._next_task = 0

    def __call__(self, op: Any) -> str:
        replica = "" if self._replica is None else f"/replica:{self._replica}"
        if not self._num_tasks:
            return replica + self._device
        task = self._next_task
        self._next_task = (task + 1) % self._num_tasks
        return f"/job:{self._job_name}{replica}/task:{task}{self._device}"
