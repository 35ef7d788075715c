"""`tf.train.SyncReplicasOptimizer`, for one replica."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.errors import UnsupportedError
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.data_flow import FIFOQueue
from tf1x.lib.train.optimizer import Optimizer
from tf1x.lib.train.queue_runner import QueueRunner
from tf1x.lib.train.session_manager import readiness
from tf1x.lib.train.session_run_hook import SessionRunHook
from tf1x.lib.variable_functions import (
    assign,
    global_variables,
    report_uninitialized_variables,
)
from tf1x.lib.variables import Variable
from tf1x.ops.array import Fill
from tf1x.ops.grouping import group, no_op


class SyncReplicasOptimizer(Optimizer):
    """An optimizer that waits for the gradients of all replicas; there is one, so it is `opt` itself.

    Its hook, tokens and queue runner are there for the programs that use them.

    Args:
        opt: the optimizer.
        replicas_to_aggregate, total_num_replicas: 1.
        variable_averages: a `tf.train.ExponentialMovingAverage`, applied after each update to
        variables_to_average: those variables.

    Raises:
        UnsupportedError: there are several replicas.
    """

    def __init__(
        self,
        opt: Optimizer,
        replicas_to_aggregate: int,
        total_num_replicas: int | None = None,
        variable_averages: Any = None,
        variables_to_average: Any = None,
        use_locking: bool = False,
        name: str = "sync_replicas",
    ) -> None:
        total = replicas_to_aggregate if total_num_replicas is None else total_num_replicas
        if max(total, replicas_to_aggregate) > 1:
            raise UnsupportedError(
                "tf.train.SyncReplicasOptimizer: tf1x runs one replica, and "
                f"{replicas_to_aggregate} of {total} are to be aggregated. Use the inner optimizer, "
                "with a batch that is as large as those of all replicas together."
            )
        super().__init__(use_locking, name)
        logging.info(
            "SyncReplicasV2: replicas_to_aggregate=%s; total_num_replicas=%s",
            replicas_to_aggregate,
            total,
        )
        self._opt = opt
        self._variable_averages = variable_averages
        self._variables_to_average = variables_to_average
        self._global_step: Any = None
        self._queue: Any = None

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """The inner optimizer's update.

        Raises:
            ValueError: no gradients, or no global step.
        """
        if not grads_and_vars:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._global_step = global_step
        self._local_step = Variable(
            0,
            trainable=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
            dtype=global_step.dtype.base_dtype,
            name="sync_rep_local_step",
        )
        self.local_step_init_op = assign(self._local_step, global_step)
        self.chief_init_op = group(self.local_step_init_op)
        self.ready_for_local_init_op = report_uninitialized_variables(global_variables())
        update = self._opt.apply_gradients(grads_and_vars, global_step)
        with scopes.control_dependencies([update]):
            if self._variable_averages is not None:
                update = self._variable_averages.apply(self._variables_to_average)
        with scopes.control_dependencies([update]):
            train_op = assign(self._local_step, global_step)
        types = global_step.dtype.base_dtype
        self._queue = FIFOQueue(-1, types, shapes=(), name="sync_token_q")
        # The chief's thread takes the tokens until the queue is closed.
        self._runner = QueueRunner(self._queue, [self._queue.dequeue().op])
        return train_op

    def get_chief_queue_runner(self) -> QueueRunner:
        """The queue runner that the chief starts.

        Raises:
            ValueError: before `apply_gradients`.
        """
        if self._queue is None:
            raise ValueError("Should be called after apply_gradients().")
        return self._runner

    def get_init_tokens_op(self, num_tokens: int = -1) -> Any:
        """An op that puts the first tokens into the queue."""
        if self._queue is None:
            raise ValueError("get_init_tokens_op() should be called after apply_gradients().")
        count = 1 if num_tokens == -1 else num_tokens
        if count <= 0:
            return no_op(name="no_init_tokens")
        return self._queue.enqueue_many((Fill([count], self._global_step),))

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> SessionRunHook:
        """A hook that runs the init ops and the chief's queue runner."""
        return _Hook(self, is_chief, num_tokens)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> Any:
        return self._opt.variables()


class _Hook(SessionRunHook):
    def __init__(self, optimizer: SyncReplicasOptimizer, is_chief: bool, num_tokens: int) -> None:
        self._optimizer = optimizer
        self._is_chief = is_chief
        self._num_tokens = num_tokens

    def begin(self) -> None:
        if self._optimizer._queue is None:
            raise ValueError(
                "SyncReplicasOptimizer.apply_gradient should be called before using the hook."
            )
        if self._is_chief:
            self._tokens = self._optimizer.get_init_tokens_op(self._num_tokens)

    def after_create_session(self, session: Any, coord: Any) -> None:
        optimizer = self._optimizer
        ready, message = readiness(
            optimizer.ready_for_local_init_op,
            session,
            "Model is not ready for SyncReplicasOptimizer local init.",
        )
        if not ready:
            raise RuntimeError(
                "Init operations did not make model ready for SyncReplicasOptimizer local_init: "
                f"{message}"
            )
        session.run(optimizer.chief_init_op if self._is_chief else optimizer.local_step_init_op)
        if self._is_chief:
            session.run(self._tokens)
            optimizer.get_chief_queue_runner().create_threads(
                session, coord=coord, daemon=True, start=True
            )
