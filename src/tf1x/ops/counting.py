"""Counting: bincount, histograms, the confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import INDICES, DType, as_dtype, float32, float64, int32, int64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, array_moves, checks, math, reduce, segment, xp
from tf1x.ops.control_flow import cond
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.shape_rules import dims

_COUNTED = (int32, int64, float32, float64)


def _counts_of(values: Any, size: int, weights: Any) -> Any:
    """For each of 0 ... size-1, how often it stands in a vector, or the sum of its weights."""
    xp.check(values >= 0, InvalidArgumentError, "Input arr must be non-negative!")
    each = weights.reshape(-1) if np.size(weights) else xp.ones(np.shape(values), weights.dtype)
    kept = xp.where(values < size, values, xp.asarray(-1, values.dtype))
    return segment._grouped("add", each, kept, size, 0)


def _bins(index: int) -> Any:
    def rule(op: Operation) -> Any:
        count = constant_value(op.inputs[index])
        return [(None if count is None else int(count),)]

    return rule


@op("arr: int32, size: int32, weights: T -> bins: T", T=_COUNTED, shape=_bins(1), grad=None)
def Bincount(arr: Any, size: Any, weights: Any) -> Any:
    """How often each of 0 ... size-1 stands in `arr`, or the sum of its `weights` if there are any."""
    return _counts_of(arr.reshape(-1), int(xp.static(size)), weights)


def _dense_bins(op: Operation) -> Any:
    shape, count = dims(op), constant_value(op.inputs[1])
    return [None if shape is None else (*shape[:-1], None if count is None else int(count))]


@op(
    "input: Tidx, size: Tidx, weights: T -> output: T",
    Tidx=INDICES,
    T=_COUNTED,
    shape=_dense_bins,
    grad=None,
)
def DenseBincount(input: Any, size: Any, weights: Any, *, binary_output: bool = False) -> Any:
    """How often each of 0 ... size-1 stands in a vector, or in each row of a matrix.

    `weights`, unless empty, has the input's shape and is summed instead; `binary_output` says
    only whether the value occurs.
    """
    count = int(xp.static(size))
    if np.ndim(input) == 2:
        rows = np.shape(input)[0]
        offsets = xp.asarray(np.arange(rows)[:, None] * count, input.dtype)
        values = xp.where(input < count, input + offsets, xp.asarray(rows * count, input.dtype))
        xp.check(input >= 0, InvalidArgumentError, "Input must be non-negative")
        found = _counts_of(values.reshape(-1), rows * count, weights).reshape(rows, count)
    else:
        found = _counts_of(input, count, weights)
    return (found > 0).astype(found.dtype) if binary_output else found


@op(
    "values: T, value_range: T, nbins: int32 -> out: dtype",
    T=_COUNTED,
    dtype=(INDICES, int32),
    shape=_bins(2),
    grad=None,
)
def HistogramFixedWidth(values: Any, value_range: Any, nbins: Any, *, dtype: DType) -> Any:
    """How many values fall into each of `nbins` equal parts of a range; the outer parts take the rest."""
    count = int(xp.static(nbins))
    low, high = value_range[0].astype(np.float64), value_range[1].astype(np.float64)
    xp.check(
        low < high,
        InvalidArgumentError,
        "value_range should satisfy value_range[0] < value_range[1]",
    )
    place = xp.floor(xp.divide(values.reshape(-1).astype(np.float64) - low, high - low) * count)
    place = xp.clip(place, 0, count - 1).astype(np.int32)
    return segment._grouped("add", xp.ones(np.shape(place), dtype.as_numpy_dtype), place, count, 0)


@export("bincount", "math.bincount")
def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    axis: int | None = None,
    binary_output: bool = False,
) -> Tensor:
    """How often each integer from 0 to the largest stands in `arr`, or the sum of its weights.

    Args:
        minlength, maxlength: bounds of the result's length.
        dtype: the type of the counts where there are no weights.
        axis: -1 counts each row of a matrix by itself.
    """
    with scopes.name_scope(name or "bincount"):
        arr = convert.to_tensor(arr, name="arr")
        if weights is not None:
            weights = convert.to_tensor(weights, name="weights")
            if binary_output:
                raise ValueError(
                    "Arguments `binary_output` and `weights` are mutually exclusive. Please specify only one."
                )
        if not arr.dtype.is_integer:
            arr = math.cast(arr, int32)
        if axis not in (None, 0, -1):
            raise ValueError(
                f"Unsupported value for argument axis={axis}. Only 0 and -1 are currently supported."
            )
        index = arr.dtype.base_dtype
        size = math.cast(array.size(arr) > 0, index) * (reduce.reduce_max(arr) + 1)
        if minlength is not None:
            size = math.Maximum(convert.to_tensor(minlength, index, name="minlength"), size)
        if maxlength is not None:
            size = math.Minimum(convert.to_tensor(maxlength, index, name="maxlength"), size)
        if axis != -1:
            weights = None if weights is None else array.Reshape(weights, [-1])
            arr = array.Reshape(arr, [-1])
        if weights is None:
            weights = convert.constant([], as_dtype(dtype))
        return DenseBincount(arr, size, weights, binary_output=binary_output)


@export("histogram_fixed_width")
def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """How many values fall into each of `nbins` equal parts of `value_range` = [low, high].

    Values outside the range count in the first and the last part.
    """
    with scopes.name_scope(name, "histogram_fixed_width", [values, value_range, nbins]) as scope:
        return HistogramFixedWidth(values, value_range, nbins, dtype=dtype, name=scope)


def remove_squeezable_dimensions(
    labels: Any, predictions: Any, expected_rank_diff: int = 0, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """`labels` and `predictions`, the last axis of one removed where it has size 1 and is one too many."""
    with scopes.name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions, labels = convert.to_tensor(predictions), convert.to_tensor(labels)
        ranks = predictions.shape.ndims, labels.shape.ndims
        if ranks[0] is not None and ranks[1] is not None:
            excess = ranks[0] - ranks[1] - expected_rank_diff
            if excess == 1 and _may_end_in_one(predictions):
                predictions = array.squeeze(predictions, [-1])
            elif excess == -1 and _may_end_in_one(labels):
                labels = array.squeeze(labels, [-1])
            return labels, predictions
        difference = array.rank(predictions) - array.rank(labels)
        if _may_end_in_one(predictions):
            predictions = _squeezed_if(difference, expected_rank_diff + 1, predictions)
        if _may_end_in_one(labels):
            labels = _squeezed_if(difference, expected_rank_diff - 1, labels)
        return labels, predictions


def _may_end_in_one(x: Tensor) -> bool:
    shape = x.shape.tuple
    return shape is None or (len(shape) > 0 and shape[-1] in (1, None))


def _squeezed_if(rank_difference: Tensor, wanted: int, x: Tensor) -> Tensor:
    too_many = math.Equal(wanted, rank_difference)
    found: Tensor = cond(too_many, lambda: array.squeeze(x, [-1]), lambda: x)
    return found


def _checked(check: Any, x: Tensor, *bounds: Tensor, message: str) -> Any:
    return with_dependencies([check(x, *bounds, message=message)], x)


@export("confusion_matrix", "math.confusion_matrix", "train.confusion_matrix")
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    weights: Any = None,
) -> Tensor:
    """A matrix of how often (or with what sum of weights) label i was predicted as j.

    Args:
        labels, predictions: vectors of class numbers.
        num_classes: the size of the matrix; by default one more than the largest class number.

    Raises:
        ValueError: shapes that do not fit.
        InvalidArgumentError (when run): a class number is negative or not below `num_classes`.
    """
    with scopes.name_scope(name, "confusion_matrix", [predictions, labels, num_classes, weights]):
        labels, predictions = remove_squeezable_dimensions(
            convert.to_tensor(labels, name="labels"),
            convert.to_tensor(predictions, name="predictions"),
        )
        predictions, labels = math.cast(predictions, int64), math.cast(labels, int64)
        not_negative, below = checks.assert_non_negative, checks.assert_less
        labels = _checked(not_negative, labels, message="`labels` contains negative values")
        predictions = _checked(
            not_negative, predictions, message="`predictions` contains negative values"
        )
        if num_classes is None:
            largest = math.Maximum(reduce.reduce_max(predictions), reduce.reduce_max(labels))
            num_classes = largest + 1
        else:
            limit = math.cast(num_classes, int64)
            labels = _checked(below, labels, limit, message="`labels` out of bound")
            predictions = _checked(below, predictions, limit, message="`predictions` out of bound")
        if weights is not None:
            weights = convert.to_tensor(weights, name="weights")
            predictions.shape.assert_is_compatible_with(weights.shape)
            weights = math.cast(weights, dtype)
        shape = array_moves.stack([num_classes, num_classes])
        indices = array_moves.stack([labels, predictions], axis=1)
        values = array.ones_like(predictions, dtype) if weights is None else weights
        matrix: Tensor = opdef.get("ScatterNd").endpoint(indices, values, math.cast(shape, int64))
        return matrix
