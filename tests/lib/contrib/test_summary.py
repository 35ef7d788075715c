"""`tf.contrib.summary`: the events that come out, in graph mode and (in a process) in eager mode."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.processes import code

summary = tf.contrib.summary


def events(folder: Path) -> list[Any]:
    (path,) = glob.glob(f"{folder}/events.out.tfevents.*")
    return list(tf.train.summary_iterator(path))[1:]


def test_scalars_every_second_step(tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.train.create_global_step()
        writer = summary.create_file_writer(str(tmp_path), flush_millis=1000)
        with writer.as_default(), summary.record_summaries_every_n_global_steps(2):
            with tf.name_scope("outer"):
                summary.scalar("loss", tf.cast(step, tf.float32) * 0.5, family="f")
            with summary.never_record_summaries():
                summary.scalar("never", 1.0)
            with tf.control_dependencies(summary.all_summary_ops()):
                count = tf.assign_add(step, 1)
            session.run(tf.global_variables_initializer())
            summary.initialize(graph=session.graph)
        for _ in range(5):
            session.run(count)
        session.run(writer.close())
        found = events(tmp_path)
    assert found[0].graph_def
    values = [(e.step, e.summary.value[0].tag, e.summary.value[0].simple_value) for e in found[1:]]
    assert values == [
        (0, "f/outer/f/loss", 0.0),
        (2, "f/outer/f/loss", 1.0),
        (4, "f/outer/f/loss", 2.0),
    ]


def test_every_kind(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.create_global_step()
        writer = summary.create_file_writer(str(tmp_path))
        content = tf.placeholder(tf.string)
        with writer.as_default(), summary.always_record_summaries():
            assert summary.should_record_summaries() is True
            summary.scalar("scalar", 3, step=7)
            summary.histogram("histogram", [1.0, 2.0])
            summary.image("image", np.zeros([2, 3, 4, 3], np.uint8), max_images=1)
            summary.audio("audio", np.zeros([1, 5, 1], np.float32), 8000.0, 1)
            summary.generic("generic", np.arange(3))
            written = summary.graph(content, step=1)
            imported = summary.import_event(tf.constant(tf.Event(step=9).SerializeToString()))
            session.run(tf.global_variables_initializer())
            session.run(summary.summary_writer_initializer_op())
            session.run(summary.all_summary_ops())
            session.run([written, imported], {content: graph.as_graph_def().SerializeToString()})
            session.run(summary.flush())
            with pytest.raises(TypeError, match="initialize"):
                summary.graph(graph)
        found = {e.summary.value[0].tag: e for e in events(tmp_path) if e.summary.value}
        assert found["scalar"].step == 7
        assert found["histogram"].summary.value[0].histo.num == 2
        assert found["image/image"].summary.value[0].image.width == 4
        assert found["audio/audio"].summary.value[0].audio.sample_rate == 8000
        array = tf.make_ndarray(found["generic"].summary.value[0].tensor)
        np.testing.assert_array_equal(array, [0, 1, 2])
        assert {e.step for e in events(tmp_path) if not e.summary.value} == {1, 9}
        types = {op.type for op in graph.get_operations()}
        assert {"SummaryWriter", "CreateSummaryFileWriter", "WriteScalarSummary"} <= types


def test_what_is_missing(tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.create_global_step()
        assert summary.scalar("nowhere", 1.0).type == "NoOp"
        with pytest.raises(RuntimeError, match="No default"):
            summary.initialize()
        with pytest.raises(RuntimeError, match="always_record_summaries"):
            summary.should_record_summaries()
        with summary.create_file_writer(None).as_default(), summary.always_record_summaries():
            assert summary.scalar("nowhere", 1.0).type == "NoOp"
        writer = summary.create_file_writer(str(tmp_path))
        with writer.as_default(), summary.always_record_summaries():
            summary.scalar("a", 1.0, step=1)
        with pytest.raises(tf.errors.FailedPreconditionError, match="run its init op first"):
            session.run(summary.all_summary_ops())
    assert summary.eval_dir("m", "x") == "m/eval_x"


def test_eager(tmp_path: Path) -> None:
    code(
        f"""
        import tf1x as tf
        tf.enable_eager_execution()
        step = tf.train.get_or_create_global_step()
        writer = tf.contrib.summary.create_file_writer({str(tmp_path)!r})
        with writer.as_default(), tf.contrib.summary.record_summaries_every_n_global_steps(2):
            for i in range(4):
                tf.contrib.summary.scalar("loss", 1.5 * i)
                step.assign_add(1)
        assert tf.contrib.summary.all_summary_ops() is None
        """,
        tmp_path,
    )
    values = [(e.step, e.summary.value[0].simple_value) for e in events(tmp_path)]
    assert values == [(0, 0.0), (2, 3.0)]
