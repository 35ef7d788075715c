"""PowerSign and AddSign (Bello et al., 2017): larger steps where gradient and momentum agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tf1x.core import convert
from tf1x.core.dtypes import float32
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.lib import variable_functions
from tf1x.lib.train.optimizer import KernelOptimizer
from tf1x.ops.array_gather import gather
from tf1x.ops.complex_math import sign
from tf1x.ops.elementary import Cos
from tf1x.ops.grouping import group
from tf1x.ops.math import Floor, Maximum, cast
from tf1x.ops.math_functions import power

_Decay = Callable[[Any], Any]


class _SignOptimizer(KernelOptimizer):
    """What both have in common; `strength` is the base or alpha."""

    def __init__(
        self,
        learning_rate: Any,
        strength: Any,
        beta: Any,
        sign_decay_fn: _Decay | None,
        use_locking: bool,
        name: str,
    ) -> None:
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._strength = strength
        self._beta = beta
        self._sign_decay_fn = sign_decay_fn
        self._global_step: Any = None
        self._tensors: list[Any] = []

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        self._global_step = global_step
        return super().apply_gradients(grads_and_vars, global_step, name)

    def _create_slots(self, var_list: list[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "m", self._name)

    def _prepare(self) -> None:
        decay: Any = 1.0
        if self._sign_decay_fn is not None:
            decay = self._sign_decay_fn(self._global_step)
        numbers = (
            (self._call_if_callable(self._lr), "learning_rate"),
            (self._strength, "strength"),
            (decay, "sign_decay"),
            (self._call_if_callable(self._beta), "beta"),
        )
        self._tensors = [convert.to_tensor(x, name=name) for x, name in numbers]

    def _inputs(self, var: Any, dtype: Any, grad: list[Any]) -> list[Any]:
        return [self.get_slot(var, "m"), *(cast(t, dtype) for t in self._tensors), *grad]

    def _multiplier(self, strength: Any, agreement: Any) -> Any:
        raise NotImplementedError

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._resource_apply_sparse(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        dtype = handle.dtype.base_dtype
        rate, strength, decay, beta = (cast(t, dtype) for t in self._tensors)
        m = self.get_slot(handle, "m")
        dense = convert.to_tensor(IndexedSlices(grad, indices, convert.to_tensor(m.shape)))
        m_t = variable_functions.assign(m, m * beta + dense * (1 - beta))
        agreement = decay * (gather(sign(m_t), indices) * sign(grad))
        change = rate * self._multiplier(strength, agreement) * grad
        update = variable_functions.scatter_sub(handle, indices, change)
        return group(update, m_t)


class PowerSignOptimizer(_SignOptimizer):
    """variable -= learning_rate * base^(decay * sign(gradient) * sign(momentum)) * gradient.

    Args:
        beta: how slowly the momentum, a moving average of gradients, changes.
        sign_decay_fn: the decay, as a function of the global step; 1 by default.
    """

    def __init__(
        self,
        learning_rate: Any = 0.1,
        base: float = math.e,
        beta: Any = 0.9,
        sign_decay_fn: _Decay | None = None,
        use_locking: bool = False,
        name: str = "PowerSignOptimizer",
    ) -> None:
        log = math.log(base)
        super().__init__(learning_rate, log, beta, sign_decay_fn, use_locking, name)

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "PowerSign", {}

    def _multiplier(self, strength: Any, agreement: Any) -> Any:
        return power(convert.to_tensor(math.e, agreement.dtype), strength * agreement)


class AddSignOptimizer(_SignOptimizer):
    """variable -= learning_rate * (alpha + decay * sign(gradient) * sign(momentum)) * gradient."""

    def __init__(
        self,
        learning_rate: Any = 0.1,
        alpha: float = 1.0,
        beta: Any = 0.9,
        sign_decay_fn: _Decay | None = None,
        use_locking: bool = False,
        name: str = "AddSignOptimizer",
    ) -> None:
        super().__init__(learning_rate, alpha, beta, sign_decay_fn, use_locking, name)

    def _kernel(self) -> tuple[str, dict[str, Any]]:
        return "AddSign", {}

    def _multiplier(self, strength: Any, agreement: Any) -> Any:
        return strength + agreement


def _float(step: Any) -> Any:
    if step is None:
        raise ValueError("sign_decay_fn needs a global step: give minimize() one.")
    return cast(convert.to_tensor(step), float32)


def get_linear_decay_fn(decay_steps: int) -> _Decay:
    """From 1 at step 0 to 0 at `decay_steps`, evenly."""

    def decay(global_step: Any) -> Any:
        return Maximum((decay_steps - _float(global_step)) / decay_steps, 0.0)

    return decay


def get_cosine_decay_fn(
    decay_steps: int, num_periods: float = 0.5, zero_after: int | None = None
) -> _Decay:
    """(1 + cos(2 pi num_periods step / decay_steps)) / 2; 0 after `zero_after` steps."""

    def decay(global_step: Any) -> Any:
        step = _float(global_step)
        value = 0.5 * (1.0 + Cos(2.0 * math.pi * num_periods * step / decay_steps))
        return value if zero_after is None else value * cast(step < zero_after, float32)

    return decay


def get_restart_decay_fn(
    decay_steps: int, num_periods: int = 1, zero_after: int | None = None
) -> _Decay:
    """Half a cosine, begun anew after every `decay_steps / num_periods` steps."""

    def decay(global_step: Any) -> Any:
        step = _float(global_step)
        place = step * num_periods / decay_steps
        value = 0.5 * (1.0 + Cos(math.pi * (place - Floor(place))))
        return value if zero_after is None else value * cast(step < zero_after, float32)

    return decay
