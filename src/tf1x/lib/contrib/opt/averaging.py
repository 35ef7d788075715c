"""`MovingAverageOptimizer`: an optimizer that keeps averages of the weights, for evaluation."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.lib.train.moving_averages import ExponentialMovingAverage
from tf1x.lib.train.optimizer import Optimizer
from tf1x.lib.train.saver import Saver
from tf1x.lib.variable_functions import global_variables


class MovingAverageOptimizer(Optimizer):
    """Another optimizer, after whose steps the averages of the variables move.

    `swapping_saver` saves the averages in the place of the variables.

    Args:
        opt: an optimizer.
        average_decay: how slowly the averages move, e.g. 0.999.
        num_updates: a count of steps; the averages move faster in the beginning then.
        sequential_update: average what the step gave (otherwise, what was before or after it).
    """

    def __init__(
        self,
        opt: Optimizer,
        average_decay: Any = 0.9999,
        num_updates: Any = None,
        sequential_update: bool = True,
    ) -> None:
        super().__init__(opt._use_locking, f"MovingAverage{opt.get_name()}")
        self._optimizer = opt
        self._ema = ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._swapped: dict[str, Any] | None = None
        self._sequential_update = sequential_update

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """Those of the optimizer."""
        return self._optimizer.compute_gradients(*args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """An op that makes the optimizer's step and moves the averages."""
        from tf1x.ops.grouping import group

        pairs = list(grads_and_vars)
        step = self._optimizer.apply_gradients(pairs, global_step=global_step, name=name)
        variables = [variable for grad, variable in pairs if grad is not None]
        with scopes.control_dependencies([step] if self._sequential_update else []):
            moved = self._ema.apply(variables)
        self._swapped = {}
        for variable in variables:
            average = self._ema.average(variable)
            self._swapped[variable.op.name] = average
            self._swapped[average.op.name] = variable
        return group(step, moved, name="train_with_avg")

    def get_slot(self, var: Any, name: str) -> Any:
        return self._optimizer.get_slot(var, name)

    def get_slot_names(self) -> list[str]:
        return self._optimizer.get_slot_names()

    def swapping_saver(
        self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any
    ) -> Saver:
        """A saver that saves averages under the variables' names, and the other way round.

        Raises:
            RuntimeError: `apply_gradients` or `minimize` was not called yet.
        """
        if self._swapped is None:
            raise RuntimeError("Must call apply_gradients or minimize before swapping_saver")
        if isinstance(var_list, dict):
            named = dict(var_list)
        else:
            variables = global_variables() if var_list is None else var_list
            named = {variable.op.name: variable for variable in variables}
        swapped = {key: self._swapped.get(key, variable) for key, variable in named.items()}
        return Saver(swapped, name=name, **kwargs)
