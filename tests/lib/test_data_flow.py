"""Queues: the same program under tf1x and under TensorFlow, then what only concerns us."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops import both


def _shuffled(tf: Any) -> Any:
    """One thread: the order is that of TensorFlow's generator."""
    queue = tf.RandomShuffleQueue(50, 3, [tf.float32, tf.string], shapes=[[], []], seed=4)
    rows = [[float(i) for i in range(10)], [str(i) for i in range(10)]]
    found, last = [], [queue.enqueue_many(rows)]
    for take in (queue.dequeue, lambda: queue.dequeue_many(4), lambda: queue.dequeue_up_to(2)):
        with tf.control_dependencies(last):
            found += (last := take())
    with tf.control_dependencies(last):
        last = [queue.close()]
    with tf.control_dependencies(last):
        found += (last := queue.dequeue_up_to(9))
    with tf.control_dependencies(last):
        return [*found, queue.size(), queue.is_closed()]


def _seeds(tf: Any) -> Any:
    made = [
        tf.RandomShuffleQueue(9, 1, tf.int32, seed=7),
        tf.RandomShuffleQueue(9, 1, tf.int32, shared_name="shared"),
    ]
    return [tf.constant([q.queue_ref.op.get_attr(k) for k in ("seed", "seed2")]) for q in made]


def _named(tf: Any) -> Any:
    queue = tf.FIFOQueue(5, [tf.string, tf.int32], shapes=[[], [2]], names=["s", "v"])
    with tf.control_dependencies([queue.enqueue({"s": "a", "v": [1, 2]})]):
        put = queue.enqueue_many({"v": [[3, 4], [5, 6]], "s": ["b", "c"]})
    with tf.control_dependencies([put]):
        first = queue.dequeue()
    with tf.control_dependencies(list(first.values())):
        rest = queue.dequeue_many(2)
    return [first["s"], first["v"], rest["s"], rest["v"]]


def _padded(tf: Any) -> Any:
    queue = tf.PaddingFIFOQueue(9, [tf.float32, tf.string], shapes=[[None, 2], [None]])
    put = queue.enqueue([[[1.0, 2.0]], ["x", "y"]])
    with tf.control_dependencies([put]):
        put = queue.enqueue([[[1.0, 2.0], [3.0, 4.0]], ["z"]])
    with tf.control_dependencies([put]):
        return queue.dequeue_many(2)


def _prioritized(tf: Any) -> Any:
    queue = tf.PriorityQueue(9, [tf.string], shapes=[[]])
    with tf.control_dependencies([queue.enqueue_many([[5, 2, 9, -1], ["5", "2", "9", "-1"]])]):
        first = queue.dequeue()
    with tf.control_dependencies(first):
        return [*first, *queue.dequeue_many(2)]


def _of_none(tf: Any) -> Any:
    queue = tf.FIFOQueue(5, [tf.string, tf.int32], shapes=[[], [2]])
    with tf.control_dependencies(
        [queue.enqueue_many([tf.zeros([0], tf.string), np.zeros((0, 2))])]
    ):
        return [*queue.dequeue_many(0), queue.size()]


def _shared(tf: Any) -> Any:
    one, other = (tf.FIFOQueue(5, tf.int32, shared_name="both") for _ in range(2))
    with tf.control_dependencies([one.enqueue(7)]):
        value = other.dequeue()
    with tf.control_dependencies([value]):
        return [value, one.size()]


@pytest.mark.parametrize(
    "program", [_shuffled, _seeds, _named, _padded, _prioritized, _of_none, _shared]
)
def test_program(program: Any) -> None:
    both.assert_same(program)


def _twice(tf: Any, second: Any) -> Any:
    first = tf.FIFOQueue(3, tf.float32, shared_name="x")
    with tf.control_dependencies([first.size()]):
        return [first.size(), second.size()]


def _closed(tf: Any, use: Any) -> Any:
    queue = tf.FIFOQueue(3, [tf.int32], shapes=[[]])
    with tf.control_dependencies([queue.close()]):
        made = use(queue)
    with tf.control_dependencies([made]):
        return tf.constant(0)


def _fed(tf: Any, make: Any, value: Any) -> Any:
    """Enqueue something whose shape is known only when it runs."""
    with tf.control_dependencies([make(tf).enqueue([tf.placeholder_with_default(value, None)])]):
        return tf.constant(0)


_ERRORS: dict[str, Any] = {
    "enqueue_closed": lambda tf: _closed(tf, lambda q: q.enqueue(1)),
    "dequeue_closed": lambda tf: _closed(tf, lambda q: q.dequeue()),
    "dequeue_many_closed": lambda tf: _closed(tf, lambda q: q.dequeue_many(2)),
    "dequeue_up_to_closed": lambda tf: _closed(tf, lambda q: q.dequeue_up_to(2)),
    "close_closed": lambda tf: _closed(tf, lambda q: q.close()),
    "no_shapes": lambda tf: tf.FIFOQueue(3, tf.int32).dequeue_many(2),
    "negative": lambda tf: tf.FIFOQueue(3, tf.int32, [[]]).dequeue_many(
        tf.placeholder_with_default(-1, [])
    ),
    "shape": lambda tf: _fed(tf, lambda tf: tf.FIFOQueue(3, tf.float32, [[2]]), [1.0, 2.0, 3.0]),
    "shape_padded": lambda tf: _fed(
        tf, lambda tf: tf.PaddingFIFOQueue(3, tf.float32, [[None, 2]]), [1.0, 2.0, 3.0]
    ),
    "too_much_kept": lambda tf: tf.RandomShuffleQueue(5, 8, tf.float32).size(),
    "negative_kept": lambda tf: tf.RandomShuffleQueue(5, -1, tf.float32).size(),
    "other_shapes": lambda tf: tf.FIFOQueue(3, [tf.int32] * 2, shapes=[[]]),
    "other_names": lambda tf: tf.FIFOQueue(3, [tf.int32] * 2, names=["a"]),
    "open_shape": lambda tf: tf.PriorityQueue(3, tf.int32, shapes=[[3, "x"]]),
    "padding_without_shapes": lambda tf: tf.PaddingFIFOQueue(3, tf.int32, shapes=[None]),
    "dict_without_names": lambda tf: tf.FIFOQueue(3, tf.int32).enqueue({"a": 1}),
    "wrong_names": lambda tf: tf.FIFOQueue(3, tf.int32, names="b").enqueue({"a": 1}),
    "names_without_dict": lambda tf: tf.FIFOQueue(3, tf.int32, names="b").enqueue(1),
    "static_shape": lambda tf: tf.FIFOQueue(3, tf.int32, [[]]).enqueue([[1]]),
    "static_negative": lambda tf: tf.FIFOQueue(3, tf.int32, [[]]).dequeue_many(-1),
    "shared_capacity": lambda tf: _twice(tf, tf.FIFOQueue(4, tf.float32, shared_name="x")),
    "shared_types": lambda tf: _twice(tf, tf.FIFOQueue(3, tf.int32, shared_name="x")),
    "shared_shapes": lambda tf: _twice(tf, tf.FIFOQueue(3, tf.float32, [[]], shared_name="x")),
    "shared_kind": lambda tf: _twice(tf, tf.RandomShuffleQueue(3, 1, tf.float32, shared_name="x")),
    "from_other_lists": lambda tf: tf.QueueBase.from_list(
        0, [tf.FIFOQueue(3, tf.int32), tf.FIFOQueue(3, tf.float32)]
    ),
}


@pytest.mark.parametrize("case", _ERRORS)
def test_error(case: str) -> None:
    from tests.oracle import tf1

    ours, theirs = (both.error_of(tf, _ERRORS[case]) for tf in (tf1x, tf1))
    assert ours[0] == theirs[0]


# -- waiting -----------------------------------------------------------------------------------


def _in_thread(function: Any) -> Any:
    """Start a thread; a function that joins it and gives the result."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()

    def result() -> Any:
        thread.join(60)
        return found[0]

    return result


def test_more_than_fits_passes_through() -> None:
    """`enqueue_many` and `dequeue_many` work piece by piece, and in order of arrival."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        queue = tf1x.FIFOQueue(2, [tf1x.int32], shapes=[[]])
        put, take = queue.enqueue_many([list(range(10))]), queue.dequeue_many(7)
        done = _in_thread(lambda: session.run(put))
        assert session.run(take).tolist() == list(range(7))
        assert session.run(queue.dequeue_many(3)).tolist() == [7, 8, 9]
        assert done() is None


@pytest.mark.parametrize("full", [True, False])
def test_ops_of_one_run_wait_for_each_other(full: bool) -> None:
    """Whichever was made first: one makes room, or brings the element, for the other."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        queue, fed = tf1x.FIFOQueue(1, [tf1x.float32], [[]]), tf1x.placeholder(tf1x.float32, [])
        if full:
            put, take = queue.enqueue(fed), queue.dequeue()
            session.run(put, {fed: 0.0})
        else:
            take, put = queue.dequeue(), queue.enqueue(fed)
        total = tf1x.Variable(0.0)
        add = tf1x.assign_add(total, take)
        session.run(total.initializer)
        options = tf1x.RunOptions(timeout_in_ms=60_000)
        found = [session.run([add, put], {fed: i}, options)[0] for i in (1.0, 2.0, 3.0)]
        assert found == ([0.0, 1.0, 3.0] if full else [1.0, 3.0, 6.0])


def test_close_waits_for_pending_puts() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        queue = tf1x.FIFOQueue(1, [tf1x.int32], shapes=[[]])
        put, take, close = queue.enqueue_many([[1, 2, 3]]), queue.dequeue(), queue.close()
        done = _in_thread(lambda: session.run(put))
        first = int(session.run(take))
        closed = _in_thread(lambda: session.run(close))
        assert [first, *(int(session.run(take)) for _ in range(2))] == [1, 2, 3]
        assert done() is closed() is None
        with pytest.raises(tf1x.errors.OutOfRangeError):
            session.run(take)


def test_a_failed_run_has_taken_its_element() -> None:
    """And the variables are as before."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        queue = tf1x.FIFOQueue(5, [tf1x.float32], shapes=[[]])
        total = tf1x.Variable(0.0)
        value = queue.dequeue()
        add = tf1x.assign_add(total, tf1x.check_numerics(1.0 / value, "inverse"))
        session.run(total.initializer)
        session.run(queue.enqueue_many([[2.0, 0.0, 4.0]]))
        session.run(add)
        with pytest.raises(tf1x.errors.InvalidArgumentError):
            session.run(add)
        assert session.run([total, queue.size()]) == [0.5, 1]
        assert session.run(add) == 0.75


def test_elements_are_copies() -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        fed, variable = tf1x.placeholder(tf1x.float32), tf1x.Variable([1.0])
        queue = tf1x.FIFOQueue(5, [tf1x.float32] * 2)
        put, take = queue.enqueue([fed, variable]), queue.dequeue()
        session.run(variable.initializer)
        array = np.float32([1, 2])
        session.run(put, {fed: array})
        array[:] = 9
        session.run(tf1x.assign_add(variable, [5.0]))
        assert [x.tolist() for x in session.run(take)] == [[1.0, 2.0], [1.0]]


@pytest.mark.parametrize("how", ["run", "callable", "session"])
def test_time_limits(how: str) -> None:
    config = tf1x.ConfigProto(operation_timeout_in_ms=20) if how == "session" else None
    options = tf1x.RunOptions(timeout_in_ms=20)
    with tf1x.Graph().as_default(), tf1x.Session(config=config) as session:
        queue = tf1x.FIFOQueue(2, [tf1x.int32], shapes=[[]])
        put, take = queue.enqueue_many([[1, 2, 3]]), queue.dequeue()
        with pytest.raises(tf1x.errors.DeadlineExceededError):
            if how == "callable":
                session.make_callable(put, accept_options=True)(options, None)
            else:
                session.run(put, options=None if config else options)
        assert int(session.run(queue.size())) == 2  # what fitted stays
        assert [int(session.run(take)) for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("build", ["string_input", "own_threads"])
def test_daemon_threads_do_not_disturb_the_end_of_the_program(build: str) -> None:
    """They wait in a queue, or are in the middle of a computation."""
    program = f"""
import threading, time
import tf1x as tf
number = tf.reduce_sum(tf.random_normal([100, 100]))
queue = tf.FIFOQueue(10, [tf.float32], shapes=[[]])
session = tf.Session()
if {build == "string_input"}:
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [queue.enqueue(number)] * 3))
    tf.train.start_queue_runners(session)
    session.run(queue.dequeue_many(5))
else:
    def loop(op):
        while True:
            session.run(op)
    for op in (queue.enqueue(number), queue.dequeue(), tf.FIFOQueue(1, tf.int32).dequeue()):
        threading.Thread(target=loop, args=(op,), daemon=True).start()
    while not int(session.run(queue.size())):
        time.sleep(0.01)
print("end")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
