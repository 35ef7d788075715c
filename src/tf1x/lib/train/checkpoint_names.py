"""Where the public names around checkpoints are defined; all are imported at first use."""

from __future__ import annotations

from tf1x.api import lazy
from tf1x.core.opdef import provide

_HERE = "tf1x.lib.train"

provide(
    "tf1x.ops.saving",
    "DisableCopyOnRead",
    "MergeV2Checkpoints",
    "Restore",
    "RestoreSlice",
    "RestoreV2",
    "Save",
    "SaveSlices",
    "SaveV2",
    "ShardedFilename",
    "ShardedFilespec",
)
lazy(f"{_HERE}.saver", "train.Saver")
for _name in (
    "checkpoint_exists",
    "generate_checkpoint_state_proto",
    "get_checkpoint_mtimes",
    "get_checkpoint_state",
    "latest_checkpoint",
    "remove_checkpoint",
    "update_checkpoint_state",
):
    lazy(f"{_HERE}.checkpoint_management", f"train.{_name}")
lazy(f"{_HERE}.checkpoint_utils", "train.NewCheckpointReader", attribute="CheckpointReader")
for _name in ("init_from_checkpoint", "list_variables", "load_checkpoint", "load_variable"):
    lazy(f"{_HERE}.checkpoint_utils", f"train.{_name}", f"contrib.framework.{_name}")
lazy(f"{_HERE}.checkpoint_utils", "train.checkpoints_iterator")
for _name in ("checkpoints_iterator", "wait_for_new_checkpoint"):
    lazy(f"{_HERE}.checkpoint_utils", f"contrib.training.{_name}")
lazy(f"{_HERE}.warm_start", "train.warm_start")
for _name in ("assign_from_checkpoint", "assign_from_checkpoint_fn"):
    lazy(
        "tf1x.lib.contrib.framework.checkpoints",
        f"contrib.framework.{_name}",
        f"contrib.slim.{_name}",
    )
