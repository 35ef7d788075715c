"""Transformations that gather elements: `group_by_window`, buckets, reducers, unique ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tf1x.core import convert, opdef
from tf1x.core.dtypes import int64
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.lib.data import structure
from tf1x.lib.data.dataset import Dataset
from tf1x.lib.data.functions import Traced
from tf1x.lib.data.structure import DatasetSpec, Spec
from tf1x.ops import dataset_batch, dataset_interleave

Transformation = Callable[[Dataset], Dataset]
_KEY = Spec(int64, ())


def _scalar_int64(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*args: Any) -> Any:
        result = convert.to_tensor(function(*args))
        if result.dtype is not int64:
            result = opdef.get("Cast").endpoint(result, int64)
        return result

    checked.__name__ = getattr(function, "__name__", "function")
    return checked


def group_by_window(
    key_func: Callable[..., Any],
    reduce_func: Callable[..., Any],
    window_size: Any = None,
    window_size_func: Callable[..., Any] | None = None,
) -> Transformation:
    """Gather consecutive elements of one key; each window becomes a dataset, joined to the result.

    Args:
        key_func: an element to an int64 scalar.
        reduce_func: (key, dataset of up to `window_size` elements) to a dataset.
        window_size: how many elements a window has at most.
        window_size_func: instead of it, a function of the key.

    Raises:
        ValueError: neither or both of the last two are given.
    """
    if (window_size is None) == (window_size_func is None):
        raise ValueError("Must pass either window_size or window_size_func, but not both.")
    size_of = window_size_func or (lambda unused_key: np.int64(window_size))

    def transform(dataset: Dataset) -> Dataset:
        key = Traced(_scalar_int64(key_func), dataset._spec, "Dataset_group_by_window")
        window = (_KEY, DatasetSpec(dataset._spec))
        reduced = Traced(reduce_func, window, "Dataset_group_by_window")
        size = Traced(_scalar_int64(size_of), _KEY, "Dataset_group_by_window")
        if not isinstance(reduced.spec, DatasetSpec):
            raise TypeError("`reduce_func` must return a `Dataset` object.")
        spec = reduced.spec.element
        with key.waited_for(), reduced.waited_for():
            node = dataset_interleave.GroupByWindowDataset(
                dataset._variant_tensor,
                key.captures,
                reduced.captures,
                size.captures,
                key_func=key.attr,
                reduce_func=reduced.attr,
                window_size_func=size.attr,
                **dataset._outputs(spec),
            )
        return Dataset(node, spec)

    return transform


class Reducer:
    """`init_func(key)` to a state, `reduce_func(state, element)`, `finalize_func(state)`."""

    def __init__(
        self,
        init_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        finalize_func: Callable[..., Any],
    ) -> None:
        self.init_func, self.reduce_func, self.finalize_func = init_func, reduce_func, finalize_func


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """One element for each key: all elements of the key, reduced."""

    def transform(dataset: Dataset) -> Dataset:
        name = "group_by_reducer"
        key = Traced(_scalar_int64(key_func), dataset._spec, name)
        init = Traced(reducer.init_func, _KEY, name)
        reduced = Traced(reducer.reduce_func, (init.spec, dataset._spec), name)
        final = Traced(reducer.finalize_func, init.spec, name, unpack=False)
        node = dataset_interleave.ExperimentalGroupByReducerDataset(
            dataset._variant_tensor,
            key.captures,
            init.captures,
            reduced.captures,
            final.captures,
            key_func=key.attr,
            init_func=init.attr,
            reduce_func=reduced.attr,
            finalize_func=final.attr,
            **dataset._outputs(final.spec),
        )
        return Dataset(node, final.spec)

    return transform


def bucket_by_sequence_length(
    element_length_func: Callable[..., Any],
    bucket_boundaries: Sequence[int],
    bucket_batch_sizes: Sequence[int],
    padded_shapes: Any = None,
    padding_values: Any = None,
    pad_to_bucket_boundary: bool = False,
    no_padding: bool = False,
    drop_remainder: bool = False,
) -> Transformation:
    """Batches of elements of similar length, padded.

    Args:
        element_length_func: an element to its length, an int32 scalar.
        bucket_boundaries: upper limits (exclusive) of the buckets; one more takes the rest.
        bucket_batch_sizes: the batch size of each, one more than there are boundaries.
        padded_shapes, padding_values: as in `Dataset.padded_batch`.
        pad_to_bucket_boundary: pad unknown dimensions to the bucket's limit less one.
        no_padding: batch without padding.
        drop_remainder: leave out the last batch of a bucket where it is smaller.
    """
    if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
        raise ValueError(
            "`len(bucket_batch_sizes)` must equal `len(bucket_boundaries) + 1` but "
            f"`len(bucket_batch_sizes)={len(bucket_batch_sizes)}` and "
            f"`len(bucket_boundaries)={len(bucket_boundaries)}`."
        )
    limits = np.array([*bucket_boundaries, np.iinfo(np.int32).max], np.int32)
    sizes = np.array(bucket_batch_sizes, np.int64)

    def op(kind: str, *args: Any, **kwargs: Any) -> Any:
        return opdef.get(kind).endpoint(*args, **kwargs)

    def bucket_of(*element: Any) -> Any:
        """The number of limits that the length reaches."""
        length = op("Cast", convert.to_tensor(element_length_func(*element)), limits.dtype)
        reached = op("Cast", op("GreaterEqual", length, limits), int64)
        return op("Sum", reached, [0])

    def window_size(bucket: Any) -> Any:
        return op("GatherV2", sizes, bucket, 0)

    def batched(bucket: Any, group: Dataset) -> Dataset:
        size = window_size(bucket)
        if no_padding:
            return group.batch(size, drop_remainder=drop_remainder)
        shapes = group.output_shapes if padded_shapes is None else padded_shapes
        if not pad_to_bucket_boundary:
            return group.padded_batch(size, shapes, padding_values, drop_remainder)
        boundary = op("GatherV2", limits.astype(np.int64), bucket, 0)
        message = (
            "When pad_to_bucket_boundary=True, elements must have length < max(bucket_boundaries)."
        )
        known = op("Less", bucket, np.int64(len(bucket_boundaries)))
        assertion = opdef.get("Assert").node(
            (known, convert.to_tensor(message)), {"T": [convert.to_tensor("").dtype], "summarize": 3}, "Assert"
        )  # fmt: skip
        with group._variant_tensor.graph.control_dependencies([assertion]):
            limit = op("Sub", boundary, np.int64(1))
        filled = structure.pack(
            group._spec,
            [_to_boundary(as_shape(s), limit) for s in structure.leaves_like(group._spec, shapes)],
        )
        return group.padded_batch(size, filled, padding_values, drop_remainder)

    def transform(dataset: Dataset) -> Dataset:
        return dataset.apply(group_by_window(bucket_of, batched, window_size_func=window_size))

    return transform


def _to_boundary(shape: TensorShape, limit: Any) -> Any:
    """A shape as a tensor, its unknown dimensions set to `limit`."""
    pack = opdef.get("Pack").endpoint
    dims = [limit if d is None else np.int64(d) for d in shape.as_list()]
    return pack(dims) if dims else np.zeros(0, np.int64)


def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Transformation:
    """Batches of dense elements of different shapes, as sparse tensors."""

    def transform(dataset: Dataset) -> Dataset:
        from tf1x.lib.data.arguments import int64_tensor

        shape = TensorShape(row_shape)
        dims = [-1 if d is None else d for d in shape.as_list()]
        spec = structure.SparseSpec(dataset._spec.dtype, TensorShape.of((None,)).concatenate(shape))
        return dataset._other(
            spec,
            dataset_batch.DenseToSparseBatchDataset,
            int64_tensor(batch_size, "batch_size"),
            int64_tensor(dims, "row_shape"),
        )

    return transform


def unique() -> Transformation:
    """Without elements that were there before."""
    return lambda dataset: dataset._same(dataset_batch.UniqueDataset)
