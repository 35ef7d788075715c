"""Where the public names of queues, readers and their threads are defined; imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

for _kind in ("FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"):
    lazy("tf1x.lib.data_flow", _kind, f"queue.{_kind}", f"io.{_kind}")

for _kind in (
    "FixedLengthRecordReader",
    "IdentityReader",
    "LMDBReader",
    "ReaderBase",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
):
    lazy("tf1x.lib.readers", _kind)

lazy("tf1x.lib.staging", "contrib.staging.StagingArea")

lazy("tf1x.lib.train.coordinator", "train.Coordinator", "train.LooperThread")
for _name in ("QueueRunner", "add_queue_runner", "start_queue_runners"):
    lazy("tf1x.lib.train.queue_runner", f"train.{_name}", f"train.queue_runner.{_name}")

for _name in (
    "input_producer",
    "limit_epochs",
    "match_filenames_once",
    "range_input_producer",
    "slice_input_producer",
    "string_input_producer",
):
    lazy("tf1x.lib.train.producers", f"train.{_name}")
for _name in (
    "batch",
    "batch_join",
    "maybe_batch",
    "maybe_batch_join",
    "maybe_shuffle_batch",
    "maybe_shuffle_batch_join",
    "shuffle_batch",
    "shuffle_batch_join",
):
    lazy("tf1x.lib.train.input", f"train.{_name}")
