"""`tf.train.Server`: what sessions of this process share."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from tf1x.lib.train.cluster import ClusterSpec
from tf1x.runtime.state import serve

_ports = itertools.count(20000)


class Server:
    """A server within this process; sessions with its `target` share variables and queues.

    All tasks of its cluster must have their servers in this process before a session starts.

    Args:
        server_or_cluster_def: a `ClusterSpec`, or what makes one.
        job_name, task_index: which task this is; may be left out where there is one.
        protocol: accepted.
        config: accepted.
        start: accepted; it serves from the start.

    Raises:
        ValueError: it has no such task.

    Example:
        >>> server = tf.train.Server.create_local_server()
        >>> with tf.Session(server.target) as sess:
        ...     sess.run(tf.constant(1.0))
        1.0
    """

    def __init__(
        self,
        server_or_cluster_def: Any,
        job_name: str | None = None,
        task_index: int | None = None,
        protocol: str | None = None,
        config: Any = None,
        start: bool = True,
    ) -> None:
        given = server_or_cluster_def
        if hasattr(given, "cluster"):  # a ServerDef
            job_name = job_name if job_name is not None else given.job_name
            task_index = task_index if task_index is not None else given.task_index
            given = given.cluster
        try:
            spec = ClusterSpec(given)
        except TypeError as error:
            raise TypeError(
                "Could not convert `server_or_cluster_def` to a `tf.train.ServerDef` or "
                "`tf.train.ClusterSpec`."
            ) from error
        if job_name is None:
            if len(spec.jobs) != 1:
                raise ValueError("Must specify an explicit `job_name`.")
            job_name = spec.jobs[0]
        if task_index is None:
            if spec.num_tasks(job_name) != 1:
                raise ValueError("Must specify an explicit `task_index`.")
            (task_index,) = spec.task_indices(job_name)
        address = spec.task_address(job_name, task_index)
        host, _, port = address.rpartition(":")
        if port == "0":
            address = f"{host}:{next(_ports)}"
        self._cluster = spec
        self._target = f"grpc://{address}"
        self._stopped = threading.Event()
        tasks = {
            f"grpc://{spec.task_address(job, index)}"
            for job in spec.jobs
            for index in spec.task_indices(job)
        }
        serve(self._target, frozenset(tasks if len(tasks) > 1 else {self._target}))

    def start(self) -> None:
        """Nothing to do: it serves from the start."""

    def join(self) -> None:
        """Wait forever, as for a server that others use."""
        self._stopped.wait()

    @property
    def cluster_spec(self) -> ClusterSpec:
        return self._cluster

    @property
    def target(self) -> str:
        """For `tf.Session(target)`."""
        return self._target

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> Server:
        """A server of this process alone."""
        return Server({"localhost": ["localhost:0"]}, config=config, start=start)
