"""Feature columns as boosted trees see them: features of whole numbers, a few values each."""

from __future__ import annotations

from typing import Any

from tf1x.core.dtypes import int32
from tf1x.core.operation import Tensor
from tf1x.lib.feature_column.base import CategoricalColumn, DenseColumn
from tf1x.lib.feature_column.dense import BucketizedColumn, IndicatorColumn
from tf1x.lib.feature_column.layers import transform_features
from tf1x.ops import array, array_moves, boosted_trees_quantiles, math

# What a column is: its buckets are given, it is a class of its own for each feature, or a number.
BUCKETS, CLASSES, NUMBERS = range(3)


def kind(column: Any) -> int:
    """How a column becomes features.

    Raises:
        ValueError: it does not.
    """
    if isinstance(column, BucketizedColumn):
        return BUCKETS
    if isinstance(column, IndicatorColumn):
        return CLASSES
    if isinstance(column, CategoricalColumn):
        raise ValueError(f"CategoricalColumn must be wrapped by IndicatorColumn, got: {column}")
    if not isinstance(column, DenseColumn):
        raise ValueError(f"Got unexpected feature column type: {column}")
    if column.variable_shape.ndims > 1:
        raise ValueError(
            "For now, we only support Dense column with rank of 1, but column "
            f"`{column.name}` got: {column.variable_shape}"
        )
    return NUMBERS


def feature_count(column: Any) -> int:
    """How many features a column gives."""
    which = kind(column)
    if which == BUCKETS:
        return 1
    if which == CLASSES:
        return int(column.categorical_column._num_buckets)
    return int(column.variable_shape[0]) if column.variable_shape.ndims else 1


def feature_names(columns: list[Any]) -> list[str]:
    """For each feature the name of its column."""
    names = []
    for column in columns:
        indicator = kind(column) == CLASSES
        name = column.categorical_column.name if indicator else column.name
        names += [name] * feature_count(column)
    return names


def numeric(columns: list[Any]) -> list[Any]:
    """The columns whose buckets are quantiles."""
    return [column for column in columns if kind(column) == NUMBERS and _dtype(column).is_floating]


def _dtype(column: Any) -> Any:
    # TensorFlow asks each dense column for its type, and embeddings have none.
    dtype = getattr(column, "dtype", None)
    if dtype is None:
        raise ValueError(f"Got unexpected feature column type: {column}")
    return dtype


def by_buckets(columns: list[Any], quantiles: int) -> dict[int, list[int]]:
    """The numbers of the features, by how many buckets they are given.

    All bucketized columns get as many as the largest of them. Numeric ones get two more than the
    quantiles asked for: a compressed summary keeps the first and the last value besides
    (TensorFlow leaves no room for these, and adds them to another node's sums).
    """
    groups: dict[int, list[int]] = {}
    bucketized: list[int] = []
    most, feature = 2, 0
    for column in columns:
        which, count = kind(column), feature_count(column)
        ids = list(range(feature, feature + count))
        feature += count
        if which == BUCKETS:
            most = max(most, len(column.boundaries) + 1)
            bucketized += ids
        else:
            groups.setdefault(2 if which == CLASSES else quantiles + 2, []).extend(ids)
    if bucketized:
        groups.setdefault(most, []).extend(bucketized)
    return groups


def features_of(
    features: dict[str, Any], columns: list[Any], boundaries: dict[str, list[Tensor]] | None = None
) -> list[Tensor]:
    """The features of a batch, [batch] each, in the order of `columns`.

    Args:
        boundaries: for each numeric column those of its features; without them numbers stay
            numbers.

    Raises:
        ValueError: a column has more dimensions than one.
    """
    transformed = transform_features(features, columns)
    found: list[Tensor] = []
    for column in columns:
        tensor, which = transformed[column], kind(column)
        if which == BUCKETS:
            tensor = array.squeeze(tensor, axis=1)
            if (tensor.shape.ndims or 0) > 1:
                source = column.source_column.name
                raise ValueError(
                    "For now, only supports features equivalent to rank 1 but column "
                    f"`{source}` got: {features[source].shape}"
                )
            found.append(tensor)
            continue
        if which == CLASSES:
            tensor = math.cast(tensor, int32)
            if (tensor.shape.ndims or 0) > 2:
                source = column.categorical_column.name
                raise ValueError(
                    f"Rank of indicator column must be no more than 2, but column `{source}` got: "
                    f"{features[source].shape}"
                )
        each = array_moves.unstack(tensor, num=feature_count(column), axis=1)
        if which == NUMBERS and boundaries:
            each = boosted_trees_quantiles.BoostedTreesBucketize(each, boundaries[column.name])
        found += each
    return found
