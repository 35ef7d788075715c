"""Public names of event and record files; their modules are imported at first use."""

from tf1x.api import lazy

_FILES = "tf1x.lib.summary.event_file"
_WRITER = "tf1x.lib.summary.file_writer"

lazy(_WRITER, "summary.FileWriter", "summary.FileWriterCache")
lazy(_WRITER, "train.SummaryWriter", "summary.SummaryWriter", "train.SummaryWriterCache")
lazy(_FILES, "train.summary_iterator", "summary.summary_iterator")

for _name in ("TFRecordCompressionType", "TFRecordOptions", "TFRecordWriter", "tf_record_iterator"):
    lazy("tf1x.lib.python_io", f"python_io.{_name}", f"io.{_name}")
for _name in (
    "BytesList",
    "Example",
    "Feature",
    "FeatureList",
    "FeatureLists",
    "Features",
    "FloatList",
    "Int64List",
    "SequenceExample",
):
    lazy("tf1x.core.messages", f"train.{_name}")
lazy("tf1x.lib.train.match_filenames", "train.match_filenames_once", "io.match_filenames_once")
