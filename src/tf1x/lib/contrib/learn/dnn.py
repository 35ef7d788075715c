"""Fully connected networks: `tf.contrib.learn.DNNClassifier`, `DNNRegressor`, `DNNEstimator`."""

from __future__ import annotations

from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Tensor
from tf1x.lib.contrib.layers.dense import fully_connected
from tf1x.lib.contrib.layers.feature_column_ops import input_from_feature_columns
from tf1x.lib.contrib.layers.functions import dropout as dropped_out
from tf1x.lib.contrib.layers.optimizers import optimize_loss
from tf1x.lib.contrib.learn import columns as feature_columns_of
from tf1x.lib.contrib.learn.estimator import Estimator
from tf1x.lib.contrib.learn.heads import Head, multi_class_head, regression_head
from tf1x.lib.contrib.learn.keys import PredictionKey
from tf1x.lib.contrib.learn.model_fn import ModeKeys
from tf1x.lib.estimator.canned.dnn import input_partitioner, replicas, summarize
from tf1x.lib.feature_column.layers import input_layer
from tf1x.lib.partitioned import min_max_variable_partitioner
from tf1x.lib.train.adagrad import AdagradOptimizer
from tf1x.lib.train.training_util import get_global_step
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops.nn import Relu

LEARNING_RATE = 0.05


def refuse(**given: Any) -> None:
    """Raise UnsupportedError for the first argument that is given."""
    for name, value in given.items():
        if value:
            raise UnsupportedError(
                f"tf1x's tf.contrib.learn estimators have no {name}; leave it out."
            )


def network(
    features: dict[str, Any],
    mode: Any,
    units: int,
    hidden_units: Any,
    feature_columns: Any,
    activation_fn: Any,
    dropout: float | None,
    config: Any,
    scope: str = "dnn",
) -> Tensor:
    """The logits of a network, its variables in the current scope."""
    values = list(features.values())
    with variable_scope(
        "input_from_feature_columns", values=values, partitioner=input_partitioner(config)
    ) as own:
        if feature_columns_of.are_old(feature_columns):
            net = input_from_feature_columns(
                features, feature_columns, weight_collections=[scope], scope=own
            )
        else:
            net = input_layer(features, feature_columns, weight_collections=[scope])
    for i, size in enumerate(hidden_units):
        with variable_scope(f"hiddenlayer_{i}", values=[net]) as own:
            net = fully_connected(
                net, size, activation_fn=activation_fn, variables_collections=[scope], scope=own
            )
            if dropout is not None and mode == ModeKeys.TRAIN:
                net = dropped_out(net, keep_prob=1.0 - dropout)
        summarize(net, own.name)
    with variable_scope("logits", values=[net]) as own:
        logits: Tensor = fully_connected(
            net, units, activation_fn=None, variables_collections=[scope], scope=own
        )
    summarize(logits, own.name)
    return logits


def dnn_model_fn(features: Any, labels: Any, mode: Any, params: Any, config: Any = None) -> Any:
    """The `ModelFnOps` of a network."""
    features = feature_columns_of.as_dict(features)
    head = params["head"]
    partitioner = min_max_variable_partitioner(max_partitions=replicas(config))
    with variable_scope("dnn", values=list(features.values()), partitioner=partitioner):
        logits = network(
            features, mode, head.logits_dimension, params["hidden_units"],
            params["feature_columns"], params["activation_fn"], params["dropout"], config,
        )  # fmt: skip

        def train_op_fn(loss: Any) -> Any:
            optimizer = params["optimizer"] or AdagradOptimizer(LEARNING_RATE)
            if callable(optimizer) and not isinstance(optimizer, type):
                optimizer = optimizer()
            return optimize_loss(
                loss=loss, global_step=get_global_step(), learning_rate=LEARNING_RATE,
                optimizer=optimizer, clip_gradients=params["gradient_clip_norm"], name="dnn",
                summaries=[],
            )  # fmt: skip

        return head.create_model_fn_ops(
            features=features, mode=mode, labels=labels, train_op_fn=train_op_fn, logits=logits
        )


# -- predictions -----------------------------------------------------------------------------------


class _Predicts:
    """How an estimator with one main prediction predicts.

    `x`, `input_fn`, `batch_size`: see `Estimator.predict`; with `as_iterable` examples come one by
    one from an iterator, else all together in an array.
    """

    _main: str

    def predict(
        self,
        x: Any = None,
        input_fn: Any = None,
        batch_size: int | None = None,
        outputs: Any = None,
        as_iterable: bool = True,
    ) -> Any:
        """The main prediction; with `outputs`, a list of `PredictionKey`s, a dict of those."""
        if not outputs:
            return self._only(self._main, x, input_fn, batch_size, as_iterable)
        return super().predict(x, input_fn, batch_size, outputs, as_iterable)

    def _only(
        self, key: str, x: Any, input_fn: Any, batch_size: int | None, as_iterable: bool
    ) -> Any:
        found = super().predict(x, input_fn, batch_size, [key], as_iterable)
        return (prediction[key] for prediction in found) if as_iterable else found[key]


class Classifies(_Predicts):
    """How a classifier predicts: `predict` gives the classes."""

    _main = PredictionKey.CLASSES

    def predict_classes(
        self,
        x: Any = None,
        input_fn: Any = None,
        batch_size: int | None = None,
        as_iterable: bool = True,
    ) -> Any:
        """The classes."""
        return self._only(PredictionKey.CLASSES, x, input_fn, batch_size, as_iterable)

    def predict_proba(
        self,
        x: Any = None,
        input_fn: Any = None,
        batch_size: int | None = None,
        as_iterable: bool = True,
    ) -> Any:
        """The probabilities of all classes."""
        return self._only(PredictionKey.PROBABILITIES, x, input_fn, batch_size, as_iterable)


class Regresses(_Predicts):
    """How a regressor predicts: `predict` gives the numbers."""

    _main = PredictionKey.SCORES

    def predict_scores(
        self,
        x: Any = None,
        input_fn: Any = None,
        batch_size: int | None = None,
        as_iterable: bool = True,
    ) -> Any:
        """The numbers."""
        return self._only(PredictionKey.SCORES, x, input_fn, batch_size, as_iterable)


# -- estimators ------------------------------------------------------------------------------------


class DNNEstimator(Estimator):
    """A fully connected network for any head.

    Args:
        head: a `Head`.
        hidden_units: the sizes of the hidden layers.
        feature_columns: dense columns, of tf.contrib.layers or of tf.feature_column.
        optimizer: an optimizer, a name, or a function that returns one; by default Adagrad with a
            rate of 0.05.
        dropout: probability that a hidden unit is dropped in training.
        gradient_clip_norm: the largest global norm of the gradients.
        feature_engineering_fn: a function (features, labels) that gives them changed.
    """

    def __init__(
        self,
        head: Head,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        optimizer: Any = None,
        activation_fn: Any = Relu,
        dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: Any = None,
    ) -> None:
        refuse(embedding_lr_multipliers=embedding_lr_multipliers)
        super().__init__(
            model_fn=dnn_model_fn, model_dir=model_dir, config=config,
            params={
                "head": head,
                "hidden_units": hidden_units,
                "feature_columns": tuple(feature_columns or ()),
                "optimizer": optimizer,
                "activation_fn": activation_fn,
                "dropout": dropout,
                "gradient_clip_norm": gradient_clip_norm,
            },
            feature_engineering_fn=feature_engineering_fn,
        )  # fmt: skip


class DNNClassifier(Classifies, DNNEstimator):
    """A fully connected network that tells classes.

    Args:
        n_classes: 2 or more; labels are ids.
        weight_column_name: a feature with a weight for each example's loss.
        label_keys: the names of the classes; labels then are strings.
        Others: see `DNNEstimator`.
    """

    def __init__(
        self,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        activation_fn: Any = Relu,
        dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: Any = None,
        label_keys: Any = None,
    ) -> None:
        head = multi_class_head(
            n_classes, weight_column_name=weight_column_name,
            enable_centered_bias=enable_centered_bias, label_keys=label_keys,
        )  # fmt: skip
        super().__init__(
            head, hidden_units, feature_columns, model_dir, optimizer, activation_fn, dropout,
            gradient_clip_norm, config, feature_engineering_fn, embedding_lr_multipliers,
            input_layer_min_slice_size,
        )  # fmt: skip


class DNNRegressor(Regresses, DNNEstimator):
    """A fully connected network that gives numbers; see `DNNClassifier`."""

    def __init__(
        self,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        weight_column_name: str | None = None,
        optimizer: Any = None,
        activation_fn: Any = Relu,
        dropout: float | None = None,
        gradient_clip_norm: float | None = None,
        enable_centered_bias: bool = False,
        config: Any = None,
        feature_engineering_fn: Any = None,
        label_dimension: int = 1,
        embedding_lr_multipliers: Any = None,
        input_layer_min_slice_size: Any = None,
    ) -> None:
        head = regression_head(
            weight_column_name=weight_column_name, label_dimension=label_dimension,
            enable_centered_bias=enable_centered_bias,
        )  # fmt: skip
        super().__init__(
            head, hidden_units, feature_columns, model_dir, optimizer, activation_fn, dropout,
            gradient_clip_norm, config, feature_engineering_fn, embedding_lr_multipliers,
            input_layer_min_slice_size,
        )  # fmt: skip
