"""What all heads do alike: checks of labels, weights and logits, and the `EstimatorSpec`.

A head knows the loss, the metrics and the predictions of a task; a model gives it the logits.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from tf1x.lib.estimator.canned.keys import MetricKeys
from tf1x.lib.estimator.mode_keys import ModeKeys
from tf1x.lib.estimator.model_fn import EstimatorSpec
from tf1x.lib.feature_column.base import DenseColumn, LazyBuilder
from tf1x.lib.feature_column.dense import numeric_column
from tf1x.lib.losses.weighted import Reduction, compute_weighted_loss
from tf1x.lib.metrics.averages import mean
from tf1x.lib.saved_model.signature_constants import DEFAULT_SERVING_SIGNATURE_DEF_KEY
from tf1x.lib.train.training_util import get_global_step
from tf1x.ops import array, array_moves, checks, math, math_functions, reduce
from tf1x.ops.grouping import group
from tf1x.ops.summary_functions import scalar

__all__ = ["DEFAULT_SERVING_SIGNATURE_DEF_KEY", "Head", "LossSpec"]

Metrics = dict[str, Any]


class LossSpec(NamedTuple):
    """A head's loss.

    Attributes:
        training_loss: the scalar to minimise.
        unreduced_loss: the loss of each example, [batch, 1] (regression: each number's).
        weights: of the examples; 1.0 for none.
        processed_labels: the labels as the loss was computed from them.
    """

    training_loss: Tensor
    unreduced_loss: Tensor
    weights: Any
    processed_labels: Tensor


class Head:
    """What a model is trained for: the loss, the metrics and the predictions.

    Args:
        weight_column: a feature's name, or a numeric column: weights of the examples' losses.
        loss_reduction: how the losses of a batch become one; a `tf.losses.Reduction` but NONE.
        loss_fn: a function of `labels`, `logits` (and, if it likes, `features`) in place of the
            head's loss; it returns [batch, 1] (regression: [batch, label_dimension]).
        name: added to the names of metrics and summaries.
    """

    _per_logit_weights = False

    def __init__(
        self,
        weight_column: Any = None,
        loss_reduction: str = Reduction.SUM_OVER_BATCH_SIZE,
        loss_fn: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> None:
        if loss_reduction not in Reduction.all() or loss_reduction == Reduction.NONE:
            raise ValueError(f"Invalid loss_reduction: {loss_reduction}")
        if loss_fn:
            _check_loss_fn(loss_fn)
        self._weight_column = weight_column
        self._loss_reduction = loss_reduction
        self._loss_fn = loss_fn
        self._name = name

    @property
    def name(self) -> str | None:
        return self._name

    @property
    def loss_reduction(self) -> str:
        return self._loss_reduction

    @property
    def logits_dimension(self) -> int:
        """The size of the last dimension of the logits."""
        raise NotImplementedError(f"{type(self).__name__} must define logits_dimension")

    # -- what a kind of head defines -----------------------------------------------------------

    def predictions(self, logits: Any) -> dict[str, Tensor]:
        """What `predict` yields, from logits of the right shape."""
        raise NotImplementedError(f"{type(self).__name__} must define predictions")

    def _export_outputs(self, predictions: dict[str, Tensor]) -> dict[str, Any]:
        raise NotImplementedError

    def _labels(self, labels: Any, logits: Tensor) -> Tensor:
        """Labels as the loss wants them, [batch, n]."""
        raise NotImplementedError

    def _loss(self, labels: Tensor, logits: Tensor) -> Tensor:
        """The loss of each example [batch, 1] (regression: of each number)."""
        raise NotImplementedError

    def _metrics(self, predictions: dict[str, Tensor], loss: LossSpec) -> Metrics:
        raise NotImplementedError

    @property
    def _loss_dimension(self) -> int:
        return 1

    # -- loss and spec -------------------------------------------------------------------------

    def create_loss(self, features: Any, mode: Any, logits: Any, labels: Any) -> LossSpec:
        """The loss of a batch, a `LossSpec`."""
        logits = convert.to_tensor(logits)
        labels = self._labels(labels, logits)
        if self._loss_fn:
            each = _called(self._loss_fn, labels, logits, features, self._loss_dimension)
        else:
            each = self._loss(labels, logits)
        weights = _weights(features, self._weight_column, logits, self._per_logit_weights)
        total = compute_weighted_loss(each, weights=weights, reduction=self._loss_reduction)
        return LossSpec(total, each, weights, labels)

    def loss(
        self,
        labels: Any,
        logits: Any,
        features: Any = None,
        mode: Any = None,
        regularization_losses: Any = None,
    ) -> Tensor:
        """The scalar loss of a batch."""
        spec = self.create_loss(features or {}, mode, logits, labels)
        return _with_regularization(spec.training_loss, regularization_losses)[0]

    def _key(self, key: str) -> str:
        return f"{key}/{self._name}" if self._name else key

    def create_estimator_spec(
        self,
        features: Any,
        mode: Any,
        logits: Any,
        labels: Any = None,
        optimizer: Any = None,
        train_op_fn: Callable[[Any], Any] | None = None,
        regularization_losses: Any = None,
        trainable_variables: Any = None,
        update_ops: Any = None,
    ) -> EstimatorSpec:
        """What a model_fn returns. All arguments by name.

        Args:
            optimizer: minimises the loss; or
            train_op_fn: a function of the loss that returns an op.
            regularization_losses: scalars added to the loss.
            trainable_variables: what the optimizer changes; by default all trainable variables.
            update_ops: run with each step; by default `GraphKeys.UPDATE_OPS`.

        Raises:
            ValueError: labels, logits or weights of wrong shapes; both or neither of `optimizer`
                and `train_op_fn` in training.
        """
        with scopes.name_scope(self._name, "head"):
            logits = check_logits(logits, self.logits_dimension)
            with scopes.name_scope(None, "predictions", [logits]):
                predictions = self.predictions(logits)
            if mode == ModeKeys.PREDICT:
                outputs = self._export_outputs(predictions)
                return EstimatorSpec(mode, predictions=predictions, export_outputs=outputs)
            spec = self.create_loss(features, mode, logits, labels)
            loss, regularization = _with_regularization(spec.training_loss, regularization_losses)
            if mode == ModeKeys.EVAL:
                with scopes.name_scope(None, "metrics", [logits]):
                    metrics = self._metrics(predictions, spec)
                    if regularization is not None:
                        key = MetricKeys.LOSS_REGULARIZATION
                        metrics[self._key(key)] = mean(regularization, name=key)
                return EstimatorSpec(
                    mode, predictions=predictions, loss=loss, eval_metric_ops=metrics
                )
            train_op = make_train_op(loss, optimizer, train_op_fn, trainable_variables, update_ops)
            average = None
            if self._loss_reduction == Reduction.SUM:
                count = reduce.reduce_sum(spec.weights * array.ones_like(spec.unreduced_loss))
                average = spec.training_loss / count
        with scopes.name_scope(""):
            scalar(self._key(MetricKeys.LOSS), loss)
            if average is not None:
                scalar(self._key(MetricKeys.LOSS_MEAN), average)
            if regularization is not None:
                scalar(self._key(MetricKeys.LOSS_REGULARIZATION), regularization)
        return EstimatorSpec(mode, predictions=predictions, loss=loss, train_op=train_op)


def _with_regularization(loss: Tensor, losses: Any) -> tuple[Tensor, Tensor | None]:
    """The loss with regularization added, and that alone."""
    if not losses:
        return loss, None
    regularization = math_functions.add_n(losses)
    return math_functions.add_n([loss, regularization]), regularization


def make_train_op(
    loss: Tensor,
    optimizer: Any,
    train_op_fn: Callable[[Any], Any] | None,
    trainable_variables: Any = None,
    update_ops: Any = None,
) -> Any:
    """The op of a training step, with the updates of the moving averages.

    Raises:
        ValueError: both or neither of `optimizer` and `train_op_fn`.
    """
    if (optimizer is None) == (train_op_fn is None):
        which = "None" if optimizer is None else "set"
        raise ValueError(f"train_op_fn and optimizer cannot both be {which}.")
    if train_op_fn is not None:
        train_op = train_op_fn(loss)
    else:
        train_op = optimizer.minimize(
            loss, global_step=get_global_step(), var_list=trainable_variables
        )
    if update_ops is None:
        update_ops = scopes.get_collection(GraphKeys.UPDATE_OPS)
    return group(train_op, *update_ops) if update_ops else train_op


# -- checks ----------------------------------------------------------------------------------------


def _check_loss_fn(loss_fn: Callable[..., Any]) -> None:
    names = list(inspect.signature(loss_fn).parameters)
    for required in ("labels", "logits"):
        if required not in names:
            raise ValueError(f"loss_fn must contain argument: {required}. Given arguments: {names}")
    others = sorted({*names} - {"labels", "logits", "features"})
    if others:
        raise ValueError(f"loss_fn has unexpected args: {others}")


def _called(
    loss_fn: Callable[..., Any], labels: Tensor, logits: Tensor, features: Any, dimension: int
) -> Tensor:
    """The program's own loss, its shape checked when run."""
    wanted = "features" in inspect.signature(loss_fn).parameters
    given = {"features": features} if wanted else {}
    with scopes.name_scope(None, "call_loss_fn", [labels, logits, *features.values()]):
        each = loss_fn(labels=labels, logits=logits, **given)
        shape = array.shape(logits, name="logits_shape")
        expected = array_moves.concat([shape[:-1], [dimension]], axis=0, name="expected_loss_shape")
        found = array.shape(each, name="loss_shape")
        right = checks.Assert(
            reduce.reduce_all(math.Equal(found, expected)),
            [
                f"loss_fn must return Tensor of shape [D0, D1, ... DN, {dimension}]. ",
                "logits_shape: ", shape, "loss_shape: ", found,
            ],
            name="check_loss_shape",
        )  # fmt: skip
        with scopes.control_dependencies([right]):
            return array.identity(each)


def check_logits(logits: Any, dimension: int) -> Tensor:
    """The logits in float32, their last dimension checked."""
    with scopes.name_scope(None, "logits", [logits]) as scope:
        logits = math.cast(logits, float32)
        shape = array.shape(logits)
        rule = "logits shape must be [D0, D1, ... DN, logits_dimension"
        enough = checks.assert_rank_at_least(logits, 2, data=[shape], message=f"{rule}]")
        with scopes.control_dependencies([enough]):
            static = logits.shape
            if static.ndims is not None and static[-1].value is not None:
                if static[-1].value != dimension:
                    raise ValueError(f"{rule}={dimension}], got {static}.")
                return logits
            right = checks.assert_equal(
                dimension, shape[-1], data=[shape], message=f"{rule}={dimension}]"
            )
            with scopes.control_dependencies([right]):
                return array.identity(logits, name=scope)


def check_dense_labels(labels: Any, logits: Tensor, dimension: int) -> Tensor:
    """Labels [batch, dimension]; where that is 1 they may be [batch].

    Raises:
        ValueError: none, sparse ones, or another last dimension.
    """
    if labels is None:
        raise ValueError(
            "You must provide a labels Tensor. Given: None. Suggested troubleshooting steps: Check "
            "that your data contain your label feature. Check that your input_fn properly parses and "
            "returns labels."
        )
    with scopes.name_scope(None, "labels", [labels, logits]) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            raise ValueError(
                "SparseTensor labels are not supported. labels must be a Tensor of shape "
                f"[D0, D1, ..., DN, {dimension}], e.g. [batch_size, {dimension}]. Suggested Fix (1): "
                "Check the label feature in your data. Each example must contain "
                f"{dimension} value(s). If not, your choice of label was probably incorrect. "
                "Suggested Fix (2): In your input_fn, use tf.sparse_tensor_to_dense() to turn labels "
                "into a Tensor."
            )
        ranks = labels.shape.ndims, logits.shape.ndims
        if None not in ranks and ranks[0] == ranks[1] - 1:
            labels = array.expand_dims(labels, -1)
        shape, of_logits = array.shape(labels), array.shape(logits)
        message = (
            f"labels shape must be [D0, D1, ... DN, {dimension}]. Suggested Fix: check your n_classes "
            "argument to the estimator and/or the shape of your label."
        )
        enough = checks.assert_rank_at_least(labels, 2, message=message)
        with scopes.control_dependencies([enough]):
            last = labels.shape[-1].value if labels.shape.ndims is not None else None
            if last is not None and last != dimension:
                raise ValueError(
                    f"Mismatched label shape. Expected labels dimension={dimension}.  Received "
                    f"{last}. Suggested Fix:If your classifier expects one-hot encoding label,check "
                    "your n_classes argument to the estimator and/or the shape of your label. "
                    "Otherwise, check the shape of your label."
                )
            expected = array_moves.concat([of_logits[:-1], [dimension]], axis=0)
            right = checks.assert_equal(
                expected, shape, message=message,
                data=["expected_labels_shape: ", expected, "labels_shape: ", shape],
            )  # fmt: skip
            with scopes.control_dependencies([right]):
                return array.identity(labels, name=scope)


def check_range(labels: Tensor, count: int, message: str | None = None) -> Tensor:
    """Labels, checked when run to be in [0, count)."""
    with scopes.name_scope(None, "assert_range", [labels]):
        most = convert.to_tensor(count - 1, labels.dtype)
        below = checks.assert_less_equal(
            labels, most, message=message or "Labels must <= n_classes - 1"
        )
        above = checks.assert_non_negative(labels, message=message or "Labels must >= 0")
        with scopes.control_dependencies([below, above]):
            return array.identity(labels)


def _weights(features: Any, column: Any, logits: Tensor, per_logit: bool) -> Any:
    """The weights [batch, 1] of the examples (`per_logit`: or [batch, logits]); 1.0 for none.

    Raises:
        TypeError: `column` is neither a name nor a dense column.
    """
    rule = "weights shape must be [D0, D1, ... DN]"
    last = "[D0, D1, ... DN, 1]"
    rule += f", {last} or [D0, D1, ... DN, logits_dimension]" if per_logit else f" or {last}"
    with scopes.name_scope(None, "weights", [*features.values(), logits]) as scope:
        if column is None:
            return 1.0
        if isinstance(column, str):
            column = numeric_column(key=column, shape=(1,))
        if not isinstance(column, DenseColumn):
            raise TypeError(
                "Weight column must be either a string or _NumericColumn. "
                f"Given type: {type(column)}."
            )
        weights = column._get_dense_tensor(LazyBuilder(features))
        weights = math.cast(weights, float32, name="weights")
        shape = array.shape(weights, name="weights_shape")
        of_logits = array.shape(logits, name="logits_shape")
        data = ["logits_shape: ", of_logits, "weights_shape: ", shape]
        ranks = weights.shape.ndims, logits.shape.ndims
        if None not in ranks and ranks[0] == ranks[1] - 1:
            right = checks.assert_equal(of_logits[:-1], shape, message=rule, data=data)
            with scopes.control_dependencies([right]):
                return array.expand_dims(weights, -1, name=scope)
        expected = array_moves.concat([of_logits[:-1], [1]], axis=0)
        if per_logit:
            alike = [
                reduce.reduce_all(math.Equal(of_logits, shape)),
                reduce.reduce_all(math.Equal(expected, shape)),
            ]
            right = checks.Assert(reduce.reduce_any(alike), [rule, *data])
        else:
            right = checks.assert_equal(expected, shape, message=rule, data=data)
        with scopes.control_dependencies([right]):
            return array.identity(weights, name=scope)
