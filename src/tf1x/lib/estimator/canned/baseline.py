"""Models that learn the average label and ignore the features: `tf.estimator.BaselineClassifier`."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.estimator.canned.classification import classifier_head
from tf1x.lib.estimator.canned.head import Head
from tf1x.lib.estimator.canned.optimizers import get_optimizer_instance
from tf1x.lib.estimator.canned.regression import RegressionHead
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.feature_column.dense import NumericColumn
from tf1x.lib.initializers import Zeros
from tf1x.lib.losses.weighted import Reduction
from tf1x.lib.train.training_util import get_global_step
from tf1x.lib.variable_scope import get_variable, variable_scope
from tf1x.ops import array, checks

_LEARNING_RATE = 0.3


def _batch_size(features: dict[str, Any], weight_column: Any) -> tuple[Tensor, list[Any]]:
    """The number of examples, and checks that all features agree.

    Raises:
        TypeError: `weight_column` is neither a name nor a numeric column.
    """
    if weight_column is not None and not isinstance(weight_column, (str, NumericColumn)):
        raise TypeError(
            "Weight column must be either a string or _NumericColumn. "
            f"Given type: {type(weight_column)}."
        )
    weights = weight_column.key if isinstance(weight_column, NumericColumn) else weight_column
    sizes = []
    for key, feature in features.items():
        if key != weights:
            sparse = isinstance(feature, SparseTensor)
            sizes.append((feature.dense_shape if sparse else array.shape(feature))[0])
    return sizes[0], [checks.assert_equal(sizes[0], other) for other in sizes[1:]]


def _logits(features: dict[str, Any], count: int, weight_column: Any) -> Tensor:
    """The same trained biases for every example."""
    batch, conditions = _batch_size(features, weight_column)
    with scopes.control_dependencies(conditions), variable_scope("baseline"):
        bias = get_variable("bias", shape=[count], initializer=Zeros())
        logits: Tensor = bias * array.ones([batch, count])
        return logits


class _Baseline(Estimator):
    def __init__(
        self, head: Head, model_dir: Any, optimizer: Any, config: Any, weight_column: Any = None
    ) -> None:
        def model_fn(features: Any, labels: Any, mode: Any, config: Any) -> Any:
            def train_op_fn(loss: Any) -> Any:
                chosen = get_optimizer_instance(optimizer, learning_rate=_LEARNING_RATE)
                return chosen.minimize(loss, global_step=get_global_step())

            return head.create_estimator_spec(
                features=features, mode=mode, labels=labels, train_op_fn=train_op_fn,
                logits=_logits(features, head.logits_dimension, weight_column),
            )  # fmt: skip

        super().__init__(model_fn=model_fn, model_dir=model_dir, config=config)


class BaselineClassifier(_Baseline):
    """Predicts how frequent each class is; see `DNNClassifier` for the arguments."""

    def __init__(
        self,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        loss_reduction: str = Reduction.SUM,
    ) -> None:
        head = classifier_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(head, model_dir, optimizer, config, weight_column)


class BaselineRegressor(_Baseline):
    """Predicts the mean label; see `DNNRegressor` for the arguments."""

    def __init__(
        self,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        loss_reduction: str = Reduction.SUM,
    ) -> None:
        head = RegressionHead(label_dimension, weight_column, loss_reduction)
        super().__init__(head, model_dir, optimizer, config, weight_column)


class BaselineEstimator(_Baseline):
    """Predicts the best constant logits for any head."""

    def __init__(
        self, head: Head, model_dir: Any = None, optimizer: Any = "Ftrl", config: Any = None
    ) -> None:
        super().__init__(head, model_dir, optimizer, config)
