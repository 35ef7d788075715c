"""Clusters, servers of this process, devices of replicas: as TensorFlow 2.21 where it can be asked."""

from __future__ import annotations

from typing import Any

import pytest

import tf1x
from tests.lib.train.session_programs import _error
from tests.oracle import tf1

_CLUSTERS: list[Any] = [
    {},
    {"ps": ["a:1", "b:2"], "worker": ["c:3"]},
    {"worker": {1: "c:3", 3: "d:4"}, "ps": ("a:1",)},
    {"worker": "c:3"},
    ["c:3"],
]


def _cluster(tf: Any, given: Any) -> Any:
    def ask() -> None:
        spec = tf.train.ClusterSpec(given)
        found.append(
            (bool(spec), spec.as_dict(), spec.jobs, repr(spec), spec == tf.train.ClusterSpec(spec))
        )
        found.append(spec.as_cluster_def().SerializeToString(deterministic=True))
        found.extend(
            (spec.num_tasks(job), spec.task_indices(job), spec.job_tasks(job)) for job in spec.jobs
        )
        found.append([_error(lambda: spec.task_address("worker", 7))[0]])
        found.append([_error(lambda: spec.num_tasks("other"))[0]])

    found: list[Any] = []
    return _error(ask)[0], found


@pytest.mark.parametrize("number", range(len(_CLUSTERS)))
def test_cluster_specs(number: int) -> None:
    ours, theirs = (_cluster(tf, _CLUSTERS[number]) for tf in (tf1x, tf1))
    assert ours == theirs


_SETTERS: dict[str, Any] = {
    "cluster": {"cluster": {"ps": ["a:1", "b:2"], "worker": ["c:3"]}},
    "cluster_without_servers": {"cluster": {"worker": ["c:3"]}},
    "tasks": {"ps_tasks": 3, "worker_device": "/job:worker/task:1"},
    "no_tasks": {},
    "names": {"ps_tasks": 2, "ps_device": "/job:params/cpu:0", "worker_device": "/job:w/gpu:1"},
    "strategy": {"ps_tasks": 4, "ps_strategy": lambda op: 3},
    "ops": {"ps_tasks": 2, "ps_ops": ["Const"]},
    "no_strategy": {"ps_tasks": 2, "ps_strategy": 1},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _SETTERS)
def test_devices_of_replicas(name: str) -> None:
    def devices(tf: Any) -> Any:
        def build() -> None:
            with tf.Graph().as_default() as graph:
                with tf.device(tf.train.replica_device_setter(**_SETTERS[name])):
                    first = tf.get_variable("first", shape=[2], use_resource=False)
                    tf.get_variable("second", shape=[2], use_resource=True)
                    third = tf.Variable(1.0, name="third", use_resource=False)
                    with tf.device("/gpu:1"):
                        tf.add(first, third, name="sum")
                found.update({op.name: op.device for op in graph.get_operations()})

        found: dict[str, str] = {}
        return _error(build), {
            key: found[key] for key in ("first", "second", "third", "sum") if found
        }

    assert devices(tf1x) == devices(tf1)


def test_sessions_of_a_server_share_variables() -> None:
    server = tf1x.train.Server.create_local_server()
    with tf1x.Graph().as_default():
        v = tf1x.get_variable("v", initializer=1.0)
        queue = tf1x.FIFOQueue(3, [tf1x.float32], shapes=[[]])
        enqueue, dequeue = queue.enqueue(v), queue.dequeue()
        with tf1x.Session(server.target) as session:
            session.run(v.initializer)
            session.run(v.assign_add(2.0))
            session.run(enqueue)
        with tf1x.Session(server.target) as session:
            assert session.run([v, dequeue]) == [3.0, 3.0]
        with pytest.raises(RuntimeError, match="closed"):
            session.run(v)
        with tf1x.Session() as session:
            assert session.run(tf1x.report_uninitialized_variables()).tolist() == [b"v"]
        other = tf1x.train.Server.create_local_server()
        assert other.target != server.target
        with tf1x.Session(other.target) as session:
            assert session.run(tf1x.report_uninitialized_variables()).tolist() == [b"v"]


def test_a_worker_waits_for_its_chief() -> None:
    server = tf1x.train.Server({"worker": ["localhost:4321"]})
    with tf1x.Graph().as_default():
        v = tf1x.get_variable("v", initializer=5.0)
        options = {"master": server.target}
        with tf1x.train.MonitoredTrainingSession(is_chief=True, **options) as chief:
            with tf1x.train.MonitoredTrainingSession(is_chief=False, **options) as worker:
                assert worker.run(v) == 5.0
            assert chief.run(v) == 5.0


def test_the_servers_of_a_cluster_share_variables() -> None:
    cluster = {"ps": ["localhost:4400"], "worker": ["localhost:4401", "localhost:4402"]}
    servers = [
        tf1x.train.Server(cluster, job, i) for job, i in [("ps", 0), ("worker", 0), ("worker", 1)]
    ]
    with tf1x.Graph().as_default():
        with tf1x.device("/job:ps/task:0"):
            v = tf1x.get_variable("v", initializer=1.0)
        with tf1x.device("/job:worker/task:1"):
            more = v.assign_add(1.0)
        with tf1x.Session(servers[0].target) as session:
            session.run(v.initializer)
        for server in servers[1:]:
            with tf1x.Session(server.target) as session:
                session.run(more)
        with tf1x.Session("grpc://localhost:4401") as session:
            assert session.run(v) == 3.0


def test_several_processes_are_refused() -> None:
    cluster = {"ps": ["a:1"], "worker": ["b:2"]}
    server = tf1x.train.Server(cluster, "worker", 0)
    with pytest.raises(tf1x.errors.UnimplementedError, match=r"no server for grpc://a:1\."):
        tf1x.Session(server.target)
    with pytest.raises(tf1x.errors.UnimplementedError, match=r"no tf\.train\.Server"):
        tf1x.Session("grpc://elsewhere:1")
    with pytest.raises(ValueError, match="job_name"):
        tf1x.train.Server(cluster)
    with pytest.raises(ValueError, match="No task"):
        tf1x.train.Server(cluster, "worker", 3)


def test_one_replica_is_synchronous() -> None:
    with tf1x.Graph().as_default():
        step = tf1x.train.get_or_create_global_step()
        w = tf1x.get_variable("w", initializer=4.0)
        inner = tf1x.train.GradientDescentOptimizer(0.25)
        optimizer = tf1x.train.SyncReplicasOptimizer(inner, replicas_to_aggregate=1)
        with pytest.raises(ValueError, match="after apply_gradients"):
            optimizer.get_chief_queue_runner()
        train = optimizer.minimize(w * w, step)
        hook = optimizer.make_session_run_hook(is_chief=True)
        with tf1x.train.MonitoredTrainingSession(hooks=[hook]) as session:
            for _ in range(3):
                session.run(train)
            assert session.run([w, step]) == [0.5, 3]
        with pytest.raises(tf1x.errors.UnimplementedError, match="one replica"):
            tf1x.train.SyncReplicasOptimizer(inner, replicas_to_aggregate=2)
