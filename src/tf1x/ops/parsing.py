"""Parsing serialized `Example` messages; the functions are in parsing_functions.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.dtypes import INDICES, DType
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.shapes import TensorShape
from tf1x.ops import parsing_columns as columns
from tf1x.ops.parsing_columns import VALUE_TYPES, Place, fail, texts
from tf1x.ops.shape_rules import dims

# -- shapes --------------------------------------------------------------------------------------


def dense_shapes(shapes: list[TensorShape], batch: Any) -> list[Any]:
    """Shapes of dense columns: in a batch, an unknown first size of a feature stays unknown."""
    return [None if batch is None else (*batch, *(shape.as_list())) for shape in shapes]


def sparse_shapes(count: int, batch: Any, frames: int = 0) -> list[Any]:
    """Shapes of the indices, of the values, and of the shapes of `count` sparse columns."""
    rank = None if batch is None else len(batch) + frames + 1
    return [(None, rank)] * count + [(None,)] * count + [(rank,)] * count


def splits_shape(batch: Any) -> Any:
    """The shape of row splits; there are none for a single message."""
    return (None,) if not batch or batch[0] is None else (batch[0] + 1,)


def _batch(op: Operation, most: int = 1) -> Any:
    batch = dims(op, 0)
    if batch is not None and len(batch) > most:
        raise ValueError(f"Shape must be at most rank {most} but is rank {len(batch)}")
    return batch


def _shapes(op: Operation) -> Any:
    batch, attrs = _batch(op), op.attrs
    ragged = len(attrs["ragged_value_types"])
    return [
        *sparse_shapes(attrs["num_sparse"], batch),
        *dense_shapes(attrs["dense_shapes"], batch),
        *[(None,)] * ragged,
        *[splits_shape(batch)] * ragged,
    ]


def _shapes_v1(op: Operation) -> Any:
    batch = _batch(op)
    batch = (None,) if batch is None else batch
    return [
        *sparse_shapes(op.attrs["Nsparse"], batch),
        *dense_shapes(op.attrs["dense_shapes"], batch),
    ]


def _shapes_single(op: Operation) -> Any:
    _batch(op, 0)
    return [
        *sparse_shapes(op.attrs["num_sparse"], ()),
        *dense_shapes(op.attrs["dense_shapes"], ()),
    ]


# -- values --------------------------------------------------------------------------------------


def strings(serialized: Any, names: Any) -> tuple[list[bytes], bool]:
    """The serialized messages, and whether it is a single one.

    Raises:
        InvalidArgumentError: they are a matrix, or there are not as many names.
    """
    shape = np.shape(serialized)
    if len(shape) > 1:
        raise fail(f"Expected serialized to be a scalar or vector, got shape: {list(shape)}")
    if np.size(names) and np.shape(names) != shape:
        raise fail(
            "Expected names to have the shape of serialized, "
            f"but got: {list(np.shape(names))} vs. {list(shape)}"
        )
    return np.ravel(serialized).tolist(), not shape


def dense_values(
    maps: list[Any],
    keys: list[str],
    shapes: list[TensorShape],
    defaults: list[Any],
    types: list[DType],
    names: Any,
    single: bool,
) -> list[Any]:
    """The dense columns of maps of features."""
    found = []
    for key, shape, default, dtype in zip(keys, shapes, defaults, types, strict=True):
        place = Place(key, names, single)

        def wrong(i: int, kind: str, place: Place = place, dtype: DType = dtype) -> Exception:
            return fail(
                f"{place(i)} Data types don't match. Data type: {kind} but expected type: "
                f"{columns.type_name(dtype)}"
            )

        values = columns.column(maps, key, dtype, wrong)
        sizes = shape.as_list()
        if sizes and sizes[0] is None:
            made = columns.padded(values, dtype, tuple(sizes[1:]), default, place)
        else:
            made = columns.dense(values, dtype, tuple(sizes), default, place)
        found.append(made[0] if single else made)
    return found


def varying_columns(
    maps: list[Any], keys: list[str], types: list[DType], names: Any, single: bool
) -> list[columns.Column]:
    """Columns with any number of values."""
    found = []
    for key, dtype in zip(keys, types, strict=True):
        place = Place(key, names, single)

        def wrong(i: int, kind: str, place: Place = place, dtype: DType = dtype) -> Exception:
            return fail(
                f"{place(i)} Data types don't match. Expected type: {columns.type_name(dtype)}, "
                f"Actual type: {kind}"
            )

        found.append(columns.column(maps, key, dtype, wrong))
    return found


def sparse_values(
    maps: list[Any], keys: list[str], types: list[DType], names: Any, single: bool
) -> list[Any]:
    """Indices of all sparse columns, then their values, then their shapes."""
    found = varying_columns(maps, keys, types, names, single)
    parts = [columns.sparse(c, t, single) for c, t in zip(found, types, strict=True)]
    return [part[i] for i in range(3) for part in parts]


def ragged_values(
    maps: list[Any],
    keys: list[str],
    types: list[DType],
    split_types: list[DType],
    names: Any,
    single: bool,
) -> list[Any]:
    """Values of all ragged columns, then their row splits."""
    found = varying_columns(maps, keys, types, names, single)
    parts = [columns.flat_and_lengths(c, t) for c, t in zip(found, types, strict=True)]
    rows = [
        np.zeros(0, t.numpy_dtype) if single else columns.splits(lengths, t)
        for (_, lengths), t in zip(parts, split_types, strict=True)
    ]
    return [values for values, _ in parts] + rows


def _parse(serialized: Any, names: Any) -> tuple[list[Any], bool]:
    from tf1x.core.messages import Example

    data, single = strings(serialized, names)
    parsed = columns.messages(data, Example)
    return [example.features.feature for example in parsed], single


# -- ops -----------------------------------------------------------------------------------------

_TYPES: dict[str, Any] = {"Tdense": VALUE_TYPES, "sparse_types": VALUE_TYPES}


@op(
    "serialized: string, names: string, sparse_keys: string, dense_keys: string, "
    "ragged_keys: string, dense_defaults: *Tdense -> "
    "sparse_indices: num_sparse*int64, sparse_values: *sparse_types, "
    "sparse_shapes: num_sparse*int64, dense_values: *Tdense, "
    "ragged_values: *ragged_value_types, ragged_row_splits: *ragged_split_types",
    shape=_shapes,
    grad=None,
    host=True,
    ragged_value_types=VALUE_TYPES,
    ragged_split_types=INDICES,
    **_TYPES,
)
def ParseExampleV2(
    serialized: Any,
    names: Any,
    sparse_keys: Any,
    dense_keys: Any,
    ragged_keys: Any,
    dense_defaults: list[Any],
    *,
    Tdense: list[DType],
    num_sparse: int,
    sparse_types: list[DType],
    ragged_value_types: list[DType],
    ragged_split_types: list[DType],
    dense_shapes: list[TensorShape],
) -> Any:
    """The features of one serialized `Example` or of a vector of them.

    Raises:
        InvalidArgumentError: a string is no `Example`, or a feature is missing, of another type,
            or has another number of values.
    """
    maps, single = _parse(serialized, names)
    return [
        *sparse_values(maps, texts(sparse_keys), sparse_types, names, single),
        *dense_values(maps, texts(dense_keys), dense_shapes, dense_defaults, Tdense, names, single),
        *ragged_values(
            maps, texts(ragged_keys), ragged_value_types, ragged_split_types, names, single
        ),
    ]


@op(
    "serialized: string, names: string, sparse_keys: Nsparse*string, dense_keys: Ndense*string, "
    "dense_defaults: *Tdense -> sparse_indices: Nsparse*int64, sparse_values: *sparse_types, "
    "sparse_shapes: Nsparse*int64, dense_values: *Tdense",
    shape=_shapes_v1,
    grad=None,
    host=True,
    **_TYPES,
)
def ParseExample(
    serialized: Any,
    names: Any,
    sparse_keys: list[Any],
    dense_keys: list[Any],
    dense_defaults: list[Any],
    *,
    Tdense: list[DType],
    sparse_types: list[DType],
    dense_shapes: list[TensorShape],
) -> Any:
    """The form of `ParseExampleV2` that TensorFlow 1 wrote."""
    maps, single = _parse(serialized, names)
    keys = texts(dense_keys)
    return [
        *sparse_values(maps, texts(sparse_keys), sparse_types, names, single),
        *dense_values(maps, keys, dense_shapes, dense_defaults, Tdense, names, single),
    ]


@op(
    "serialized: string, dense_defaults: *Tdense -> sparse_indices: num_sparse*int64, "
    "sparse_values: *sparse_types, sparse_shapes: num_sparse*int64, dense_values: *Tdense",
    shape=_shapes_single,
    grad=None,
    host=True,
    **_TYPES,
)
def ParseSingleExample(
    serialized: Any,
    dense_defaults: list[Any],
    *,
    Tdense: list[DType],
    num_sparse: int,
    sparse_keys: list[str],
    dense_keys: list[str],
    sparse_types: list[DType],
    dense_shapes: list[TensorShape],
) -> Any:
    """The features of one serialized `Example`, with the keys as attributes."""
    maps, single = _parse(serialized, ())
    return [
        *sparse_values(maps, sparse_keys, sparse_types, (), single),
        *dense_values(maps, dense_keys, dense_shapes, dense_defaults, Tdense, (), single),
    ]
