"""`tf.train.experimental`: optimizers under mixed precision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tf1x.api import export
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.lib.train import loss_scale as scales
from tf1x.lib.train.optimizer import Optimizer
from tf1x.ops.control_flow import smart_cond
from tf1x.ops.grouping import group, no_op
from tf1x.ops.math import cast
from tf1x.runtime.precision import Products, set_products


@export("train.experimental.MixedPrecisionLossScaleOptimizer")
class MixedPrecisionLossScaleOptimizer(Optimizer):
    """Another optimizer, with the loss multiplied by a factor while gradients are computed.

    A step whose gradients are not finite changes no variable, and a dynamic factor shrinks.

    Args:
        opt: the optimizer that applies the gradients.
        loss_scale: a number, "dynamic", or a `LossScale`.

    Raises:
        ValueError: `opt` is no optimizer, or there is no such loss scale.

    Example:
        optimizer = tf.train.experimental.MixedPrecisionLossScaleOptimizer(
            tf.train.AdamOptimizer(), "dynamic")
        train = optimizer.minimize(loss)
    """

    def __init__(self, opt: Any, loss_scale: Any) -> None:
        if not isinstance(opt, Optimizer):
            raise ValueError(f'"opt" must be an instance of Optimizer, but got: {type(opt)}')
        self._optimizer = opt
        super().__init__(opt._use_locking, opt._name)
        found = scales.get(loss_scale)
        if found is None:
            raise ValueError("loss_scale cannot be None")
        self._loss_scale = found

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = Optimizer.GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """Pairs of gradient, of the loss as it is, and variable."""
        scaled = (lambda: self._scaled(loss())) if callable(loss) else self._scaled(loss)
        pairs = self._optimizer.compute_gradients(
            scaled, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops,
            grad_loss,
        )  # fmt: skip
        reciprocal = 1 / self._loss_scale()
        return [(_times(gradient, reciprocal), variable) for gradient, variable in pairs]

    def _scaled(self, loss: Any) -> Any:
        return loss * cast(self._loss_scale(), loss.dtype)

    def apply_gradients(
        self, grads_and_vars: Iterable[Any], global_step: Any = None, name: str | None = None
    ) -> Any:
        """An op that applies the gradients if all are finite, and sets the next factor."""
        pairs = list(grads_and_vars)
        update, finite = self._loss_scale.update([gradient for gradient, _ in pairs])

        name = name or self._name

        def apply() -> Any:
            return group(self._optimizer.apply_gradients(pairs, global_step, f"{name}-wrapped"))

        return group(smart_cond(finite, apply, no_op), update, name=name)

    def variables(self) -> list[Any]:
        """The optimizer's, then the loss scale's."""
        return [*self._optimizer.variables(), *self._loss_scale._weights]


def _times(gradient: Any, factor: Any) -> Any:
    if gradient is None:
        return None
    if isinstance(gradient, IndexedSlices):
        values = gradient.values * cast(factor, gradient.values.dtype)
        return IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return gradient * cast(factor, gradient.dtype)


@export("train.experimental.enable_mixed_precision_graph_rewrite")
def enable_mixed_precision_graph_rewrite(opt: Any, loss_scale: Any = "dynamic") -> Any:
    """`opt` with a loss scale; and on GPUs and TPUs products in reduced precision from now on.

    Matrix products and convolutions then take their operands in bfloat16 and sum in float32
    (TensorFlow's rewrite: in float16). On a CPU only the loss scale has an effect, as in
    TensorFlow.

    Raises:
        ValueError: `opt` is no optimizer, or has a loss scale already.
    """
    if isinstance(opt, MixedPrecisionLossScaleOptimizer):
        raise ValueError(
            '"opt" must not already be an instance of a MixedPrecisionLossScaleOptimizer. '
            "`enable_mixed_precision_graph_rewrite` will automatically wrap the optimizer with a "
            "MixedPrecisionLossScaleOptimizer."
        )
    if not isinstance(opt, Optimizer):
        raise ValueError(f'"opt" must be an instance of a tf.train.Optimizer, but got: {opt}')
    made = MixedPrecisionLossScaleOptimizer(opt, loss_scale)
    set_products(Products.ACCELERATED)
    return made


@export("train.experimental.disable_mixed_precision_graph_rewrite")
def disable_mixed_precision_graph_rewrite() -> None:
    """Products in full precision, for what is compiled from now on."""
    set_products(Products.EXACT)
