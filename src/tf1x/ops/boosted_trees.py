"""Ensembles of boosted trees: making them, growing them and predicting with them.

The gradients' statistics and the best splits are in ops/boosted_trees_stats.py, the quantiles of
numeric features in ops/boosted_trees_quantiles.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.boosted_trees_stats import exceeds, weights_and_gains
from tf1x.ops.resources import NAMES, expect, get_or_create
from tf1x.ops.shape_rules import dims, nothing, scalar
from tf1x.ops.tree_ensemble import Ensemble, Features, Split, ensemble

_STATE: dict[str, Any] = {"grad": None, "host": True, "stateful": True}
_MIN_CHANGE_OF_BIAS = 0.01
_TIE = np.float32(1e-15)


# -- making and saving ------------------------------------------------------------------------------


@op("-> resource: resource", shape=scalar, attrs=NAMES, **_STATE)
def BoostedTreesEnsembleResourceHandleOp(*, op: Operation, session: Any) -> Any:
    """A handle for an ensemble, which `BoostedTreesCreateEnsemble` makes."""
    return get_or_create(session, op, Ensemble, Ensemble)


@op("tree_ensemble_handle: resource -> is_initialized: bool", shape=scalar, **_STATE)
def IsBoostedTreesEnsembleInitialized(tree_ensemble_handle: Any) -> Any:
    """Whether the ensemble was made."""
    return np.bool_(expect(tree_ensemble_handle, Ensemble).ready)


_SERIALIZED = "tree_ensemble_handle: resource, stamp_token: int64, tree_ensemble_serialized: string"


@op(f"{_SERIALIZED} ->", shape=nothing, **_STATE)
def BoostedTreesCreateEnsemble(
    tree_ensemble_handle: Any, stamp_token: Any, tree_ensemble_serialized: Any
) -> None:
    """Make an ensemble from a `TreeEnsemble` message; does nothing where there is one."""
    made = expect(tree_ensemble_handle, Ensemble)
    if not made.ready:
        made.parse(tree_ensemble_serialized.item(), int(stamp_token))


@op(f"{_SERIALIZED} ->", shape=nothing, **_STATE)
def BoostedTreesDeserializeEnsemble(
    tree_ensemble_handle: Any, stamp_token: Any, tree_ensemble_serialized: Any
) -> None:
    """Replace an ensemble by that of a message.

    Raises:
        InvalidArgumentError: the string is not a `TreeEnsemble`.
    """
    ensemble(tree_ensemble_handle).parse(tree_ensemble_serialized.item(), int(stamp_token))


@op(
    "tree_ensemble_handle: resource -> stamp_token: int64, tree_ensemble_serialized: string",
    shape=scalar,
    **_STATE,
)
def BoostedTreesSerializeEnsemble(tree_ensemble_handle: Any) -> Any:
    """The ensemble as a `TreeEnsemble` message."""
    trees = ensemble(tree_ensemble_handle)
    with trees.lock:
        return np.int64(trees.stamp), np.array(trees.proto.SerializeToString(), object)


@op(
    "tree_ensemble_handle: resource -> stamp_token: int64, num_trees: int32, "
    "num_finalized_trees: int32, num_attempted_layers: int32, last_layer_nodes_range: int32",
    shape=lambda op: [(), (), (), (), (2,)],
    **_STATE,
)
def BoostedTreesGetEnsembleStates(tree_ensemble_handle: Any) -> Any:
    """How far an ensemble has grown, and which nodes its last layer has: [first, after the last)."""
    trees = ensemble(tree_ensemble_handle)
    with trees.lock:
        stamp, *counts, nodes = trees.states()
    return np.int64(stamp), *np.int32(counts), np.int32(nodes)


# -- predicting -------------------------------------------------------------------------------------


def _batch(op: Operation, index: int) -> int | None:
    shape = dims(op, index)
    if shape is not None and len(shape) not in (1, 2):
        raise ValueError("Shape must be rank 1 or 2 of bucketized features")
    return shape[0] if shape else None


@op(
    "tree_ensemble_handle: resource, cached_tree_ids: int32, cached_node_ids: int32, "
    "bucketized_features: num_bucketized_features*int32 -> "
    "partial_logits: float32, tree_ids: int32, node_ids: int32",
    shape=lambda op: [
        (_batch(op, 3), op.attrs["logits_dimension"]),
        (_batch(op, 3),),
        (_batch(op, 3),),
    ],
    **_STATE,
)
def BoostedTreesTrainingPredict(
    tree_ensemble_handle: Any,
    cached_tree_ids: Any,
    cached_node_ids: Any,
    bucketized_features: list[Any],
    *,
    logits_dimension: int,
) -> Any:
    """What logits have changed by since examples stood at a node of a tree (-1: never).

    Returns:
        The change [batch, logits_dimension], and where each example stands now: a tree, a node.
    """
    trees = ensemble(tree_ensemble_handle)
    features = Features(bucketized_features)
    given = np.shape(cached_tree_ids), np.shape(cached_node_ids)
    if given != ((features.size,), (features.size,)):
        raise InvalidArgumentError(
            None, None, f"Cached ids have the shapes {given}; there are {features.size} examples."
        )
    with trees.lock:
        return trees.predict_on(features, logits_dimension, cached_tree_ids, cached_node_ids)


@op(
    "tree_ensemble_handle: resource, bucketized_features: num_bucketized_features*int32 -> "
    "logits: float32",
    shape=lambda op: [(_batch(op, 1), op.attrs["logits_dimension"])],
    **_STATE,
)
def BoostedTreesPredict(
    tree_ensemble_handle: Any, bucketized_features: list[Any], *, logits_dimension: int
) -> Any:
    """The ensemble's logits, [batch, logits_dimension]; zeros where it has no trees."""
    trees = ensemble(tree_ensemble_handle)
    with trees.lock:
        return trees.predict(Features(bucketized_features), logits_dimension)


@op(
    "tree_ensemble_handle: resource, bucketized_features: num_bucketized_features*int32 -> "
    "examples_debug_outputs_serialized: string",
    shape=lambda op: [(_batch(op, 1),)],
    **_STATE,
)
def BoostedTreesExampleDebugOutputs(
    tree_ensemble_handle: Any, bucketized_features: list[Any], *, logits_dimension: int
) -> Any:
    """For each example a `DebugOutput` message: features asked, and the logits after each split."""
    trees = ensemble(tree_ensemble_handle)
    with trees.lock:
        return np.array(trees.debug_paths(Features(bucketized_features), logits_dimension), object)


# -- growing ----------------------------------------------------------------------------------------


@op(
    "tree_ensemble_handle: resource, mean_gradients: float32, mean_hessians: float32, l1: float32, "
    "l2: float32 -> continue_centering: bool",
    shape=scalar,
    **_STATE,
)
def BoostedTreesCenterBias(
    tree_ensemble_handle: Any, mean_gradients: Any, mean_hessians: Any, l1: Any, l2: Any
) -> Any:
    """Move the root of the first tree by a Newton step; whether it moved by more than a hundredth."""
    trees = ensemble(tree_ensemble_handle)
    gradient, hessian = np.ravel(mean_gradients)[:1], np.ravel(mean_hessians)[:1]
    step = weights_and_gains(gradient, hessian, l1, l2)[0][0]
    with trees.lock, np.errstate(all="ignore"):
        trees.stamp += 1
        if not trees.count:
            trees.add_tree([float(step)])
            return np.True_
        leaf = trees.proto.trees[0].nodes[0].leaf
        goes_on = np.abs(step / np.float32(leaf.scalar)) > _MIN_CHANGE_OF_BIAS
        leaf.scalar = float(np.float32(leaf.scalar) + step)
        trees.changed(0)
        return np.bool_(goes_on)


def _best(candidates: list[tuple[Any, ...]], learning_rate: Any) -> list[Split]:
    """The best split of each node, in the nodes' order; of equal gains the lowest feature.

    Each candidate has for a number of nodes: the nodes, gains, features, dimensions, thresholds,
    what is added left and right, kinds.
    """
    best: dict[int, tuple[Any, int]] = {}
    gains: dict[int, np.float32] = {}
    features: dict[int, int] = {}
    for candidate in candidates:
        nodes, own, feature = candidate[:3]
        for index, (node, gain) in enumerate(zip(nodes.tolist(), own, strict=True)):
            known = gains.get(node)
            if known is not None:
                if abs(gain - known) < _TIE:
                    if int(feature[index]) >= features[node]:
                        continue
                elif not exceeds(gain, known):
                    continue
            best[node], gains[node], features[node] = (candidate, index), gain, int(feature[index])
    rate = np.float32(learning_rate)
    splits = []
    for node in sorted(best):
        (_, _, _, dimension, threshold, left, right, kind), at = best[node]
        where = features[node], int(dimension[at]), int(threshold[at])
        halves = rate * left[at], rate * right[at]
        splits.append(Split(node, float(gains[node]), *where, *halves, kind[at]))
    return splits


_GROWING = (
    "gains: num_features*float32, thresholds: num_features*int32, "
    "left_node_contribs: num_features*float32, right_node_contribs: num_features*float32"
)


@op(
    "tree_ensemble_handle: resource, feature_ids: int32, node_ids: num_features*int32, "
    f"{_GROWING}, max_depth: int32, learning_rate: float32 ->",
    shape=nothing,
    **_STATE,
)
def BoostedTreesUpdateEnsemble(
    tree_ensemble_handle: Any,
    feature_ids: Any,
    node_ids: list[Any],
    gains: list[Any],
    thresholds: list[Any],
    left_node_contribs: list[Any],
    right_node_contribs: list[Any],
    max_depth: Any,
    learning_rate: Any,
    *,
    pruning_mode: int,
) -> None:
    """Add a layer to the last tree: each node is split by the feature that gains most.

    Args:
        feature_ids: the number of each feature; the lists have an entry a feature, with a value
            for each node that it could split.
        pruning_mode: 0 none, 1 do not split where nothing is gained, 2 take back such splits when
            the tree is done.
    """
    trees = ensemble(tree_ensemble_handle)
    if np.shape(feature_ids) != (len(node_ids),):
        raise InvalidArgumentError(
            None, None, f"feature_ids must be a vector with {len(node_ids)} elements"
        )
    lists = zip(
        feature_ids.tolist(), node_ids, gains, thresholds, left_node_contribs,
        right_node_contribs, strict=True,
    )  # fmt: skip
    candidates = [
        (nodes, gain, [feature] * len(nodes), [0] * len(nodes), threshold, left, right,
         [Split._field_defaults["kind"]] * len(nodes))
        for feature, nodes, gain, threshold, left, right in lists
    ]  # fmt: skip
    with trees.lock:
        trees.stamp += 1
        trees.grow(_best(candidates, learning_rate), int(max_depth), pruning_mode, 1)


@op(
    "tree_ensemble_handle: resource, feature_ids: num_groups*int32, "
    f"dimension_ids: num_features*int32, node_ids: num_features*int32, {_GROWING}, "
    "split_types: num_features*string, max_depth: int32, learning_rate: float32, "
    "pruning_mode: int32 ->",
    shape=nothing,
    **_STATE,
)
def BoostedTreesUpdateEnsembleV2(
    tree_ensemble_handle: Any,
    feature_ids: list[Any],
    dimension_ids: list[Any],
    node_ids: list[Any],
    gains: list[Any],
    thresholds: list[Any],
    left_node_contribs: list[Any],
    right_node_contribs: list[Any],
    split_types: list[Any],
    max_depth: Any,
    learning_rate: Any,
    pruning_mode: Any,
    *,
    logits_dimension: int = 1,
) -> None:
    """As `BoostedTreesUpdateEnsemble`, for vectors in the leaves and splits by equality as well."""
    trees = ensemble(tree_ensemble_handle)
    candidates = list(
        zip(
            node_ids, gains, feature_ids, dimension_ids, thresholds, left_node_contribs,
            right_node_contribs, split_types, strict=True,
        )
    )  # fmt: skip
    with trees.lock:
        trees.stamp += 1
        splits = _best(candidates, learning_rate)
        trees.grow(splits, int(max_depth), int(pruning_mode), logits_dimension)
