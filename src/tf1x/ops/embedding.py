"""Lookups in embedding tables, whole or in parts: `tf.nn.embedding_lookup` and its sparse forms."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import bfloat16, bool_, float16, float32, int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.ops import (
    array,
    array_gather,
    array_moves,
    array_select,
    array_slicing,
    clip,
    math,
    math_functions,
    reduce,
    segment,
    sparse_functions,
)
from tf1x.ops.array_slicing import getitem


def _is_resource(table: Any) -> bool:
    return hasattr(table, "sparse_read")


def _tables(params: Any) -> list[Any]:
    """The parts of a table.

    Raises:
        ValueError: there are none.
    """
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple)) and not params:
        raise ValueError("Length of params is currently 0. Need at least one param.")
    if hasattr(params, "_get_variable_list"):
        return list(params._get_variable_list())
    return list(params) if isinstance(params, list) else [params]


def _clipped(rows: Tensor, ids: Any, max_norm: Any) -> Tensor:
    """Rows scaled down to a norm of at most `max_norm`, unless that is None."""
    if max_norm is None:
        return rows
    of_ids, of_rows = convert.to_tensor(ids).shape.ndims, rows.shape.ndims
    if of_ids and of_rows:
        axes: Any = list(range(of_ids, of_rows))
    else:
        axes = array.range_(of_ids or array.rank(ids), of_rows or array.rank(rows))
    clipped: Tensor = clip.clip_by_norm(rows, max_norm, axes=axes)
    return clipped


def _total_rows(tables: list[Any], dtype: Any) -> Tensor:
    """The number of rows of all parts, as ids count them."""
    sizes = [t.shape[0].value for t in tables]
    if None not in sizes and sum(sizes):
        return convert.constant(sum(sizes), dtype)
    for i, table in enumerate(tables):
        if sizes[i] is None:
            with scopes.colocate_with(_beside(table)):
                sizes[i] = getitem(array.shape(table), 0)
    return reduce.reduce_sum(math.cast(array_moves.stack(sizes), dtype))


def _beside(table: Any) -> Any:
    return table if isinstance(table, Tensor) or not hasattr(table, "op") else table.op


def _places(flat: Tensor, tables: list[Any], strategy: str) -> tuple[Tensor, Tensor]:
    """For each id the number of its part and its row there.

    With "mod", id i is in part i % n; with "div" the parts follow one another, the first ones
    longer by one row where it does not divide.
    """
    count = len(tables)
    if strategy == "mod":
        return flat % count, flat // count
    if strategy != "div":
        raise ValueError(
            f"Unrecognized partition strategy: {strategy}.Must be one of either `mod` or `div`."
        )
    total = _total_rows(tables, flat.dtype.base_dtype)
    each, extras = total // count, total % count
    part = math.Maximum(flat // (each + 1), (flat - extras) // each)
    row = array_select.where(part < extras, flat % (each + 1), (flat - extras) % each)
    return part, row


def _lookup_in_parts(
    tables: list[Any], ids: Tensor, strategy: str, max_norm: Any, scope: str
) -> Tensor:
    flat = array.Reshape(ids, [-1])
    order = array.range_(array.size(flat))
    part, row = _places(flat, tables, strategy)
    part = math.cast(part, int32)
    rows = array_select.DynamicPartition(row, part, num_partitions=len(tables))
    positions = array_select.DynamicPartition(order, part, num_partitions=len(tables))
    found = []
    for table, own in zip(tables, rows, strict=True):
        with scopes.colocate_with(_beside(table)):
            found.append(array_gather.gather(table, own))
    whole = array_select.ParallelDynamicStitch(positions, found, name=scope)
    static = tables[0].shape[1:]
    for table in tables[1:]:
        static = static.merge_with(table.shape[1:])
    if static.is_fully_defined():
        shape: Any = static
    else:
        with scopes.colocate_with(_beside(tables[0])):
            shape = array.shape(tables[0])
        shape = getitem(shape, slice(1, None))
    whole = array.Reshape(whole, array_moves.concat([array.shape(ids), shape], 0))
    whole.set_shape(ids.shape.concatenate(static))
    return _clipped(whole, ids, max_norm)


@export("nn.embedding_lookup")
def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: Any = None,
) -> Tensor:
    """The rows of a table that `ids` name; its gradient is `IndexedSlices`.

    Args:
        params: the table, or a list of parts of it (or a partitioned variable), which differ in
            their first dimension only.
        ids: int32 or int64 tensor of any shape.
        partition_strategy: how rows are dealt to several parts. "mod": id i is row i // n of part
            i % n; "div": part after part, the first ones longer by one where it does not divide.
        validate_indices: ignored; ids are always checked.
        max_norm: rows of a larger Euclidean norm are scaled down to it.

    Returns:
        A tensor of shape ids.shape + params.shape[1:].

    Raises:
        InvalidArgumentError (when run): an id is out of range.
    """
    tables = _tables(params)
    with scopes.name_scope(name, "embedding_lookup", [*tables, ids]) as scope:
        if not any(_is_resource(t) for t in tables):
            tables = convert.convert_n_to_tensor(tables, name="params")
        ids = convert.to_tensor(ids, name="ids")
        if len(tables) > 1:
            return _lookup_in_parts(tables, ids, partition_strategy, max_norm, scope)
        with scopes.colocate_with(_beside(tables[0])):
            rows = array_gather.gather(tables[0], ids, name=scope)
            rows = _clipped(rows, ids, max_norm)
        looked_up: Tensor = array.Identity(rows)
        return looked_up


# -- several ids an example ------------------------------------------------------------------------

_COMBINERS = ("mean", "sqrtn", "sum")


def _check_same_places(sp_ids: SparseTensor, sp_weights: SparseTensor) -> None:
    if not isinstance(sp_weights, SparseTensor):
        raise TypeError(f"sp_weights must be either None or SparseTensor,got {type(sp_weights)}")
    for part in ("values", "indices", "dense_shape"):
        shape = getattr(sp_ids, part).shape
        shape.assert_is_compatible_with(getattr(sp_weights, part).shape)


@export("nn.embedding_lookup_sparse")
def embedding_lookup_sparse(
    params: Any,
    sp_ids: SparseTensor,
    sp_weights: SparseTensor | None,
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: str | None = None,
    max_norm: Any = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """For each example the weighted sum, or mean, of the rows that its ids name.

    Args:
        params, partition_strategy, max_norm: as for `embedding_lookup`.
        sp_ids: int64 ids of shape [examples, any]; every example must have at least one, and they
            must be in row-major order.
        sp_weights: a float weight for each id; None for 1.
        combiner: "sum" of the weighted rows; "mean" divides it by the sum of the weights, "sqrtn"
            by the root of the sum of their squares. By default "mean".
        allow_fast_lookup: let the gradient of a single table be dense.

    Returns:
        A tensor of shape [examples] + params.shape[1:].
    """
    combiner = "mean" if combiner is None else combiner
    if combiner not in _COMBINERS:
        raise ValueError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}")
    tables = _tables(params)
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError(f"sp_ids must be SparseTensor, got {type(sp_ids)}")
    if sp_weights is not None:
        _check_same_places(sp_ids, sp_weights)
    with scopes.name_scope(name, "embedding_lookup_sparse", [*tables, sp_ids]) as scope:
        examples = getitem(sp_ids.indices, (slice(None), 0))
        if len(tables) == 1 and not hasattr(tables[0], "op"):
            tables = [convert.to_tensor(tables[0], name="params")]
        simple = len(tables) == 1 and max_norm is None and not _is_resource(tables[0])
        beside = simple and tables[0].device == examples.device
        fast = beside and (allow_fast_lookup or sp_weights is None)
        if fast:
            table, positions = tables[0], sp_ids.values
        else:
            distinct, positions = array_select.Unique(sp_ids.values)
            table = embedding_lookup(
                tables, distinct, partition_strategy=partition_strategy, max_norm=max_norm
            )
        if sp_weights is not None:
            return _weighted(table, positions, sp_weights.values, examples, combiner, scope)
        node = {
            "sum": segment.sparse_segment_sum,
            "mean": segment.sparse_segment_mean,
            "sqrtn": segment.sparse_segment_sqrt_n,
        }[combiner]
        sparse_gradient = fast and not allow_fast_lookup
        return node(table, positions, examples, name=scope, sparse_gradient=sparse_gradient)


def _weighted(
    table: Any, positions: Tensor, weights: Tensor, examples: Tensor, combiner: str, scope: str
) -> Tensor:
    """The rows at `positions` times their weights, combined by example."""
    examples = math.cast(examples, int32)
    rows = array_gather.gather(table, positions)
    kind = rows.dtype.base_dtype
    if kind in (float16, bfloat16):  # too coarse for sums
        rows = math.cast(rows, float32)
    weights = math.cast(weights, rows.dtype)
    extra = array.expand_dims(array.rank(rows) - 1, 0)
    own = array.shape(weights)
    ones = array.ones(extra, own.dtype)
    static = weights.shape
    weights = array.Reshape(weights, array_moves.concat([own, ones], 0))
    if rows.shape.ndims is not None:
        weights.set_shape(static.concatenate([1] * (rows.shape.ndims - 1)))
    rows = rows * weights
    if combiner == "sum":
        found = segment.SegmentSum(rows, examples, name=scope)
    else:
        total = segment.SegmentSum(rows, examples)
        if combiner == "mean":
            by = segment.SegmentSum(weights, examples)
        else:
            by = math.Sqrt(segment.SegmentSum(math_functions.power(weights, 2), examples))
        found = math_functions.div_no_nan(total, by, name=scope)
    result: Tensor = math.cast(found, kind)
    return result


@export("nn.safe_embedding_lookup_sparse")
def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: SparseTensor,
    sparse_weights: SparseTensor | None = None,
    combiner: str = "mean",
    default_id: Any = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: Any = None,
    allow_fast_lookup: bool = False,
) -> Tensor:
    """`embedding_lookup_sparse` that leaves out ids below 0 and lets examples be empty.

    Args:
        sparse_ids: ids of any rank; combined over the last dimension.
        sparse_weights: ids whose weight is not positive are left out, unless the combiner is "sum".
        default_id: the id of an example without any; None gives it zeros.
    """
    if embedding_weights is None:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    tables = _tables(embedding_weights)
    wanted = None if sparse_weights is None else sparse_weights.dtype.base_dtype
    tables = [
        t if _is_resource(t) and wanted in (None, t.dtype) else convert.to_tensor(t, wanted)
        for t in tables
    ]
    with scopes.name_scope(
        name, "embedding_lookup", [*tables, sparse_ids, sparse_weights]
    ) as scope:
        shape = sparse_ids.dense_shape
        static_rank = shape.shape[0].value
        rank = array.size(shape) if static_rank is None else static_rank
        front = reduce.reduce_prod(array_slicing.slice_(shape, [0], [rank - 1]))
        back = array_gather.gather(shape, rank - 1)
        # TensorFlow cannot tell these sizes while it builds the graph, so its graph computes them.
        ids = sparse_functions.reshaped(sparse_ids, [front, back], lambda old, new: None)
        weights = None
        if sparse_weights is not None:
            weights = SparseTensor(ids.indices, sparse_weights.values, ids.dense_shape)
        ids, weights = _without_invalid(ids, weights, combiner)
        ids, empty = sparse_functions.sparse_fill_empty_rows(ids, default_id or 0)
        if weights is not None:
            weights, _ = sparse_functions.sparse_fill_empty_rows(weights, 1.0)
        found = embedding_lookup_sparse(
            tables,
            ids,
            weights,
            combiner=combiner,
            partition_strategy=partition_strategy,
            name=None if default_id is None else scope,
            max_norm=max_norm,
            allow_fast_lookup=allow_fast_lookup,
        )
        if default_id is None:
            rows = array.Reshape(empty, [-1, 1])
            columns = array_moves.stack([1, getitem(array.shape(found), 1)])
            where = array_moves.Tile(rows, columns)
            found = array_select.where(where, array.zeros_like(found), found, name=scope)
        outer = array_slicing.slice_(math.cast(shape, int32), [0], [rank - 1])
        inner = array_slicing.slice_(array.shape(found), [1], [-1])
        final = array.Reshape(found, array_moves.concat([outer, inner], 0))
        unknown = TensorShape(None if static_rank is None else [None] * (static_rank - 1))
        final.set_shape(unknown.concatenate(found.shape[1:]))
        return final


def _without_invalid(
    ids: SparseTensor, weights: SparseTensor | None, combiner: str
) -> tuple[SparseTensor, SparseTensor | None]:
    """Without negative ids and, unless rows are summed, those whose weight is not positive."""
    valid = math.GreaterEqual(ids.values, 0)
    if weights is not None:
        valid = math.LogicalAnd(valid, array.ones_like(weights.values, bool_))
    ids = sparse_functions.sparse_retain(ids, valid)
    if weights is None:
        return ids, None
    weights = sparse_functions.sparse_retain(weights, valid)
    if combiner != "sum":
        valid = math.Greater(weights.values, 0)
        ids = sparse_functions.sparse_retain(ids, valid)
        weights = sparse_functions.sparse_retain(weights, valid)
    return ids, weights
