"""`tf.ConditionalAccumulator`: the mean of the gradients of several steps."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert
from tf1x.core.dtypes import DType, as_dtype, int64
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.ops import accumulators as ops
from tf1x.ops.math import cast


class ConditionalAccumulatorBase:
    """What accumulators do alike; gradients of an earlier time step than theirs are dropped."""

    def __init__(self, dtype: Any, shape: Any, accumulator_ref: Tensor) -> None:
        self._dtype = as_dtype(dtype)
        self._shape = TensorShape.of(None) if shape is None else as_shape(shape)
        self._accumulator_ref = accumulator_ref
        self._name: str = accumulator_ref.op.name.rpartition("/")[2]

    @property
    def accumulator_ref(self) -> Tensor:
        return self._accumulator_ref

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtype(self) -> DType:
        return self._dtype

    def num_accumulated(self, name: str | None = None) -> Tensor:
        """How many gradients were added since the last were taken, int32."""
        name = name or f"{self._name}_NumAccumulated"
        count: Tensor = ops.ResourceAccumulatorNumAccumulated(self._accumulator_ref, name=name)
        return count

    def set_global_step(self, new_global_step: Any, name: str | None = None) -> Operation:
        """Set the accumulator's time step."""
        step = cast(convert.to_tensor(new_global_step), int64)
        made: Operation = ops.ResourceAccumulatorSetGlobalStep(
            self._accumulator_ref, step, name=name
        )
        return made


class ConditionalAccumulator(ConditionalAccumulatorBase):
    """Adds gradients up and hands out their mean (`reduction_type="SUM"`: their sum).

    Args:
        shape: of the gradients; None for any.
        shared_name: accumulators of the same name in a session are one.
    """

    def __init__(
        self,
        dtype: Any,
        shape: Any = None,
        shared_name: str | None = None,
        name: str = "conditional_accumulator",
        reduction_type: str = "MEAN",
    ) -> None:
        if reduction_type not in ("MEAN", "SUM"):
            raise ValueError(f"reduction_type must be MEAN or SUM, got {reduction_type!r}.")
        shape = TensorShape.of(None) if shape is None else as_shape(shape)
        handle = ops.ResourceConditionalAccumulator(
            dtype=dtype, shape=shape, shared_name=shared_name or "", name=name,
            reduction_type=reduction_type,
        )  # fmt: skip
        super().__init__(dtype, shape, handle)

    def apply_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Operation:
        """Add a gradient, unless its time step is before the accumulator's.

        Raises:
            ValueError: it is of the wrong shape.
        """
        grad = convert.to_tensor(grad, self._dtype)
        grad.get_shape().assert_is_compatible_with(self._shape)
        step = cast(convert.to_tensor(local_step), int64)
        made: Operation = ops.ResourceAccumulatorApplyGradient(
            self._accumulator_ref, step, grad, name=name
        )
        return made

    def take_grad(self, num_required: Any, name: str | None = None) -> Tensor:
        """The mean, when as many gradients were added as required; the sum starts anew."""
        mean: Tensor = ops.ResourceAccumulatorTakeGradient(
            self._accumulator_ref, num_required, dtype=self._dtype, name=name
        )
        mean.set_shape(self._shape)
        return mean
