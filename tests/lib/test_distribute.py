"""`tf.distribute`, `tf.contrib.distribute`, and the cluster resolvers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.core.errors import UnsupportedError

old = tf.contrib.distribute


def test_the_scope_of_one_device() -> None:
    with tf.Graph().as_default():
        strategy = tf.distribute.MirroredStrategy(["/gpu:0"])
        assert not tf.distribute.has_strategy()
        assert tf.distribute.get_replica_context().replica_id_in_sync_group == 0
        with strategy.scope():
            assert tf.distribute.get_strategy() is strategy
            assert tf.distribute.in_cross_replica_context()
            assert tf.distribute.get_replica_context() is None
            made = [tf.get_variable("v", [2], initializer=tf.zeros_initializer()), tf.Variable(1.0)]
            assert all(type(v).__name__ == "ResourceVariable" for v in made)
            assert made[0].name == "v:0"
            assert made[1].device == "/device:GPU:0"

            def step(x: float) -> Any:
                context = tf.distribute.get_replica_context()
                assert context.num_replicas_in_sync == 1
                assert not tf.distribute.in_cross_replica_context()
                return context.merge_call(lambda s, y: s.extended.update(made[0], _add, args=(y,)), (x,))  # fmt: skip

            def _add(v: Any, y: float) -> Any:
                return v.assign_add([y, y])

            updated = strategy.run(step, (3.0,))
            also = strategy.call_for_each_tower(lambda x, y: x + y, 1, y=2)
            assert strategy.experimental_local_results(also) == (3,)
        total = strategy.reduce(tf.distribute.ReduceOp.SUM, tf.constant([1.0, 2.0]), axis=0)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(updated)
            assert session.run(made[0]).tolist() == [3.0, 3.0]
            assert session.run(total) == 3.0


def test_several_devices_or_machines_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for make in (
        lambda: old.MirroredStrategy(num_gpus=2),
        lambda: tf.distribute.MirroredStrategy(["/gpu:0", "/gpu:1"]),
        lambda: old.ParameterServerStrategy(num_gpus_per_worker=2),
        lambda: old.TPUStrategy(None),
    ):
        with pytest.raises(UnsupportedError):
            make()
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}))
    with pytest.raises(UnsupportedError, match="TF_CONFIG"):
        old.CollectiveAllReduceStrategy()


def test_an_estimator_with_a_strategy(tmp_path: Any) -> None:
    def model_fn(features: Any, labels: Any, mode: str) -> Any:
        loss = tf.losses.mean_squared_error(labels, tf.layers.dense(features, 1))
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train)

    def input_fn() -> Any:
        data = np.float32([[1.0], [2.0]])
        return tf.data.Dataset.from_tensor_slices((data, 2 * data)).repeat(20).batch(2)

    config = tf.estimator.RunConfig(train_distribute=old.MirroredStrategy(num_gpus=1))
    tf.estimator.Estimator(model_fn, str(tmp_path), config).train(input_fn)
    assert tf.train.latest_checkpoint(str(tmp_path)).endswith("-20")
    with pytest.raises(UnsupportedError, match="OwnStrategy"):
        other = tf.estimator.RunConfig(train_distribute=type("OwnStrategy", (), {})())
        tf.estimator.Estimator(model_fn, str(tmp_path), other)


def test_cluster_resolvers(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = tf.contrib.cluster_resolver
    spec = tf.train.ClusterSpec({"worker": ["a:1", "b:1"]})
    simple = resolver.SimpleClusterResolver(spec, "grpc://m:1", rpc_layer="grpc")
    assert simple.cluster_spec() == spec
    assert simple.master() == "grpc://m:1"
    assert simple.master("worker", 1) == "grpc://b:1"
    config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert tf.distribute.cluster_resolver.TFConfigClusterResolver().master() == "grpc://a:1"
    assert resolver.TPUClusterResolver("").master() == ""
    with pytest.raises(UnsupportedError, match="use_tpu=False"):
        resolver.TPUClusterResolver("mine", zone="z", project="p")
    monkeypatch.delenv("TPU_NAME", raising=False)
    with pytest.raises(ValueError, match="Please provide a TPU Name"):
        resolver.TPUClusterResolver()
