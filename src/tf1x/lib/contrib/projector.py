"""`tf.contrib.tensorboard.plugins.projector`: which embeddings TensorBoard shows."""

from __future__ import annotations

import os
from typing import Any

from google.protobuf import text_format
from tensorboard.plugins.projector.projector_config_pb2 import EmbeddingInfo as EmbeddingInfo
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig as ProjectorConfig
from tensorboard.plugins.projector.projector_config_pb2 import SpriteMetadata as SpriteMetadata

from tf1x.core import files

PROJECTOR_FILENAME = "projector_config.pbtxt"


def visualize_embeddings(summary_writer: Any, config: Any) -> None:
    """Write a `ProjectorConfig` beside the event files of a writer.

    Args:
        summary_writer: a `tf.summary.FileWriter`, or a folder's name.

    Raises:
        ValueError: the writer has no folder.
    """
    get_logdir = getattr(summary_writer, "get_logdir", None)
    logdir = get_logdir() if get_logdir else summary_writer
    if not logdir:
        raise ValueError("Summary writer must have a logdir")
    os.makedirs(logdir, exist_ok=True)
    text = text_format.MessageToString(config)
    path = os.path.join(logdir, PROJECTOR_FILENAME)
    with files.replacing(path) as file:
        file.write(text.encode())
