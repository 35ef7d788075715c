"""Buckets for numeric features: quantiles of what was seen, kept by the session."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from tf1x.core.errors import InvalidArgumentError, NotFoundError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.quantile_summary import QuantileStream, boundaries, quantiles
from tf1x.ops.resources import NAMES, Resource, expect, get_or_create
from tf1x.ops.shape_rules import dims, nothing, scalar

_HOST: dict[str, Any] = {"grad": None, "host": True}
_STATE: dict[str, Any] = {**_HOST, "stateful": True}


class Quantiles(Resource):
    """For each of several features a stream of numbers, and boundaries when they were asked for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.error, self.max_elements = 0.0, 0
        self.streams: list[QuantileStream] | None = None
        self.boundaries: list[np.ndarray] = []

    def start(self, error: float, max_elements: int, count: int) -> None:
        self.error, self.max_elements = error, max_elements
        self.boundaries = [np.zeros(0, np.float32)] * count
        self.restart()

    def restart(self) -> None:
        """Forget the numbers; the boundaries stay."""
        count = len(self.boundaries)
        self.streams = [QuantileStream(self.error, self.max_elements) for _ in range(count)]


def _streams(handle: Any, count: int | None = None) -> tuple[Quantiles, list[QuantileStream]]:
    """The object of a handle and its streams, of which there must be `count`."""
    found = expect(handle, Quantiles)
    if found.streams is None:
        raise NotFoundError(
            None, None, "The quantile accumulator does not exist: it was not initialized."
        )
    if count is not None and count != len(found.streams):
        raise InvalidArgumentError(
            None,
            None,
            f"The quantile accumulator has {len(found.streams)} features; {count} were given.",
        )
    return found, found.streams


@op("-> resource: resource", shape=scalar, attrs=NAMES, **_STATE)
def BoostedTreesQuantileStreamResourceHandleOp(*, op: Operation, session: Any) -> Any:
    """A handle for streams, which `BoostedTreesCreateQuantileStreamResource` makes."""
    return get_or_create(session, op, Quantiles, Quantiles)


@op("quantile_stream_resource_handle: resource -> is_initialized: bool", shape=scalar, **_STATE)
def IsBoostedTreesQuantileStreamResourceInitialized(quantile_stream_resource_handle: Any) -> Any:
    """Whether the streams were made."""
    return np.bool_(expect(quantile_stream_resource_handle, Quantiles).streams is not None)


@op(
    "quantile_stream_resource_handle: resource, epsilon: float32, num_streams: int64 ->",
    shape=nothing,
    **_STATE,
)
def BoostedTreesCreateQuantileStreamResource(
    quantile_stream_resource_handle: Any,
    epsilon: Any,
    num_streams: Any,
    *,
    max_elements: int = 1 << 40,
) -> None:
    """Make streams whose ranks are wrong by at most `epsilon`; does nothing where there are some."""
    found = expect(quantile_stream_resource_handle, Quantiles)
    error, count = float(epsilon), int(num_streams)
    if not 0 < error < 1:
        raise InvalidArgumentError(None, None, "An epsilon value of zero is not allowed.")
    if not 0 <= count < 1 << 24:
        raise InvalidArgumentError(None, None, f"num_streams must be in [0, 2**24), got {count}")
    with found.lock:
        if found.streams is None:
            found.start(error, max_elements, count)


def _summaries(op: Operation) -> list[Any]:
    return [(None, 4)] * op.attrs["num_features"]


@op(
    "float_values: num_features*float32, example_weights: float32, epsilon: float32 -> "
    "summaries: num_features*float32",
    shape=_summaries,
    **_HOST,
)
def BoostedTreesMakeQuantileSummaries(
    float_values: list[Any], example_weights: Any, epsilon: Any
) -> Any:
    """For each feature a summary [entries, 4]: value, weight, least and greatest rank.

    `example_weights` are one for all or one for each example.
    """
    weights = np.ravel(example_weights)
    made = []
    for values in float_values:
        count = values.size
        if len(weights) not in (1, count):
            raise InvalidArgumentError(
                None, None, "Weights should be a single value or same size as features."
            )
        stream = QuantileStream(float(epsilon), count + 1)
        stream.add_values(np.ravel(values), np.broadcast_to(weights, count))
        made.append(stream.summary())
    return (made,)


@op(
    "quantile_stream_resource_handle: resource, summaries: num_features*float32 ->",
    shape=nothing,
    **_STATE,
)
def BoostedTreesQuantileStreamResourceAddSummaries(
    quantile_stream_resource_handle: Any, summaries: list[Any]
) -> None:
    """Add a summary to each stream."""
    found, streams = _streams(quantile_stream_resource_handle, len(summaries))
    for summary in summaries:
        if summary.ndim != 2 or summary.shape[1] != 4:
            raise InvalidArgumentError(
                None, None, f"A summary must be [entries, 4], got {list(summary.shape)}"
            )
    with found.lock:
        for stream, summary in zip(streams, summaries, strict=True):
            stream.add(summary)


@op(
    "quantile_stream_resource_handle: resource -> summaries: num_features*float32",
    shape=_summaries,
    **_STATE,
)
def BoostedTreesFlushQuantileSummaries(
    quantile_stream_resource_handle: Any, *, num_features: int
) -> Any:
    """The streams' summaries; they start anew."""
    found, streams = _streams(quantile_stream_resource_handle, num_features)
    with found.lock:
        made = [stream.summary() for stream in streams]
        found.restart()
    return (made,)


@op("quantile_stream_resource_handle: resource, num_buckets: int64 ->", shape=nothing, **_STATE)
def BoostedTreesQuantileStreamResourceFlush(
    quantile_stream_resource_handle: Any, num_buckets: Any, *, generate_quantiles: bool = False
) -> None:
    """Set the boundaries of about `num_buckets` buckets from the streams, which start anew.

    With `generate_quantiles` there are exactly as many, at equal ranks, and some may be the same.
    """
    found, streams = _streams(quantile_stream_resource_handle)
    count = int(num_buckets)
    with found.lock:
        for index, stream in enumerate(streams):
            summary = stream.summary()
            found.boundaries[index] = (
                quantiles(summary, count - 1) if generate_quantiles else boundaries(summary, count)
            )
        found.restart()


@op(
    "quantile_stream_resource_handle: resource -> bucket_boundaries: num_features*float32",
    shape=lambda op: [(None,)] * op.attrs["num_features"],
    **_STATE,
)
def BoostedTreesQuantileStreamResourceGetBucketBoundaries(
    quantile_stream_resource_handle: Any, *, num_features: int
) -> Any:
    """The boundaries of each feature; none before they were set."""
    found, _ = _streams(quantile_stream_resource_handle, num_features)
    return (list(found.boundaries),)


@op(
    "quantile_stream_resource_handle: resource, bucket_boundaries: num_streams*float32 ->",
    shape=nothing,
    **_STATE,
)
def BoostedTreesQuantileStreamResourceDeserialize(
    quantile_stream_resource_handle: Any, bucket_boundaries: list[Any]
) -> None:
    """Set the boundaries."""
    found, _ = _streams(quantile_stream_resource_handle, len(bucket_boundaries))
    with found.lock:
        found.boundaries = [np.ravel(values).copy() for values in bucket_boundaries]


def _bucket_shapes(op: Operation) -> list[Any]:
    return [
        (shape[0],) if (shape := dims(op, i)) else (None,) for i in range(op.attrs["num_features"])
    ]


@op(
    "float_values: num_features*float32, bucket_boundaries: num_features*float32 -> "
    "buckets: num_features*int32",
    shape=_bucket_shapes,
    **_HOST,
)
def BoostedTreesBucketize(float_values: list[Any], bucket_boundaries: list[Any]) -> Any:
    """For each number the first boundary that it does not exceed; the last where it exceeds all."""
    pairs = zip(float_values, bucket_boundaries, strict=True)
    made = []
    for values, bounds in pairs:
        if bounds.ndim != 1:
            raise InvalidArgumentError(None, None, "Buckets should be flat vectors.")
        found = np.searchsorted(bounds, np.ravel(values), side="left")
        made.append(np.minimum(found, max(len(bounds) - 1, 0)).astype(np.int32))
    return (made,)
