"""Parsing serialized `SequenceExample` messages: features of the whole, and lists of features."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.dtypes import INDICES, DType
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.shapes import TensorShape
from tf1x.ops import parsing_columns as columns
from tf1x.ops.parsing import (
    dense_shapes,
    dense_values,
    ragged_values,
    sparse_shapes,
    sparse_values,
    splits_shape,
    strings,
)
from tf1x.ops.parsing_columns import VALUE_TYPES, Place, fail, texts
from tf1x.ops.shape_rules import dims

# -- shapes --------------------------------------------------------------------------------------


def _frame_shapes(shapes: list[TensorShape], batch: Any) -> list[Any]:
    """Shapes of dense columns of frames: their number is known when they are read."""
    return [None if batch is None else (*batch, None, *shape.as_list()) for shape in shapes]


def _shapes_v2(op: Operation) -> Any:
    batch, attrs = dims(op, 0), op.attrs
    context, frames = (
        len(attrs[f"{part}_ragged_value_types"]) for part in ("context", "feature_list")
    )
    rows, dense = splits_shape(batch), attrs["Nfeature_list_dense"]
    return [
        *sparse_shapes(attrs["Ncontext_sparse"], batch),
        *dense_shapes(attrs["context_dense_shapes"], batch),
        *[(None,)] * context,
        *[rows] * context,
        *sparse_shapes(attrs["Nfeature_list_sparse"], batch, 1),
        *_frame_shapes(attrs["feature_list_dense_shapes"], batch),
        *[batch] * dense,
        *[(None,)] * frames,
        *[rows] * frames,
        *[(None,)] * frames,
    ]


def _shapes_v1(op: Operation) -> Any:
    batch, attrs = dims(op, 0), op.attrs
    return [
        *sparse_shapes(attrs["Ncontext_sparse"], batch),
        *dense_shapes(attrs["context_dense_shapes"], batch),
        *sparse_shapes(attrs["Nfeature_list_sparse"], batch, 1),
        *_frame_shapes(attrs["feature_list_dense_shapes"], batch),
        *[batch] * attrs["Nfeature_list_dense"],
    ]


def _shapes_single(op: Operation) -> Any:
    attrs = op.attrs
    return [
        *sparse_shapes(attrs["Ncontext_sparse"], ()),
        *dense_shapes(attrs["context_dense_shapes"], ()),
        *sparse_shapes(attrs["Nfeature_list_sparse"], (), 1),
        *_frame_shapes(attrs["feature_list_dense_shapes"], ()),
    ]


# -- values --------------------------------------------------------------------------------------

Frames = list[list[columns.Values | None]]


class _Batch:
    """Parsed messages.

    Attributes:
        context: for each message its map of features.
        lists: for each message its map of lists of features.
        single: there is one message, not a batch.
    """

    def __init__(self, serialized: Any, names: Any) -> None:
        from tf1x.core.messages import SequenceExample

        data, self.single = strings(serialized, names)
        self.names = names
        parsed = columns.messages(data, SequenceExample)
        self.context = [message.context.feature for message in parsed]
        self.lists = [message.feature_lists.feature_list for message in parsed]

    def frames(self, key: str, dtype: DType, required: bool) -> Frames:
        """For each message the values of each frame of a list; None for a frame without any."""
        found: Frames = []
        for i, lists in enumerate(self.lists):
            frames = lists.get(key)
            if frames is None:
                if required:
                    raise fail(
                        f"Name: {Place(key, self.names).name(i)}, Feature list '{key}' is required "
                        "but could not be found.  Did you mean to include it in "
                        "feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?"
                    )
                found.append([])
                continue
            found.append(self._frame_values(frames.feature, key, dtype, i))
        return found

    def _frame_values(self, frames: Any, key: str, dtype: DType, index: int) -> Any:
        def wrong(frame: int, kind: str) -> Exception:
            return fail(
                f"Name: {Place(key, self.names).name(index)}, Feature list: {key}, Index: {frame}. "
                f" Data types don't match. Expected type: {columns.type_name(dtype)}"
            )

        return columns.column(({key: frame} for frame in frames), key, dtype, wrong)

    def dense_frames(
        self,
        keys: list[str],
        shapes: list[TensorShape],
        types: list[DType],
        may_be_missing: list[bool],
    ) -> tuple[list[Any], list[Any]]:
        """Columns [messages, most frames, *shape] filled up with zeros, and numbers of frames."""
        values, lengths = [], []
        for key, shape, dtype, optional in zip(keys, shapes, types, may_be_missing, strict=True):
            found = self.frames(key, dtype, required=not optional)
            sizes = tuple(shape.as_list())
            counts = np.array([len(frames) for frames in found], np.int64)
            most = int(counts.max(initial=0))
            made = columns.filled((len(found), most, *sizes), columns.zero(dtype), dtype)
            for i, frames in enumerate(found):
                if frames:
                    made[i, : len(frames)] = self._stacked(frames, sizes, dtype, key, i)
            values.append(made[0] if self.single else made)
            lengths.append(counts[0] if self.single else counts)
        return values, lengths

    def _stacked(
        self, frames: list[Any], shape: tuple[int, ...], dtype: DType, key: str, index: int
    ) -> Any:
        size = int(np.prod(shape, dtype=np.int64))
        flat: list[Any] = []
        for i, values in enumerate(frames):
            count = 0 if values is None else len(values)
            if count != size:
                raise fail(
                    f"Name: {Place(key, self.names).name(index)}, Key: {key}, Index: {i}.  Number "
                    f"of values != expected.  values size: {count} but output shape: "
                    f"{columns.dims_text(shape)}"
                )
            flat.extend(values or ())
        return columns.array_of(flat, dtype).reshape(len(frames), *shape)

    def sparse_frames(self, keys: list[str], types: list[DType]) -> list[Any]:
        """Indices [.., frame, value] of all columns, then their values, then their shapes."""
        parts = [
            columns.sparse_frames(self.frames(key, dtype, False), dtype, self.single)
            for key, dtype in zip(keys, types, strict=True)
        ]
        return [part[i] for i in range(3) for part in parts]

    def ragged_frames(
        self, keys: list[str], types: list[DType], split_types: list[DType]
    ) -> list[Any]:
        """Values of all columns, then their splits into messages, then those into frames."""
        values, outer, inner = [], [], []
        for key, dtype, split in zip(keys, types, split_types, strict=True):
            found = self.frames(key, dtype, required=False)
            flat, lengths = columns.flat_and_lengths([v for f in found for v in f], dtype)
            counts = np.array([len(frames) for frames in found], np.int64)
            values.append(flat)
            single = np.zeros(0, split.numpy_dtype)
            outer.append(single if self.single else columns.splits(counts, split))
            inner.append(columns.splits(lengths, split))
        return values + outer + inner


# -- ops -----------------------------------------------------------------------------------------

_TYPES: dict[str, Any] = {
    "Tcontext_dense": VALUE_TYPES,
    "context_sparse_types": VALUE_TYPES,
    "feature_list_sparse_types": VALUE_TYPES,
    "feature_list_dense_types": VALUE_TYPES,
}
_SPARSE = (
    "{0}_sparse_indices: N{0}_sparse*int64, {0}_sparse_values: *{0}_sparse_types, "
    "{0}_sparse_shapes: N{0}_sparse*int64"
)
_CONTEXT = f"{_SPARSE.format('context')}, context_dense_values: *Tcontext_dense"
_LISTS = f"{_SPARSE.format('feature_list')}, feature_list_dense_values: *feature_list_dense_types"
_LENGTHS = "feature_list_dense_lengths: Nfeature_list_dense*int64"


@op(
    "serialized: string, debug_name: string, context_sparse_keys: string, "
    "context_dense_keys: string, context_ragged_keys: string, feature_list_sparse_keys: string, "
    "feature_list_dense_keys: string, feature_list_ragged_keys: string, "
    "feature_list_dense_missing_assumed_empty: bool, context_dense_defaults: *Tcontext_dense -> "
    f"{_CONTEXT}, context_ragged_values: *context_ragged_value_types, "
    f"context_ragged_row_splits: *context_ragged_split_types, {_LISTS}, {_LENGTHS}, "
    "feature_list_ragged_values: *feature_list_ragged_value_types, "
    "feature_list_ragged_outer_splits: *feature_list_ragged_split_types, "
    "feature_list_ragged_inner_splits: *feature_list_ragged_split_types",
    shape=_shapes_v2,
    grad=None,
    host=True,
    context_ragged_value_types=VALUE_TYPES,
    context_ragged_split_types=INDICES,
    feature_list_ragged_value_types=VALUE_TYPES,
    feature_list_ragged_split_types=INDICES,
    attrs={f"N{n}": ("int", 0) for n in ("context_sparse", "feature_list_sparse", "feature_list_dense")},
    **_TYPES,
)  # fmt: skip
def ParseSequenceExampleV2(
    serialized: Any,
    debug_name: Any,
    context_sparse_keys: Any,
    context_dense_keys: Any,
    context_ragged_keys: Any,
    feature_list_sparse_keys: Any,
    feature_list_dense_keys: Any,
    feature_list_ragged_keys: Any,
    feature_list_dense_missing_assumed_empty: Any,
    context_dense_defaults: list[Any],
    *,
    Tcontext_dense: list[DType] = [],  # noqa: B006
    context_sparse_types: list[DType] = [],  # noqa: B006
    context_ragged_value_types: list[DType] = [],  # noqa: B006
    context_ragged_split_types: list[DType] = [],  # noqa: B006
    context_dense_shapes: list[TensorShape] = [],  # noqa: B006
    feature_list_sparse_types: list[DType] = [],  # noqa: B006
    feature_list_dense_types: list[DType] = [],  # noqa: B006
    feature_list_ragged_value_types: list[DType] = [],  # noqa: B006
    feature_list_ragged_split_types: list[DType] = [],  # noqa: B006
    feature_list_dense_shapes: list[TensorShape] = [],  # noqa: B006
) -> Any:
    """The features and lists of features of one serialized `SequenceExample` or of a vector.

    Raises:
        InvalidArgumentError: a string is no `SequenceExample`, or a feature or list is missing,
            of another type, or has another number of values.
    """
    batch = _Batch(serialized, debug_name)
    context, names, single = batch.context, debug_name, batch.single
    optional = np.asarray(feature_list_dense_missing_assumed_empty).tolist()
    keys = texts(feature_list_dense_keys)
    frames, lengths = batch.dense_frames(
        keys, feature_list_dense_shapes, feature_list_dense_types, optional or [False] * len(keys)
    )
    sparse = sparse_values(context, texts(context_sparse_keys), context_sparse_types, names, single)
    dense = dense_values(
        context,
        texts(context_dense_keys),
        context_dense_shapes,
        context_dense_defaults,
        Tcontext_dense,
        names,
        single,
    )
    ragged = ragged_values(
        context,
        texts(context_ragged_keys),
        context_ragged_value_types,
        context_ragged_split_types,
        names,
        single,
    )
    sparse_frames = batch.sparse_frames(texts(feature_list_sparse_keys), feature_list_sparse_types)
    ragged_frames = batch.ragged_frames(
        texts(feature_list_ragged_keys),
        feature_list_ragged_value_types,
        feature_list_ragged_split_types,
    )
    return [*sparse, *dense, *ragged, *sparse_frames, *frames, *lengths, *ragged_frames]


def _parse_v1(
    serialized: Any,
    names: Any,
    context_keys: tuple[list[str], list[str]],
    list_keys: tuple[list[str], list[str]],
    may_be_missing: list[str],
    defaults: list[Any],
    attrs: dict[str, Any],
) -> list[list[Any]]:
    """Sparse and dense context columns, sparse and dense lists, and the lists' lengths."""
    batch = _Batch(serialized, names)
    (sparse, dense), (sparse_lists, dense_lists) = context_keys, list_keys
    frames, lengths = batch.dense_frames(
        dense_lists,
        attrs["feature_list_dense_shapes"],
        attrs["feature_list_dense_types"],
        [key in may_be_missing for key in dense_lists],
    )
    shapes, types, single = attrs["context_dense_shapes"], attrs["Tcontext_dense"], batch.single
    return [
        sparse_values(batch.context, sparse, attrs["context_sparse_types"], names, single),
        dense_values(batch.context, dense, shapes, defaults, types, names, single),
        batch.sparse_frames(sparse_lists, attrs["feature_list_sparse_types"]),
        frames,
        lengths,
    ]


@op(
    "serialized: string, debug_name: string, context_dense_defaults: *Tcontext_dense -> "
    f"{_CONTEXT}, {_LISTS}, {_LENGTHS}",
    shape=_shapes_v1,
    grad=None,
    host=True,
    attrs={
        f"N{n}": ("int", 0)
        for n in ("context_sparse", "context_dense", "feature_list_sparse", "feature_list_dense")
    },
    **_TYPES,
)
def ParseSequenceExample(
    serialized: Any,
    debug_name: Any,
    context_dense_defaults: list[Any],
    *,
    feature_list_dense_missing_assumed_empty: list[str],
    context_sparse_keys: list[str],
    context_dense_keys: list[str],
    feature_list_sparse_keys: list[str],
    feature_list_dense_keys: list[str],
    Tcontext_dense: list[DType] = [],  # noqa: B006
    context_sparse_types: list[DType] = [],  # noqa: B006
    context_dense_shapes: list[TensorShape] = [],  # noqa: B006
    feature_list_sparse_types: list[DType] = [],  # noqa: B006
    feature_list_dense_types: list[DType] = [],  # noqa: B006
    feature_list_dense_shapes: list[TensorShape] = [],  # noqa: B006
) -> Any:
    """The form of `ParseSequenceExampleV2` that TensorFlow 1 wrote, with keys as attributes."""
    attrs = {
        "Tcontext_dense": Tcontext_dense,
        "context_sparse_types": context_sparse_types,
        "context_dense_shapes": context_dense_shapes,
        "feature_list_sparse_types": feature_list_sparse_types,
        "feature_list_dense_types": feature_list_dense_types,
        "feature_list_dense_shapes": feature_list_dense_shapes,
    }
    parts = _parse_v1(
        serialized,
        debug_name,
        (context_sparse_keys, context_dense_keys),
        (feature_list_sparse_keys, feature_list_dense_keys),
        feature_list_dense_missing_assumed_empty,
        context_dense_defaults,
        attrs,
    )
    return [value for part in parts for value in part]


@op(
    "serialized: string, feature_list_dense_missing_assumed_empty: string, "
    "context_sparse_keys: Ncontext_sparse*string, context_dense_keys: Ncontext_dense*string, "
    "feature_list_sparse_keys: Nfeature_list_sparse*string, "
    "feature_list_dense_keys: Nfeature_list_dense*string, "
    f"context_dense_defaults: *Tcontext_dense, debug_name: string -> {_CONTEXT}, {_LISTS}",
    shape=_shapes_single,
    grad=None,
    host=True,
    **_TYPES,
)
def ParseSingleSequenceExample(
    serialized: Any,
    feature_list_dense_missing_assumed_empty: Any,
    context_sparse_keys: list[Any],
    context_dense_keys: list[Any],
    feature_list_sparse_keys: list[Any],
    feature_list_dense_keys: list[Any],
    context_dense_defaults: list[Any],
    debug_name: Any,
    *,
    Tcontext_dense: list[DType] = [],  # noqa: B006
    context_sparse_types: list[DType] = [],  # noqa: B006
    context_dense_shapes: list[TensorShape] = [],  # noqa: B006
    feature_list_sparse_types: list[DType] = [],  # noqa: B006
    feature_list_dense_types: list[DType] = [],  # noqa: B006
    feature_list_dense_shapes: list[TensorShape] = [],  # noqa: B006
) -> Any:
    """The features and lists of features of one serialized `SequenceExample`."""
    if np.ndim(serialized):
        raise fail(f"Expected serialized to be a scalar, got shape: {list(np.shape(serialized))}")
    attrs = {
        "Tcontext_dense": Tcontext_dense,
        "context_sparse_types": context_sparse_types,
        "context_dense_shapes": context_dense_shapes,
        "feature_list_sparse_types": feature_list_sparse_types,
        "feature_list_dense_types": feature_list_dense_types,
        "feature_list_dense_shapes": feature_list_dense_shapes,
    }
    parts = _parse_v1(
        serialized,
        debug_name,
        (texts(context_sparse_keys), texts(context_dense_keys)),
        (texts(feature_list_sparse_keys), texts(feature_list_dense_keys)),
        texts(feature_list_dense_missing_assumed_empty),
        context_dense_defaults,
        attrs,
    )
    return [value for part in parts[:4] for value in part]
