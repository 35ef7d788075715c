"""The model of `tf.estimator.BoostedTreesClassifier` and kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int32
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.estimator.canned.boosted_trees_columns import (
    by_buckets,
    feature_count,
    features_of,
    numeric,
)
from tf1x.lib.estimator.canned.boosted_trees_growing import (
    BatchGrower,
    Grower,
    GrowerInitializationHook,
    StopAtAttempts,
    TreeHParams,
)
from tf1x.lib.estimator.canned.head import Head
from tf1x.lib.estimator.mode_keys import ModeKeys
from tf1x.lib.feature_column.dense import numeric_column
from tf1x.lib.gradients import gradients
from tf1x.lib.train.training_util import get_or_create_global_step
from tf1x.lib.tree_ensemble import QuantileAccumulator, TreeEnsemble
from tf1x.lib.variable_functions import assign_add
from tf1x.lib.variables import Variable
from tf1x.ops import array, boosted_trees, boosted_trees_stats
from tf1x.ops.control_flow import cond
from tf1x.ops.grouping import group, no_op
from tf1x.ops.summary_functions import scalar

_NO_NODE = -1
_NAME = "boosted_trees"

Derivatives = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def _variable(value: Any, name: str) -> Any:
    return Variable(value, trainable=False, validate_shape=False, name=name, use_resource=True)


class _Inputs:
    """The features of a batch as the trees take them, and where the numeric ones get buckets."""

    def __init__(self, features: Any, columns: list[Any], epsilon: float) -> None:
        self.features = features
        self.numeric = numeric(columns)
        self.quantiles: QuantileAccumulator | None = None
        boundaries: dict[str, list[Tensor]] = {}
        if self.numeric:
            counts = [feature_count(column) for column in self.numeric]
            self.quantiles = QuantileAccumulator(
                epsilon, sum(counts), int(1 / epsilon), name="QuantileAccumulator"
            )
            bounds = self.quantiles.get_bucket_boundaries()
            for column, count in zip(self.numeric, counts, strict=True):
                boundaries[column.name], bounds = bounds[:count], bounds[count:]
        self.bucketized = features_of(features, columns, boundaries)

    def numbers(self) -> list[Tensor]:
        """The numeric features before they get buckets."""
        return features_of(self.features, self.numeric)


class _Cache:
    """What is known of the examples since the last step, where every batch is the same data."""

    def __init__(self, batch: Any, width: int) -> None:
        self._tree = _variable(array.zeros([batch], dtype=int32), "tree_ids_cache")
        self._node = _variable(_NO_NODE * array.ones([batch], dtype=int32), "node_ids_cache")
        self._logits = _variable(array.zeros([batch, width], dtype=float32), "logits_cache")

    def lookup(self) -> tuple[Tensor, ...]:
        return self._tree.value(), self._node.value(), self._logits.value()

    def insert(self, trees: Tensor, nodes: Tensor, logits: Tensor) -> Operation:
        made: Operation = group(
            self._tree.assign(trees), self._node.assign(nodes), self._logits.assign(logits),
            name="cache_insert",
        )  # fmt: skip
        return made


def model_fn(
    features: Any,
    labels: Any,
    mode: str,
    head: Head,
    columns: list[Any],
    hparams: TreeHParams,
    n_batches_per_layer: int,
    config: Any,
    closed_form: Derivatives | None = None,
    weight_column: Any = None,
    train_in_memory: bool = False,
) -> Any:
    """An `EstimatorSpec`.

    Args:
        closed_form: gradients and hessians from logits and labels; by default they are taken of
            the loss.
    """
    columns = sorted(columns, key=lambda column: column.name)
    with scopes.name_scope(_NAME) as scope:
        global_step = get_or_create_global_step()
        ensemble = TreeEnsemble(name=scope)
        inputs = _Inputs(features, columns, hparams.quantile_sketch_epsilon)
        if mode != ModeKeys.TRAIN:
            logits = boosted_trees.BoostedTreesPredict(
                ensemble.resource_handle, inputs.bucketized, logits_dimension=head.logits_dimension
            )
            return head.create_estimator_spec(
                features=features, mode=mode, labels=labels, train_op_fn=lambda loss: no_op(),
                logits=logits,
            )  # fmt: skip
        _check_setting(config, n_batches_per_layer, train_in_memory)
        model = _Training(
            ensemble, inputs, columns, hparams, n_batches_per_layer, config, labels,
            head.logits_dimension, train_in_memory,
        )  # fmt: skip
        weights = _weights(features, weight_column)

        def train_op_fn(loss: Tensor) -> Any:
            def derivatives() -> tuple[Tensor, Tensor]:
                if closed_form:
                    return closed_form(model.logits, labels)
                first = gradients(loss, model.logits, name="Gradients")[0]
                return first, gradients(first, model.logits, name="Hessians")[0]

            return model.train_op(derivatives(), weights, global_step)

        spec = head.create_estimator_spec(
            features=features, mode=mode, labels=labels, train_op_fn=train_op_fn,
            logits=model.logits,
        )  # fmt: skip
        stop = StopAtAttempts(model.finished, model.attempted, hparams.n_trees, hparams.max_depth)
        first = GrowerInitializationHook(model.grower.initializer)
        return spec._replace(
            training_hooks=(*spec.training_hooks, stop),
            training_chief_hooks=(first, *spec.training_chief_hooks),
        )


def _check_setting(config: Any, n_batches_per_layer: int, train_in_memory: bool) -> None:
    if train_in_memory:
        if n_batches_per_layer != 1:
            raise AssertionError(
                "When train_in_memory is enabled, input_fn should return the entire dataset as a "
                "single batch, and n_batches_per_layer should be set as 1."
            )
        if not config.is_chief or config.num_worker_replicas > 1 or config.num_ps_replicas > 0:
            raise ValueError("train_in_memory is supported only for non-distributed training.")


def _weights(features: Any, column: Any) -> Any:
    """The weights of the numbers whose quantiles are taken."""
    if column is None:
        return convert.constant(1.0, shape=[1])
    if isinstance(column, str):
        column = numeric_column(key=column, shape=(1,))
    return features_of(features, [column])[0]


class _Training:
    """The nodes of a training step.

    Attributes:
        logits: of the batch, by the ensemble as it is.
        finished, attempted: how many trees are done, how many layers were tried.
    """

    def __init__(
        self, ensemble: TreeEnsemble, inputs: _Inputs, columns: list[Any], hparams: TreeHParams,
        n_batches_per_layer: int, config: Any, labels: Any, width: int, in_memory: bool,
    ) -> None:  # fmt: skip
        self._inputs, self._hparams = inputs, hparams
        self._ready = _variable(not inputs.numeric, "are_boundaries_ready")
        batch = array.shape(labels)[0]
        self._cache = _Cache(batch, width) if in_memory else None
        if self._cache:
            known = self._cache.lookup()
        else:
            known = (
                array.zeros([batch], dtype=int32), _NO_NODE * array.ones([batch], dtype=int32),
                array.zeros([batch, width], dtype=float32),
            )  # fmt: skip
        local, loaded = _local(ensemble, config)
        with scopes.control_dependencies([loaded]):
            stamp, count, self.finished, self.attempted, self._last_layer = local.get_states()
            change, self._trees, self._nodes = boosted_trees.BoostedTreesTrainingPredict(
                local.resource_handle, known[0], known[1], inputs.bucketized,
                logits_dimension=width,
            )  # fmt: skip
        self.logits: Tensor = known[2] + change
        self._groups = by_buckets(columns, int(1 / hparams.quantile_sketch_epsilon))
        given = ensemble, inputs.quantiles, hparams, self._groups
        self.grower = (
            Grower(*given)
            if in_memory
            else BatchGrower(*given, stamp, n_batches_per_layer, config.is_chief)
        )
        for name, value in (
            ("num_trees", count),
            ("num_finalized_trees", self.finished),
            ("num_attempted_layers", self.attempted),
        ):
            scalar(f"ensemble/{name}", value)
        self._biased = _variable(hparams.center_bias, "center_bias_needed")

    def train_op(self, derivatives: Any, weights: Any, global_step: Any) -> Any:
        """Take the batch for quantiles while there are none, then for a layer."""

        def update_quantiles() -> Operation:
            with scopes.name_scope("UpdateQuantile"):
                return self.grower.accumulate_quantiles(
                    self._inputs.numbers(), weights, self._ready
                )

        def grow() -> Operation:
            return self._grow(*derivatives, global_step)

        if not self._inputs.numeric:
            return grow()
        return cond(self._ready.value(), grow, update_quantiles)

    def _grow(self, first: Tensor, second: Tensor, global_step: Any) -> Operation:
        ops = []
        cache = self._cache
        if cache:
            # The logits are not kept while the bias still moves.
            ops.append(
                cond(
                    self._biased.value(), no_op,
                    lambda: cache.insert(self._trees, self._nodes, self.logits),
                )
            )  # fmt: skip
        features = self._inputs.bucketized
        summaries = [
            boosted_trees_stats.BoostedTreesMakeStatsSummary(
                self._nodes, first, second, [features[i] for i in ids],
                max_splits=self._hparams.max_splits, num_buckets=buckets,
            )
            for buckets, ids in self._groups.items()
        ]  # fmt: skip
        if self._hparams.center_bias:
            update = cond(
                self._biased.value(),
                lambda: self.grower.center_bias(self._biased, first, second),
                lambda: self.grower.grow_tree(summaries, self._last_layer),
            )
        else:
            update = self.grower.grow_tree(summaries, self._last_layer)
        ops.append(update)
        with scopes.control_dependencies([update]):
            ops.append(assign_add(global_step, 1).op)
        made: Operation = group(*ops, name="grow_op")
        return made


def _local(ensemble: TreeEnsemble, config: Any) -> tuple[TreeEnsemble, Operation]:
    """The ensemble that this worker reads, and what brings it up to date."""
    if config.num_worker_replicas <= 1:
        return ensemble, no_op()
    copy = TreeEnsemble(name=f"{_NAME}_local", is_local=True)
    return copy, copy.deserialize(*ensemble.serialize())


def explanation_model_fn(
    features: Any, head: Head, columns: list[Any], epsilon: float, key: str
) -> Any:
    """An `EstimatorSpec` that predicts, with the messages of `BoostedTreesExampleDebugOutputs`."""
    with scopes.name_scope(_NAME) as scope:
        ensemble = TreeEnsemble(name=scope)
        inputs = _Inputs(features, columns, epsilon)
        given = {"logits_dimension": head.logits_dimension}
        handle = ensemble.resource_handle
        logits = boosted_trees.BoostedTreesPredict(handle, inputs.bucketized, **given)
        spec = head.create_estimator_spec(
            features=features, mode=ModeKeys.PREDICT, train_op_fn=lambda loss: no_op(),
            logits=logits,
        )  # fmt: skip
        spec.predictions[key] = boosted_trees.BoostedTreesExampleDebugOutputs(
            handle, inputs.bucketized, **given
        )
        return spec
