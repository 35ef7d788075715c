"""`tf.train.replica_device_setter`: variables to parameter servers, the rest to the worker.

The graph keeps the devices; XLA places the ops.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from tf1x.core.operation import merge_devices
from tf1x.lib import logging
from tf1x.lib.train.cluster import ClusterSpec

STANDARD_PS_OPS = (
    "Variable", "VariableV2", "AutoReloadVariable", "MutableHashTable", "MutableHashTableV2",
    "MutableHashTableOfTensors", "MutableHashTableOfTensorsV2", "MutableDenseHashTable",
    "MutableDenseHashTableV2", "VarHandleOp", "BoostedTreesEnsembleResourceHandleOp",
    "BoostedTreesQuantileStreamResourceHandleOp", "ResourceConditionalAccumulator",
    "DecisionTreeResource",
)  # fmt: skip


def _job(device: str) -> str:
    fields = (part.partition(":") for part in device.split("/"))
    return next((name for kind, _, name in fields if kind == "job"), "")


def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str = "/job:ps",
    worker_device: str = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Any = None,
    ps_strategy: Callable[[Any], int] | None = None,
) -> Callable[[Any], str] | None:
    """A function for `tf.device`; None where there is no parameter server.

    Args:
        ps_tasks: how many parameter servers there are; by default those of `cluster`.
        ps_device: where variables go; the task is added.
        worker_device: where the other ops go.
        merge_devices: fill in what an op's own device leaves open; else leave those with one alone.
        cluster: a `ClusterSpec`, or what makes one.
        ps_ops: types of the ops that count as variables.
        ps_strategy: gives an op the number of a server; by default one after the other.

    Raises:
        TypeError: `ps_strategy` cannot be called.
    """
    if cluster is not None:
        tasks = ClusterSpec(cluster).as_dict().get(_job(ps_device))
        ps_tasks = len(tasks) if tasks else 0
    if ps_tasks == 0:
        return None
    if not merge_devices:
        logging.warning(
            "DEPRECATION: It is recommended to set merge_devices=true in replica_device_setter"
        )
    if ps_strategy is None:
        turns = itertools.cycle(range(ps_tasks))
        ps_strategy = lambda op: next(turns)  # noqa: E731
    if not callable(ps_strategy):
        raise TypeError("ps_strategy must be callable")
    choose, types = ps_strategy, set(STANDARD_PS_OPS if ps_ops is None else ps_ops)

    def device(op: Any) -> str:
        current = op.device or ""
        if current and not merge_devices:
            return current
        chosen = worker_device or ""
        if ps_device and op.type in types:
            chosen = ps_device
            if _job(chosen) and _job(current) in ("", _job(chosen)):
                chosen = _merged(chosen, f"/task:{choose(op)}")
        return _merged(chosen, current)

    return device


_merged = merge_devices
