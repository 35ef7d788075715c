"""`tf.train.ClusterSpec`: the addresses of a cluster's tasks, by job."""

from __future__ import annotations

from typing import Any


class ClusterSpec:
    """Jobs by name, each with the addresses ("host:port") of its tasks.

    Args:
        cluster: a dict of jobs to lists of addresses, or to dicts of addresses by task number;
            a `ClusterDef`; or another `ClusterSpec`.

    Raises:
        TypeError: it is none of these.

    Example:
        >>> tf.train.ClusterSpec({"ps": ["a:2222"], "worker": ["b:2222", "c:2222"]}).num_tasks("worker")
        2
    """

    def __init__(self, cluster: Any) -> None:
        self._tasks: dict[str, dict[int, str]] = {}
        if isinstance(cluster, ClusterSpec):
            self._tasks = {job: dict(tasks) for job, tasks in cluster._tasks.items()}
        elif isinstance(cluster, dict):
            for job, tasks in cluster.items():
                self._tasks[_text(job)] = _numbered(job, tasks)
        elif hasattr(cluster, "job") and hasattr(cluster, "SerializeToString"):
            self._tasks = {job.name: dict(sorted(job.tasks.items())) for job in cluster.job}
        else:
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to lists of network "
                "addresses, or a `ClusterDef` protocol buffer"
            )

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def __eq__(self, other: Any) -> bool:
        tasks = other._tasks if isinstance(other, ClusterSpec) else other
        return bool(self._tasks == tasks)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        jobs = ", ".join(f"{job!r}: {tasks!r}" for job, tasks in sorted(self.as_dict().items()))
        return f"ClusterSpec({{{jobs}}})"

    def as_dict(self) -> dict[str, Any]:
        """Lists of addresses by job; dicts by task number where numbers are left out."""
        return {
            job: list(tasks.values()) if list(tasks) == list(range(len(tasks))) else dict(tasks)
            for job, tasks in self._tasks.items()
        }

    def as_cluster_def(self) -> Any:
        """The `ClusterDef`."""
        from tensorboard.compat.proto.cluster_pb2 import ClusterDef

        made = ClusterDef()
        for name, tasks in sorted(self._tasks.items()):
            job = made.job.add(name=name)
            for number, address in tasks.items():
                job.tasks[number] = address
        return made

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._tasks)

    def num_tasks(self, job_name: str) -> int:
        """How many tasks a job has."""
        return len(self._of(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """The numbers of a job's tasks."""
        return list(self._of(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of one task.

        Raises:
            ValueError: there is no such task.
        """
        tasks = self._of(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job's tasks; None for a number that is left out."""
        tasks = self._of(job_name)
        return [tasks.get(number) for number in range(max(tasks, default=-1) + 1)]

    def _of(self, job_name: str) -> dict[int, str]:
        if job_name not in self._tasks:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._tasks[job_name]


def _numbered(job: Any, tasks: Any) -> dict[int, str]:
    if isinstance(tasks, (list, tuple)):
        pairs: Any = enumerate(tasks)
    elif isinstance(tasks, dict):
        pairs = sorted((int(number), address) for number, address in tasks.items())
    else:
        raise TypeError(
            f"The tasks for job {job!r} must be a list or a dictionary from integers to strings."
        )
    return {number: _text(address) for number, address in pairs}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise TypeError(f"Expected a string, got {value!r}")
    return value
