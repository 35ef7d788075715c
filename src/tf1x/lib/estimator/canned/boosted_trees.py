"""`tf.estimator.BoostedTreesClassifier` and kin: gradient boosting of decision trees."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tf1x.core import tree_messages
from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.lib.estimator.canned.boosted_trees_columns import feature_count, feature_names
from tf1x.lib.estimator.canned.boosted_trees_growing import TreeHParams
from tf1x.lib.estimator.canned.boosted_trees_model import explanation_model_fn, model_fn
from tf1x.lib.estimator.canned.classification import BinaryClassHead, MultiClassHead
from tf1x.lib.estimator.canned.head import Head, check_dense_labels
from tf1x.lib.estimator.canned.regression import RegressionHead
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.train.checkpoint_utils import load_checkpoint
from tf1x.ops import array, elementary, math

_DEBUG_KEY = "_serialized_debug_outputs_proto"
_UNSET = object()


class _BoostedTrees(Estimator):
    """What the three estimators do alike."""

    def __init__(
        self,
        head: Head,
        feature_columns: Any,
        hparams: TreeHParams,
        model_dir: Any,
        config: Any,
        n_batches_per_layer: int,
        is_classification: bool,
        **options: Any,
    ) -> None:
        columns = sorted(feature_columns, key=lambda column: column.name)

        def own_model_fn(features: Any, labels: Any, mode: Any, config: Any) -> Any:
            return model_fn(
                features, labels, mode, head, columns, hparams, n_batches_per_layer, config,
                **options,
            )  # fmt: skip

        super().__init__(model_fn=own_model_fn, model_dir=model_dir, config=config)
        self._columns, self._head, self._hparams = columns, head, hparams
        self._is_classification = is_classification
        self._feature_names = feature_names(columns)

    def experimental_feature_importances(self, normalize: bool = False) -> OrderedDict[str, float]:
        """How much the splits by each column gained in all, the largest first.

        Args:
            normalize: divide by the sum.

        Raises:
            ValueError: nothing was trained yet.
            AssertionError: `normalize`, and a sum is negative or there are no splits.
        """
        serialized = load_checkpoint(self.model_dir).get_tensor("boosted_trees:0_serialized")
        if not serialized:
            raise ValueError(
                "Found empty serialized string for TreeEnsemble.You should only call this method "
                "after training."
            )
        ensemble: Any = tree_messages.TreeEnsemble()
        ensemble.ParseFromString(bytes(np.asarray(serialized).item()))
        gains = np.zeros(sum(map(feature_count, self._columns)))
        for tree, weight in zip(ensemble.trees, ensemble.tree_weights, strict=True):
            for node in tree.nodes:
                if node.HasField("bucketized_split"):
                    gains[node.bucketized_split.feature_id] += weight * node.metadata.gain
        if normalize:
            if not (gains >= 0).all():
                raise AssertionError("feature_importances must be non-negative.")
            if not gains.sum() > 0:
                raise AssertionError("Trees are all empty or contain only a root node.")
            gains /= gains.sum()
        return _by_column(self._feature_names, gains)

    def experimental_predict_with_explanations(
        self,
        input_fn: Callable[..., Any],
        predict_keys: Any = None,
        hooks: Any = None,
        checkpoint_path: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Predictions with what each column contributed to them.

        Yields:
            Predictions with two more keys: "bias", the prediction before any split (a probability
            for classifiers), and "dfc", by how much each column's splits moved it, the largest
            first.

        Raises:
            ValueError: the estimator has no `center_bias`, or an inverse link function.
        """
        if not self._hparams.center_bias:
            raise ValueError(
                "center_bias must be enabled during estimator instantiation when using "
                "experimental_predict_with_explanations."
            )
        link = getattr(self._head, "_inverse_link_fn", None)
        if not self._is_classification and link not in (None, array.identity):
            raise ValueError(
                "For now only identity inverse_link_fn in regression_head is supported for "
                "experimental_predict_with_explanations."
            )

        def own_model_fn(features: Any, labels: Any, mode: Any) -> Any:
            epsilon = self._hparams.quantile_sketch_epsilon
            return explanation_model_fn(features, self._head, self._columns, epsilon, _DEBUG_KEY)

        estimator = Estimator(own_model_fn, model_dir=self.model_dir, config=self.config)
        keys = None if predict_keys is None else [*predict_keys, _DEBUG_KEY]
        predictions = estimator.predict(
            input_fn, predict_keys=keys, hooks=hooks, checkpoint_path=checkpoint_path
        )
        for prediction in predictions:
            prediction["bias"], prediction["dfc"] = self._explained(prediction.pop(_DEBUG_KEY))
            yield prediction

    def _explained(self, serialized: bytes) -> tuple[float, OrderedDict[str, float]]:
        message: Any = tree_messages.DebugOutput()
        message.ParseFromString(serialized)
        path = np.array(message.logits_path)
        if self._is_classification:
            path = 1 / (1 + np.exp(-path))
        moves = np.bincount(
            np.array(message.feature_ids, np.int64), np.diff(path), len(self._feature_names)
        )
        return path[0], _by_column(self._feature_names, moves)


def _by_column(names: list[str], values: np.ndarray) -> OrderedDict[str, float]:
    """Sums of the features' values by column, the largest first, without regard to their sign."""
    sums: dict[str, float] = {}
    for name, value in zip(names, values, strict=True):
        sums[name] = sums.get(name, 0) + value
    return OrderedDict(sorted(sums.items(), key=lambda item: abs(item[1]), reverse=True))


def _logistic(logits: Tensor, labels: Any) -> tuple[Tensor, Tensor]:
    """First and second derivatives of the mean logistic loss."""
    predictions = math.Reciprocal(elementary.Exp(-logits) + 1.0)
    each = math.Reciprocal(math.cast(array.size(predictions), float32))
    labels = check_dense_labels(math.cast(labels, float32), logits, 1)
    return (predictions - labels) * each, predictions * (1.0 - predictions) * each


class BoostedTreesClassifier(_BoostedTrees):
    """Gradient boosting for two classes.

    Args:
        feature_columns: numeric, bucketized and indicator columns. Numeric ones are put into
            buckets at their quantiles, found in the first `n_batches_per_layer` batches.
        n_batches_per_layer: how many batches are seen for each layer of a tree.
        n_classes: 2.
        weight_column: a feature's name or a numeric column: weights of the examples.
        label_vocabulary: the names of the two classes; labels then are strings.
        n_trees: training stops when there are as many.
        max_depth: how many layers of splits a tree has.
        learning_rate: by what each tree is multiplied.
        l1_regularization, l2_regularization: on the leaves.
        tree_complexity: what a split must gain; only with `pruning_mode` "pre" (such splits are
            not made) or "post" (they are taken back when the tree is done).
        min_node_weight: the sum of the hessians of a node must reach it for a split.
        center_bias: start from the labels' mean (as a logit).
        quantile_sketch_epsilon: numeric features get 1 / epsilon buckets.
        train_in_memory: each batch is the whole data; `n_batches_per_layer` must be 1.

    Raises:
        ValueError: more than two classes.
    """

    def __init__(
        self,
        feature_columns: Any,
        n_batches_per_layer: int,
        model_dir: Any = None,
        n_classes: Any = _UNSET,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        n_trees: int = 100,
        max_depth: int = 6,
        learning_rate: float = 0.1,
        l1_regularization: float = 0.0,
        l2_regularization: float = 0.0,
        tree_complexity: float = 0.0,
        min_node_weight: float = 0.0,
        config: Any = None,
        center_bias: bool = False,
        pruning_mode: str = "none",
        quantile_sketch_epsilon: float = 0.01,
        train_in_memory: bool = False,
    ) -> None:
        n_classes = 2 if n_classes is _UNSET else n_classes
        if n_classes > 2 and pruning_mode is not None:
            raise ValueError("For now pruning is not supported with multi class.")
        if n_classes != 2:
            raise ValueError(
                f"For now only binary classification is supported.n_classes given as {n_classes}"
            )
        plain = weight_column is None and label_vocabulary is None
        super().__init__(
            BinaryClassHead(weight_column, label_vocabulary=label_vocabulary),
            feature_columns,
            TreeHParams(
                n_trees, max_depth, learning_rate, l1_regularization, l2_regularization,
                tree_complexity, min_node_weight, center_bias, pruning_mode,
                quantile_sketch_epsilon,
            ),
            model_dir,
            config,
            n_batches_per_layer,
            is_classification=True,
            closed_form=_logistic if plain else None,
            weight_column=weight_column,
            train_in_memory=train_in_memory,
        )  # fmt: skip


class BoostedTreesRegressor(_BoostedTrees):
    """Gradient boosting of the squared error; see `BoostedTreesClassifier` for the arguments.

    Raises:
        ValueError: `label_dimension` is not 1.
    """

    def __init__(
        self,
        feature_columns: Any,
        n_batches_per_layer: int,
        model_dir: Any = None,
        label_dimension: Any = _UNSET,
        weight_column: Any = None,
        n_trees: int = 100,
        max_depth: int = 6,
        learning_rate: float = 0.1,
        l1_regularization: float = 0.0,
        l2_regularization: float = 0.0,
        tree_complexity: float = 0.0,
        min_node_weight: float = 0.0,
        config: Any = None,
        center_bias: bool = False,
        pruning_mode: str = "none",
        quantile_sketch_epsilon: float = 0.01,
        train_in_memory: bool = False,
    ) -> None:
        label_dimension = 1 if label_dimension is _UNSET else label_dimension
        if label_dimension != 1:
            raise ValueError(
                "For now only 1 dimension regression is supported."
                f"label_dimension given as {label_dimension}"
            )
        super().__init__(
            RegressionHead(label_dimension, weight_column),
            feature_columns,
            TreeHParams(
                n_trees, max_depth, learning_rate, l1_regularization, l2_regularization,
                tree_complexity, min_node_weight, center_bias, pruning_mode,
                quantile_sketch_epsilon,
            ),
            model_dir,
            config,
            n_batches_per_layer,
            is_classification=False,
            weight_column=weight_column,
            train_in_memory=train_in_memory,
        )  # fmt: skip


class BoostedTreesEstimator(_BoostedTrees):
    """Gradient boosting of a head's loss; see `BoostedTreesClassifier` for the other arguments.

    Args:
        head: with one logit.
    """

    def __init__(
        self,
        feature_columns: Any,
        n_batches_per_layer: int,
        head: Head,
        model_dir: Any = None,
        weight_column: Any = None,
        n_trees: int = 100,
        max_depth: int = 6,
        learning_rate: float = 0.1,
        l1_regularization: float = 0.0,
        l2_regularization: float = 0.0,
        tree_complexity: float = 0.0,
        min_node_weight: float = 0.0,
        config: Any = None,
        center_bias: bool = False,
        pruning_mode: str = "none",
        quantile_sketch_epsilon: float = 0.01,
    ) -> None:
        if head.logits_dimension != 1:
            raise ValueError(
                f"Boosted trees have one logit; the head wants {head.logits_dimension}."
            )
        super().__init__(
            head,
            feature_columns,
            TreeHParams(
                n_trees, max_depth, learning_rate, l1_regularization, l2_regularization,
                tree_complexity, min_node_weight, center_bias, pruning_mode,
                quantile_sketch_epsilon,
            ),
            model_dir,
            config,
            n_batches_per_layer,
            is_classification=isinstance(head, (BinaryClassHead, MultiClassHead)),
            weight_column=weight_column,
        )  # fmt: skip
