"""`tf.train.CheckpointManager`."""

from __future__ import annotations

import os
import time
from typing import Any

from tf1x.lib.train.checkpoint_management import (
    checkpoint_exists,
    get_checkpoint_state,
    remove_checkpoint,
    write_checkpoint_state,
)


class CheckpointManager:
    """Saves a `tf.train.Checkpoint` again and again in a folder, and deletes old ones.

    Args:
        checkpoint: what to save.
        directory: where to; checkpoints that an earlier manager left are gone on with.
        max_to_keep: how many to keep, the newest; None for all.
        keep_checkpoint_every_n_hours: of those that would be deleted, keep one in so many hours.
        checkpoint_name: the start of the files' names.

    Example:
        >>> manager = tf.train.CheckpointManager(checkpoint, directory="/tmp/model", max_to_keep=5)
        >>> checkpoint.restore(manager.latest_checkpoint)
        >>> manager.save()
    """

    def __init__(
        self,
        checkpoint: Any,
        directory: Any,
        max_to_keep: int | None = None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(
                f"Expected a positive integer or `None` for `max_to_keep`, got {max_to_keep}."
            )
        self._checkpoint = checkpoint
        self._directory = os.fspath(directory)
        self._max_to_keep = max_to_keep
        self._every = keep_checkpoint_every_n_hours
        self._prefix = os.path.join(self._directory, checkpoint_name)
        self._kept: dict[str, float] = {}
        state = get_checkpoint_state(self._directory)
        now = time.time()
        self._last_preserved = now
        self.latest: str | None = None
        if state is not None:
            self.latest = state.model_checkpoint_path
            paths = list(state.all_model_checkpoint_paths)
            times = list(state.all_model_checkpoint_timestamps)
            if len(times) != len(paths):
                times = [now] * len(paths)
            self._last_preserved = state.last_preserved_timestamp or now
            self._kept = dict(zip(paths, times, strict=True))

    @property
    def checkpoint(self) -> Any:
        return self._checkpoint

    @property
    def directory(self) -> str:
        return self._directory

    @property
    def latest_checkpoint(self) -> str | None:
        """The path of the newest checkpoint, or None."""
        return self.latest

    @property
    def checkpoints(self) -> list[str]:
        """The paths of the checkpoints that are kept, oldest first."""
        return list(self._kept)

    def save(self, checkpoint_number: Any = None, session: Any = None) -> str:
        """Write a checkpoint `<directory>/ckpt-<number>`, delete what is too old; returns the path.

        Args:
            checkpoint_number: an int or a variable, by default the checkpoint's `save_counter`.
        """
        number = None if checkpoint_number is None else int(_number(checkpoint_number))
        path: str = self._checkpoint._save_numbered(self._prefix, session, number)
        self.latest = path
        self._kept.pop(path, None)
        self._kept[path] = time.time()
        self._sweep()
        paths = list(self._kept)
        write_checkpoint_state(
            self._directory,
            path,
            paths,
            save_relative_paths=True,
            all_model_checkpoint_timestamps=[self._kept[p] for p in paths],
            last_preserved_timestamp=self._last_preserved,
        )
        return path

    def _sweep(self) -> None:
        if self._max_to_keep is None:
            return
        while len(self._kept) > self._max_to_keep:
            path, written = next(iter(self._kept.items()))
            del self._kept[path]
            if self._every is not None and written - self._every * 3600 >= self._last_preserved:
                self._last_preserved = written
            elif checkpoint_exists(path):
                remove_checkpoint(path)


def _number(value: Any) -> Any:
    return value.numpy() if hasattr(value, "numpy") else value
