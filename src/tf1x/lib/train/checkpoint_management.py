"""Which checkpoints a folder has: the text file `checkpoint`, and the files of each."""

from __future__ import annotations

import os
import re
from typing import Any

from tf1x.api import deprecated
from tf1x.core.errors import NotFoundError, OpError
from tf1x.core.files import replacing
from tf1x.lib import gfile, logging
from tf1x.lib.compat import as_bytes

V1, V2 = 1, 2  # SaverDef.CheckpointFormatVersion


def _state_path(save_dir: str, latest_filename: str | None) -> str:
    return os.path.join(save_dir, latest_filename or "checkpoint")


# -- the state file ----------------------------------------------------------------------------


def generate_checkpoint_state_proto(
    save_dir: Any,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: list[str] | None = None,
    all_model_checkpoint_timestamps: list[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> Any:
    """The `CheckpointState` message for a folder.

    Args:
        model_checkpoint_path: the latest checkpoint.
        all_model_checkpoint_paths: all that are kept, oldest first; the latest is added where it
            is not the last of them.

    Raises:
        ValueError: there is not one time for each path.
    """
    from tf1x.core.messages import CheckpointState

    paths = list(all_model_checkpoint_paths or ())
    if not paths or paths[-1] != model_checkpoint_path:
        logging.info(
            "%s is not in all_model_checkpoint_paths. Manually adding it.", model_checkpoint_path
        )
        paths.append(model_checkpoint_path)
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise ValueError(
            "Checkpoint timestamps, if provided, must match checkpoint paths (got paths "
            f"{paths} and timestamps {all_model_checkpoint_timestamps})"
        )
    save_dir = os.fspath(save_dir)
    if not os.path.isabs(save_dir):
        paths = [p if os.path.isabs(p) else os.path.relpath(p, save_dir) for p in paths]
        if not os.path.isabs(model_checkpoint_path):
            model_checkpoint_path = os.path.relpath(model_checkpoint_path, save_dir)
    return CheckpointState(
        model_checkpoint_path=model_checkpoint_path,
        all_model_checkpoint_paths=paths,
        all_model_checkpoint_timestamps=all_model_checkpoint_timestamps,
        last_preserved_timestamp=last_preserved_timestamp,
    )


@deprecated("use `tf.train.Saver`, which keeps the file `checkpoint` itself.")
def update_checkpoint_state(
    save_dir: Any,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: list[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: list[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:
    """Write the file `checkpoint` of a folder.

    Raises:
        RuntimeError: the checkpoint has the name of that file.
    """
    write_checkpoint_state(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        latest_filename,
        False,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )


def write_checkpoint_state(
    save_dir: Any,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: list[str] | None = None,
    latest_filename: str | None = None,
    save_relative_paths: bool = False,
    all_model_checkpoint_timestamps: list[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:
    """`update_checkpoint_state`; with `save_relative_paths` absolute paths become relative ones."""
    from google.protobuf import text_format

    save_dir = os.fspath(save_dir)
    paths = list(all_model_checkpoint_paths or ())
    latest = model_checkpoint_path
    if save_relative_paths:
        paths = [os.path.relpath(p, save_dir) if os.path.isabs(p) else p for p in paths]
        latest = os.path.relpath(latest, save_dir) if os.path.isabs(latest) else latest
    state = generate_checkpoint_state_proto(
        save_dir, latest, paths, all_model_checkpoint_timestamps, last_preserved_timestamp
    )
    path = _state_path(save_dir, latest_filename)
    if path == state.model_checkpoint_path:
        raise RuntimeError(
            f"Save path '{model_checkpoint_path}' conflicts with path used for checkpoint state.  "
            "Please use a different save path."
        )
    with replacing(path) as file:
        file.write(as_bytes(text_format.MessageToString(state)))


def get_checkpoint_state(checkpoint_dir: Any, latest_filename: str | None = None) -> Any:
    """The `CheckpointState` of a folder, with its paths made whole; None where there is none.

    Raises:
        ValueError: the file names no checkpoint.
    """
    from google.protobuf import text_format

    from tf1x.core.messages import CheckpointState

    folder = os.fspath(checkpoint_dir)
    path = _state_path(folder, latest_filename)
    if not os.path.exists(path):
        return None
    state = CheckpointState()
    try:
        text_format.Merge(gfile.read_file_to_string(path), state)
    except (OpError, text_format.ParseError, UnicodeDecodeError) as error:
        logging.warning("%s: %s", type(error).__name__, error)
        logging.warning("%s: Checkpoint ignored", path)
        return None
    if not state.model_checkpoint_path:
        raise ValueError(f"Invalid checkpoint state loaded from {folder}")
    state.model_checkpoint_path = os.path.join(folder, state.model_checkpoint_path)
    for i, found in enumerate(state.all_model_checkpoint_paths):
        state.all_model_checkpoint_paths[i] = os.path.join(folder, found)
    return state


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The path of a folder's latest checkpoint, or None: to be given to `Saver.restore`."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    path: str = state.model_checkpoint_path
    if _exists(path):
        return path
    logging.error("Couldn't match files for checkpoint %s", path)
    return None


# -- the files of a checkpoint -----------------------------------------------------------------


def _exists(prefix: str) -> bool:
    paths = f"{prefix}.index", prefix  # a V1 checkpoint may be a pattern of its shards
    return any(os.path.exists(p) or gfile.get_matching_files(p) for p in paths)


def checkpoint_exists(checkpoint_prefix: Any) -> bool:
    """Whether there is a checkpoint of that name, V2 or V1."""
    return _exists(os.fsdecode(checkpoint_prefix))


def get_checkpoint_mtimes(checkpoint_prefixes: list[str]) -> list[float]:
    """When the checkpoints were written, in seconds since 1970; those that are gone are left out."""
    found = []
    for prefix in checkpoint_prefixes:
        for pattern in (f"{prefix}.index", prefix):
            paths = gfile.get_matching_files(pattern)
            if paths:
                found.append(gfile.stat(paths[0]).mtime_nsec / 1e9)
                break
    return found


def remove_checkpoint(
    checkpoint_prefix: str, checkpoint_format_version: int = V2, meta_graph_suffix: str = "meta"
) -> None:
    """Delete the files of a checkpoint."""
    _delete(meta_graph_filename(checkpoint_prefix, meta_graph_suffix))
    if checkpoint_format_version == V2:
        _delete(f"{checkpoint_prefix}.index")
        _delete(f"{checkpoint_prefix}.data-?????-of-?????")
    else:
        _delete(checkpoint_prefix)


def _delete(pattern: str) -> None:
    for path in gfile.get_matching_files(pattern):
        try:
            gfile.delete_file(path)
        except NotFoundError:
            logging.warning(
                "Hit NotFoundError when deleting '%s', possibly because another process/thread is "
                "also deleting/moving the same file",
                path,
            )


def meta_graph_filename(checkpoint_filename: str, meta_graph_suffix: str = "meta") -> str:
    """The MetaGraph's file beside a checkpoint; a V1 shard's number is left out."""
    basename = re.sub(r"-[\d\?]+-of-\d+$", "", checkpoint_filename)
    return f"{basename}.{meta_graph_suffix}"
