"""The parameters of a forest, and the message that its ops get."""

from __future__ import annotations

import math
import numbers
import random
from typing import Any

from tf1x.core import forest_messages

# Numbers of tensor_forest_params.proto.
_LEAF_MODELS = {"all_dense": 0, "all_sparse": 1, "sparse_then_dense": 3}
_STATS_MODELS = {"all_dense": 0, "all_sparse": 1, "sparse_then_dense": 3}
_REGRESSION = 2
_FINISH = {"basic": 0, "hoeffding": 2, "bootstrap": 3}
_PRUNING = {"none": 0, "half": 1, "quarter": 2, "10_percent": 3, "hoeffding": 4}
_SPLITS = {"less_or_equal": 0, "less": 1}


def _chosen(table: dict[str, int], name: str, argument: str) -> int:
    if name not in table:
        raise ValueError(f"{argument} must be one of {', '.join(table)}; got {name!r}.")
    return table[name]


class ForestHParams:
    """Parameters of a forest; `fill()` sets those that were not given.

    Args:
        num_trees: how many trees.
        max_nodes: a tree stops growing when it has as many nodes.
        bagging_fraction: which part of each batch a tree sees.
        num_splits_to_consider: how many splits are proposed for a leaf; by default the square
            root of the number of features, within 10 and 1000.
        feature_bagging_fraction: which part of the features a tree sees.
        split_after_samples: how many examples a leaf counts before it is split.
        split_name: "less_or_equal" or "less" than a split's threshold go left.
        checkpoint_stats: whether checkpoints hold what leaves have counted.
        inference_tree_paths: whether the inference graph gives the examples' ways.
        Others: `num_classes` (regression: the number of outputs) and `num_features` must be given;
            `regression=True`, `base_random_seed` (the seed of the first tree; 0 for another one
            each time).
    """

    def __init__(
        self,
        num_trees: int = 100,
        max_nodes: int = 10000,
        bagging_fraction: float = 1.0,
        num_splits_to_consider: int = 0,
        feature_bagging_fraction: float = 1.0,
        max_fertile_nodes: int = 0,
        split_after_samples: Any = 250,
        valid_leaf_threshold: int = 1,
        dominate_method: str = "bootstrap",
        dominate_fraction: float = 0.99,
        model_name: str = "all_dense",
        split_finish_name: str = "basic",
        split_pruning_name: str = "none",
        prune_every_samples: Any = 0,
        early_finish_check_every_samples: Any = 0,
        collate_examples: bool = False,
        checkpoint_stats: bool = False,
        use_running_stats_method: bool = False,
        initialize_average_splits: bool = False,
        inference_tree_paths: bool = False,
        param_file: str | None = None,
        split_name: str = "less_or_equal",
        **kwargs: Any,
    ) -> None:
        given = dict(locals())
        for name in ("self", "kwargs", "__class__"):
            given.pop(name, None)
        self.__dict__.update(given)
        self.__dict__.update(kwargs)

    def values(self) -> dict[str, Any]:
        return self.__dict__

    def fill(self) -> ForestHParams:
        """Set what was not given.

        Raises:
            AttributeError: `num_classes` or `num_features` is missing.
        """
        own: Any = self
        for name in ("num_classes", "num_features"):
            if not hasattr(self, name):
                raise AttributeError(f"ForestHParams needs {name}.")
        own.bagged_num_features = int(own.feature_bagging_fraction * own.num_features)
        own.bagged_features = None
        if own.feature_bagging_fraction < 1.0:
            # Chosen by the seed, where there is one, so that a run can be repeated.
            chosen = random.Random(getattr(self, "base_random_seed", 0) or None)
            own.bagged_features = [
                chosen.sample(range(own.num_features), own.bagged_num_features)
                for _ in range(own.num_trees)
            ]
        own.regression = getattr(self, "regression", False)
        own.num_outputs = own.num_classes if own.regression else 1
        own.num_output_columns = own.num_classes + 1
        own.num_splits_to_consider = own.num_splits_to_consider or min(
            max(10, math.floor(math.sqrt(own.num_features))), 1000
        )
        own.base_random_seed = getattr(self, "base_random_seed", 0)
        model = own.model_name
        own.leaf_model_type = (
            _REGRESSION if own.regression else _chosen(_LEAF_MODELS, model, "model_name")
        )
        own.stats_model_type = (
            _REGRESSION if own.regression else _chosen(_STATS_MODELS, model, "model_name")
        )
        own.finish_type = (
            0 if own.regression else _chosen(_FINISH, own.split_finish_name, "split_finish_name")
        )
        own.pruning_type = _chosen(_PRUNING, own.split_pruning_name, "split_pruning_name")
        own.split_type = _chosen(_SPLITS, own.split_name, "split_name")
        return self


def _set(param: Any, value: Any) -> None:
    """A number, or the text of a `DepthDependentParam`."""
    if isinstance(value, numbers.Number):
        param.constant_value = value
    elif value.isdigit():
        param.constant_value = int(value)
    else:
        from google.protobuf import text_format

        text_format.Merge(value, param)


def params_message(params: Any) -> Any:
    """The `TensorForestParams` of filled parameters."""
    message: Any = forest_messages.TensorForestParams(
        num_trees=params.num_trees,
        max_nodes=params.max_nodes,
        is_regression=params.regression,
        num_outputs=params.num_classes,
        num_features=params.num_features,
        leaf_type=params.leaf_model_type,
        stats_type=params.stats_model_type,
        inequality_test_type=params.split_type,
        collate_examples=params.collate_examples,
        checkpoint_stats=params.checkpoint_stats,
        use_running_stats_method=params.use_running_stats_method,
        initialize_average_splits=params.initialize_average_splits,
        inference_tree_paths=params.inference_tree_paths,
    )
    message.pruning_type.type, message.finish_type.type = params.pruning_type, params.finish_type
    _set(message.pruning_type.prune_every_samples, params.prune_every_samples)
    _set(message.finish_type.check_every_steps, params.early_finish_check_every_samples)
    _set(message.split_after_samples, params.split_after_samples)
    _set(message.num_splits_to_consider, params.num_splits_to_consider)
    message.dominate_fraction.constant_value = params.dominate_fraction
    if params.param_file:
        from google.protobuf import text_format

        with open(params.param_file) as file:
            text_format.Merge(file.read(), message)
    return message
