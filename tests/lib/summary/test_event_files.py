"""Event files: read by TensorBoard and by TensorFlow, flushed, reopened, damaged."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import tf1x as tf
from tests.oracle import tf1
from tests.processes import code


def _file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def _accumulated(folder: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0, "histograms": 0})
    return accumulator.Reload()


def _train(folder: Path) -> tf.summary.FileWriter:
    """Three steps of a program with every kind of summary."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [None], name="x")
        with tf.name_scope("model"):
            tf.summary.scalar("average", tf.reduce_mean(x))
            tf.summary.histogram("x", x)
            tf.summary.image("picture", tf.reshape(x, [1, 2, 2, 1]))
            tf.summary.audio("sound", tf.reshape(x, [1, -1]), 8000.0)
            tf.summary.text("words", tf.constant("zero"))
        merged = tf.summary.merge_all()
        writer = tf.summary.FileWriter(folder, graph)
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), global_step=0)
        for step in range(3):
            writer.add_summary(session.run(merged, {x: np.arange(4) + step}), step)
        writer.add_run_metadata(tf.RunMetadata(), "run", 2)
        writer.flush()
    return writer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("events")
    _train(path).close()
    return path


def test_tensorboard_reads_them(folder: Path) -> None:
    found = _accumulated(folder)
    assert [(s.step, s.value) for s in found.Scalars("model/average")] == [
        (0, 1.5),
        (1, 2.5),
        (2, 3.5),
    ]
    assert [h.histogram_value.max for h in found.Histograms("model/x")] == [3, 4, 5]
    assert found.Images("model/picture/image/0")[0].width == 2
    assert found.Audio("model/sound/audio/0")[0].sample_rate == 8000
    assert found.Tensors("model/words")[0].tensor_proto.string_val[0] == b"zero"
    assert found.SummaryMetadata("model/words").plugin_data.plugin_name == "text"
    assert "x" in [node.name for node in found.Graph().node]
    assert found.MetaGraph().meta_info_def.tensorflow_version == tf.VERSION
    assert found.Tags()["run_metadata"] == ["run"]


def test_tensorflow_reads_them(folder: Path) -> None:
    path = str(_file(folder))
    ours = [e.SerializeToString() for e in tf.train.summary_iterator(path)]
    theirs = [e.SerializeToString() for e in tf1.train.summary_iterator(path)]
    assert ours == theirs
    first = next(tf.train.summary_iterator(path))
    assert first.file_version == "brain.Event:2"
    assert path.rpartition("/")[2].startswith(f"events.out.tfevents.{int(first.wall_time):010d}.")


def test_tensorflows_are_read(tmp_path: Path) -> None:
    with tf1.summary.FileWriter(str(tmp_path), tf1.Graph()) as writer:
        writer.add_summary(tf1.Summary(value=[tf1.Summary.Value(tag="a", simple_value=2)]), 7)
    events = list(tf.train.summary_iterator(_file(tmp_path)))
    assert events[0].WhichOneof("what") == "file_version"
    assert (events[-1].step, events[-1].summary.value[0].simple_value) == (7, 2.0)


def _add(writer: Any, tag: str = "a", step: Any = None) -> None:
    writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag=tag, simple_value=1)]), step)


def _count(path: Path) -> int:
    return len(list(tf.train.summary_iterator(path)))


def test_the_queue_and_the_timer_flush(tmp_path: Path) -> None:
    threads = threading.active_count()
    writer = tf.summary.FileWriter(tmp_path, max_queue=3, flush_secs=0.3, filename_suffix=".end")
    assert not list(tmp_path.iterdir())
    for _ in range(4):
        _add(writer)
    path = _file(tmp_path)
    assert path.name.endswith(".end")
    assert _count(path) == 4  # the version and the three of a full queue
    for _ in range(100):
        time.sleep(0.05)
        if _count(path) == 5:
            break
    assert _count(path) == 5
    writer.close()
    assert threading.active_count() == threads


def test_closed_and_reopened(tmp_path: Path) -> None:
    writer = tf.summary.FileWriter(tmp_path)
    _add(writer, step=np.int64(3))
    writer.close()
    with pytest.warns(UserWarning, match="closed FileWriter"):
        _add(writer)
    assert _count(_file(tmp_path)) == 2
    writer.reopen()
    _add(writer)
    writer.close()
    assert [_count(path) for path in tmp_path.iterdir()] == [2, 2]


def test_two_writers_of_one_folder(tmp_path: Path) -> None:
    writers = [tf.summary.FileWriter(tmp_path) for _ in range(3)]
    for writer in writers:
        _add(writer)
        writer.close()
    assert [_count(path) for path in tmp_path.iterdir()] == [2, 2, 2]


def test_metadata_stands_in_a_file_once(tmp_path: Path) -> None:
    with (
        tf.Graph().as_default(),
        tf.Session() as session,
        tf.summary.FileWriter(tmp_path) as writer,
    ):
        text = session.run(tf.summary.text("t", tf.constant("a")))
        writer.add_summary(text)
        writer.add_summary(text)
    events = list(tf.train.summary_iterator(_file(tmp_path)))[1:]
    assert [e.summary.value[0].metadata.plugin_data.plugin_name for e in events] == ["text", ""]


def test_threads_may_share_a_writer(tmp_path: Path) -> None:
    with tf.summary.FileWriter(tmp_path, max_queue=7) as writer:
        threads = [
            threading.Thread(target=lambda: [_add(writer) for _ in range(50)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert _count(_file(tmp_path)) == 201


def test_a_forgotten_writer_is_flushed_at_exit(tmp_path: Path) -> None:
    source = """
        import tf1x as tf
        writer = tf.train.SummaryWriter("logs", tf.Graph())
        writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=1)]), 1)
    """
    code(source, cwd=tmp_path)
    assert _count(_file(tmp_path / "logs")) == 4


def test_a_killed_writer_leaves_whole_events(tmp_path: Path) -> None:
    source = """
        import tf1x as tf
        writer = tf.summary.FileWriter("logs")
        for step in range(10 ** 9):
            writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=1)]), step)
            if step == 1000:
                print("started", flush=True)
    """
    command = [sys.executable, "-c", "\n".join(line[8:] for line in source.splitlines())]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # type: ignore[union-attr]
        process.send_signal(signal.SIGKILL)
    assert len(_accumulated(tmp_path / "logs").Scalars("a")) >= 990


def test_the_cache_of_writers(tmp_path: Path) -> None:
    cache = tf.summary.FileWriterCache
    with tf.Graph().as_default():
        assert cache.get(str(tmp_path)) is cache.get(str(tmp_path))
        cache.clear()
        assert _count(_file(tmp_path)) == 3


ERRORS = {
    "a file": lambda tf, path: tf.summary.FileWriter(str(_file(path))),
    "not a graph": lambda tf, path: tf.summary.FileWriter(str(path), 3),
    "two graphs": lambda tf, path: tf.summary.FileWriter(str(path), tf.Graph(), graph_def=tf.GraphDef()),
    "not a meta graph": lambda tf, path: tf.summary.FileWriter(str(path)).add_meta_graph(3),
    "no file": lambda tf, path: tf.train.summary_iterator(str(path / "none")),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str, folder: Path) -> None:
    found = []
    for module in (tf, tf1):
        with pytest.raises(Exception) as raised:
            ERRORS[name](module, folder)
        found.append((type(raised.value).__name__, str(raised.value).split("<class")[0]))
    assert found[0] == found[1]


def test_a_used_tag_of_run_metadata_is_refused(tmp_path: Path) -> None:
    writer = tf.summary.FileWriter(tmp_path, graph_def=tf.Graph().as_graph_def())
    writer.add_run_metadata(tf.RunMetadata(), "a")
    with pytest.raises(ValueError, match="already used"):
        writer.add_run_metadata(tf.RunMetadata(), "a")
    writer.close()


def test_damaged_files_give_data_loss(folder: Path, tmp_path: Path) -> None:
    dice, whole, path = random.Random(2), _file(folder).read_bytes(), tmp_path / "events"
    for _ in range(200):
        data = bytearray(whole)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(data[: dice.randrange(len(data))] if dice.random() < 0.3 else data)
        with pytest.raises(tf.errors.DataLossError, match=f"{path}: "):
            list(tf.train.summary_iterator(path))
    with tf.python_io.TFRecordWriter(path) as writer:
        writer.write(b"not an event")
    with pytest.raises(tf.errors.DataLossError, match="record at 0 is not an Event"):
        list(tf.train.summary_iterator(path))
