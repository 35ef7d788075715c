"""Messages of TensorFlow's files that the `tensorboard` package does not have.

Their wire format is TensorFlow's (tensor_bundle.proto, tensor_slice.proto, saved_tensor_slice.proto,
saved_model.proto, example.proto, feature.proto, queue_runner.proto, checkpoint_state.proto,
trackable_object_graph.proto); they
stand in a package of our own, so that TensorFlow may be imported in the same process.

Each message is a line per field, `name type number`; `*` marks a repeated field, a fourth column
names the oneof that the field is a member of, `map<type>` is a map from strings. A line
`enum Name A=0 B=1` declares an enumeration in the message, which fields have as `enum Message.Name`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorboard.compat.proto import (
    meta_graph_pb2,
    tensor_shape_pb2,
    types_pb2,
    versions_pb2,
)

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


def _add_field(message: Any, line: str, package: str) -> None:
    if line.startswith("enum ") and "=" in line:
        _add_enum(message, line)
        return
    name, *kind, number = line.split()
    oneof = None
    if not number.isdigit():
        oneof, number = number, kind.pop()
    text = " ".join(kind)
    if text.startswith("map<"):
        _add_map(message, name, text[4:-1], int(number), package)
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
    _set_type(field, text, package)


def _add_enum(message: Any, line: str) -> None:
    _, name, *values = line.split()
    enum = message.enum_type.add(name=name)
    for value in values:
        key, _, number = value.partition("=")
        enum.value.add(name=key, number=int(number))


def _set_type(field: Any, text: str, package: str) -> None:
    is_enum = text.startswith("enum ")
    name = text[5:] if is_enum else text
    if is_enum or name[0] == "." or name[0].isupper():
        field.type = _FIELD.TYPE_ENUM if is_enum else _FIELD.TYPE_MESSAGE
        field.type_name = name if name[0] == "." else f".{package}.{name}"
    else:
        field.type = getattr(_FIELD, f"TYPE_{name.upper()}")


def _add_map(message: Any, name: str, value: str, number: int, package: str) -> None:
    entry_name = "".join(part.title() for part in name.split("_")) + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add_field(entry, "key string 1", package)
    _add_field(entry, f"value {value} 2", package)
    message.field.add(
        name=name,
        number=number,
        label=_FIELD.LABEL_REPEATED,
        type=_FIELD.TYPE_MESSAGE,
        type_name=f".{package}.{message.name}.{entry_name}",
    )


def make_messages(
    messages: dict[str, str], package: str, dependencies: Iterable[str] = ()
) -> dict[str, Any]:
    """Classes of messages written as above; `dependencies` are files whose messages they use."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}/messages.proto", package=package, syntax="proto3"
    )
    file.dependency.extend(dependencies)
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for line in fields.strip().splitlines():
            _add_field(message, line.strip(), package)
    pool = descriptor_pool.Default()
    pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in messages
    }


_MODULES = (meta_graph_pb2, tensor_shape_pb2, types_pb2, versions_pb2)
_FILES = [module.DESCRIPTOR.name for module in _MODULES] + ["tensorboard/compat/proto/tensor.proto"]

globals().update(make_messages(_MESSAGES, "tf1x", _FILES))


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"tf1x.core.messages has no message {name!r}; it has {', '.join(_MESSAGES)}."
    )
