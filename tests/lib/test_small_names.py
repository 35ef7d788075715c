"""Small public names: modules, benchmarks, the tutorial's MNIST network, private paths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.core.errors import UnsupportedError
from tf1x.lib import internals, session_conversions
from tf1x.lib.profiler import op_log
from tf1x.lib.summary import scopes as summary_scopes


def test_a_module_finds_its_variables() -> None:
    with tf.Graph().as_default():

        class TwoLayers(tf.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layers = {"b": [Inner()], "a": tf.Variable(1.0, trainable=False)}
                self.again = self.layers["b"][0]

            @tf.Module.with_name_scope
            def __call__(self) -> Any:
                return tf.constant(1.0, name="c")

        class Inner(tf.Module):
            def __init__(self) -> None:
                super().__init__("inner")
                self.w = tf.Variable([2.0], name="w")

        made = TwoLayers()
        assert made.name == "two_layers"
        assert made().name == "two_layers/c:0"
        assert made.submodules == (made.again,)
        assert [v.name for v in made.trainable_variables] == ["w:0"]
        assert len(made.variables) == 2
        with pytest.raises(ValueError, match="identifier"):
            tf.Module("no name")


def test_benchmarks(capsys: Any) -> None:
    class Mine(tf.test.Benchmark):
        def benchmark_adding(self) -> dict[str, Any]:
            with tf.Graph().as_default(), tf.Session() as session:
                x = tf.random_uniform([10]) + 1.0
                return self.run_op_benchmark(session, x, min_iters=3, mbs=1, extras={"n": 10})

    report = Mine().benchmark_adding()
    assert report["name"] == "Mine.benchmark_adding"
    assert (report["iters"], report["extras"]["n"]) == (3, 10)
    assert report["throughput"] == 1 / report["wall_time"]
    assert "Mine.benchmark_adding" in capsys.readouterr().out


def test_the_tutorials_network_learns() -> None:
    mnist = tf.examples.tutorials.mnist.mnist
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        images = tf.constant(np.eye(10, mnist.IMAGE_PIXELS, dtype=np.float32) * 5)
        labels = tf.range(10)
        logits = mnist.inference(images, 32, 16)
        loss = mnist.loss(logits, labels)
        train, right = mnist.training(loss, 0.5), mnist.evaluation(logits, labels)
        assert [v.op.name for v in tf.trainable_variables()][::2] == [
            "hidden1/weights", "hidden2/weights", "softmax_linear/weights",
        ]  # fmt: skip
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(60):
                session.run(train)
            assert session.run(right) == 10


def test_checking_all_tensors_names_the_first_that_is_not_finite() -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [], name="x")
        y = tf.log(x, name="y")
        tf.exp(y, name="z")
        check = tf.add_check_numerics_ops()
        with tf.Session() as session:
            session.run(check, {x: 1.0})
            with pytest.raises(tf.errors.InvalidArgumentError, match="y:0"):
                session.run(check, {x: -1.0})
        with tf.op_scope([x], None, "scope") as scope:
            assert scope == "scope/"


def test_classes_of_programs_as_fetches_and_feeds() -> None:
    class Squared:
        def __init__(self, x: Any) -> None:
            self.sq = tf.square(x)

    class Sub(Squared):
        pass

    register = session_conversions.register_session_run_conversion_functions
    register(
        Squared,
        lambda s: ([s.sq], lambda values: values[0]),
        lambda s, value: [(s.sq, value)],
        lambda s: [s.sq],
    )
    with pytest.raises(ValueError, match="already"):
        register(Sub, lambda s: ([s.sq], lambda values: values[0]))
    with tf.Graph().as_default(), tf.Session() as session:
        item = Squared(tf.constant(3.0))
        total = item.sq + 1.0
        assert session.run(item) == 9.0
        assert session.run({"s": item, "t": total}, {item: 5.0}) == {"s": 5.0, "t": 6.0}


def test_the_profilers_log() -> None:
    with tf.Graph().as_default() as graph:
        v = tf.get_variable("v", [2, 3])
        tf.matmul(tf.ones([4, 2]), v, name="product")
        found = op_log.logged_ops(graph)
        assert found["product"].float_ops == 48
        assert list(found["v"].types) == ["_trainable_variables"]
        own = op_log.OpLogProto()
        own.log_entries.add(name="product", float_ops=1)
        own.log_entries.add(name="other")
        merged = {e.name: e for e in op_log.merge_default_op_log(graph, own).log_entries}
        assert (merged["product"].float_ops, "other" in merged, "v" in merged) == (1, True, True)


def test_what_libraries_take_from_private_modules() -> None:
    assert internals.uid() < internals.uid()

    def target(x: int) -> int:
        """Doc."""
        return x

    made = internals.make_decorator(target, lambda *args: target(*args) + 1)
    assert (made(1), made.__doc__, internals.unwrap(made)[1]) == (2, "Doc.", target)
    with tf.Graph().as_default(), summary_scopes.summary_scope("a b", "family") as (tag, scope):
        assert (tag, scope) == ("family/family/a_b", "family/a_b/")
        summary_scopes.collect("x", None, ["k"])
        assert tf.get_collection("k") == ["x"]


def test_the_parser_behind_the_flags_of_1_0(capsys: Any) -> None:
    from tf1x.lib import flags
    from tf1x.lib.global_parser import GlobalParser

    kept, flags.FLAGS = flags.FLAGS, flags._FlagValues()
    try:
        parser = GlobalParser()
        parser.add_argument("--size", type=int, default=3, help="how many")
        parser.add_argument("--kind", choices=["a", "b"], default="a")
        parser.add_argument("--quick", action="store_true")
        flags.FLAGS._parse_flags(["--kind=b", "--quick"])
        found = flags.FLAGS.size, flags.FLAGS.kind, flags.FLAGS.quick
        parser.print_help()
    finally:
        flags.FLAGS = kept
    assert found == (3, "b", True)
    assert "how many" in capsys.readouterr().out
    assert isinstance(tf.app.flags._global_parser, GlobalParser)


def test_computations_for_a_tpu() -> None:
    tpu = tf.contrib.tpu
    with tf.Graph().as_default(), tf.Session() as session:
        (doubled,) = tpu.rewrite(lambda x: x * 2.0, [tf.constant(3.0)])
        assert session.run(doubled) == 6.0
        assert session.run(tpu.repeat(4, lambda x: x * 2.0, [tf.constant(1.0)])) == 16.0
        session.run([tpu.initialize_system(), tpu.shutdown_system()])
        with pytest.raises(UnsupportedError, match="one replica"):
            tpu.batch_parallel(lambda x: x, [tf.constant(1.0)], num_shards=2)
