"""Accumulators: gradients of several steps, taken out as their mean (`tf.ConditionalAccumulator`)."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.shapes import TensorShape
from tf1x.ops.resources import NAMES, expect, get_or_create
from tf1x.ops.shape_rules import nothing, scalar
from tf1x.ops.waiting import DONE, WAITING, MeetingPoint

_LOGGER = logging.getLogger("tensorflow")


class Accumulator(MeetingPoint):
    """A sum of arrays, their number, and the time step of which they must be at least."""

    def __init__(self, dtype: DType, shape: TensorShape, mean: bool) -> None:
        super().__init__()
        self.element, self.shape, self._mean = dtype, shape, mean
        self.count = 0
        self._step = 0
        self._sum: np.ndarray | None = None

    def apply(self, gradient: np.ndarray, step: int) -> None:
        """Add a gradient; one of an earlier time step is dropped.

        Raises:
            InvalidArgumentError: it is of another type or shape.
        """
        if gradient.dtype != self.element.numpy_dtype:
            raise InvalidArgumentError(
                None, None, f"The accumulator holds {self.element.name}, not {gradient.dtype}."
            )
        with self._lock:
            shape = TensorShape(gradient.shape)
            known = self.shape if self._sum is None else TensorShape(self._sum.shape)
            if not known.is_compatible_with(shape):
                raise InvalidArgumentError(
                    None, None, f"Shape mismatch: expected {known}, got {shape}"
                )
            if step < self._step:
                return
            self._sum = gradient.copy() if self._sum is None else self._sum + gradient
            self.count += 1
            self._serve()

    def set_step(self, step: int) -> None:
        with self._lock:
            if step < self._step:
                _LOGGER.warning(
                    "Attempt to set current_global_step_ to smaller value: %d >= new_global_step = %d",
                    self._step,
                    step,
                )
            self._step = step

    def take(self, required: int) -> np.ndarray:
        """The mean, when there are as many gradients as required; the sum starts anew.

        Raises:
            InvalidArgumentError: less than one is required.
        """
        if required < 1:
            raise InvalidArgumentError(
                None, None, f"Argument num_required must be positive; got {required}"
            )
        found: list[np.ndarray] = []

        def step() -> int:
            if self.count < required or self._sum is None:
                return WAITING
            count = np.asarray(self.count, self._sum.dtype)
            mean = self._sum / count if self._mean else self._sum
            found.append(np.asarray(mean, self._sum.dtype))
            self._sum, self.count = None, 0
            self._step += 1
            return DONE

        self._take(step)
        return found[0]


_STATE: dict[str, Any] = {"grad": None, "host": True, "stateful": True}


@op("-> handle: resource", shape=scalar, attrs=NAMES, **_STATE)
def ResourceConditionalAccumulator(
    *,
    dtype: DType,
    shape: TensorShape,
    reduction_type: str = "MEAN",
    op: Operation,
    session: Any,
) -> Any:
    """An accumulator of gradients of a shape, whose mean (or `SUM`) can be taken."""
    return get_or_create(
        session, op, Accumulator, lambda: Accumulator(dtype, shape, reduction_type == "MEAN")
    )


@op("handle: resource, local_step: int64, gradient: dtype ->", shape=nothing, **_STATE)
def ResourceAccumulatorApplyGradient(handle: Any, local_step: Any, gradient: Any) -> None:
    """Add a gradient, unless its time step is before the accumulator's."""
    expect(handle, Accumulator).apply(gradient, int(local_step))


@op("handle: resource -> num_accumulated: int32", shape=scalar, **_STATE)
def ResourceAccumulatorNumAccumulated(handle: Any) -> Any:
    """How many gradients were added since the last were taken."""
    return np.int32(expect(handle, Accumulator).count)


@op("handle: resource, new_global_step: int64 ->", shape=nothing, **_STATE)
def ResourceAccumulatorSetGlobalStep(handle: Any, new_global_step: Any) -> None:
    """Set the time step."""
    expect(handle, Accumulator).set_step(int(new_global_step))


@op(
    "handle: resource, num_required: int32 -> average: dtype",
    shape=lambda op: [None],
    blocking=True,
    **_STATE,
)
def ResourceAccumulatorTakeGradient(handle: Any, num_required: Any, *, dtype: DType) -> Any:
    """The mean of the gradients, waiting until there are enough; the time step goes on by one."""
    found = expect(handle, Accumulator)
    if found.element != dtype:
        raise InvalidArgumentError(
            None, None, f"The accumulator holds {found.element.name}, not {dtype.name}."
        )
    return found.take(int(num_required))
