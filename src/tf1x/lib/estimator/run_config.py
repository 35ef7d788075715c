"""`tf.estimator.RunConfig`: how an Estimator runs."""

from __future__ import annotations

import copy
import json
import os
from typing import Any

from tf1x.lib import logging
from tf1x.lib.estimator.util import fn_args
from tf1x.lib.train.cluster import ClusterSpec

_USE_DEFAULT: Any = object()
_BOTH_INTERVALS = "`save_checkpoints_steps` and `save_checkpoints_secs` cannot be both set."
_REPLACEABLE = (
    "model_dir", "tf_random_seed", "save_summary_steps", "save_checkpoints_steps",
    "save_checkpoints_secs", "session_config", "keep_checkpoint_max",
    "keep_checkpoint_every_n_hours", "log_step_count_steps", "train_distribute", "device_fn",
    "protocol", "eval_distribute", "experimental_distribute",
    "experimental_max_worker_delay_secs", "session_creation_timeout_secs",
    "checkpoint_save_graph_def",
)  # fmt: skip

# name -> (what holds of a value that is given, how to say it)
_CHECKS: dict[str, tuple[Any, str]] = {
    "model_dir": (bool, "model_dir should be non-empty"),
    "save_summary_steps": (lambda v: v >= 0, "save_summary_steps should be >= 0"),
    "save_checkpoints_steps": (lambda v: v >= 0, "save_checkpoints_steps should be >= 0"),
    "save_checkpoints_secs": (lambda v: v >= 0, "save_checkpoints_secs should be >= 0"),
    "session_config": (
        lambda v: hasattr(v, "allow_soft_placement"),
        "session_config must be instance of ConfigProto",
    ),
    "keep_checkpoint_max": (lambda v: v >= 0, "keep_checkpoint_max should be >= 0"),
    "keep_checkpoint_every_n_hours": (
        lambda v: v > 0,
        "keep_checkpoint_every_n_hours should be > 0",
    ),
    "log_step_count_steps": (lambda v: v > 0, "log_step_count_steps should be > 0"),
    "tf_random_seed": (lambda v: isinstance(v, int), "tf_random_seed must be integer."),
    "experimental_max_worker_delay_secs": (
        lambda v: isinstance(v, int),
        "experimental_max_worker_delay_secs must be an integer if set.",
    ),
    "session_creation_timeout_secs": (
        lambda v: v > 0,
        "session_creation_timeout_secs should be > 0",
    ),
    "device_fn": (
        lambda v: callable(v) and set(fn_args(v)) == {"op"},
        'device_fn must be callable with exactly one argument "op".',
    ),
    "protocol": (lambda v: v in ("grpc", "grpc+verbs"), "protocol should be grpc or grpc+verbs"),
}


class TaskType:
    """What a process of a cluster does."""

    MASTER = "master"
    PS = "ps"
    WORKER = "worker"
    CHIEF = "chief"
    EVALUATOR = "evaluator"


class RunConfig:
    """How an Estimator runs: folder, seed, what it saves and logs when.

    Args:
        model_dir: the folder of checkpoints and events.
        tf_random_seed: the graph's seed.
        save_summary_steps: how many steps from one summary to the next.
        save_checkpoints_steps, save_checkpoints_secs: at most one; by default every 600 seconds.
            Both None: no checkpoints.
        session_config: a `ConfigProto`.
        keep_checkpoint_max: how many checkpoints stay; 0 or None for all.
        keep_checkpoint_every_n_hours: of the others, one in so many hours.
        log_step_count_steps: how many steps from one line in the log to the next; None for none.
        train_distribute, eval_distribute, experimental_distribute: strategies of distribution.
        device_fn: gives each op a device; kept in the graph.

    What this process is within a cluster is read from the environment variable TF_CONFIG.

    Raises:
        ValueError: a value that makes no sense.
    """

    def __init__(
        self,
        model_dir: Any = None,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_steps: Any = _USE_DEFAULT,
        save_checkpoints_secs: Any = _USE_DEFAULT,
        session_config: Any = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        train_distribute: Any = None,
        device_fn: Any = None,
        protocol: str | None = None,
        eval_distribute: Any = None,
        experimental_distribute: Any = None,
        experimental_max_worker_delay_secs: int | None = None,
        session_creation_timeout_secs: float = 7200,
        checkpoint_save_graph_def: bool = True,
    ) -> None:
        if save_checkpoints_steps is _USE_DEFAULT and save_checkpoints_secs is _USE_DEFAULT:
            save_checkpoints_steps, save_checkpoints_secs = None, 600
        elif save_checkpoints_secs is _USE_DEFAULT:
            save_checkpoints_secs = None
        elif save_checkpoints_steps is _USE_DEFAULT:
            save_checkpoints_steps = None
        elif save_checkpoints_steps is not None and save_checkpoints_secs is not None:
            raise ValueError(_BOTH_INTERVALS)
        environment = json.loads(os.environ.get("TF_CONFIG") or "{}")
        if environment:
            logging.info("TF_CONFIG environment variable: %s", environment)
        self._set(
            model_dir=_model_dir(environment, model_dir),
            tf_random_seed=tf_random_seed,
            save_summary_steps=save_summary_steps,
            save_checkpoints_steps=save_checkpoints_steps,
            save_checkpoints_secs=save_checkpoints_secs,
            session_config=session_config,
            keep_checkpoint_max=keep_checkpoint_max,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            log_step_count_steps=log_step_count_steps,
            train_distribute=train_distribute,
            device_fn=device_fn,
            protocol=protocol,
            eval_distribute=eval_distribute,
            experimental_distribute=experimental_distribute,
            experimental_max_worker_delay_secs=experimental_max_worker_delay_secs,
            session_creation_timeout_secs=session_creation_timeout_secs,
            checkpoint_save_graph_def=checkpoint_save_graph_def,
        )
        self._read_cluster(environment)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            if name not in _REPLACEABLE:
                raise ValueError(
                    f"Replacing {name} is not supported. Allowed properties are {list(_REPLACEABLE)}."
                )
            check, message = _CHECKS.get(name, (None, ""))
            if check is not None and value is not None and not check(value):
                raise ValueError(message)
            setattr(self, f"_{name}", value)

    def replace(self, **kwargs: Any) -> Any:
        """A copy with other values; one interval between checkpoints replaces the other.

        Raises:
            ValueError: a property that cannot be replaced.
        """
        steps, secs = "save_checkpoints_steps", "save_checkpoints_secs"
        if steps in kwargs and secs in kwargs:
            if kwargs[steps] is not None and kwargs[secs] is not None:
                raise ValueError(_BOTH_INTERVALS)
        elif kwargs.get(steps) is not None:
            kwargs[secs] = None
        elif kwargs.get(secs) is not None:
            kwargs[steps] = None
        made = copy.deepcopy(self)
        made._set(**kwargs)
        return made

    # -- the cluster ---------------------------------------------------------------------------

    def _read_cluster(self, environment: dict[str, Any]) -> None:
        service = environment.get("service")
        if service is not None and not isinstance(service, dict):
            raise TypeError(
                f'If "service" is set in TF_CONFIG, it must be a dict. Given {type(service)}'
            )
        self._service = service
        self._cluster_spec = ClusterSpec(environment.get("cluster", {}))
        task = environment.get("task", {})
        self._evaluation_master = environment.get("eval_session_master", "")
        if not self._cluster_spec:
            self._task_type = task.get("type", TaskType.WORKER)
            self._task_id = int(task.get("index", 0))
            if self._task_type != TaskType.WORKER:
                raise ValueError('If "cluster" is not set in TF_CONFIG, task type must be WORKER.')
            if self._task_id != 0:
                raise ValueError('If "cluster" is not set in TF_CONFIG, task index must be 0.')
            self._global_id_in_cluster: int | None = 0
            self._master = environment.get("session_master", "")
            self._is_chief = True
            self._num_ps_replicas = 0
            self._num_worker_replicas = 1
            return
        jobs = self._cluster_spec.jobs
        chief = TaskType.MASTER if TaskType.MASTER in jobs else TaskType.CHIEF
        if chief == TaskType.MASTER and TaskType.CHIEF in jobs:
            raise ValueError("If `master` node exists in `cluster`, job `chief` is not supported.")
        self._task_type, self._task_id = _task(self._cluster_spec, task, chief)
        self._is_chief = self._task_type == chief
        if self._task_type == TaskType.EVALUATOR:
            if chief == TaskType.MASTER:
                raise ValueError(
                    "If `master` node exists in `cluster`, task_type `evaluator` is not supported."
                )
            self._cluster_spec = ClusterSpec({})
            self._master = ""
            self._num_ps_replicas = self._num_worker_replicas = 0
            self._global_id_in_cluster = None
            return
        self._evaluation_master = ""
        spec = self._cluster_spec

        def count(job: str) -> int:
            return spec.num_tasks(job) if job in jobs else 0

        alone = len(jobs) == 1 and count(jobs[0]) == 1
        address = f"grpc://{spec.task_address(self._task_type, self._task_id)}"
        self._master = environment.get("session_master", "" if alone else address)
        self._num_ps_replicas = count(TaskType.PS)
        self._num_worker_replicas = count(TaskType.WORKER) + count(chief)
        others = sorted(set(jobs) - {chief, TaskType.PS})
        order = [chief, *others, TaskType.PS]
        before = order[: order.index(self._task_type)]
        self._global_id_in_cluster = sum(map(count, before)) + self._task_id

    @property
    def cluster_spec(self) -> ClusterSpec:
        return self._cluster_spec

    @property
    def service(self) -> dict[str, Any] | None:
        return self._service

    @property
    def task_type(self) -> str:
        return self._task_type

    @property
    def task_id(self) -> int:
        return self._task_id

    @property
    def global_id_in_cluster(self) -> int | None:
        return self._global_id_in_cluster

    @property
    def is_chief(self) -> bool:
        return self._is_chief

    @property
    def master(self) -> str:
        return self._master

    @property
    def evaluation_master(self) -> str:
        return self._evaluation_master

    @property
    def num_ps_replicas(self) -> int:
        return self._num_ps_replicas

    @property
    def num_worker_replicas(self) -> int:
        return self._num_worker_replicas


def _property(name: str) -> property:
    return property(lambda self: getattr(self, f"_{name}"))


for _name in _REPLACEABLE:
    setattr(RunConfig, _name, _property(_name))


def _model_dir(environment: dict[str, Any], given: Any) -> str | None:
    given = os.fspath(given) if isinstance(given, os.PathLike) else given
    if given == "":
        raise ValueError("model_dir should be non-empty.")
    found = environment.get("model_dir")
    if found == "":
        raise ValueError("model_dir in TF_CONFIG should be non-empty.")
    if found:
        if given and found != given:
            raise ValueError(
                "`model_dir` provided in RunConfig construct, if set, must have the same value as "
                f'the model_dir in TF_CONFIG. model_dir: {given}\nTF_CONFIG["model_dir"]: {found}.\n'
            )
        logging.info("Using model_dir in TF_CONFIG: %s", found)
    return given or found


def _task(spec: ClusterSpec, task: dict[str, Any], chief: str) -> tuple[str, int]:
    """This process's job and number.

    Raises:
        ValueError: the cluster has no such task, or not exactly one chief.
    """
    if chief not in spec.jobs:
        raise ValueError(f'If "cluster" is set in TF_CONFIG, it must have one "{chief}" node.')
    if spec.num_tasks(chief) > 1:
        raise ValueError(f'The "cluster" in TF_CONFIG must have only one "{chief}" node.')
    kind, number = task.get("type"), task.get("index")
    if not kind:
        raise ValueError('If "cluster" is set in TF_CONFIG, task type must be set.')
    if number is None:
        raise ValueError('If "cluster" is set in TF_CONFIG, task index must be set.')
    if int(number) < 0:
        raise ValueError("Task index must be non-negative number.")
    if kind != TaskType.EVALUATOR:
        note = "Note that these values may be coming from the TF_CONFIG environment variable."
        if kind not in spec.jobs:
            raise ValueError(
                f"{kind} is not a valid task_type in the cluster_spec:\n{spec}\n\n{note}"
            )
        if int(number) not in spec.task_indices(kind):
            raise ValueError(
                f"{number} is not a valid task_id for task_type {kind} in the cluster_spec:\n{spec}"
                f"\n\n{note}"
            )
    return kind, int(number)


def default_session_config() -> Any:
    """The `ConfigProto` of an Estimator that is given none."""
    from tensorboard.compat.proto.config_pb2 import ConfigProto
    from tensorboard.compat.proto.rewriter_config_pb2 import RewriterConfig

    config = ConfigProto(allow_soft_placement=True)
    config.graph_options.rewrite_options.meta_optimizer_iterations = RewriterConfig.ONE
    return config
