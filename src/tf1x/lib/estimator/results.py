"""What an Estimator reads and writes of its results: the step of a checkpoint, metrics as events."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tf1x.core import errors
from tf1x.core.graphdef import make_tensor_proto
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.summary.file_writer import FileWriterCache
from tf1x.lib.train import checkpoint_utils
from tf1x.lib.train.checkpoint_management import latest_checkpoint


def global_step_of(model_dir: str) -> int:
    """The global step of a folder's latest checkpoint; 0 where there is none."""
    path = latest_checkpoint(model_dir)
    if path is None:
        return 0
    try:
        return int(checkpoint_utils.load_variable(path, GraphKeys.GLOBAL_STEP))
    except errors.NotFoundError:
        return 0


def write_metrics(folder: str, metrics: dict[str, Any], checkpoint_path: Any) -> None:
    """Log metrics, and write them and the checkpoint's path to an event file."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    step = metrics[GraphKeys.GLOBAL_STEP]
    shown = ", ".join(
        f"{key} = {value!s}"
        for key, value in sorted(metrics.items())
        if not isinstance(value, bytes)
    )
    logging.info("Saving dict for global step %d: %s", step, shown)
    summary = Summary()
    for key, value in metrics.items():
        if value is not None and key != GraphKeys.GLOBAL_STEP:
            _add(summary, key, value)
    writer = FileWriterCache.get(folder)
    writer.add_summary(summary, step)
    if checkpoint_path:
        path = os.fsdecode(checkpoint_path)
        logging.info("Saving 'checkpoint_path' summary for global step %d: %s", step, path)
        tensor = make_tensor_proto(np.array(path.encode(), dtype=object))
        value = Summary.Value(tag="checkpoint_path", tensor=tensor)
        writer.add_summary(Summary(value=[value]), step)
    writer.flush()


def _add(summary: Any, key: str, value: Any) -> None:
    if isinstance(value, (np.floating, np.integer, float, int)):
        summary.value.add(tag=key, simple_value=float(value))
    elif isinstance(value, bytes):
        _add_summaries(summary, key, value)
    elif isinstance(value, np.ndarray):
        added = summary.value.add(tag=key, node_name=key)
        added.tensor.CopyFrom(make_tensor_proto(value))
        logging.info("Summary for np.ndarray is not visible in Tensorboard by default.")
    else:
        logging.warning(
            "Skipping summary for %s, must be a number, an array or a serialized Summary.", key
        )


def _add_summaries(summary: Any, key: str, serialized: bytes) -> None:
    from google.protobuf.message import DecodeError

    try:
        found = type(summary).FromString(serialized)
    except DecodeError:
        logging.warning("Skipping summary for %s, cannot parse string to Summary.", key)
        return
    for number, value in enumerate(found.value):
        value.tag = f"{key}/{number}"
    summary.value.extend(found.value)
