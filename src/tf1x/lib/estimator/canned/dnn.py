"""Fully connected networks: `tf.estimator.DNNClassifier`, `DNNRegressor`, `DNNEstimator`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.estimator.canned.classification import classifier_head
from tf1x.lib.estimator.canned.head import Head
from tf1x.lib.estimator.canned.optimizers import get_optimizer_instance
from tf1x.lib.estimator.canned.regression import RegressionHead
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.estimator.mode_keys import ModeKeys
from tf1x.lib.feature_column.layers import input_layer
from tf1x.lib.initializers import GlorotUniform
from tf1x.lib.layers.core import Dense, Dropout
from tf1x.lib.layers.normalization import BatchNormalization
from tf1x.lib.losses.weighted import Reduction
from tf1x.lib.partitioned import min_max_variable_partitioner
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops.nn import Relu
from tf1x.ops.nn_functions import zero_fraction
from tf1x.ops.summary_functions import histogram, scalar

_LEARNING_RATE = 0.05


def check_features(features: Any) -> None:
    if not isinstance(features, dict):
        raise ValueError(
            f"features should be a dictionary of `Tensor`s. Given type: {type(features)}"
        )


def summarize(value: Tensor, tag: str) -> None:
    """Summaries of a layer's output: how much of it is zero, and a histogram."""
    scalar(f"{tag}/fraction_of_zero_values", zero_fraction(value))
    histogram(f"{tag}/activation", value)


def replicas(config: Any) -> int:
    """Over how many parameter servers variables are dealt out."""
    return config.num_ps_replicas if config else 0


def input_partitioner(config: Any) -> Any:
    """What deals out the variables of input layers: parts of 64 MiB at least."""
    return min_max_variable_partitioner(max_partitions=replicas(config), min_slice_size=64 << 20)


def dnn_logit_fn_builder(
    units: int,
    hidden_units: Any,
    feature_columns: Any,
    activation_fn: Any,
    dropout: float | None,
    input_layer_partitioner: Any,
    batch_norm: bool,
) -> Callable[..., Tensor]:
    """A function `(features, mode)` that gives the logits of a network, in the current scope.

    Args:
        units: the number of logits.
        hidden_units: the sizes of the hidden layers.

    Raises:
        ValueError: `units` is no int.
    """
    if not isinstance(units, int):
        raise ValueError(f"units must be an int.  Given type: {type(units)}")

    def dnn_logit_fn(features: Any, mode: Any) -> Tensor:
        training = mode == ModeKeys.TRAIN
        with variable_scope("input_from_feature_columns", partitioner=input_layer_partitioner):
            net = input_layer(features, feature_columns)
        for i, size in enumerate(hidden_units):
            with variable_scope(f"hiddenlayer_{i}") as scope:
                net = _dense(size, activation_fn, scope)(net)
                if dropout is not None and training:
                    net = Dropout(rate=dropout).apply(net, training=True)
                if batch_norm:
                    own = f"batchnorm_{i}"
                    layer = BatchNormalization(momentum=0.999, name=own, _scope=own)
                    net = layer.apply(net, training=training)
            summarize(net, scope.name)
        with variable_scope("logits") as scope:
            logits = _dense(units, None, scope)(net)
        summarize(logits, scope.name)
        return logits

    return dnn_logit_fn


def _dense(units: int, activation: Any, scope: Any) -> Dense:
    return Dense(
        units,
        activation=activation,
        kernel_initializer=GlorotUniform(),
        name=scope,
        _scope=scope,
    )


def dnn_model_fn(
    features: Any,
    labels: Any,
    mode: Any,
    head: Head,
    hidden_units: Any,
    feature_columns: Any,
    optimizer: Any,
    activation_fn: Any,
    dropout: float | None,
    input_layer_partitioner: Any,
    config: Any,
    batch_norm: bool,
) -> Any:
    """The `EstimatorSpec` of a network."""
    optimizer = get_optimizer_instance(optimizer, learning_rate=_LEARNING_RATE)
    check_features(features)
    partitioner = min_max_variable_partitioner(max_partitions=replicas(config))
    with variable_scope("dnn", values=[*features.values()], partitioner=partitioner):
        logit_fn = dnn_logit_fn_builder(
            head.logits_dimension, hidden_units, feature_columns, activation_fn, dropout,
            input_layer_partitioner or input_partitioner(config), batch_norm,
        )  # fmt: skip
        logits = logit_fn(features=features, mode=mode)
        return head.create_estimator_spec(
            features=features, mode=mode, labels=labels, optimizer=optimizer, logits=logits
        )


class _DNN(Estimator):
    """An estimator whose model is a fully connected network."""

    def __init__(
        self, head: Head, feature_columns: Any, model_dir: Any, config: Any, warm_start_from: Any,
        **network: Any,
    ) -> None:  # fmt: skip
        columns = tuple(feature_columns or ())

        def model_fn(features: Any, labels: Any, mode: Any, config: Any) -> Any:
            return dnn_model_fn(
                features, labels, mode, head, feature_columns=columns, config=config, **network
            )

        super().__init__(
            model_fn=model_fn, model_dir=model_dir, config=config, warm_start_from=warm_start_from
        )


class DNNClassifier(_DNN):
    """A fully connected network that tells classes.

    Args:
        hidden_units: the sizes of the hidden layers.
        feature_columns: dense columns, the input.
        n_classes: 2 or more.
        weight_column: a feature's name, or a numeric column: weights of the examples' losses.
        label_vocabulary: the names of the classes; labels then are strings, else ids.
        optimizer: "Adagrad", "Adam", "Ftrl", "RMSProp", "SGD" (rate 0.05), an optimizer, or a
            function that returns one.
        dropout: probability that a hidden unit is dropped in training.
        loss_reduction: how the losses of a batch become one; by default their sum.
        batch_norm: normalise each hidden layer's output.
    """

    def __init__(
        self,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = Relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        head = classifier_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(
            head, feature_columns, model_dir, config, warm_start_from,
            hidden_units=hidden_units, optimizer=optimizer, activation_fn=activation_fn,
            dropout=dropout, input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm,
        )  # fmt: skip


class DNNRegressor(_DNN):
    """A fully connected network that gives numbers.

    Args:
        label_dimension: how many numbers an example has.
        Others: see `DNNClassifier`.
    """

    def __init__(
        self,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = Relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        super().__init__(
            head, feature_columns, model_dir, config, warm_start_from,
            hidden_units=hidden_units, optimizer=optimizer, activation_fn=activation_fn,
            dropout=dropout, input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm,
        )  # fmt: skip


class DNNEstimator(_DNN):
    """A fully connected network for any head; see `DNNClassifier`."""

    def __init__(
        self,
        head: Head,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = Relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(
            head, feature_columns, model_dir, config, warm_start_from,
            hidden_units=hidden_units, optimizer=optimizer, activation_fn=activation_fn,
            dropout=dropout, input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm,
        )  # fmt: skip
