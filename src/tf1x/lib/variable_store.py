"""The variables of `tf.get_variable` by name, whole and in parts."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.shapes import TensorShape
from tf1x.lib import initializers
from tf1x.lib.partitioned import PartitionedVariable, SaveSliceInfo
from tf1x.lib.variables import (
    ResourceVariable,
    Variable,
    VariableAggregation,
    VariableSynchronization,
    init_scope,
)
from tf1x.ops.operators import take_operators


class PartitionInfo(NamedTuple):
    """Where a part stands in the whole variable; initializers may ask for it."""

    full_shape: list[int]
    var_offset: list[int]


# What a custom getter sees where the program does not say.
_GETTER_DEFAULTS = {
    "trainable": True,
    "synchronization": VariableSynchronization.AUTO,
    "aggregation": VariableAggregation.NONE,
}


class VariableStore:
    """Variables by full name.

    Args:
        keeps: whether `get_variable` finds a variable again; not so while TensorFlow executes
            eagerly, where the program's own objects keep them.
    """

    def __init__(self, keeps: bool = True) -> None:
        self._keeps = keeps
        self._vars: dict[str, Variable] = {}
        self._partitioned: dict[str, PartitionedVariable] = {}

    def get_variable(self, name: str, *, custom_getter: Any = None, **options: Any) -> Any:
        """Get or create; see `tf.get_variable`. A custom getter gets the true one to call."""
        if isinstance(options.get("dtype"), DType):
            options["dtype"] = options["dtype"].base_dtype
        if custom_getter is None:
            return self._get(name, **options)
        if not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        for option, default in _GETTER_DEFAULTS.items():
            if options.get(option) is None:
                options[option] = default
        if "constraint" not in _argument_names(custom_getter):
            options.pop("constraint", None)
        return custom_getter(getter=self._get, name=name, **options)

    def _get(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
    ) -> Any:
        options = {
            "regularizer": regularizer, "trainable": trainable, "collections": collections,
            "caching_device": caching_device, "validate_shape": validate_shape, "use_resource": use_resource,
            "constraint": constraint, "synchronization": synchronization, "aggregation": aggregation,
        }  # fmt: skip
        dtype = as_dtype(dtype if dtype is not None else "float32").base_dtype
        is_scalar = isinstance(shape, Sequence) and not shape
        if partitioner is not None and not is_scalar:
            return self._get_partitioned(
                name, shape, dtype, initializer, reuse, partitioner, options
            )
        if reuse is True and name in self._partitioned:
            return self._existing_partitioned(name, shape, dtype)
        if f"{name}/part_0" in self._vars:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was found: "
                f"{name}/part_0. Perhaps a variable of the same name was already created with partitioning?"
            )
        return self._get_single(name, shape, dtype, initializer, reuse, options)

    # -- whole variables -----------------------------------------------------------------------

    def _get_single(
        self,
        name: str,
        shape: Any,
        dtype: DType,
        initializer: Any,
        reuse: Any,
        options: dict[str, Any],
        partition: PartitionInfo | None = None,
    ) -> Variable:
        if shape is not None and initializer is not None and not callable(initializer):
            raise ValueError("If initializer is a constant, do not specify shape.")
        shape = None if shape is None else TensorShape(shape)
        if name in self._vars:
            return self._existing(name, shape, dtype, reuse)
        if reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). "
                "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?"
            )
        return self._create(name, shape, dtype, initializer, options, partition)

    def _existing(self, name: str, shape: TensorShape | None, dtype: DType, reuse: Any) -> Variable:
        found = self._vars[name]
        if reuse is False:
            message = (
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in VarScope?"
            )
            if isinstance(found, ResourceVariable):
                raise ValueError(message)
            lines = "".join(f"  {frame}\n" for frame in found.op.traceback[:5])
            raise ValueError(f"{message} Originally defined at:\n\n{lines}")
        if shape is not None and not shape.is_compatible_with(found.shape):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {shape} and found shape {found.shape}."
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype "
                f"{found.dtype.name}."
            )
        return found

    def _create(
        self,
        name: str,
        shape: TensorShape | None,
        dtype: DType,
        initializer: Any,
        options: dict[str, Any],
        partition: PartitionInfo | None,
    ) -> Variable:
        if initializer is None:
            if shape is None:
                raise ValueError(
                    f"Variable {name} did not get an initializer, so its `shape` argument must be specified."
                )
            initializer = _default_initializer(name, dtype)
        with init_scope():
            initial, variable_dtype = _initial_value(initializer, shape, dtype, partition)
        regularizer = options.get("regularizer")
        made: Variable = Variable(
            initial_value=initial, name=name, dtype=variable_dtype,
            **{key: value for key, value in options.items() if key != "regularizer"},
        )  # fmt: skip
        if self._keeps:
            self._vars[name] = made
        if regularizer:
            self._regularize(name, made, regularizer)
        return made

    def _regularize(self, name: str, made: Variable, regularizer: Callable[..., Any]) -> None:
        def build() -> Tensor:
            with (
                init_scope(),
                scopes.colocate_with(made),
                scopes.name_scope(f"{name}/Regularizer/"),
            ):
                loss: Tensor = regularizer(made)
                return loss

        # TensorFlow calls it an extra time to see whether it gives anything.
        with init_scope():
            given = regularizer(made)
        if given is not None:
            scopes.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, RegularizationLoss(build))

    # -- variables in parts --------------------------------------------------------------------

    def _existing_partitioned(self, name: str, shape: Any, dtype: DType) -> PartitionedVariable:
        found = self._partitioned[name]
        if shape is not None and not TensorShape(shape).is_compatible_with(found.get_shape()):
            raise ValueError(
                f"Trying to reuse partitioned variable {name}, but specified shape {shape} and found shape "
                f"{found.get_shape()}."
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to reuse partitioned variable {name}, but specified dtype {dtype.name} and found "
                f"dtype {found.dtype.name}."
            )
        return found

    def _get_partitioned(
        self,
        name: str,
        shape: Any,
        dtype: DType,
        initializer: Any,
        reuse: Any,
        partitioner: Callable[..., Any],
        options: dict[str, Any],
    ) -> PartitionedVariable:
        given = initializer is not None and not callable(initializer)
        if given:
            if shape is not None:
                raise ValueError("If initializer is a constant, do not specify shape.")
            initializer = convert.to_tensor(initializer, dtype)
            shape = initializer.shape
        whole = TensorShape(shape)
        if name in self._vars:
            raise ValueError(
                f"A partitioner was provided, but an unpartitioned version of the variable was found: {name}. "
                "Perhaps a variable of the same name was already created without partitioning?"
            )
        if name in self._partitioned:
            if reuse is False:
                raise ValueError(
                    f"Partitioned variable with name {name} already exists. Did you mean to set reuse=True or "
                    "reuse=tf.AUTO_REUSE in VarScope?"
                )
            return self._existing_partitioned(name, whole, dtype)
        if reuse is True:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). "
                "Did you mean to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?"
            )
        counts = _partitions(partitioner, whole, dtype)
        full = [int(d) for d in whole.as_list()]
        parts = []
        for i, (offset, size) in enumerate(_parts(full, counts)):
            part_name = f"{name}/part_{i}"
            with scopes.name_scope(f"{part_name}/PartitionedInitializer"):
                initial = initializer if not given else _slice(initializer, offset, size)
            with scopes.name_scope(""):
                part = self._get_single(
                    part_name,
                    None if given else size,
                    dtype,
                    initial,
                    reuse,
                    options,
                    PartitionInfo(full, offset),
                )
            part._set_save_slice_info(SaveSliceInfo(name, full, offset, size))
            parts.append(part)
        made = PartitionedVariable(name, whole, dtype, parts, counts)
        self._partitioned[name] = made
        return made


class RegularizationLoss:
    """A loss that is built again wherever it is used as a tensor, as TensorFlow does.

    (For a loss belongs into the branch or loop that uses it.) Fetched, it is the first one.
    """

    def __init__(self, build: Callable[[], Tensor]) -> None:
        self._build = build
        self._first = build()

    def _as_graph_element(self) -> Tensor:
        return self._first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._first, name)


def _built(
    loss: RegularizationLoss, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    return loss._build()


convert.register_tensor_conversion_function(RegularizationLoss, _built)
take_operators(RegularizationLoss, lambda loss: loss._build())


def _slice(value: Tensor, offset: list[int], size: list[int]) -> Tensor:
    from tf1x.ops.array_slicing import slice_

    return slice_(value, offset, size)


def _argument_names(function: Callable[..., Any]) -> list[str]:
    """Names of a function's arguments; "constraint" among them where it takes any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    return [p.name for p in parameters] + (["constraint"] if takes_any else [])


def _default_initializer(name: str, dtype: DType) -> Any:
    if dtype.is_floating:
        return initializers.GlorotUniform()
    if dtype.is_integer or dtype.is_bool or dtype.name == "string":
        return initializers.Zeros()
    raise ValueError(f"An initializer for variable {name} of {dtype.name} is required")


def _initial_value(
    initializer: Any, shape: TensorShape | None, dtype: DType, partition: PartitionInfo | None
) -> tuple[Any, DType | None]:
    """What `tf.Variable` gets: a value, or a function without arguments; and the type for it."""
    if not callable(initializer):
        return initializer, None
    if inspect.isclass(initializer):
        initializer = initializer()
    if shape is not None and shape.is_fully_defined():
        keywords: dict[str, Any] = {"dtype": dtype}
        if "partition_info" in _argument_names(initializer):
            keywords["partition_info"] = partition
        return functools.partial(initializer, shape.as_list(), **keywords), dtype
    required = [
        p
        for p in inspect.signature(initializer).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if required:
        raise ValueError(
            "The initializer passed is not valid. It should be a callable with no arguments and the shape "
            "should not be provided or an instance of `tf.keras.initializers.*' and `shape` should be fully "
            "defined."
        )
    return initializer, None


def _partitions(partitioner: Callable[..., Any], shape: TensorShape, dtype: DType) -> list[int]:
    """The partitioner's answer, checked: one count a dimension, at most one above 1."""
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable must be fully defined, but instead was {shape}."
        )
    if not shape.ndims:
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
    counts = partitioner(shape=shape, dtype=dtype)
    if not isinstance(counts, Sequence):
        raise ValueError(f"Partitioner must return a sequence, but saw: {counts}")
    if len(counts) != shape.ndims:
        raise ValueError(
            f"Partitioner returned a partition list that does not match the Variable's rank: {counts} vs. {shape}"
        )
    if any(count < 1 for count in counts):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {counts}")
    if sum(count > 1 for count in counts) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {counts}"
        )
    return [int(count) for count in counts]


def _parts(shape: list[int], counts: list[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Offset and shape of each part; the first parts get what does not divide."""
    axis = next((i for i, count in enumerate(counts) if count > 1), 0)
    smallest, excess = divmod(shape[axis], counts[axis])
    offset = [0] * len(shape)
    for i in range(counts[axis]):
        size = list(shape)
        size[axis] = smallest + (i < excess)
        yield list(offset), size
        offset[axis] += size[axis]
