"""`tf.contrib.eager`: metrics, networks, stores, savers; facts from TensorFlow 1.15's sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tf1x.core.errors import NotFoundError
from tf1x.runtime import eager

tfe = tf1x.contrib.eager

METRICS: list[tuple[Any, list[Any], float]] = [
    (lambda: tfe.metrics.Mean(), [([1.0, 2.0],), ([6.0],)], 3.0),
    (lambda: tfe.metrics.Mean(dtype=tf1x.float32), [([1.0, 5.0], [1.0, 3.0])], 4.0),
    (lambda: tfe.metrics.Accuracy(), [([1, 2], [1, 3]), ([4], [4])], 2 / 3),
    (lambda: tfe.metrics.Accuracy(), [([1, 2], [1, 3], [3.0, 1.0])], 0.75),
    (lambda: tfe.metrics.SparseAccuracy(), [([1, 0], [[0.1, 0.9], [0.2, 0.8]])], 0.5),
    (lambda: tfe.metrics.CategoricalAccuracy(), [([[0, 1], [1, 0]], [[0, 2], [0, 3]])], 0.5),
    (lambda: tfe.metrics.BinaryAccuracy(0.5), [([1.0, 0.0], [0.7, 0.6])], 0.5),
]


@pytest.mark.parametrize(("make", "batches", "wanted"), METRICS)
def test_metrics(make: Any, batches: list[Any], wanted: float) -> None:
    with eager.graph().as_default():
        metric, other = make(), make()
        for batch in batches:
            metric(*batch)
        assert float(metric.result()) == pytest.approx(wanted)
        other(*batches[0])
        metric.init_variables()
        assert [float(v) for v in metric.variables] == [0.0, 0.0]
        metric(*batches[0])
        metric.aggregate([other])
        assert float(metric.result()) == pytest.approx(float(other.result()))
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        metric = make()
        updates = [metric(*batch) for batch in batches]
        session.run(metric.init_variables())
        session.run(updates)
        assert session.run(metric.result()) == pytest.approx(wanted)


def test_networks() -> None:
    class Model(tfe.Network):
        def __init__(self) -> None:
            super().__init__(name="model")
            self.hidden = self.track_layer(tf1x.layers.Dense(3))
            self.out = self.track_layer(tf1x.layers.Dense(1))

        def call(self, x: Any) -> Any:
            return self.out(tf1x.nn.relu(self.hidden(x)))

    with eager.graph().as_default():
        model = Model()
        assert model(tf1x.ones([2, 2])).shape.as_list() == [2, 1]
        assert [v.shape.as_list() for v in model.variables] == [[2, 3], [3], [3, 1], [1]]
        assert model.get_layer(index=1) is model.out
        assert len(model.trainable_variables) == 4
        steps = tfe.Sequential([tf1x.layers.Dense(2), tf1x.nn.relu])
        assert steps(tf1x.ones([1, 2])).shape.as_list() == [1, 2]
        assert len(steps.variables) == 2


def test_stores_find_variables_again() -> None:
    with eager.graph().as_default():
        store = tfe.EagerVariableStore()
        found = []
        for _ in range(2):
            with store.as_default():
                found.append(tf1x.layers.dense(tf1x.ones([1, 2]), 3, name="l1"))
        assert [v.name for v in store.variables()] == ["l1/bias:0", "l1/kernel:0"]
        np.testing.assert_array_equal(found[0].numpy(), found[1].numpy())
        assert len(store.copy().trainable_variables()) == 2
        template = tfe.make_template("shared", lambda x: tf1x.layers.dense(x, 2))
        one, two = template(tf1x.ones([1, 2])), template(tf1x.ones([1, 2]))
        np.testing.assert_array_equal(one.numpy(), two.numpy())
        first, second = (tf1x.get_variable("same", [2]) for _ in range(2))
        assert first is not second


def test_savers_go_by_names(tmp_path: Path) -> None:
    with eager.graph().as_default():
        v, w = tfe.Variable([1.0], name="v"), tfe.Variable(2.0, name="w")
        saver = tf1x.train.Saver([v, w], max_to_keep=1)
        paths = [saver.save(None, str(tmp_path / "m"), global_step=i) for i in (1, 2)]
        assert tf1x.train.list_variables(paths[1]) == [("v", [1]), ("w", [])]
        assert tf1x.train.latest_checkpoint(tmp_path) == paths[1]
        assert not Path(f"{paths[0]}.index").exists()
        v.assign([9.0])
        saver.restore(None, paths[1])
        assert v.numpy() == [1.0]
        with tfe.restore_variables_on_create(paths[1]):
            assert tf1x.Variable(0.0, name="w").numpy() == 2.0
            with pytest.raises(NotFoundError):
                tf1x.Variable(0.0, name="unknown")
        other = tfe.Saver({"v": tfe.Variable([0.0])})
        other.restore(paths[1])
        with pytest.raises(RuntimeError, match="var_list"):
            tf1x.train.Saver()


def test_iterators_and_modes() -> None:
    calls = []

    class Test(tf1x.test.TestCase):
        @tfe.run_test_in_graph_and_eager_modes
        def test_both(self) -> None:
            calls.append(tf1x.executing_eagerly())
            assert self.evaluate(tf1x.constant(1) + 1) == 2

    test = Test("test_both")
    test.setUp()
    test.test_both()
    assert calls == [False, True]
    with eager.graph().as_default():
        assert [int(x) for x in tfe.Iterator(tf1x.data.Dataset.range(3))] == [0, 1, 2]
        assert tfe.list_devices()[0].endswith("CPU:0")
        assert [float(x) for x in tfe.py_func(lambda a: [a, a * 2], [1.0], [tf1x.float32] * 2)] == [1.0, 2.0]  # fmt: skip
    with tf1x.Graph().as_default(), pytest.raises(RuntimeError, match="eager execution"):
        tfe.Iterator(tf1x.data.Dataset.range(3))
