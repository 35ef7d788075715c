"""`tf.summary`: nodes that summarize tensors, under the names of scopes; and the names before 1.0."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.api import renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, string
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.ops.summary import (
    AudioSummaryV2,
    HistogramSummary,
    ImageSummary,
    MergeSummary,
    ScalarSummary,
    TensorSummaryV2,
)

_INVALID = re.compile(r"[^-/\w.]")


def _collect(summary: Tensor, collections: Any) -> Tensor:
    """`summary`, noted in collections; by default in that of `merge_all`."""
    for key in [GraphKeys.SUMMARIES] if collections is None else collections:
        scopes.add_to_collection(key, summary)
    return summary


def _clean(name: str | None) -> str | None:
    """`name` with what a node's name may not have replaced by underscores."""
    if name is None:
        return None
    cleaned = _INVALID.sub("_", name).lstrip("/")
    if cleaned != name:
        logging.getLogger("tensorflow").info(
            "Summary name %s is illegal; using %s instead.", name, cleaned
        )
    return cleaned


@contextmanager
def _scope(
    name: str | None, family: str | None, values: Any, default_name: str | None = None
) -> Iterator[tuple[str, str]]:
    """The tag and the scope of a summary."""
    name, family = _clean(name), _clean(family)
    if name is None and default_name is None:
        raise ValueError("At least one of name (None) and default_name (None) must be provided.")
    base = name if family is None else f"{family}/{name}"
    with scopes.name_scope(base, default_name, [values]) as scope:
        path = scope.rstrip("/")
        yield (path if family is None else f"{family}/{path}"), scope


# -- one summary ---------------------------------------------------------------------------------


def scalar(name: str, tensor: Any, collections: Any = None, family: str | None = None) -> Tensor:
    """A summary of one number; a scalar string tensor.

    Args:
        name: of the node; with the scopes around it, the tag that TensorBoard shows.
        tensor: a real scalar.
        collections: where to note the summary; by default in `GraphKeys.SUMMARIES`.
        family: put before the tag: the group in TensorBoard.
    """
    with _scope(name, family, tensor) as (tag, scope):
        return _collect(ScalarSummary(tags=tag, values=tensor, name=scope), collections)


def histogram(name: str, values: Any, collections: Any = None, family: str | None = None) -> Tensor:
    """A summary of the distribution of a real tensor's values; the arguments are `scalar`'s.

    Raises (when run):
        InvalidArgumentError: a value is not finite.
    """
    with _scope(name, family, values, "HistogramSummary") as (tag, scope):
        return _collect(HistogramSummary(tag=tag, values=values, name=scope), collections)


@renamed(max_images="max_outputs")
def image(
    name: str,
    tensor: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
) -> Tensor:
    """A summary of images, under the tags `name`/image/0 and on (`name`/image for one).

    Args:
        tensor: [batch, height, width, channels], uint8 or floats; 1, 3 or 4 channels. Floats are
            scaled, each image for itself: the largest becomes 255, or, where some are negative,
            0 becomes 128.
        max_outputs: how many images of the batch to keep at most.
    """
    with _scope(name, family, tensor) as (tag, scope):
        summary = ImageSummary(tag=tag, tensor=tensor, max_images=max_outputs, name=scope)
        return _collect(summary, collections)


def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
) -> Tensor:
    """A summary of sound, under the tags `name`/audio/0 and on (`name`/audio for one).

    Args:
        tensor: float32 [batch, frames] or [batch, frames, channels], in [-1, 1].
        sample_rate: in hertz.
    """
    with _scope(name, family, tensor) as (tag, scope):
        rate = convert.to_tensor(sample_rate, float32, name="sample_rate")
        summary = AudioSummaryV2(
            tag=tag, tensor=tensor, sample_rate=rate, max_outputs=max_outputs, name=scope
        )
        return _collect(summary, collections)


def text(name: str, tensor: Tensor, collections: Any = None) -> Tensor:
    """A summary of strings, for TensorBoard's text page (Markdown; vectors and matrices as tables).

    Raises:
        ValueError: the tensor is not of strings.
    """
    from tensorboard.compat.proto.summary_pb2 import SummaryMetadata

    if tensor.dtype != string:
        raise ValueError(f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}")
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return tensor_summary(name, tensor, summary_metadata=metadata, collections=collections)


def tensor_summary(
    name: str,
    tensor: Any,
    summary_description: str | None = None,
    collections: Any = None,
    summary_metadata: Any = None,
    family: str | None = None,
    display_name: str | None = None,
) -> Tensor:
    """A summary that holds a tensor of any type and shape.

    Args:
        summary_description: what it is, in Markdown.
        summary_metadata: a `SummaryMetadata`, which names the plugin that shows it.
        display_name: shown in place of the tag.
    """
    from tensorboard.compat.proto.summary_pb2 import SummaryMetadata

    metadata = SummaryMetadata()
    if summary_metadata is not None:
        metadata.ParseFromString(summary_metadata.SerializeToString())
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    with _scope(name, family, tensor) as (tag, scope):
        summary = TensorSummaryV2(
            tag=tag,
            tensor=tensor,
            serialized_summary_metadata=metadata.SerializeToString(),
            name=scope,
        )
        return _collect(summary, collections)


# -- several -------------------------------------------------------------------------------------


def merge(inputs: Any, collections: Any = None, name: str | None = None) -> Tensor:
    """One summary with the values of several.

    Raises (when run):
        InvalidArgumentError: two of them have the same tag.
    """
    inputs = list(inputs)
    if not inputs:
        raise ValueError(
            "List argument 'inputs' to 'MergeSummary' Op with length 0 shorter than minimum length 1."
        )
    name = _clean(name)
    with scopes.name_scope(name, "Merge", inputs):
        return _collect(MergeSummary(inputs=inputs, name=name), collections or [])


def merge_all(
    key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None
) -> Tensor | None:
    """All summaries of a collection as one, or None where there are none.

    Args:
        scope: only of those whose names match this regular expression from their start.
    """
    found = scopes.get_collection(key, scope)
    return merge(found, name=name) if found else None


def get_summary_description(node_def: Any) -> Any:
    """The `SummaryDescription` in the node of a `TensorSummary`.

    Raises:
        ValueError: it is a node of another op.
    """
    from google.protobuf import json_format
    from tensorboard.compat.proto.summary_pb2 import SummaryDescription

    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    return json_format.Parse(node_def.attr["description"].s.decode(), SummaryDescription())


# -- the names before 1.0: tags of any text, nodes named after the op -----------------------------


def scalar_summary(tags: Any, values: Any, collections: Any = None, name: Any = None) -> Tensor:
    """TensorFlow 0.x's `tf.summary.scalar`: a number for each of one or several tags."""
    return _collect(ScalarSummary(tags=tags, values=values, name=name), collections)


def histogram_summary(tag: Any, values: Any, collections: Any = None, name: Any = None) -> Tensor:
    """TensorFlow 0.x's `tf.summary.histogram`."""
    return _collect(HistogramSummary(tag=tag, values=values, name=name), collections)


def image_summary(
    tag: Any, tensor: Any, max_images: int = 3, collections: Any = None, name: Any = None
) -> Tensor:
    """TensorFlow 0.x's `tf.summary.image`."""
    summary = ImageSummary(tag=tag, tensor=tensor, max_images=max_images, name=name)
    return _collect(summary, collections)


def audio_summary(
    tag: Any,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    name: Any = None,
) -> Tensor:
    """TensorFlow 0.x's `tf.summary.audio`."""
    summary = AudioSummaryV2(
        tag=tag, tensor=tensor, sample_rate=sample_rate, max_outputs=max_outputs, name=name
    )
    return _collect(summary, collections)


def merge_summary(inputs: Any, collections: Any = None, name: Any = None) -> Tensor:
    """TensorFlow 0.x's `tf.summary.merge`."""
    return _collect(MergeSummary(inputs=list(inputs), name=name), collections or [])


def merge_all_summaries(key: str = GraphKeys.SUMMARIES) -> Tensor | None:
    """TensorFlow 0.x's `tf.summary.merge_all`."""
    found = scopes.get_collection(key)
    return merge_summary(found) if found else None
