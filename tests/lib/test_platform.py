"""What surrounds a program: flags, logging, protos, `tf.compat`, devices, resources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1
from tests.processes import tf1x as command

FLAGS_PROGRAM = '''"""Trains a model."""
import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_string("log_dir", "/tmp/x", "where to")
flags.DEFINE_integer("verbosity", 3, "how much")
flags.DEFINE_float(flag_name="lr", default_value=0.1, docstring="rate")
flags.DEFINE_boolean("use", False, "or not")
FLAGS = tf.flags.FLAGS
assert "lr" in FLAGS and flags.FLAGS is FLAGS

def main(argv):
    tf.logging.info("not shown")
    tf.logging.warning("shown %s", "once")
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.logging.info("shown too")
    print(argv[1:], FLAGS.lr, FLAGS.log_dir, FLAGS.verbosity, FLAGS["use"].value)
    FLAGS.lr = 2.0
    print(FLAGS.lr, sorted(FLAGS.__flags) == sorted(FLAGS))
    return 3

if __name__ == "__main__":
    tf.app.run()
'''


def test_flags_and_logging(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(FLAGS_PROGRAM)
    done = command("run", "p.py", "--lr=0.5", "--use", "--unknown=4", "rest", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout.splitlines() == ["['--unknown=4', 'rest'] 0.5 /tmp/x 3 True", "2.0 True"]
    assert done.stderr.splitlines() == [
        "WARNING:tensorflow:shown once",
        "INFO:tensorflow:shown too",
    ]

    text = command("run", "p.py", "--help", cwd=tmp_path).stdout
    assert text.startswith("Trains a model.")
    assert "--lr: rate" in text

    wrong = command("run", "p.py", "--lr=much", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "flag --lr=much" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_flags_are_parsed_when_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(
        "import tensorflow as tf\n"
        "tf.flags.DEFINE_integer('steps', 10, '')\n"
        "tf.flags.FLAGS._parse_flags()\n"
        "tf.flags.DEFINE_list('names', ['a'], '')\n"
        "print(tf.flags.FLAGS.steps, tf.app.flags.FLAGS.names)\n"
        "tf.flags.mark_flag_as_required('steps')\n"
    )
    assert command("run", "p.py", "--steps", "3", cwd=tmp_path).stdout == "3 ['a']\n"


def test_logging_levels(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tf.logging
    for name in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL"):
        assert getattr(log, name) == getattr(tf1.logging, name)
    shown: list[str] = []
    logger = log.get_logger()
    monkeypatch.setattr(logger, "handle", lambda record: shown.append(record.getMessage()))
    before = log.get_verbosity()
    log.set_verbosity(log.INFO)
    for i in range(5):
        log.log_every_n(log.INFO, "every %d", 2, i)
        log.log_first_n(log.INFO, "first %d", 2, i)
        log.log_if(log.INFO, "if %d", i == 3, i)
    log.debug("hidden")
    log.vlog(log.ERROR, "v")
    log.fatal("f")
    log.flush()
    log.set_verbosity(before)
    assert shown == [
        "every 0", "first 0", "first 1", "every 2", "if 3", "every 4", "v", "f",
    ]  # fmt: skip


def test_compat() -> None:
    for name in ("as_bytes", "as_text", "as_str", "as_str_any"):
        for value in (b"ab", "ä", bytearray(b"c"), 3):
            ours, theirs = (_value(getattr(m.compat, name), value) for m in (tf, tf1))
            assert ours == theirs, (name, value)
    assert tf.compat.dimension_value(tf.Dimension(3)) == tf.compat.dimension_value(3) == 3
    assert tf.compat.dimension_at_index(tf.TensorShape([2, None]), 1).value is None
    assert isinstance(np.int32(1), tf.compat.integral_types)
    assert isinstance(np.float32(1), tf.compat.real_types)
    assert tf.compat.path_to_str(Path("a/b")) == "a/b"


def _value(function: object, argument: object) -> object:
    try:
        return function(argument)  # type: ignore[operator]
    except TypeError:
        return TypeError


def test_protos() -> None:
    config = tf.ConfigProto(
        allow_soft_placement=True, gpu_options=tf.GPUOptions(per_process_gpu_memory_fraction=0.5)
    )
    config.gpu_options.allow_growth = True
    config.graph_options.optimizer_options.global_jit_level = tf.OptimizerOptions.ON_1
    theirs = tf1.ConfigProto.FromString(config.SerializeToString())
    assert theirs.gpu_options.allow_growth
    assert theirs.graph_options.optimizer_options.global_jit_level == tf1.OptimizerOptions.ON_1
    assert (
        tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE).trace_level == tf1.RunOptions.FULL_TRACE
    )
    summary = tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)])
    assert tf1.Summary.FromString(summary.SerializeToString()).value[0].simple_value == 0.5
    for name in (
        "GraphDef",
        "NodeDef",
        "AttrValue",
        "Event",
        "MetaGraphDef",
        "RunMetadata",
        "HistogramProto",
    ):
        assert getattr(tf, name).DESCRIPTOR.name == getattr(tf1, name).DESCRIPTOR.name
    with tf.Session(graph=tf.Graph(), config=config) as session:
        assert session.list_devices()[0].name == "/job:localhost/replica:0/task:0/device:CPU:0"


def test_resources() -> None:
    here = Path(__file__).parent
    assert tf.resource_loader.get_data_files_path() == str(here)
    path = tf.resource_loader.get_path_to_datafile("test_platform.py")
    assert path == __file__
    assert tf.resource_loader.load_resource(path) == Path(__file__).read_bytes()


def test_compiled_ops_are_refused() -> None:
    for call in (lambda: tf.load_op_library("x.so"), tf.sysconfig.get_include):
        with pytest.raises(tf.errors.UnimplementedError, match=r"tf\.py_func"):
            call()
