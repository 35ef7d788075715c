"""Coordinator, LooperThread and QueueRunner on their own."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import tf1x as tf


def test_join_raises_the_first_exception() -> None:
    coord = tf.train.Coordinator()
    with coord.stop_on_exception():
        raise KeyError("first")
    with coord.stop_on_exception():
        raise ValueError("second")
    assert coord.should_stop()
    assert coord.wait_for_stop()
    with pytest.raises(KeyError, match="first"):
        coord.raise_requested_exception()
    with pytest.raises(KeyError, match="first"):
        coord.join([])
    assert coord.joined


@pytest.mark.parametrize(
    ("clean", "error", "raises"),
    [
        (None, tf.errors.OutOfRangeError(None, None, "end"), False),
        (None, tf.errors.CancelledError(None, None, "gone"), True),
        ((tf.errors.CancelledError,), tf.errors.CancelledError(None, None, "gone"), False),
        ((tf.errors.CancelledError,), tf.errors.OutOfRangeError(None, None, "end"), True),
    ],
)
def test_clean_stops(clean: Any, error: Exception, raises: bool) -> None:
    coord = tf.train.Coordinator(clean_stop_exception_types=clean)
    try:
        raise error
    except tf.errors.OpError as caught:
        coord.request_stop(caught)
    if raises:
        with pytest.raises(type(error)):
            coord.join()
    else:
        coord.join()


def test_an_exception_that_is_not_being_handled() -> None:
    coord = tf.train.Coordinator()
    coord.request_stop(KeyError("unraised"))
    with pytest.raises(ValueError, match=r"ex must be a tuple or sys\.exc_info"):
        coord.join()


def test_after_join_an_exception_is_raised_at_once() -> None:
    coord = tf.train.Coordinator()
    coord.request_stop()
    coord.join()
    with pytest.raises(KeyError):
        coord.request_stop((KeyError, KeyError("late"), None))
    coord.clear_stop()
    assert not coord.should_stop()
    assert not coord.joined
    coord.raise_requested_exception()


def test_threads_that_do_not_stop_are_named() -> None:
    coord, release = tf.train.Coordinator(), threading.Event()
    thread = threading.Thread(target=release.wait, name="stubborn", daemon=True)
    coord.register_thread(thread)
    thread.start()
    coord.request_stop()
    with pytest.raises(RuntimeError, match="threads still running: stubborn"):
        coord.join(stop_grace_period_secs=0.01)
    coord.join([thread], stop_grace_period_secs=0.01, ignore_live_threads=True)
    release.set()
    coord.clear_stop()
    coord.join([thread])


@pytest.mark.parametrize("interval", [None, 0.001])
def test_looper_thread(interval: float | None) -> None:
    coord = tf.train.Coordinator()
    calls: list[int] = []

    def turn(limit: int) -> None:
        calls.append(limit)
        if len(calls) == limit:
            coord.request_stop()

    thread = tf.train.LooperThread.loop(coord, interval, turn, args=(5,))
    coord.join()
    assert calls == [5] * 5
    assert not thread.is_alive()
    with pytest.raises(ValueError, match="'coord' argument must be a Coordinator"):
        tf.train.LooperThread(None, 1.0)
    with pytest.raises(ValueError, match="require that you also pass 'target'"):
        tf.train.LooperThread(coord, 1.0, args=(1,))


# -- queue runners -----------------------------------------------------------------------------


def _runner(**kwargs: Any) -> Any:
    queue = tf.FIFOQueue(3, [tf.int32], shapes=[[]])
    return tf.train.QueueRunner(queue, [queue.enqueue(1)] * 2, **kwargs)


def test_queue_runner_travels_as_a_message() -> None:
    with tf.Graph().as_default() as graph:
        with tf.name_scope("in"):
            runner = _runner(queue_closed_exception_types=(tf.errors.CancelledError,))
        proto = runner.to_proto()
        again = tf.train.QueueRunner.from_proto(proto)
        assert again.name == "in/fifo_queue"
        assert again.queue is runner.queue.queue_ref.op
        assert again.enqueue_ops == runner.enqueue_ops
        assert (again.close_op, again.cancel_op) == (runner.close_op, runner.cancel_op)
        assert again.queue_closed_exception_types == (tf.errors.CancelledError,)
        inner = runner.to_proto(export_scope="in")
        assert inner.queue_name == "fifo_queue"
        assert list(inner.enqueue_op_name) == ["fifo_queue_enqueue"] * 2
        assert tf.train.QueueRunner.from_proto(inner, import_scope="in").name == "in/fifo_queue"
        assert runner.to_proto(export_scope="out") is None
        assert graph.get_collection(tf.GraphKeys.QUEUE_RUNNERS) == []


def test_queue_runner_without_coordinator() -> None:
    """What its threads raise is logged and kept; nothing is started twice."""
    with tf.Graph().as_default(), tf.Session() as session:
        queue = tf.FIFOQueue(3, [tf.int32], shapes=[[]])
        checked = tf.check_numerics(tf.constant(1.0) / 0.0, "bad")
        with tf.control_dependencies([checked]):
            runner = tf.train.QueueRunner(queue, [queue.enqueue(1)])
        hook, threading.excepthook = threading.excepthook, lambda args: None
        try:
            (thread,) = runner.create_threads(session)
            assert runner.create_threads(session, start=True) == []
            thread.start()
            thread.join(60)
        finally:
            threading.excepthook = hook
        assert [type(e).__name__ for e in runner.exceptions_raised] == ["InvalidArgumentError"]


def test_arguments_are_checked() -> None:
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="Must provide queue and enqueue_ops"):
            tf.train.QueueRunner(tf.FIFOQueue(1, [tf.int32]), [])
        with pytest.raises(TypeError, match=r"must be a tuple of tf\.error types"):
            _runner(queue_closed_exception_types=tf.errors.CancelledError)
        with pytest.raises(ValueError, match="mutually exclusive"):
            tf.train.QueueRunner(_runner().queue, queue_runner_def=_runner().to_proto())
        with pytest.raises(ValueError, match="No default session"):
            tf.train.start_queue_runners()
        with pytest.raises(TypeError, match=r"sess must be a `tf\.Session` object"):
            tf.train.start_queue_runners("session")
