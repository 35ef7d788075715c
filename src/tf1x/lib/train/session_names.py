"""Where monitored sessions, hooks, supervisors and servers are defined; imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

_NAMES = {
    "session_run_hook": "SessionRunArgs SessionRunContext SessionRunHook SessionRunValues",
    "hook_timers": "SecondOrStepTimer",
    "basic_session_run_hooks": (
        "FeedFnHook FinalOpsHook GlobalStepWaiterHook LoggingTensorHook NanLossDuringTrainingError "
        "NanTensorHook StepCounterHook StopAtStepHook SummarySaverHook"
    ),
    "checkpoint_hooks": "CheckpointSaverHook CheckpointSaverListener",
    "cluster": "ClusterSpec",
    "device_setter": "replica_device_setter",
    "profiler_hook": "ProfilerHook",
    "scaffold": "Scaffold",
    "server": "Server",
    "session_creators": "ChiefSessionCreator SessionCreator WorkerSessionCreator",
    "session_manager": "SessionManager",
    "supervisor": "Supervisor",
    "sync_replicas_optimizer": "SyncReplicasOptimizer",
    "monitored_session": "MonitoredSession MonitoredTrainingSession SingularMonitoredSession",
}

for _module, _names in _NAMES.items():
    for _name in _names.split():
        lazy(f"tf1x.lib.train.{_module}", f"train.{_name}")
