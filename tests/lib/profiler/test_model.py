"""`tf.profiler.profile`: parameters and float operations as TensorFlow counts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tf1x
from tests.oracle import tf1


def network(tf: Any) -> None:
    images = tf.placeholder(tf.float32, [4, 12, 12, 3])
    labels = tf.placeholder(tf.int32, [4])
    with tf.variable_scope("conv"):
        w = tf.get_variable("w", [3, 3, 3, 8])
        b = tf.get_variable("b", [8], initializer=tf.zeros_initializer())
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(images, w, [1, 1, 1, 1], "SAME"), b))
        x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        d = tf.get_variable("d", [3, 3, 8, 1])
        x = tf.nn.depthwise_conv2d_native(x, d, [1, 1, 1, 1], "VALID")
        x = tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
    with tf.variable_scope("dense"):
        v = tf.get_variable("v", [72, 10])
        tf.get_variable("frozen", [100], trainable=False)
        logits = tf.matmul(tf.reshape(x, [4, 72]), v)
    probability = tf.nn.softmax(logits)
    tf.argmax(probability, 1)
    tf.matmul(tf.ones([5, 2, 3]), tf.ones([5, 3, 4]))
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    tf.rsqrt(loss + tf.nn.l2_loss(v) * 0.1 + tf.add_n([loss, loss, loss]))
    tf.square(tf.reduce_sum(probability, 0)) - tf.log(tf.maximum(loss, 1.0))


def profiled(tf: Any, cmd: str, options: Any) -> Any:
    with tf.Graph().as_default() as graph:
        network(tf)
        return tf.profiler.profile(graph, cmd=cmd, options={**options, "output": "none"})


@pytest.mark.parametrize("cmd", ["scope", "op"])
def test_totals_agree_with_tensorflow(cmd: str) -> None:
    for name in ("trainable_variables_parameter", "float_operation"):
        ours, theirs = (
            profiled(tf, cmd, getattr(tf.profiler.ProfileOptionBuilder, name)())
            for tf in (tf1x, tf1)
        )
        assert (ours.total_parameters, ours.total_float_ops) == (
            theirs.total_parameters,
            theirs.total_float_ops,
        )


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builder = tf1x.profiler.ProfileOptionBuilder
    with tf1x.Graph().as_default() as graph:
        network(tf1x)
        analyzer = tf1x.contrib.tfprof.model_analyzer
        found = analyzer.print_model_analysis(
            graph, tfprof_options=analyzer.TRAINABLE_VARS_PARAMS_STAT_OPTIONS
        )
        printed = capsys.readouterr().out
        options = builder(builder.float_operation()).with_file_output(str(tmp_path / "f.txt"))
        tf1x.profiler.profile(graph, cmd="op", options=options.order_by("float_ops").build())
    assert found.total_parameters == 3 * 3 * 3 * 8 + 8 + 72 + 720
    assert "_TFProfRoot (--/1.02k params)" in printed
    assert "  conv (--/296 params)\n    conv/b (8, 8/8 params)\n" in printed
    assert "frozen" not in printed
    lines = (tmp_path / "f.txt").read_text().splitlines()
    assert lines[1].startswith("  Conv2D (248.83k/248.83k flops)")
    assert capsys.readouterr().out == ""


def test_what_cannot_be_answered_raises() -> None:
    builder = tf1x.profiler.ProfileOptionBuilder
    with pytest.raises(tf1x.errors.UnimplementedError, match="time_and_memory"):
        builder.time_and_memory()
    with pytest.raises(tf1x.errors.UnimplementedError, match="Timeline"):
        tf1x.profiler.profile(tf1x.Graph(), options=builder().select(["micros"]).build())
    with pytest.raises(tf1x.errors.UnimplementedError, match="'code'"):
        tf1x.profiler.profile(tf1x.Graph(), cmd="code")


def test_an_op_log(tmp_path: Path) -> None:
    from tensorboard.compat.proto.tfprof_log_pb2 import OpLogProto

    own = tf1x.contrib.tfprof.tfprof_logger.OpLog()
    own.log_entries.add(name="dense/MatMul", types=["mine"])
    with tf1x.Graph().as_default() as graph:
        network(tf1x)
        tf1x.contrib.tfprof.tfprof_logger.write_op_log(
            graph, log_dir=str(tmp_path / "x"), op_log=own
        )
    log = OpLogProto.FromString((tmp_path / "x" / "tfprof_log").read_bytes())
    entries = {entry.name: entry for entry in log.log_entries}
    assert entries["conv/w"].types == ["_trainable_variables"]
    assert (entries["dense/MatMul"].float_ops, entries["dense/MatMul"].types) == (
        2 * 4 * 72 * 10,
        ["mine"],
    )
