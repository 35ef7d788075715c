"""Messages of TensorFlow's files that the `tensorboard` package does not have.

Their wire format is TensorFlow's (tensor_bundle.proto, tensor_slice.proto, saved_tensor_slice.proto,
saved_model.proto, example.proto, feature.proto, queue_runner.proto, checkpoint_state.proto,
trackable_object_graph.proto); they
stand in a package of our own, so that TensorFlow may be imported in the same process.

Each message is a line per field, `name type number`; `*` marks a repeated field, `?` a member of
the oneof that the last column names, `type<key,value>` a map.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorboard.compat.proto import (
    meta_graph_pb2,
    tensor_shape_pb2,
    types_pb2,
    versions_pb2,
)

_PACKAGE = "tf1x"
_SHAPE = ".tensorboard.TensorShapeProto"
_DTYPE = "enum .tensorboard.DataType"
_VERSIONS = ".tensorboard.VersionDef"

_MESSAGES: dict[str, str] = {
    # feature.proto, example.proto
    "BytesList": "value *bytes 1",
    "FloatList": "value *float 1",
    "Int64List": "value *int64 1",
    "Feature": """
        bytes_list BytesList 1 kind
        float_list FloatList 2 kind
        int64_list Int64List 3 kind""",
    "Features": "feature map<Feature> 1",
    "FeatureList": "feature *Feature 1",
    "FeatureLists": "feature_list map<FeatureList> 1",
    "Example": "features Features 1",
    "SequenceExample": """
        context Features 1
        feature_lists FeatureLists 2""",
    # tensor_slice.proto
    "TensorSliceExtent": """
        start int64 1
        length int64 2 has_length""",
    "TensorSliceProto": "extent *TensorSliceExtent 1",
    # tensor_bundle.proto
    "BundleHeaderProto": f"""
        num_shards int32 1
        endianness int32 2
        version {_VERSIONS} 3""",
    "BundleEntryProto": f"""
        dtype {_DTYPE} 1
        shape {_SHAPE} 2
        shard_id int32 3
        offset int64 4
        size int64 5
        crc32c fixed32 6
        slices *TensorSliceProto 7""",
    # saved_tensor_slice.proto (V1 checkpoints)
    "SavedSliceMeta": f"""
        name string 1
        shape {_SHAPE} 2
        type {_DTYPE} 3
        slice *TensorSliceProto 4""",
    "SavedTensorSliceMeta": f"""
        tensor *SavedSliceMeta 1
        versions {_VERSIONS} 2""",
    "SavedSlice": """
        name string 1
        slice TensorSliceProto 2
        data .tensorboard.TensorProto 3""",
    "SavedTensorSlices": """
        meta SavedTensorSliceMeta 1
        data SavedSlice 2""",
    # checkpoint_state.proto
    "CheckpointState": """
        model_checkpoint_path string 1
        all_model_checkpoint_paths *string 2
        all_model_checkpoint_timestamps *double 3
        last_preserved_timestamp double 4""",
    # trackable_object_graph.proto
    "TrackableObjectReference": """
        node_id int32 1
        local_name string 2""",
    "TrackableSerializedTensor": """
        name string 1
        full_name string 2
        checkpoint_key string 3""",
    "TrackableSlotVariable": """
        original_variable_node_id int32 1
        slot_name string 2
        slot_variable_node_id int32 3""",
    "TrackableBool": "value bool 1",
    "TrackableObject": """
        children *TrackableObjectReference 1
        attributes *TrackableSerializedTensor 2
        slot_variables *TrackableSlotVariable 3
        has_checkpoint_values TrackableBool 5""",
    "TrackableObjectGraph": "nodes *TrackableObject 1",
    # queue_runner.proto (exceptions: error_codes.proto's numbers)
    "QueueRunnerDef": """
        queue_name string 1
        enqueue_op_name *string 2
        close_op_name string 3
        cancel_op_name string 4
        queue_closed_exception_types *int32 5""",
    # reader_base.proto
    "ReaderBaseState": """
        work_started int64 1
        work_finished int64 2
        num_records_produced int64 3
        current_work bytes 4""",
    # saved_model.proto
    "SavedModel": """
        saved_model_schema_version int64 1
        meta_graphs *.tensorboard.MetaGraphDef 2""",
}

_FIELD = descriptor_pb2.FieldDescriptorProto


def _add_field(message: Any, line: str) -> None:
    name, *kind, number = line.split()
    oneof = None
    if not number.isdigit():
        oneof, number = number, kind.pop()
    text = " ".join(kind)
    if text.startswith("map<"):
        _add_map(message, name, text[4:-1], int(number))
        return
    field = message.field.add(name=name, number=int(number), label=_FIELD.LABEL_OPTIONAL)
    if text.startswith("*"):
        field.label, text = _FIELD.LABEL_REPEATED, text[1:]
    if oneof is not None:
        names = [item.name for item in message.oneof_decl]
        if oneof not in names:
            message.oneof_decl.add(name=oneof)
            names.append(oneof)
        field.oneof_index = names.index(oneof)
    _set_type(field, text)


def _set_type(field: Any, text: str) -> None:
    if text.startswith("enum "):
        field.type, field.type_name = _FIELD.TYPE_ENUM, text[5:]
    elif text[0] == "." or text in _MESSAGES:
        field.type = _FIELD.TYPE_MESSAGE
        field.type_name = text if text[0] == "." else f".{_PACKAGE}.{text}"
    else:
        field.type = getattr(_FIELD, f"TYPE_{text.upper()}")


def _add_map(message: Any, name: str, value: str, number: int) -> None:
    entry_name = "".join(part.title() for part in name.split("_")) + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add_field(entry, "key string 1")
    _add_field(entry, f"value {value} 2")
    message.field.add(
        name=name,
        number=number,
        label=_FIELD.LABEL_REPEATED,
        type=_FIELD.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.{message.name}.{entry_name}",
    )


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="tf1x/messages.proto", package=_PACKAGE, syntax="proto3"
    )
    for module in (meta_graph_pb2, tensor_shape_pb2, types_pb2, versions_pb2):
        file.dependency.append(module.DESCRIPTOR.name)
    file.dependency.append("tensorboard/compat/proto/tensor.proto")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for line in fields.strip().splitlines():
            _add_field(message, line.strip())
    pool = descriptor_pool.Default()
    pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


globals().update(_classes())


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"tf1x.core.messages has no message {name!r}; it has {', '.join(_MESSAGES)}."
    )
