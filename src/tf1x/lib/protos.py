"""`tf.GraphDef`, `tf.ConfigProto`, `tf.Summary`, ...: the messages of the `tensorboard` package.

They are imported at first use; TensorFlow's wire format and field names are theirs.
"""

from tf1x import api

_PACKAGE = "tensorboard.compat.proto"

# module of the package -> public names
_MESSAGES = {
    "attr_value_pb2": ("AttrValue", "NameAttrList"),
    "cluster_pb2": ("train.ClusterDef", "train.JobDef"),
    "config_pb2": (
        "ConfigProto", "GPUOptions", "GraphOptions", "OptimizerOptions", "RunMetadata", "RunOptions",
    ),
    "event_pb2": (
        "Event", "LogMessage", "SessionLog",
        "summary.Event", "summary.SessionLog", "summary.TaggedRunMetadata",
    ),
    "graph_pb2": ("GraphDef",),
    "histogram_pb2": ("HistogramProto",),
    "meta_graph_pb2": ("MetaGraphDef", "TensorInfo"),
    "node_def_pb2": ("NodeDef",),
    "saver_pb2": ("train.SaverDef",),
    "summary_pb2": ("Summary", "SummaryMetadata", "summary.Summary", "summary.SummaryDescription"),
}  # fmt: skip

for _module, _names in _MESSAGES.items():
    api.lazy(f"{_PACKAGE}.{_module}", *_names)
