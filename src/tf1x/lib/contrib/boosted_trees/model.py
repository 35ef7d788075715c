"""The model of `GradientBoostedDecisionTreeClassifier` and kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, dtypes, scopes
from tf1x.core.errors import UnsupportedError
from tf1x.core.learner_messages import LearnerConfig
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.contrib.learn.model_fn import ModeKeys
from tf1x.lib.feature_column.layers import input_layer
from tf1x.lib.gradients import gradients
from tf1x.lib.logging import info
from tf1x.lib.resources import register_resource
from tf1x.lib.train.saveables import SaveableObject, SaveSpec
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook
from tf1x.lib.train.training_util import get_global_step
from tf1x.lib.variable_functions import assign_add
from tf1x.ops import array, array_moves, learner, math
from tf1x.ops.summary_functions import scalar


class _Saveable(SaveableObject):
    def __init__(self, handle: Tensor, create: Operation, width: int) -> None:
        stamp, config = learner.BoostedLearnerSerialize(handle)
        name = handle.name
        specs = [SaveSpec(stamp, "", f"{name}_stamp"), SaveSpec(config, "", f"{name}_config")]
        super().__init__(handle, specs, name)
        self._create, self._width = create, width

    def restore(self, restored_tensors: list[Any], restored_shapes: Any) -> Any:
        with scopes.control_dependencies([self._create]):
            return learner.BoostedLearnerDeserialize(
                self.op, *restored_tensors, logits_dimension=self._width
            )


def _learner(width: int) -> Tensor:
    """A learner of the session, saved with the variables."""
    with scopes.name_scope("ensemble_model", "TreeEnsembleVariable") as scope:
        handle: Tensor = learner.BoostedLearnerHandle(shared_name=scope, name=scope)
        create = learner.BoostedLearnerCreate(handle, 0, "", logits_dimension=width)
        made = learner.BoostedLearnerIsInitialized(handle)
        saveable = _Saveable(handle, create, width)
    scopes.add_to_collection(GraphKeys.SAVEABLE_OBJECTS, saveable)
    register_resource(handle, create, made)
    return handle


def fill(config: Any, logits_dimension: int) -> Any:
    """A copy of a `LearnerConfig` with what was not set.

    Raises:
        ValueError: less than two classes.
        UnsupportedError: a learning rate that is tuned.
    """
    filled: Any = LearnerConfig()
    filled.CopyFrom(config)
    if filled.num_classes < 2:
        raise ValueError("Number of classes must be >=2")
    one = logits_dimension == 1
    if not filled.multi_class_strategy:
        per_class, diagonal = LearnerConfig.TREE_PER_CLASS, LearnerConfig.DIAGONAL_HESSIAN
        filled.multi_class_strategy = per_class if one else diagonal
    filled.growing_mode = filled.growing_mode or LearnerConfig.LAYER_BY_LAYER
    filled.pruning_mode = filled.pruning_mode or LearnerConfig.POST_PRUNE
    filled.constraints.max_tree_depth = filled.constraints.max_tree_depth or 6
    if filled.learning_rate_tuner.WhichOneof("tuner") is None:
        filled.learning_rate_tuner.fixed.learning_rate = 0.1
    learner.check_config(filled)
    return filled


def _features(features: dict[str, Any], columns: Any) -> Tensor:
    """All features as numbers, [batch, n], in the order of their names.

    Raises:
        ValueError: one is not float32.
        UnsupportedError: one is sparse.
    """
    if columns:
        with scopes.name_scope("gbdt"):
            features = {column.name: input_layer(features, [column]) for column in columns}
    names, found = [], []
    for name in sorted(features):
        value = features[name]
        if isinstance(value, SparseTensor):
            raise UnsupportedError(
                f"tf.contrib.boosted_trees: the feature {name!r} is sparse, and tf1x's learner takes "
                "dense ones. Give feature_columns with an indicator_column of it, or use "
                "tf.estimator.BoostedTreesClassifier."
            )
        value = convert.to_tensor(value)
        if value.dtype.base_dtype != dtypes.float32:
            raise ValueError(f"Unsupported dense feature {value.name} with dtype {value.dtype}.")
        if value.shape.ndims == 1:
            value = array.expand_dims(value, 1)
        count = value.shape[1].value
        names += [f"{name}_{i}" for i in range(count)] if count and count > 1 else [name]
        found.append(value)
    info(f"Active Feature Columns: {names}")
    together: Tensor = array_moves.concat(found, 1) if len(found) > 1 else found[0]
    return together


def _second(first: Tensor, logits: Tensor, full: bool) -> Tensor:
    """Second derivatives: [batch, logits], or all of them [batch, logits * logits]."""
    width = int(logits.shape[1])
    if width == 1:
        return gradients(first, logits, name="Hessian")[0]
    rows = []
    for index in range(width):
        row = gradients(first[:, index], logits, name=f"Hessian_{index}")[0]
        rows.append(row if full else row[:, index : index + 1])
    together: Tensor = array_moves.concat(rows, 1)
    return together


class StopAfterNTrees(SessionRunHook):
    """Stops when there are n trees, or twice as many were tried."""

    def __init__(self, n: int, num_attempted_trees_tensor: Any, num_finalized_trees_tensor: Any):
        self._count = n
        self._tensors = {
            "num_attempted_trees": num_attempted_trees_tensor,
            "num_finalized_trees": num_finalized_trees_tensor,
        }

    def before_run(self, run_context: Any) -> Any:
        return SessionRunArgs(self._tensors)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        found = run_values.results
        tried, done = found["num_attempted_trees"], found["num_finalized_trees"]
        if done >= self._count or tried >= 2 * self._count:
            info(f"Requesting stop since we have reached {done} trees.")
            run_context.request_stop()


def model_builder(features: Any, labels: Any, mode: str, params: Any, config: Any) -> Any:
    """A model_fn of `tf.contrib.learn`; its parameters are those of the estimators, and the head."""
    if features is None:
        raise ValueError("At least one feature must be specified.")
    if isinstance(features, Tensor):
        features = {features.name: features}
    head, center_bias = params["head"], params["center_bias"]
    width = head.logits_dimension
    settings = fill(params["learner_config"], width)
    serialized = settings.SerializeToString()
    handle = _learner(width)
    numbers = {k: v for k, v in features.items() if k != params["weight_column_name"]}
    with scopes.name_scope("gbdt", "gbdt_optimizer"):
        data = _features(numbers, params["feature_columns"])
        trained = mode == ModeKeys.TRAIN
        logits, nodes = learner.BoostedLearnerPredict(
            handle, data, learner_config=serialized, logits_dimension=width, training=trained
        )
        done, tried, layer = learner.BoostedLearnerStats(handle)
        predictions = logits
        modify: Callable[..., Any] | None = params["logits_modifier_function"]
        if modify:
            predictions = modify(logits, features, mode)

        def train_op_fn(loss: Any) -> Any:
            scalar("ensemble_stats/active_tree", tried)
            scalar("ensemble_stats/active_layer", layer)
            count = params["examples_per_layer"]
            count = count(layer) if callable(count) else count
            first = gradients(loss, logits, name="Gradients")[0]
            full = settings.multi_class_strategy == LearnerConfig.FULL_HESSIAN
            step = learner.BoostedLearnerTrain(
                handle, data, nodes, first, _second(first, logits, full),
                math.cast(count, dtypes.int64), learner_config=serialized, center_bias=center_bias,
            )  # fmt: skip
            with scopes.control_dependencies([step]):
                return assign_add(get_global_step(), 1).op

    ops = head.create_model_fn_ops(
        features=features, mode=mode, labels=labels, train_op_fn=train_op_fn, logits=predictions
    )
    trees = params["num_trees"]
    if trees:
        ops.training_hooks.append(StopAfterNTrees(trees + bool(center_bias), tried, done))
    return ops
