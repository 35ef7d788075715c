"""`tf.contrib.tensor_forest.client.random_forest`: a forest as an estimator of `tf.contrib.learn`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.contrib.learn.estimator import Estimator
from tf1x.lib.contrib.learn.heads import multi_class_head, regression_head
from tf1x.lib.contrib.learn.model_fn import ModeKeys
from tf1x.lib.contrib.tensor_forest.graphs import RandomForestGraphs
from tf1x.lib.logging import info
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook
from tf1x.lib.train.training_util import get_global_step
from tf1x.lib.variable_functions import assign_add
from tf1x.ops import elementary, math
from tf1x.ops.grouping import group
from tf1x.ops.summary_functions import scalar

KEYS_NAME = "keys"
LOSS_NAME = "rf_training_loss"
TREE_PATHS_PREDICTION_KEY = "tree_paths"
VARIANCE_PREDICTION_KEY = "prediction_variance"
EPSILON = 0.000001


class TensorForestRunOpAtEndHook(SessionRunHook):
    """Runs ops before the session ends, and logs what they give."""

    def __init__(self, op_dict: dict[str, Any]) -> None:
        self._ops = op_dict

    def end(self, session: Any) -> None:
        for name in sorted(self._ops):
            info(f"{name}: {session.run(self._ops[name])}")


class TensorForestLossHook(SessionRunHook):
    """Stops when the loss has not fallen for some steps.

    Args:
        early_stopping_rounds: for how many.
        early_stopping_loss_threshold: by which part it must fall to count.
        loss_op: by default the tensor named `LOSS_NAME`.
    """

    def __init__(
        self,
        early_stopping_rounds: int,
        early_stopping_loss_threshold: float | None = None,
        loss_op: Any = None,
    ) -> None:
        self.early_stopping_rounds = early_stopping_rounds
        self.early_stopping_loss_threshold = early_stopping_loss_threshold or 0.0
        self.loss_op = loss_op
        self.min_loss: Any = None
        self.last_step = -1
        self.steps = 0

    def before_run(self, run_context: Any) -> Any:
        loss = self.loss_op
        if loss is None:
            loss = run_context.session.graph.get_operation_by_name(LOSS_NAME).outputs[0]
        return SessionRunArgs({"global_step": get_global_step(), "current_loss": loss})

    def after_run(self, run_context: Any, run_values: Any) -> None:
        loss, step = run_values.results["current_loss"], run_values.results["global_step"]
        self.steps += 1
        if self.last_step == -1 or self.last_step > step:
            info("TensorForestLossHook resetting last_step.")
            self.last_step, self.steps, self.min_loss = step, 0, None
            return
        self.last_step = step
        if self.min_loss is None or loss < (
            self.min_loss - self.min_loss * self.early_stopping_loss_threshold
        ):
            self.min_loss, self.steps = loss, 0
        if self.steps > self.early_stopping_rounds:
            info("TensorForestLossHook requesting stop.")
            run_context.request_stop()


def get_default_head(params: Any, weights_name: str | None, name: str | None = None) -> Any:
    """The head for a forest's parameters."""
    if params.regression:
        return regression_head(
            weight_column_name=weights_name, label_dimension=params.num_outputs, head_name=name
        )
    return multi_class_head(params.num_classes, weight_column_name=weights_name, head_name=name)


def get_model_fn(
    params: Any,
    graph_builder_class: Any,
    device_assigner: Any,
    weights_name: str | None = None,
    model_head: Any = None,
    keys_name: str | None = None,
    early_stopping_rounds: int = 100,
    early_stopping_loss_threshold: float = 0.001,
    num_trainers: int = 1,
    trainer_id: int = 0,
    report_feature_importances: bool = False,
    local_eval: bool = False,
    head_scope: Any = None,
) -> Callable[..., Any]:
    """A model_fn; see `TensorForestEstimator`."""
    head = model_head or get_default_head(params, weights_name)

    def model_fn(features: Any, labels: Any, mode: str) -> Any:
        if isinstance(features, (Tensor, SparseTensor)):
            features = {"features": features}
        features = dict(features)
        weights = features.pop(weights_name, None) if weights_name else None
        keys = features.pop(keys_name, None) if keys_name else None
        local = mode == ModeKeys.INFER or (local_eval and mode == ModeKeys.EVAL)
        graphs = graph_builder_class(params, device_assigner=None if local else device_assigner)
        found, paths, variance = graphs.inference_graph(features)
        scalar("average_tree_size", graphs.average_size())
        logits = found
        if not params.regression and params.num_classes == 2:
            # As logits; a probability may be 0 or 1.
            chance = found[:, 1:2]
            odds = chance / math.Maximum(1.0 - chance, EPSILON)
            logits = elementary.Log(math.Maximum(odds, EPSILON))
        step = None
        if labels is not None and mode == ModeKeys.TRAIN:
            with scopes.control_dependencies([logits.op]):
                step = group(
                    graphs.training_graph(
                        features, labels, input_weights=weights, num_trainers=num_trainers,
                        trainer_id=trainer_id,
                    ),
                    assign_add(get_global_step(), 1),
                )  # fmt: skip
        if weights is not None:
            features[weights_name] = weights
        ops = head.create_model_fn_ops(
            features=features, labels=labels, mode=mode, train_op_fn=lambda loss: step,
            logits=logits, scope=head_scope,
        )  # fmt: skip
        if report_feature_importances:
            ops.training_hooks.append(
                TensorForestRunOpAtEndHook({"feature_importances": graphs.feature_importances()})
            )
        if early_stopping_rounds:
            loss = graphs.training_loss(features, labels, name=LOSS_NAME)
            ops.training_hooks.append(
                TensorForestLossHook(early_stopping_rounds, early_stopping_loss_threshold, loss)
            )
        if mode != ModeKeys.TRAIN:
            ops.predictions[VARIANCE_PREDICTION_KEY] = variance
            if params.inference_tree_paths:
                ops.predictions[TREE_PATHS_PREDICTION_KEY] = paths
        if keys is not None:
            ops.predictions[keys_name] = keys
        return ops

    return model_fn


class TensorForestEstimator(Estimator):
    """A random forest that learns from a stream of batches.

    Args:
        params: `ForestHParams`.
        weights_name: a feature with a weight for each example.
        keys_name: a feature that is handed on to the predictions.
        early_stopping_rounds: training stops when the trees have not grown for so many steps by
        early_stopping_loss_threshold: of their size; None for never.
        num_trainers, trainer_id: of how many trainers, who share the trees, this is which.
        report_feature_importances: log which part of the tests asks for each feature.
        head: what computes loss and metrics, by default for the kind of forest.
    """

    def __init__(
        self,
        params: Any,
        device_assigner: Any = None,
        model_dir: Any = None,
        graph_builder_class: Any = RandomForestGraphs,
        config: Any = None,
        weights_name: str | None = None,
        keys_name: str | None = None,
        feature_engineering_fn: Any = None,
        early_stopping_rounds: Any = 100,
        early_stopping_loss_threshold: float = 0.001,
        num_trainers: int = 1,
        trainer_id: int = 0,
        report_feature_importances: bool = False,
        local_eval: bool = False,
        version: Any = None,
        head: Any = None,
        include_all_in_serving: bool = False,
    ) -> None:
        super().__init__(
            model_fn=get_model_fn(
                params.fill(),
                graph_builder_class,
                device_assigner,
                model_head=head,
                weights_name=weights_name,
                keys_name=keys_name,
                early_stopping_rounds=early_stopping_rounds,
                early_stopping_loss_threshold=early_stopping_loss_threshold,
                num_trainers=num_trainers,
                trainer_id=trainer_id,
                report_feature_importances=report_feature_importances,
                local_eval=local_eval,
            ),
            model_dir=model_dir,
            config=config,
            feature_engineering_fn=feature_engineering_fn,
        )
