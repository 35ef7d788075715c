"""`tf.distribute`, `tf.contrib.distribute`: strategies, each on one device.

A strategy of one device is what a program without one does, so these classes hold what programs
ask of them: a scope (variables made in it are resource variables), one replica, its context.
Strategies that name several devices or machines raise UnsupportedError.
"""

from __future__ import annotations

import enum
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core import nest, scopes
from tf1x.core.errors import UnsupportedError
from tf1x.lib.variable_functions import variable_creator_scope
from tf1x.lib.variable_scope import get_variable_scope, variable_scope
from tf1x.ops.grouping import group


class ReduceOp(enum.Enum):
    """How values of replicas become one."""

    SUM = "SUM"
    MEAN = "MEAN"


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.items: list[tuple[Strategy, bool]] = []  # a strategy, and whether within a replica


_scopes = _Scopes()


@contextmanager
def _entered(strategy: Strategy, in_replica: bool) -> Iterator[None]:
    _scopes.items.append((strategy, in_replica))
    try:
        yield
    finally:
        _scopes.items.pop()


def _one_of(names: list[Any], what: str, strategy: str) -> None:
    if len(names) > 1:
        raise UnsupportedError(
            f"{strategy} was given {len(names)} {what} ({', '.join(map(str, names))}); tf1x runs a "
            f"strategy on one. Name one, or none."
        )


class ReplicaContext:
    """What a function knows within a replica; there is one."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self.replica_id_in_sync_group = 0
        self.num_replicas_in_sync = 1

    @property
    def strategy(self) -> Strategy:
        return self._strategy

    distribution_strategy = strategy

    @property
    def devices(self) -> tuple[str, ...]:
        return (self._strategy.device,)

    def merge_call(self, merge_fn: Callable[..., Any], args: Any = (), kwargs: Any = None) -> Any:
        """`merge_fn(strategy, *args, **kwargs)`, outside of the replicas."""
        with _entered(self._strategy, False):
            return merge_fn(self._strategy, *args, **(kwargs or {}))

    def all_reduce(self, reduce_op: Any, value: Any) -> Any:
        """The value itself: there is no other replica."""
        return value


class Strategy:
    """A strategy on one device.

    Attributes:
        num_replicas_in_sync: 1.
        extended: the strategy itself; programs find further methods there.
    """

    num_replicas_in_sync = num_towers = num_replicas = 1
    between_graph = False
    should_init = should_checkpoint = should_save_summary = True

    def __init__(self, device: Any = None) -> None:
        self.device = str(device or "")

    @property
    def extended(self) -> Strategy:
        return self

    @property
    def worker_devices(self) -> tuple[str, ...]:
        return (self.device,)

    parameter_devices = worker_devices

    # -- scopes ----------------------------------------------------------------------------------

    @contextmanager
    def scope(self) -> Iterator[Strategy]:
        """Within, this is the strategy, and variables are resource variables."""

        def with_resource(next_creator: Callable[..., Any], **kwargs: Any) -> Any:
            kwargs["use_resource"] = True
            return next_creator(**kwargs)

        with (
            _entered(self, False),
            scopes.get_default_graph().device(self.device or ""),
            variable_scope(get_variable_scope(), use_resource=True, auxiliary_name_scope=False),
            variable_creator_scope(with_resource),
        ):
            yield self

    def run(self, fn: Callable[..., Any], args: Any = (), kwargs: Any = None) -> Any:
        """`fn(*args, **kwargs)` in the replica."""
        with _entered(self, True):
            return fn(*args, **(kwargs or {}))

    experimental_run_v2 = run

    def call_for_each_replica(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`fn(*args, **kwargs)` in the replica; `args` and `kwargs` may also be given as such."""
        kwargs.pop("run_concurrently", None)
        if kwargs.keys() <= {"args", "kwargs"} and not args:
            args, kwargs = kwargs.get("args", ()), kwargs.get("kwargs") or {}
        return self.run(fn, args, kwargs)

    call_for_each_tower = call_for_each_replica

    # -- data ------------------------------------------------------------------------------------

    def distribute_dataset(self, dataset_fn: Callable[[], Any]) -> Any:
        """The data set that the function makes."""
        return dataset_fn()

    def experimental_distribute_dataset(self, dataset: Any) -> Any:
        """The data set itself."""
        return dataset

    def experimental_distribute_datasets_from_function(self, dataset_fn: Any) -> Any:
        return dataset_fn(InputContext())

    def make_dataset_iterator(self, dataset: Any) -> Any:
        """An iterator over the data set; `initialize()` gives its initializer."""
        return dataset.make_initializable_iterator()

    def make_input_fn_iterator(self, input_fn: Any, replication_mode: Any = None) -> Any:
        return self.make_dataset_iterator(input_fn(InputContext()))

    # -- values ----------------------------------------------------------------------------------

    def reduce(self, reduce_op: Any, value: Any, axis: Any = None, **_destinations: Any) -> Any:
        """The one value; with `axis`, its sum or mean along it."""
        if axis is None:
            return value
        from tf1x.ops.reduce import reduce_mean, reduce_sum

        wanted = reduce_op.value if isinstance(reduce_op, ReduceOp) else str(reduce_op).upper()
        reduced = reduce_mean if wanted == "MEAN" else reduce_sum
        return nest.map_structure(lambda t: reduced(t, axis), value)

    def unwrap(self, value: Any) -> list[Any]:
        """The values of all replicas."""
        return [value]

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        return (value,)

    def group(self, value: Any, name: str | None = None) -> Any:
        return group(value, name=name)

    def broadcast(self, tensor: Any, destinations: Any = None) -> Any:
        return tensor

    def update(self, var: Any, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """`fn(var, *args)`; `args=` and `kwargs=` may be given as such."""
        kwargs.pop("group", None)
        args = (*args, *kwargs.pop("args", ()))
        return fn(var, *args, **(kwargs.pop("kwargs", None) or {}), **kwargs)

    def read_var(self, variable: Any) -> Any:
        return variable.value()

    def value_container(self, value: Any) -> Any:
        return value

    def configure(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to do for one device."""


DistributionStrategy = StrategyExtended = Strategy


class InputContext:
    """What an input function is told: one pipeline."""

    num_input_pipelines = num_replicas_in_sync = 1
    input_pipeline_id = 0

    def get_per_replica_batch_size(self, global_batch_size: int) -> int:
        return global_batch_size


class OneDeviceStrategy(Strategy):
    """Runs on the device named."""


class MirroredStrategy(Strategy):
    """Variables mirrored on the GPUs of a machine; here on one device.

    Args:
        devices: at most one.
        num_gpus, num_gpus_per_worker: at most 1; by default one is used, whatever there is.

    Raises:
        UnsupportedError: several devices.
    """

    def __init__(
        self,
        devices: Any = None,
        num_gpus: int | None = None,
        num_gpus_per_worker: int | None = None,
        cross_device_ops: Any = None,
        cross_tower_ops: Any = None,
        prefetch_on_device: Any = None,
        auto_shard_dataset: bool = False,
    ) -> None:
        named = [devices] if isinstance(devices, str) else list(devices or [])
        _one_of(named, "devices", type(self).__name__)
        _one_of(
            [f"GPU {i}" for i in range(num_gpus or num_gpus_per_worker or 0)],
            "GPUs",
            type(self).__name__,
        )
        super().__init__(named[0] if named else None)


class _OfCluster(Strategy):
    """A strategy for several machines: one machine, with at most one GPU."""

    def __init__(self, num_gpus_per_worker: int = 0, *args: Any, **kwargs: Any) -> None:
        count = num_gpus_per_worker if isinstance(num_gpus_per_worker, int) else 0
        _one_of([f"GPU {i}" for i in range(count)], "GPUs", type(self).__name__)
        if '"cluster"' in os.environ.get("TF_CONFIG", ""):
            raise UnsupportedError(
                f"{type(self).__name__}: TF_CONFIG names a cluster; tf1x runs a strategy in one "
                "process. Unset TF_CONFIG."
            )
        super().__init__()


class ParameterServerStrategy(_OfCluster):
    """Without a cluster: variables and computation on this machine."""


class CollectiveAllReduceStrategy(_OfCluster):
    """Without a cluster: one worker."""


MultiWorkerMirroredStrategy = CollectiveAllReduceStrategy


class CentralStorageStrategy(MirroredStrategy):
    """Variables on the CPU, computation on the one device."""


class TPUStrategy(Strategy):
    """Raises UnsupportedError: there are no TPU strategies."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UnsupportedError(
            f"{type(self).__name__}: tf1x uses no TPU in strategies; use MirroredStrategy, or none."
        )


class CrossDeviceOps:
    """How values of several devices are added up; with one there is nothing to add."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass


AllReduceCrossDeviceOps = AllReduceCrossTowerOps = CrossDeviceOps
NcclAllReduce = HierarchicalCopyAllReduce = ReductionToOneDevice = CrossDeviceOps


class DistributeConfig:
    """What a `RunConfig` may be told of strategies (`experimental_distribute`)."""

    def __init__(
        self, train_distribute: Any = None, eval_distribute: Any = None, remote_cluster: Any = None
    ) -> None:
        if remote_cluster is not None:
            raise UnsupportedError(
                "DistributeConfig(remote_cluster=...): tf1x runs a strategy in one process."
            )
        self.train_distribute = train_distribute
        self.eval_distribute = eval_distribute


# -- where one is ----------------------------------------------------------------------------------

_default = Strategy()


def get_strategy() -> Strategy:
    """The strategy in force; outside of all scopes one that does nothing."""
    return _scopes.items[-1][0] if _scopes.items else _default


get_distribution_strategy = get_strategy


def has_strategy() -> bool:
    """Whether a scope of a strategy is around."""
    return bool(_scopes.items)


has_distribution_strategy = has_strategy


def in_cross_replica_context() -> bool:
    """Whether in a scope, but not within a replica."""
    return bool(_scopes.items) and not _scopes.items[-1][1]


in_cross_tower_context = in_cross_replica_context


def get_replica_context() -> ReplicaContext | None:
    """The replica's context; None in a scope outside of `run`, as in TensorFlow."""
    return None if in_cross_replica_context() else ReplicaContext(get_strategy())


get_tower_context = get_replica_context


def get_cross_replica_context() -> Strategy | None:
    """The strategy, in a scope outside of `run`; else None."""
    return get_strategy() if in_cross_replica_context() else None


get_cross_tower_context = get_cross_replica_context


def get_loss_reduction() -> Any:
    """`ReduceOp.MEAN`, which is without effect for one replica."""
    return ReduceOp.MEAN


def require_one_device(strategy: Any) -> None:
    """Raise UnsupportedError unless the strategy is None or one of these."""
    if strategy is not None and not isinstance(strategy, Strategy):
        raise UnsupportedError(
            f"tf1x does not run the distribution strategy {type(strategy).__name__}: use one of "
            "tf.distribute or tf.contrib.distribute, or leave it out."
        )
