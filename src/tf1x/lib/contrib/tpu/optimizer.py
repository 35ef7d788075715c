"""`tf.contrib.tpu.CrossShardOptimizer`, for one replica."""

from __future__ import annotations

from typing import Any

from tf1x.lib.train.optimizer import Optimizer
from tf1x.ops.array import identity


def cross_replica_sum(x: Any, group_assignment: Any = None, name: str | None = None) -> Any:
    """The sum over replicas: the value itself, since there is one."""
    return identity(x, name=name)


class CrossShardOptimizer(Optimizer):
    """An optimizer that sums gradients over replicas; there is one, so it is `opt` itself.

    Args:
        opt: the optimizer.
        reduction: accepted.

    Raises:
        TypeError: `opt` is none.
    """

    def __init__(
        self,
        opt: Optimizer,
        reduction: str = "mean",
        name: str = "CrossShardOptimizer",
        group_assignment: Any = None,
    ) -> None:
        if not isinstance(opt, Optimizer):
            raise TypeError(f"CrossShardOptimizer only works with tf.train.Optimizer; got {opt!r}")
        super().__init__(False, name)
        self._opt = opt

    def compute_gradients(self, loss: Any, var_list: Any = None, **kwargs: Any) -> Any:
        return self._opt.compute_gradients(loss, var_list=var_list, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        return self._opt.apply_gradients(grads_and_vars, global_step, name)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> Any:
        return self._opt.variables()
