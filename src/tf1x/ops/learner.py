"""The learner of `tf.contrib.boosted_trees` in a session: trees that grow batch by batch.

TensorFlow 1.15 builds it of an op or more for each feature (split handlers, accumulators, quantile
streams); here one op takes a batch of all features. What it computes is the same: the batches of a
layer are put into the buckets that the quantiles of the layer before made (weighted by hessians),
and each node is split where the sums of its gradients gain most.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np

from tf1x.core import learner_messages
from tf1x.core.errors import InvalidArgumentError, NotFoundError, UnsupportedError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.learner_ensemble import Tree, parse, serialize
from tf1x.ops.learner_splits import Layer, Regularization
from tf1x.ops.quantile_summary import QuantileStream, boundaries, summarize
from tf1x.ops.resources import NAMES, Resource, expect, get_or_create
from tf1x.ops.shape_rules import dims, nothing, scalar

_ERROR, _QUANTILES, _MAX_ELEMENTS = 0.01, 100, 1 << 40
_CENTERED = 0.01
_WHOLE_TREE, _PRE_PRUNE, _POST_PRUNE = 1, 1, 2
_TREE_PER_CLASS = 1


@lru_cache
def _config(serialized: bytes) -> Any:
    message: Any = learner_messages.LearnerConfig()
    message.ParseFromString(serialized)
    return message


class Learner(Resource):
    """Trees, and the batches of the layer that is being collected."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ready = False
        self.stamp = 0
        self.trees: list[Tree] = []
        self.tried_trees = self.tried_layers = 0
        self._used: set[int] = set()
        self._bounds: list[np.ndarray] | None = None
        self._streams: list[QuantileStream] = []
        self._start_layer()

    def _start_layer(self) -> None:
        self._batches: list[tuple[Any, ...]] = []
        self._examples = self._steps = 0
        self._bias = np.zeros((2, 1))
        self._streams = [QuantileStream(_ERROR, _MAX_ELEMENTS) for _ in self._streams]

    def load(self, serialized: bytes, width: int, stamp: int) -> None:
        self.trees, (self.tried_trees, self.tried_layers) = parse(serialized, width)
        self.stamp, self.ready = stamp, True
        self._used = {int(f) for tree in self.trees for f in tree.feature if f >= 0}
        self._bounds = None
        self._start_layer()

    def serialize(self) -> bytes:
        return serialize(self.trees, (self.tried_trees, self.tried_layers))

    # -- predicting ----------------------------------------------------------------------------

    def predict(
        self, data: np.ndarray, width: int, config: Any, training: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits [batch, width], and the nodes of the tree that is growing."""
        trees = self.trees
        most = max((int(tree.feature.max()) for tree in trees), default=-1)
        if most >= data.shape[1]:
            raise InvalidArgumentError(
                None, None, f"The trees ask for feature {most} of {data.shape[1]} features."
            )
        growing = bool(trees) and not trees[-1].finished
        logits = np.zeros((len(data), width), np.float32)
        nodes = np.zeros(len(data), np.int32)
        # The bias counts while it moves, though it is not finished.
        held_back = growing and config.growing_mode == _WHOLE_TREE and len(trees[-1]) > 1
        counted = len(trees) - held_back
        weights = np.float32([tree.weight for tree in trees])
        if not training:
            weights = weights * _averaging(config, counted, len(trees))
        for index, tree in enumerate(trees):
            leaves = tree.leaves(data)
            if index < counted:
                logits += weights[index] * tree.values[leaves]
            if growing and index + 1 == len(trees):
                nodes = leaves.astype(np.int32)
        return logits, nodes

    # -- learning ------------------------------------------------------------------------------

    def train(
        self, data: np.ndarray, nodes: np.ndarray, gradients: np.ndarray, hessians: np.ndarray,
        config: Any, center_bias: bool, examples_per_layer: int,
    ) -> None:  # fmt: skip
        """Take a batch; when there are enough examples, add a layer (or move the bias)."""
        width = gradients.shape[1]
        if config.multi_class_strategy == _TREE_PER_CLASS and width > 1:
            own = self.tried_trees % width
            gradients, hessians = gradients[:, own : own + 1], hessians[:, own : own + 1]
        centering = center_bias and not (self.trees and self.trees[0].finished)
        if centering:
            self._bias = self._bias + np.stack(
                [gradients.sum(0), _diagonal(hessians, width).sum(0)]
            )
        if not self._streams:
            self._streams = [QuantileStream(_ERROR, _MAX_ELEMENTS) for _ in range(data.shape[1])]
        self._collect(data, nodes, gradients, hessians)
        if self._examples < examples_per_layer:
            return
        self.stamp += 1
        if centering:
            self._center(width)
        else:
            self._grow(config, width)
        self._bounds = [boundaries(stream.summary(), _QUANTILES) for stream in self._streams]
        self._start_layer()

    def _collect(self, data: np.ndarray, nodes: Any, gradients: Any, hessians: Any) -> None:
        count = gradients.shape[1]
        columns = np.ascontiguousarray(data.T)
        if self._bounds is not None:
            buckets = np.empty(columns.shape, np.uint8)
            for feature, bounds in enumerate(self._bounds):
                found = np.searchsorted(bounds, columns[feature])
                buckets[feature] = np.minimum(found, max(len(bounds) - 1, 0))
            self._batches.append((buckets.T, nodes, np.concatenate([gradients, hessians], axis=1)))
        weights = _diagonal(hessians, count).sum(1)
        counted = weights > 0
        columns, weights = columns[:, counted], weights[counted]
        for values, stream in zip(columns, self._streams, strict=True):
            stream.add(summarize(values, weights))
        self._examples += len(data)
        self._steps += 1

    def _center(self, width: int) -> None:
        """Move the first tree, a leaf, by a Newton step."""
        if not self.trees:
            self._attempt()
            self.trees.append(Tree.of(1, width))
        gradient, hessian = self._bias
        step = np.divide(-gradient, hessian, out=np.zeros_like(gradient), where=hessian > 0)
        self.trees[0].values[0] += step.astype(np.float32)
        self.trees[0].finished = bool(np.abs(step).sum() <= _CENTERED)

    def _attempt(self) -> None:
        if not self.trees or self.trees[-1].finished:
            self.tried_trees += 1
        self.tried_layers += 1

    def _grow(self, config: Any, width: int) -> None:
        own = self.tried_trees % width
        active = self._active(config)
        self._attempt()
        if not self._batches:
            return
        buckets, nodes, sums = (np.concatenate(part) for part in zip(*self._batches, strict=True))
        per_class = config.multi_class_strategy == _TREE_PER_CLASS and width > 1
        regularization = Regularization(
            config.regularization.l1, config.regularization.l2,
            config.regularization.tree_complexity, config.constraints.min_node_weight,
        )  # fmt: skip
        layer = Layer(nodes, sums / self._steps, 1 if per_class else width, regularization)
        assert self._bounds is not None
        for feature in active.tolist():
            layer.offer(feature, buckets[:, feature], self._bounds[feature])
        splits = layer.splits(config.pruning_mode != _PRE_PRUNE)
        if not len(splits["node"]):
            return
        if per_class:
            for side in ("left", "right"):
                wide = np.zeros((len(splits[side]), width), np.float32)
                wide[:, own] = splits[side][:, 0]
                splits[side] = wide
        self._add_layer(splits, config, width)

    def _add_layer(self, splits: dict[str, np.ndarray], config: Any, width: int) -> None:
        depth = config.constraints.max_tree_depth
        if not self.trees or self.trees[-1].finished:
            self.trees.append(Tree.of(1, width))
            self.trees[-1].weight = config.learning_rate_tuner.fixed.learning_rate
        else:
            self.trees[-1].layers += 1
        tree = self.trees[-1]
        tree.split(splits, add=config.growing_mode != _WHOLE_TREE)
        tree.finished = tree.layers >= depth
        self._used |= set(splits["feature"].tolist())
        if tree.finished and config.pruning_mode == _POST_PRUNE:
            tree.prune()
            if len(tree) == 1:
                self.trees.pop()

    def _active(self, config: Any) -> np.ndarray:
        """The features that the next layer may ask for."""
        count = len(self._streams)
        chosen = np.ones(count, bool)
        kind = config.WhichOneof("feature_fraction")
        if kind:
            seed = self.tried_trees if kind.endswith("tree") else self.tried_layers
            chosen = np.random.RandomState(seed).uniform(size=count) < getattr(config, kind)
        most = config.constraints.max_number_of_unique_feature_columns
        if most and len(self._used) >= most:
            chosen &= np.isin(np.arange(count), sorted(self._used))
        return np.flatnonzero(chosen)


def _diagonal(hessians: np.ndarray, width: int) -> np.ndarray:
    """Second derivatives by one logit twice, [n, width]."""
    return hessians if hessians.shape[1] == width else hessians[:, :: width + 1]


def _averaging(config: Any, counted: int, count: int) -> np.ndarray:
    """By what the trees' weights are multiplied, to average the last ensembles in prediction."""
    kind = config.averaging_config.WhichOneof("config")
    factor = np.ones(count, np.float32)
    if kind is None or not counted:
        return factor
    given = getattr(config.averaging_config, kind)
    last = int(given * counted if kind.endswith("percent_trees") else given)
    last = min(max(last, 1), counted)
    factor[counted - last : counted] = (last - np.arange(last)) / last
    return factor


def check_config(config: Any) -> None:
    """Refuse what the learner does not do.

    Raises:
        UnsupportedError: a learning rate that is tuned.
    """
    tuner = config.learning_rate_tuner.WhichOneof("tuner")
    if tuner not in (None, "fixed"):
        raise UnsupportedError(
            f"tf.contrib.boosted_trees: tf1x has no learning_rate_tuner.{tuner}; use "
            "learning_rate_tuner.fixed."
        )


# -- ops --------------------------------------------------------------------------------------------

_STATE: dict[str, Any] = {"grad": None, "host": True, "stateful": True}


def _learner(handle: Any) -> Learner:
    found = expect(handle, Learner)
    if not found.ready:
        raise NotFoundError(None, None, "The learner does not exist: it was not initialized.")
    return found


@op("-> resource: resource", shape=scalar, attrs=NAMES, **_STATE)
def BoostedLearnerHandle(*, op: Operation, session: Any) -> Any:
    """A handle for a learner, which `BoostedLearnerCreate` makes."""
    return get_or_create(session, op, Learner, Learner)


@op("learner: resource -> is_initialized: bool", shape=scalar, **_STATE)
def BoostedLearnerIsInitialized(learner: Any) -> Any:
    """Whether the learner was made."""
    return np.bool_(expect(learner, Learner).ready)


@op("learner: resource, stamp_token: int64, ensemble_config: string ->", shape=nothing, **_STATE)
def BoostedLearnerCreate(
    learner: Any, stamp_token: Any, ensemble_config: Any, *, logits_dimension: int
) -> None:
    """Make a learner from a `DecisionTreeEnsembleConfig`, unless there is one."""
    found = expect(learner, Learner)
    with found.lock:
        if not found.ready:
            found.load(ensemble_config.item(), logits_dimension, int(stamp_token))


@op("learner: resource, stamp_token: int64, ensemble_config: string ->", shape=nothing, **_STATE)
def BoostedLearnerDeserialize(
    learner: Any, stamp_token: Any, ensemble_config: Any, *, logits_dimension: int
) -> None:
    """Replace a learner's trees by those of a message."""
    found = _learner(learner)
    with found.lock:
        found.load(ensemble_config.item(), logits_dimension, int(stamp_token))


@op("learner: resource -> stamp_token: int64, ensemble_config: string", shape=scalar, **_STATE)
def BoostedLearnerSerialize(learner: Any) -> Any:
    """The trees as a `DecisionTreeEnsembleConfig` message."""
    found = _learner(learner)
    with found.lock:
        return np.int64(found.stamp), np.array(found.serialize(), object)


@op(
    "learner: resource -> num_trees: int64, attempted_trees: int64, num_layers: int64",
    shape=scalar,
    **_STATE,
)
def BoostedLearnerStats(learner: Any) -> Any:
    """How many trees are done, how many were tried, how many layers the last one has."""
    found = _learner(learner)
    with found.lock:
        done = sum(tree.finished for tree in found.trees)
        layers = found.trees[-1].layers if found.trees and not found.trees[-1].finished else 0
        return np.int64(done), np.int64(found.tried_trees), np.int64(layers)


def _prediction_shapes(op: Operation) -> list[Any]:
    shape = dims(op, 1)
    batch = shape[0] if shape else None
    return [(batch, op.attrs["logits_dimension"]), (batch,)]


@op(
    "learner: resource, features: float32 -> logits: float32, nodes: int32",
    shape=_prediction_shapes,
    **_STATE,
)
def BoostedLearnerPredict(
    learner: Any, features: Any, *, learner_config: bytes, logits_dimension: int, training: bool
) -> Any:
    """Logits [batch, logits_dimension] for features [batch, n], and the nodes of the growing tree."""
    found = _learner(learner)
    with found.lock:
        return found.predict(features, logits_dimension, _config(learner_config), training)


@op(
    "learner: resource, features: float32, nodes: int32, gradients: float32, hessians: float32, "
    "examples_per_layer: int64 ->",
    shape=nothing,
    **_STATE,
)
def BoostedLearnerTrain(
    learner: Any,
    features: Any,
    nodes: Any,
    gradients: Any,
    hessians: Any,
    examples_per_layer: Any,
    *,
    learner_config: bytes,
    center_bias: bool,
) -> None:
    """Take a batch: a layer grows when there are enough examples.

    Args:
        features: [batch, n].
        nodes: what `BoostedLearnerPredict` gave.
        gradients: [batch, logits].
        hessians: [batch, logits], or [batch, logits * logits] with all second derivatives.
    """
    found = _learner(learner)
    with found.lock:
        found.train(
            features, nodes, gradients, hessians, _config(learner_config), center_bias,
            int(examples_per_layer),
        )  # fmt: skip
