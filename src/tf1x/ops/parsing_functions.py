"""`tf.parse_example` and kin: features described by `FixedLenFeature` and the like."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype, int64, string
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.ops import array, checks, grouping, math
from tf1x.ops.parsing import ParseExampleV2
from tf1x.ops.parsing_columns import VALUE_TYPES, zero
from tf1x.ops.parsing_sequence import ParseSequenceExampleV2
from tf1x.ops.sparse_functions import sparse_merge

# -- how features are described ------------------------------------------------------------------


class VarLenFeature(NamedTuple):
    """A feature with any number of values: a `SparseTensor`.

    Attributes:
        dtype: float32, int64 or string.
    """

    dtype: Any


class FixedLenFeature(NamedTuple):
    """A feature whose number of values is fixed: a tensor [batch, *shape].

    Attributes:
        shape: of one message's values.
        dtype: float32, int64 or string.
        default_value: where a message lacks the feature; without it, that is an error.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """A feature with any number of blocks: a tensor [batch, most blocks, *shape].

    Attributes:
        shape: of one block.
        dtype: float32, int64 or string.
        allow_missing: a message may lack it. For `parse_example` it must be set.
        default_value: what shorter ones are filled with; by default 0 or "".
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class SparseFeature(NamedTuple):
    """Two or more features that are indices and values of a `SparseTensor` [batch, *size].

    Attributes:
        index_key: the feature with the indices (int64), or one for each dimension.
        value_key: the feature with the values.
        dtype: of the values.
        size: of the dense tensor, a number or one for each dimension.
        already_sorted: the indices stand in order.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


@dataclass
class _Params:
    """The features of one call, sorted out by their kind.

    Attributes:
        defaults: of dense features: a value, or None for a list of features that may be missing.
    """

    sparse_keys: list[str] = field(default_factory=list)
    sparse_types: list[DType] = field(default_factory=list)
    dense_keys: list[str] = field(default_factory=list)
    dense_types: list[DType] = field(default_factory=list)
    dense_shapes: list[TensorShape] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, features: dict[str, Any] | None, kinds: Sequence[type]) -> _Params:
        """The features by key.

        Raises:
            ValueError: a description is of none of `kinds`, or not complete, or two contradict.
        """
        params = cls()
        for key, feature in sorted((features or {}).items()):
            if not isinstance(feature, tuple(kinds)):
                raise ValueError(f"Unsupported {type(feature).__name__} {feature} for key '{key}'")
            if not feature.dtype:
                raise ValueError(f"Missing type for feature {key}. Received feature={feature}.")
            if isinstance(feature, VarLenFeature):
                params._add_sparse(key, feature.dtype)
            elif isinstance(feature, SparseFeature):
                params._add_indices_and_values(feature)
            else:
                params._add_dense(key, feature)
        both = {*params.dense_keys} & {*params.sparse_keys}
        if both:
            raise ValueError(
                f"Dense and sparse keys must not intersect; dense_keys: {params.dense_keys}, "
                f"sparse_keys: {params.sparse_keys}, intersection: {both}"
            )
        return params

    @property
    def empty(self) -> bool:
        return not (self.sparse_keys or self.dense_keys)

    def _add_sparse(self, key: str, dtype: Any) -> None:
        dtype = _value_type("sparse_types", dtype)
        if key not in self.sparse_keys:
            self.sparse_keys.append(key)
            self.sparse_types.append(dtype)
            return
        known = self.sparse_types[self.sparse_keys.index(key)]
        if known != dtype:
            raise ValueError(f"Conflicting type {known} vs {dtype} for feature {key}.")

    def _add_indices_and_values(self, feature: SparseFeature) -> None:
        for name in ("index_key", "value_key"):
            if not getattr(feature, name):
                raise ValueError(f"Missing {name} for SparseFeature {feature}.")
        keys = feature.index_key
        keys = [keys] if isinstance(keys, str) else sorted(keys)
        if len(keys) > 1:
            logging.getLogger("tensorflow").warning(
                "SparseFeature is a complicated feature config and should only be used after "
                "careful consideration of VarLenFeature."
            )
        for key in keys:
            self._add_sparse(key, int64)
        self._add_sparse(feature.value_key, feature.dtype)

    def _add_dense(self, key: str, feature: Any) -> None:
        if feature.shape is None:
            raise ValueError(f"Missing shape for feature {key}. Received feature={feature}.")
        shape = as_shape(feature.shape)
        if isinstance(feature, FixedLenFeature):
            if shape.ndims and shape.as_list()[0] is None:
                raise ValueError(
                    f"First dimension of shape for feature {key} unknown. Consider using "
                    f"FixedLenSequenceFeature. Received feature={feature}."
                )
            if not shape.is_fully_defined():
                raise ValueError(
                    f"All dimensions of shape for feature {key} need to be known but received "
                    f"{feature.shape!s}."
                )
        elif feature.allow_missing:
            self.defaults[key] = None
        self.dense_keys.append(key)
        self.dense_shapes.append(shape)
        self.dense_types.append(_value_type("dense_defaults", feature.dtype))
        if feature.default_value is not None:
            self.defaults[key] = feature.default_value

    def default_tensors(self) -> list[Tensor]:
        """A tensor for each dense feature; an empty one where the feature must be there."""
        rows = zip(self.dense_keys, self.dense_shapes, self.dense_types, strict=True)
        return [self._default(key, shape, dtype) for key, shape, dtype in rows]

    def _default(self, key: str, shape: TensorShape, dtype: DType) -> Tensor:
        value = self.defaults.get(key)
        name = re.sub(r"[^A-Za-z0-9_.\-/]", "_", key)
        if shape.ndims and shape.as_list()[0] is None:
            if value is None:
                return convert.to_tensor("" if dtype is string else zero(dtype), dtype)
            padding = convert.to_tensor(value, dtype, name=f"padding_{name}")
            return array.Reshape(padding, [])
        if value is None:
            return convert.constant([], dtype)
        if isinstance(value, Tensor):
            return value
        return array.Reshape(convert.to_tensor(value, dtype, name=f"key_{name}"), shape)

    def named(self, indices: Any, values: Any, shapes: Any, dense: Any) -> dict[str, Any]:
        """The parsed tensors by key."""
        sparse = map(SparseTensor, indices, values, shapes)
        keys = self.sparse_keys + self.dense_keys
        return dict(zip(keys, [*sparse, *dense], strict=True))


def _value_type(parameter: str, dtype: Any) -> DType:
    dtype = as_dtype(dtype)
    if dtype not in VALUE_TYPES:
        raise TypeError(
            f"Value passed to parameter '{parameter}' has DataType {dtype.name} not in list of "
            f"allowed values: {', '.join(t.name for t in VALUE_TYPES)}"
        )
    return dtype


# -- messages with features ----------------------------------------------------------------------


def parse_example(
    serialized: Any, features: dict[str, Any], name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """The features of a batch of serialized `Example` messages.

    Args:
        serialized: a vector of strings (or one string).
        features: for each key a `FixedLenFeature`, `VarLenFeature`, `SparseFeature` or
            `FixedLenSequenceFeature`.
        example_names: a vector of strings, for error messages.

    Returns:
        For each key a `Tensor` or `SparseTensor`.

    Raises:
        ValueError: a description of a feature is not valid.
        InvalidArgumentError (when run): a string is no `Example`, or a feature is missing, of
            another type, or has another number of values; the message names it.
    """
    if not features:
        raise ValueError(f"Argument `features` cannot be None or falsy. Got {features}")
    features = {key: _with_blocks(feature) for key, feature in features.items()}
    params = _Params.of(
        features, (VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature)
    )
    with scopes.name_scope(name, "ParseExample", [serialized, example_names]):
        serialized = convert.to_tensor(serialized, name="serialized")
        outputs = ParseExampleV2(
            serialized=serialized,
            names=[] if example_names is None else example_names,
            sparse_keys=params.sparse_keys,
            dense_keys=params.dense_keys,
            ragged_keys=[],
            dense_defaults=params.default_tensors(),
            num_sparse=len(params.sparse_keys),
            sparse_types=params.sparse_types,
            ragged_value_types=[],
            ragged_split_types=[],
            dense_shapes=params.dense_shapes,
            name=name,
        )
        found = params.named(*outputs[:4])
    return {key: _merged(key, feature, found) for key, feature in features.items()}


def _with_blocks(feature: Any) -> Any:
    """A `FixedLenSequenceFeature` with the unknown number of blocks in its shape."""
    if not isinstance(feature, FixedLenSequenceFeature):
        return feature
    if not feature.allow_missing:
        raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to be True.")
    return feature._replace(shape=[None, *feature.shape])


def _merged(key: str, feature: Any, found: dict[str, Any]) -> Any:
    if not isinstance(feature, SparseFeature):
        return found[key]
    keys = feature.index_key
    return sparse_merge(
        found[keys] if isinstance(keys, str) else [found[k] for k in keys],
        found[feature.value_key],
        vocab_size=feature.size,
        already_sorted=feature.already_sorted,
    )


def _scalar(value: Tensor, name: str) -> Tensor:
    """`value`, checked to be a scalar."""
    message = f"Input {name} must be a scalar"
    if value.shape.ndims is None:
        capital = name.capitalize()
        check = checks.Assert(
            math.Equal(array.rank(value), 0), [message], name=f"{capital}IsScalar"
        )
        value = grouping.with_dependencies([check], value, name=f"{name}Dependencies")
        value.set_shape([])
    elif value.shape.ndims:
        raise ValueError(message)
    return value


def parse_single_example(
    serialized: Any, features: dict[str, Any], name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """The features of one serialized `Example`, without a batch dimension; see `parse_example`."""
    if not features:
        raise ValueError("Invalid argument: features cannot be None or empty.")
    with scopes.name_scope(name, "ParseSingleExample", [serialized, example_names]):
        serialized = _scalar(convert.to_tensor(serialized, name="serialized"), "serialized")
        return parse_example(serialized, features, name, example_names)


# -- messages with lists of features -------------------------------------------------------------


def parse_sequence_example(
    serialized: Any,
    context_features: dict[str, Any] | None = None,
    sequence_features: dict[str, Any] | None = None,
    example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Tensor]]:
    """The features and lists of features of a batch of serialized `SequenceExample` messages.

    Args:
        serialized: a vector of strings.
        context_features: for each key a `FixedLenFeature` or `VarLenFeature`.
        sequence_features: for each key a `FixedLenSequenceFeature`, which gives a tensor
            [batch, most frames, *shape] filled up with zeros, or a `VarLenFeature`, which gives a
            `SparseTensor` [batch, most frames, most values].

    Returns:
        The context features, the lists, and the numbers of frames of the dense lists (int64
        [batch]), by key.

    Raises:
        as `parse_example`.
    """
    context, lists = _sequence_params(context_features, sequence_features)
    with scopes.name_scope(name, "ParseSequenceExample", [serialized, example_names]):
        return _parse_sequences(serialized, example_names, context, lists, name)


def parse_single_sequence_example(
    serialized: Any,
    context_features: dict[str, Any] | None = None,
    sequence_features: dict[str, Any] | None = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The features and lists of features of one serialized `SequenceExample`.

    As `parse_sequence_example`, without a batch dimension and without the numbers of frames.
    """
    context, lists = _sequence_params(context_features, sequence_features)
    with scopes.name_scope(name, "ParseSingleSequenceExample", [serialized, example_name]):
        with scopes.name_scope(name, "ParseSingleExample", [serialized, example_name]):
            serialized = _scalar(convert.to_tensor(serialized, name="serialized"), "serialized")
        return _parse_sequences(serialized, example_name, context, lists, name)[:2]


def _sequence_params(context: Any, lists: Any) -> tuple[_Params, _Params]:
    if not (context or lists):
        raise ValueError(
            "Both context_features and sequence_features are None, but at least one should have "
            "values."
        )
    return (
        _Params.of(context, (VarLenFeature, FixedLenFeature)),
        _Params.of(lists, (VarLenFeature, FixedLenSequenceFeature)),
    )


def _parse_sequences(
    serialized: Any, names: Any, context: _Params, lists: _Params, name: str | None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Tensor]]:
    with scopes.name_scope(name, "ParseSequenceExample", [serialized]):
        for key, value in lists.defaults.items():
            if value is not None:
                raise ValueError(f"Value feature_list.dense_defaults[{key}] must be None")
        outputs = ParseSequenceExampleV2(
            serialized=convert.to_tensor(serialized, name="serialized"),
            debug_name=[] if names is None else names,
            context_sparse_keys=context.sparse_keys,
            context_dense_keys=context.dense_keys,
            context_ragged_keys=[],
            feature_list_sparse_keys=lists.sparse_keys,
            feature_list_dense_keys=lists.dense_keys,
            feature_list_ragged_keys=[],
            feature_list_dense_missing_assumed_empty=[
                k in lists.defaults for k in lists.dense_keys
            ],
            context_dense_defaults=context.default_tensors(),
            Ncontext_sparse=len(context.sparse_keys),
            Nfeature_list_sparse=len(lists.sparse_keys),
            Nfeature_list_dense=len(lists.dense_keys),
            context_sparse_types=context.sparse_types,
            context_dense_shapes=context.dense_shapes,
            feature_list_sparse_types=lists.sparse_types,
            feature_list_dense_types=lists.dense_types,
            feature_list_dense_shapes=lists.dense_shapes,
            name=name,
        )
        return (
            context.named(*outputs[:4]),
            lists.named(*outputs[6:10]),
            dict(zip(lists.dense_keys, outputs.feature_list_dense_lengths, strict=True)),
        )
