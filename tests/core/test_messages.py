"""The messages have TensorFlow's wire format: what one side writes, the other reads."""

from __future__ import annotations

import pytest
from google.protobuf import json_format

from tests.oracle import tf1
from tf1x.core import messages

_CASES = {
    "Example": '{"features": {"feature": {"a": {"int64List": {"value": ["3", "-1"]}}, '
    '"b": {"bytesList": {"value": ["aGk="]}}, "c": {"floatList": {"value": [0.5]}}}}}',
    "SequenceExample": '{"context": {}, "featureLists": {"featureList": {"x": {"feature": '
    '[{"floatList": {"value": [1.0]}}, {}]}}}}',
    "BundleHeaderProto": '{"numShards": 2, "version": {"producer": 1}}',
    "BundleEntryProto": '{"dtype": "DT_FLOAT", "shape": {"dim": [{"size": "2"}]}, "shardId": 1, '
    '"offset": "8", "size": "16", "crc32c": 77, "slices": [{"extent": [{"start": "1", '
    '"length": "2"}, {}]}]}',
    "SavedTensorSlices": '{"meta": {"tensor": [{"name": "v", "type": "DT_FLOAT", "slice": '
    '[{"extent": [{}]}]}], "versions": {"producer": 21}}, "data": {"name": "v", "data": '
    '{"dtype": "DT_FLOAT", "floatVal": [1.0]}}}',
    "CheckpointState": '{"modelCheckpointPath": "m-1", "allModelCheckpointPaths": ["m-0", "m-1"], '
    '"allModelCheckpointTimestamps": [1.5], "lastPreservedTimestamp": 2.5}',
    "QueueRunnerDef": '{"queueName": "q", "enqueueOpName": ["e"], "closeOpName": "c", '
    '"cancelOpName": "d"}',
    "SavedModel": '{"savedModelSchemaVersion": "1", "metaGraphs": [{"metaInfoDef": '
    '{"tags": ["serve"]}}]}',
}


def _theirs(name: str) -> type:
    from tensorflow.core.protobuf import queue_runner_pb2, saved_model_pb2, tensor_bundle_pb2
    from tensorflow.core.util import saved_tensor_slice_pb2
    from tensorflow.python.training import checkpoint_state_pb2

    modules = [
        tf1.train, queue_runner_pb2, saved_model_pb2, tensor_bundle_pb2, saved_tensor_slice_pb2,
        checkpoint_state_pb2,
    ]  # fmt: skip
    return next(getattr(m, name) for m in modules if hasattr(m, name))


@pytest.mark.parametrize("name", _CASES)
def test_wire_format(name: str) -> None:
    kind = getattr(messages, name)
    theirs = json_format.Parse(_CASES[name], _theirs(name)())
    ours = json_format.Parse(_CASES[name], kind())
    assert kind.FromString(theirs.SerializeToString(deterministic=True)) == ours
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(
        deterministic=True
    )
    assert ours.ByteSize()


def test_an_unknown_message_is_named() -> None:
    with pytest.raises(AttributeError, match="Examples"):
        messages.Examples  # noqa: B018
