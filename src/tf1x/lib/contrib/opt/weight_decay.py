"""Decoupled weight decay (Loshchilov and Hutter, 2017): AdamW, MomentumW and the like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.lib import variable_functions
from tf1x.lib.train.adam import AdamOptimizer
from tf1x.lib.train.momentum import MomentumOptimizer
from tf1x.ops.array_gather import gather
from tf1x.ops.grouping import no_op
from tf1x.ops.math import cast


class DecoupledWeightDecayExtension:
    """A base beside an optimizer's class: weights shrink by `weight_decay` of themselves first.

    The decay is not multiplied by the learning rate, and leaves the optimizer's moments alone.

    Args:
        weight_decay: a number, tensor or function; the rest goes to the optimizer.
    """

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._decay_var_list: set[Any] | None = None
        self._weight_decay = weight_decay
        self._weight_decay_tensor: Any = None
        super().__init__(**kwargs)

    def minimize(
        self, loss: Any, *args: Any, decay_var_list: Iterable[Any] | None = None, **kwargs: Any
    ) -> Any:
        """As the optimizer's; `decay_var_list` are the variables that decay, by default all."""
        self._decay_var_list = None if decay_var_list is None else set(decay_var_list)
        return super().minimize(loss, *args, **kwargs)  # type: ignore[misc]

    def apply_gradients(
        self,
        grads_and_vars: Any,
        global_step: Any = None,
        name: str | None = None,
        decay_var_list: Iterable[Any] | None = None,
    ) -> Any:
        """As the optimizer's; `decay_var_list` are the variables that decay, by default all."""
        if decay_var_list is not None:
            self._decay_var_list = set(decay_var_list)
        return super().apply_gradients(grads_and_vars, global_step, name)  # type: ignore[misc]

    def _prepare(self) -> None:
        decay = self._call_if_callable(self._weight_decay)  # type: ignore[attr-defined]
        self._weight_decay_tensor = convert.to_tensor(decay, name="weight_decay")
        super()._prepare()  # type: ignore[misc]

    def _decayed(self, var: Any, indices: Any = None) -> Any:
        """The op that decays a variable, or the rows of it that have a gradient."""
        if self._decay_var_list is not None and var not in self._decay_var_list:
            return no_op()
        rate = cast(self._weight_decay_tensor, var.dtype.base_dtype)
        if indices is None:
            return var.assign_sub(rate * var, use_locking=self._use_locking).op  # type: ignore[attr-defined]
        change = rate * gather(var, indices)
        return variable_functions.scatter_sub(var, indices, change).op

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        with scopes.control_dependencies([self._decayed(var)]):
            return super()._apply_dense(grad, var)  # type: ignore[misc]

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        with scopes.control_dependencies([self._decayed(handle)]):
            return super()._resource_apply_dense(grad, handle)  # type: ignore[misc]

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        with scopes.control_dependencies([self._decayed(var, grad.indices)]):
            return super()._apply_sparse(grad, var)  # type: ignore[misc]

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        with scopes.control_dependencies([self._decayed(handle, indices)]):
            return super()._resource_apply_sparse(grad, handle, indices)  # type: ignore[misc]


def extend_with_decoupled_weight_decay(base_optimizer: type) -> type:
    """A class: the optimizer with decoupled weight decay.

    Its constructor takes `weight_decay` first, then the optimizer's own arguments.
    """

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):  # type: ignore[misc, valid-type]
        """The base optimizer with decoupled weight decay."""

        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any) -> None:
            self._decay_var_list = None
            self._weight_decay = weight_decay
            self._weight_decay_tensor = None
            base_optimizer.__init__(self, *args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """`tf.train.MomentumOptimizer` with decoupled weight decay."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "MomentumW",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            momentum=momentum,
            use_locking=use_locking,
            name=name,
            use_nesterov=use_nesterov,
        )


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """`tf.train.AdamOptimizer` with decoupled weight decay."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdamW",
    ) -> None:
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            use_locking=use_locking,
            name=name,
        )
