"""Sums of gradients in the buckets of features, and the splits of nodes that they suggest."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.shape_rules import dims
from tf1x.ops.tree_ensemble import DEFAULT_LEFT, DEFAULT_RIGHT, EQUALITY

_HOST: dict[str, Any] = {"grad": None, "host": True}
_TIE = np.float32(1e-15)
_LOWEST = np.finfo(np.float32).min


def exceeds(gain: Any, best: Any) -> Any:
    """Whether a gain is larger, by more than nothing."""
    return gain - best >= _TIE


# -- sums -------------------------------------------------------------------------------------------


def _check_range(values: np.ndarray, count: int, what: str, lowest: int = 0) -> None:
    if values.size and not lowest <= values.min() <= values.max() < count:
        found = values.min() if values.min() < lowest else values.max()
        raise InvalidArgumentError(
            None, None, f"{what} should be in range [{lowest}, {count}), got {found}."
        )


def _sums(index: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sums of `values` [n, width] by `index` [n], [count, width]."""
    columns = [np.bincount(index, values[:, i], count) for i in range(values.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)


def _stats_shape(op: Operation) -> list[Any]:
    attrs = op.attrs
    return [(attrs["num_features"], attrs["max_splits"], attrs["num_buckets"], 2)]


@op(
    "node_ids: int32, gradients: float32, hessians: float32, "
    "bucketized_features_list: num_features*int32 -> stats_summary: float32",
    shape=_stats_shape,
    **_HOST,
)
def BoostedTreesMakeStatsSummary(
    node_ids: Any,
    gradients: Any,
    hessians: Any,
    bucketized_features_list: list[Any],
    *,
    max_splits: int,
    num_buckets: int,
) -> Any:
    """Sums of gradients and hessians, [features, max_splits, num_buckets, 2].

    Args:
        node_ids: the node of each example, [batch].
        gradients, hessians: [batch, 1].
        bucketized_features_list: for each feature the examples' buckets, [batch].
    """
    _check_range(node_ids, max_splits, "node_id")
    values = np.concatenate([gradients[:, :1], hessians[:, :1]], axis=1)
    made = np.empty((len(bucketized_features_list), max_splits * num_buckets, 2), np.float32)
    first = node_ids.astype(np.int64) * num_buckets
    for index, buckets in enumerate(bucketized_features_list):
        _check_range(buckets, num_buckets, "bucket")
        made[index] = _sums(first + buckets, values, max_splits * num_buckets)
    return made.reshape(-1, max_splits, num_buckets, 2)


def _aggregate_shape(op: Operation) -> list[Any]:
    gradient, hessian, feature = dims(op, 1), dims(op, 2), dims(op, 3)
    width = None
    if gradient and hessian and None not in (gradient[1], hessian[1]):
        width = int(gradient[1] or 0) + int(hessian[1] or 0)
    features = feature[1] if feature else None
    return [(op.attrs["max_splits"], features, op.attrs["num_buckets"] + 1, width)]


@op(
    "node_ids: int32, gradients: float32, hessians: float32, feature: int32 -> "
    "stats_summary: float32",
    shape=_aggregate_shape,
    **_HOST,
)
def BoostedTreesAggregateStats(
    node_ids: Any, gradients: Any, hessians: Any, feature: Any, *, max_splits: int, num_buckets: int
) -> Any:
    """Sums of gradients and hessians, [max_splits, dimensions, num_buckets + 1, logits + hessians].

    Bucket -1 of `feature` [batch, dimensions] stands for a missing value, which goes to the last.
    """
    _check_range(node_ids, max_splits, "node_id")
    _check_range(feature, num_buckets, "bucket", -1)
    values = np.concatenate([gradients, hessians], axis=1)
    dimensions, buckets = feature.shape[1], num_buckets + 1
    made = np.empty((max_splits, dimensions, buckets, values.shape[1]), np.float32)
    first = node_ids.astype(np.int64) * buckets
    for index in range(dimensions):
        bucket = np.where(feature[:, index] < 0, num_buckets, feature[:, index])
        sums = _sums(first + bucket, values, max_splits * buckets)
        made[:, index] = sums.reshape(max_splits, buckets, -1)
    return made


# -- weights and gains ------------------------------------------------------------------------------


def weights_and_gains(g: Any, h: Any, l1: Any, l2: Any) -> tuple[np.ndarray, np.ndarray]:
    """The best leaves for sums of gradients, and how much each lowers the loss (twice that).

    Args:
        g: gradients [..., n].
        h: hessians: [..., n], or [..., n * n] with all second derivatives.
        l1, l2: regularization; l1 only for n = 1.

    Returns:
        Weights [..., n] and gains [...].
    """
    g, h = np.asarray(g, np.float32), np.asarray(h, np.float32)
    width = g.shape[-1]
    l1, l2 = np.float32(l1), np.float32(l2)
    with np.errstate(all="ignore"):
        if width == 1:
            if l1 > 0:
                g = np.sign(g) * np.maximum(np.abs(g) - l1, 0)
            total = h + l2
            weights = np.where(total <= _TIE, np.float32(0), -g / total)
            return weights, (-g * weights)[..., 0]
        if h.shape[-1] == width:
            total = h + l2
            if (total != 0).all():
                weights = -(np.float32(1) / total) * g
                return weights, (-g * weights).sum(-1)
            matrix = total[..., None] * np.eye(width, dtype=np.float32)
        else:
            matrix = h.reshape(*h.shape[:-1], width, width) + l2 * np.eye(width, dtype=np.float32)
        matrix, column = matrix.astype(np.float64), g.astype(np.float64)[..., None]
        # Without l2 a hessian can be singular: that of softmax is.
        regular = l2 > 0 and h.shape[-1] > width
        solved = np.linalg.solve(matrix, column) if regular else np.linalg.pinv(matrix) @ column
        weights = -solved[..., 0]
        weights = weights.astype(np.float32)
        return weights, (-g * weights).sum(-1)


class _Best:
    """For a number of nodes, the best of the splits shown so far: the first of equal ones."""

    def __init__(self, count: int, width: int) -> None:
        self.gain = np.full(count, _LOWEST, np.float32)
        self.bucket = np.zeros(count, np.int32)
        self.dimension = np.zeros(count, np.int32)
        self.feature = np.zeros(count, np.int32)
        self.left = np.zeros((count, width), np.float32)
        self.right = np.zeros((count, width), np.float32)
        self.kind = np.full(count, b"", object)

    def offer(
        self, left: tuple[Any, Any], right: tuple[Any, Any], bucket: int, dimension: int = 0,
        kind: bytes = DEFAULT_LEFT, feature: int = 0,
    ) -> None:  # fmt: skip
        """Splits into `left` and `right`, weights and gains of the nodes' halves."""
        gain = left[1] + right[1]
        with np.errstate(all="ignore"):
            better = np.flatnonzero(exceeds(gain, self.gain))
        self.gain[better], self.bucket[better] = gain[better], bucket
        self.dimension[better], self.feature[better] = dimension, feature
        self.left[better], self.right[better] = left[0][better], right[0][better]
        self.kind[better] = kind


def _node_range(node_id_range: Any, nodes: int) -> tuple[int, int]:
    if np.shape(node_id_range) != (2,):
        raise InvalidArgumentError(None, None, "node_id_range argument must have shape [2]")
    first, after = int(node_id_range[0]), int(node_id_range[1])
    if not 0 <= first <= after <= nodes:
        raise InvalidArgumentError(
            None, None, f"node_id_range [{first}, {after}) is not within the {nodes} nodes"
        )
    return first, after


def _open(op: Operation) -> list[Any]:
    found: list[Any] = []
    for arg in op.opdef.outputs:
        shape = (None, 1) if "contribs" in arg.name else (None,)
        found += [shape] * op.attrs["num_features"]
    return found


_REGULARIZATION = "l1: float32, l2: float32, tree_complexity: float32, min_node_weight: float32"


@op(
    f"node_id_range: int32, stats_summary_list: num_features*float32, {_REGULARIZATION} -> "
    "node_ids_list: num_features*int32, gains_list: num_features*float32, "
    "thresholds_list: num_features*int32, left_node_contribs_list: num_features*float32, "
    "right_node_contribs_list: num_features*float32",
    shape=_open,
    attrs={"max_splits": ("int", 1)},
    **_HOST,
)
def BoostedTreesCalculateBestGainsPerFeature(
    node_id_range: Any,
    stats_summary_list: list[Any],
    l1: Any,
    l2: Any,
    tree_complexity: Any,
    min_node_weight: Any,
) -> Any:
    """For each feature, where it splits each node best.

    Args:
        node_id_range: the first node, and the one after the last.
        stats_summary_list: for each feature [max_splits, num_buckets, 2].

    Returns:
        For each feature and node whose hessians reach `min_node_weight`: the node, what is gained,
        the last bucket of the left half, and what the halves' leaves add.
    """
    first, after = _node_range(node_id_range, len(stats_summary_list[0]))
    shapes = {x.shape for x in stats_summary_list}
    if len(shapes) > 1 or stats_summary_list[0].ndim != 3 or stats_summary_list[0].shape[2] != 2:
        raise InvalidArgumentError(
            None, None, f"stats_summary_list must be [max_splits, buckets, 2] alike, got {shapes}"
        )
    stats = np.stack([x[first:after] for x in stats_summary_list])
    sums = np.cumsum(stats, axis=2, dtype=np.float32)  # [features, nodes, buckets, 2]
    features, count, buckets = sums.shape[:3]
    sums = sums.reshape(features * count, buckets, 2)
    total = sums[:, -1]
    parent = weights_and_gains(total[:, :1], total[:, 1:], l1, l2)[1]
    best = _Best(features * count, 1)
    for bucket in range(buckets):
        left, right = sums[:, bucket], total - sums[:, bucket]
        best.offer(
            weights_and_gains(left[:, :1], left[:, 1:], l1, l2),
            weights_and_gains(right[:, :1], right[:, 1:], l1, l2),
            bucket,
        )
    gains = best.gain - parent - np.float32(tree_complexity)
    nodes = np.tile(np.arange(first, after, dtype=np.int32), features)
    heavy = ~(total[:, 1] < np.float32(min_node_weight))
    chosen = [
        f * count + np.flatnonzero(heavy[f * count : (f + 1) * count]) for f in range(features)
    ]
    return tuple(
        [values[rows] for rows in chosen]
        for values in (nodes, gains, best.bucket, best.left, best.right)
    )


def _offer_feature(
    best: _Best, stats: np.ndarray, width: int, equality: bool, l1: Any, l2: Any, feature: int = 0
) -> None:
    """Show all splits by a feature with the sums [nodes, dimensions, buckets + 1, width + ...]."""

    def halves(sums: np.ndarray) -> tuple[Any, Any]:
        return weights_and_gains(sums[:, :width], sums[:, width:], l1, l2)

    buckets = stats.shape[2] - 1
    for dimension in range(stats.shape[1]):
        own = stats[:, dimension]
        cumulative = np.cumsum(own, axis=1, dtype=np.float32)
        # By equality TensorFlow takes the node's sums from the first dimension.
        total = stats[:, 0].sum(1, dtype=np.float32) if equality else cumulative[:, -1]
        for bucket in range(buckets):
            if equality:
                left = own[:, bucket]
                best.offer(halves(left), halves(total - left), bucket, dimension, EQUALITY, feature)
                continue
            left = cumulative[:, bucket]
            with_missing = left + own[:, buckets]
            for half, kind in ((with_missing, DEFAULT_LEFT), (left, DEFAULT_RIGHT)):
                best.offer(halves(half), halves(total - half), bucket, dimension, kind, feature)


def _heavy(stats: np.ndarray, width: int, min_node_weight: Any) -> tuple[np.ndarray, np.ndarray]:
    """Which nodes weigh enough, and the sums of all."""
    total = stats[:, 0].sum(1, dtype=np.float32)
    weight = np.linalg.norm(total[:, width:], axis=1)
    return np.flatnonzero(~(weight < np.float32(min_node_weight))), total


def _check_stats(stats: Any, width: int) -> None:
    if stats.ndim != 4:
        raise InvalidArgumentError(None, None, "stats_summary argument must have rank 4")
    hessian = stats.shape[3] - width
    if not 0 < hessian <= width * width:
        raise InvalidArgumentError(
            None, None, f"hessian dim should be > 0 and <= {width * width}, got {hessian}"
        )


def _split_shapes(op: Operation) -> list[Any]:
    width = op.attrs["logits_dimension"]
    return [(None, width) if "contribs" in arg.name else (None,) for arg in op.opdef.outputs]


@op(
    f"node_id_range: int32, stats_summary: float32, {_REGULARIZATION} -> node_ids: int32, "
    "gains: float32, feature_dimensions: int32, thresholds: int32, left_node_contribs: float32, "
    "right_node_contribs: float32, split_with_default_directions: string",
    shape=_split_shapes,
    **_HOST,
)
def BoostedTreesCalculateBestFeatureSplit(
    node_id_range: Any,
    stats_summary: Any,
    l1: Any,
    l2: Any,
    tree_complexity: Any,
    min_node_weight: Any,
    *,
    logits_dimension: int,
    split_type: str = "inequality",
) -> Any:
    """Where a feature of several dimensions splits each node best, by order or by equality.

    `stats_summary` is what `BoostedTreesAggregateStats` gives.
    """
    _check_stats(stats_summary, logits_dimension)
    first, after = _node_range(node_id_range, len(stats_summary))
    stats = stats_summary[first:after]
    rows, total = _heavy(stats, logits_dimension, min_node_weight)
    best = _Best(len(rows), logits_dimension)
    _offer_feature(best, stats[rows], logits_dimension, split_type == "equality", l1, l2)
    found = _found(best, rows, total, logits_dimension, first, l1, l2, tree_complexity)
    nodes, gains, _, *others = found
    return nodes, gains, *others


def _found(
    best: _Best, rows: Any, total: Any, width: int, first: int, l1: Any, l2: Any, complexity: Any
) -> tuple[Any, ...]:
    total = total[rows]
    parent = weights_and_gains(total[:, :width], total[:, width:], l1, l2)[1]
    gains = best.gain - parent - np.float32(complexity)
    split = np.flatnonzero(best.gain != _LOWEST)
    nodes = (rows + first).astype(np.int32)
    columns = (
        nodes, gains, best.feature, best.dimension, best.bucket, best.left, best.right, best.kind,
    )  # fmt: skip
    return tuple(values[split] for values in columns)


@op(
    "node_id_range: int32, stats_summaries_list: num_features*float32, split_types: string, "
    f"candidate_feature_ids: int32, {_REGULARIZATION} -> node_ids: int32, gains: float32, "
    "feature_ids: int32, feature_dimensions: int32, thresholds: int32, "
    "left_node_contribs: float32, right_node_contribs: float32, "
    "split_with_default_directions: string",
    shape=_split_shapes,
    **_HOST,
)
def BoostedTreesCalculateBestFeatureSplitV2(
    node_id_range: Any,
    stats_summaries_list: list[Any],
    split_types: Any,
    candidate_feature_ids: Any,
    l1: Any,
    l2: Any,
    tree_complexity: Any,
    min_node_weight: Any,
    *,
    logits_dimension: int,
) -> Any:
    """The best split of each node by any of several features, numbered `candidate_feature_ids`."""
    for stats in stats_summaries_list:
        _check_stats(stats, logits_dimension)
    first, after = _node_range(node_id_range, min(map(len, stats_summaries_list)))
    counts = len(split_types), len(candidate_feature_ids)
    if counts != (len(stats_summaries_list),) * 2:
        raise InvalidArgumentError(
            None, None, "split_types and candidate_feature_ids must have one value for each feature"
        )
    rows, total = _heavy(stats_summaries_list[0][first:after], logits_dimension, min_node_weight)
    best = _Best(len(rows), logits_dimension)
    for stats, kind, feature in zip(
        stats_summaries_list, split_types.tolist(), candidate_feature_ids.tolist(), strict=True
    ):
        if kind not in (b"inequality", b"equality"):
            raise InvalidArgumentError(None, None, f"Incorrect split type {kind.decode()}.")
        own = stats[first:after][rows]
        _offer_feature(best, own, logits_dimension, kind == b"equality", l1, l2, feature)
    return _found(best, rows, total, logits_dimension, first, l1, l2, tree_complexity)
