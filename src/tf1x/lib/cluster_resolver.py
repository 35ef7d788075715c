"""`tf.contrib.cluster_resolver`, `tf.distribute.cluster_resolver`: where a cluster's machines are."""

from __future__ import annotations

import json
import os
from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.lib.train.cluster import ClusterSpec


class ClusterResolver:
    """Base of the resolvers: `cluster_spec()` and `master()`."""

    task_type: Any = None
    task_id: Any = None
    task_index: Any = None
    rpc_layer: Any = None
    environment = ""

    def cluster_spec(self) -> Any:
        raise NotImplementedError("cluster_spec is not implemented.")

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        raise NotImplementedError("master is not implemented.")

    def get_master(self) -> str:
        return self.master()

    def num_accelerators(self, *args: Any, **kwargs: Any) -> dict[str, int]:
        """What JAX sees besides CPUs, by kind."""
        from tf1x.runtime.devices import session_devices

        kinds = [d.device_type for d in session_devices() if d.device_type != "CPU"]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


class SimpleClusterResolver(ClusterResolver):
    """A cluster that the program names."""

    def __init__(
        self,
        cluster_spec: Any,
        master: str = "",
        task_type: Any = None,
        task_id: Any = None,
        environment: str = "",
        num_accelerators: Any = None,
        rpc_layer: Any = None,
        task_index: Any = None,
    ) -> None:
        if not isinstance(cluster_spec, ClusterSpec):
            raise TypeError("cluster_spec must be a ClusterSpec.")
        if not isinstance(master, str):
            raise TypeError("master must be a string.")
        self._spec, self._master = cluster_spec, master
        self.task_type, self.environment, self.rpc_layer = task_type, environment, rpc_layer
        self.task_id = self.task_index = task_id if task_index is None else task_index

    def cluster_spec(self) -> Any:
        return self._spec

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        """The address of a task, by default what was given as master."""
        if task_type is None or task_id is None:
            return self._master
        address = self._spec.task_address(task_type, task_id)
        layer = rpc_layer or self.rpc_layer
        return f"{layer}://{address}" if layer else address


class TFConfigClusterResolver(SimpleClusterResolver):
    """The cluster that the environment variable TF_CONFIG names."""

    def __init__(
        self,
        task_type: Any = None,
        task_id: Any = None,
        rpc_layer: Any = None,
        environment: str = "",
    ) -> None:
        config = json.loads(os.environ.get("TF_CONFIG") or "{}")
        task = config.get("task", {})
        super().__init__(
            ClusterSpec(config.get("cluster", {})),
            "",
            task.get("type") if task_type is None else task_type,
            task.get("index") if task_id is None else task_id,
            environment or config.get("environment", ""),
            rpc_layer=rpc_layer or config.get("rpc_layer", "grpc"),
        )

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        """The address of this task, or of the one asked for; "" without a cluster."""
        if not self._spec.jobs:
            return ""
        task_type = self.task_type if task_type is None else task_type
        task_id = self.task_id if task_id is None else task_id
        return super().master(task_type, task_id, rpc_layer)


class TPUClusterResolver(ClusterResolver):
    """Where a TPU is: "local" or "" stand for this machine.

    Raises:
        ValueError: no name is given, neither here nor in the variable TPU_NAME.
        UnsupportedError: a TPU elsewhere.
    """

    def __init__(
        self,
        tpu: Any = None,
        zone: Any = None,
        project: Any = None,
        job_name: str = "worker",
        coordinator_name: Any = None,
        coordinator_address: Any = None,
        credentials: Any = "default",
        service: Any = None,
        discovery_url: Any = None,
        tpu_names: Any = None,
    ) -> None:
        tpu = tpu_names if tpu is None else tpu
        tpu = os.environ.get("TPU_NAME") if tpu is None else tpu
        if tpu is None:
            raise ValueError("Please provide a TPU Name to connect to.")
        self._name = ",".join(tpu) if isinstance(tpu, (list, tuple)) else os.fsdecode(tpu)
        if self._name not in ("", "local"):
            raise UnsupportedError(
                f"TPUClusterResolver({self._name!r}): tf1x runs on this machine's devices and "
                "reaches no TPU elsewhere. Leave out the TPU's name, and pass use_tpu=False."
            )
        self.task_type = job_name

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        """The target of sessions: this process."""
        return ""

    def cluster_spec(self) -> Any:
        """No other machines."""
        return ClusterSpec({})

    def get_job_name(self) -> str:
        return str(self.task_type)
