"""`tf.contrib.learn.RunConfig`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.estimator import run_config as core

Environment = type("Environment", (), {"CLOUD": "cloud", "GOOGLE": "google", "LOCAL": "local"})
TaskType = core.TaskType


class RunConfig(core.RunConfig):
    """How an estimator of `tf.contrib.learn` runs; see `tf.estimator.RunConfig` for the others.

    Args:
        master: the target of the session.
        num_cores, log_device_placement, gpu_memory_fraction: put into the `ConfigProto`.
        evaluation_master: the target of the sessions of evaluations.
    """

    def __init__(
        self,
        master: str | None = None,
        num_cores: int = 0,
        log_device_placement: bool = False,
        gpu_memory_fraction: float = 1,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_secs: Any = core._USE_DEFAULT,
        save_checkpoints_steps: int | None = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        protocol: str | None = None,
        evaluation_master: str = "",
        model_dir: Any = None,
        session_config: Any = None,
        session_creation_timeout_secs: float = 7200,
    ) -> None:
        if save_checkpoints_secs is core._USE_DEFAULT:
            save_checkpoints_secs = 600 if save_checkpoints_steps is None else None
        super().__init__(
            model_dir=model_dir,
            tf_random_seed=tf_random_seed,
            save_summary_steps=save_summary_steps,
            save_checkpoints_steps=save_checkpoints_steps,
            save_checkpoints_secs=save_checkpoints_secs,
            session_config=session_config,
            keep_checkpoint_max=keep_checkpoint_max,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            log_step_count_steps=log_step_count_steps,
            protocol=protocol,
            session_creation_timeout_secs=session_creation_timeout_secs,
        )
        self._environment = "local"
        if master is not None:
            self._master = master
        if evaluation_master:
            self._evaluation_master = evaluation_master
        from tensorboard.compat.proto.config_pb2 import ConfigProto

        self._tf_config = ConfigProto(
            log_device_placement=log_device_placement,
            inter_op_parallelism_threads=num_cores,
            intra_op_parallelism_threads=num_cores,
        )
        self._tf_config.gpu_options.per_process_gpu_memory_fraction = gpu_memory_fraction

    @property
    def environment(self) -> str:
        return self._environment

    @property
    def tf_config(self) -> Any:
        """The `ConfigProto` that the arguments describe."""
        return self._tf_config


ClusterConfig = RunConfig
