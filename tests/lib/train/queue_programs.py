"""Programs with queues and threads that end in different ways; each says how it ended.

`PROGRAMS` maps a name to a function `(tf, folder, threads)` and what it returns, which is also
what it returns under TensorFlow 2.21. `tools/queue_stress.py` runs them 500 times in a row.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

_ROWS = 6


def write_files(folder: str) -> None:
    """The files that the programs read: two with lines "i,i*i"."""
    for part in range(2):
        with open(os.path.join(folder, f"part{part}.csv"), "w") as file:
            file.writelines(f"{i},{i * i}\n" for i in range(part * _ROWS, (part + 1) * _ROWS))


def _numbers(line: bytes) -> np.ndarray:
    return np.array(line.decode().split(","), np.float32)


def _row(tf: Any, names: list[str], num_epochs: int | None, seed: int = 1) -> Any:
    queue = tf.train.string_input_producer(names, num_epochs=num_epochs, seed=seed)
    _, line = tf.TextLineReader().read(queue)
    row = tf.py_func(_numbers, [line], tf.float32)
    row.set_shape([2])
    return row


def _names(folder: str) -> list[str]:
    return [os.path.join(folder, f"part{part}.csv") for part in range(2)]


def _ended_with(function: Any) -> str:
    try:
        function()
    except Exception as error:
        return type(error).__name__
    return "fine"


def _train(
    tf: Any, step: Any, initialize: Any, stop_after: int | None = None, error: Any = None
) -> list[Any]:
    """Run `step` to the end of the input: what the consumer saw, what `join` raised."""
    coord = tf.train.Coordinator()
    seen: list[Any] = []

    def consume() -> None:
        while True:
            seen.append(session.run(step))
            if stop_after is not None and len(seen) == stop_after:
                if error is not None:
                    raise error
                return

    with tf.Session() as session:
        session.run(initialize)
        threads = tf.train.start_queue_runners(session, coord)
        with coord.stop_on_exception():
            try:
                consume()
                ended = "fine"
            except Exception as raised:
                ended = type(raised).__name__
                if raised is error:
                    raise
            finally:
                coord.request_stop()
        joined = _ended_with(lambda: coord.join(threads, stop_grace_period_secs=60))
        assert not any(thread.is_alive() for thread in threads)
    return [len(seen), ended if error is None else "stopped", joined]


def used_up(tf: Any, folder: str, threads: int) -> Any:
    """Two epochs in batches; a last batch that is too small is dropped."""
    batch = tf.train.batch([_row(tf, _names(folder), 2)], 5, num_threads=threads)
    return _train(tf, batch, [tf.local_variables_initializer()])


def used_up_smaller(tf: Any, folder: str, threads: int) -> Any:
    """The same, with the rest in a smaller batch."""
    batch = tf.train.batch(
        [_row(tf, _names(folder), 2)], 5, threads, 7, allow_smaller_final_batch=True
    )
    return _train(tf, batch, [tf.local_variables_initializer()])


def trained(tf: Any, folder: str, threads: int) -> Any:
    """A variable is trained on shuffled batches from one reader for each thread."""
    rows = [[_row(tf, _names(folder), 2, seed)] for seed in range(threads)]
    batch = tf.train.shuffle_batch_join(rows, 8, 40, 10, seed=3)
    weights = tf.Variable([[1.0], [1.0]])
    step = tf.assign_add(weights, 0.001 * tf.matmul(batch, batch[:, :1], transpose_a=True))
    return _train(tf, step, [tf.global_variables_initializer(), tf.local_variables_initializer()])


def stopped(tf: Any, folder: str, threads: int) -> Any:
    """The program has enough of an endless input."""
    batch = tf.train.shuffle_batch(
        [_row(tf, _names(folder), None)], 4, 30, 10, num_threads=threads, seed=2
    )
    return _train(tf, batch, [tf.local_variables_initializer()], stop_after=3)


def uninitialized(tf: Any, folder: str, threads: int) -> Any:
    """`num_epochs` without `local_variables_initializer`."""
    batch = tf.train.batch([_row(tf, _names(folder), 2)], 5, num_threads=threads)
    return _train(tf, batch, [tf.global_variables_initializer()])


def missing_file(tf: Any, folder: str, threads: int) -> Any:
    batch = tf.train.batch(
        [_row(tf, [os.path.join(folder, "none.csv")], None)], 5, num_threads=threads
    )
    return _train(tf, batch, [tf.local_variables_initializer()])


def consumer_fails(tf: Any, folder: str, threads: int) -> Any:
    """An exception of the program's own."""
    batch = tf.train.batch([_row(tf, _names(folder), None)], 5, num_threads=threads)
    return _train(
        tf, batch, [tf.local_variables_initializer()], stop_after=2, error=KeyError("own")
    )


def closed_session(tf: Any, folder: str, threads: int) -> Any:
    """The session is closed while threads wait: those that put in, and those that take out."""
    full = tf.FIFOQueue(1, [tf.int32], shapes=[[]])
    empty = tf.FIFOQueue(1, [tf.int32], shapes=[[]])
    enqueue, dequeue = full.enqueue(1), empty.dequeue_many(2)
    session = tf.Session()
    session.run([enqueue, empty.size()])  # both queues exist now
    ends: list[str] = []
    waiting = [
        threading.Thread(target=lambda op=op: ends.append(_ended_with(lambda: session.run(op))))
        for op in [enqueue, dequeue] * threads
    ]
    _start_and_let_wait(waiting)
    session.close()
    for thread in waiting:
        thread.join(60)
    # RuntimeError is that of a thread that came too late to wait.
    assert set(ends) <= {"CancelledError", "RuntimeError"}, ends
    return len(ends) == len(waiting), _ended_with(lambda: session.run(enqueue))


def _start_and_let_wait(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    threads[-1].join(0.05)  # as good as surely they wait now


def closed_queue(tf: Any, folder: str, threads: int) -> Any:
    """Producers and consumers of one's own; every element arrives once."""
    queue = tf.FIFOQueue(3, [tf.int32], shapes=[[]])
    value = tf.placeholder(tf.int32, [])
    enqueue, dequeue, close = queue.enqueue(value), queue.dequeue(), queue.close()
    taken: list[int] = []
    ends: list[str] = []

    def produce(first: int) -> None:
        for i in range(20):
            session.run(enqueue, {value: first + i})

    def consume() -> None:
        while True:
            taken.append(int(session.run(dequeue)))

    with tf.Session() as session:
        producers = [threading.Thread(target=produce, args=(20 * i,)) for i in range(threads)]
        consumers = [
            threading.Thread(target=lambda: ends.append(_ended_with(consume)))
            for _ in range(threads)
        ]
        for thread in producers + consumers:
            thread.start()
        for thread in producers:
            thread.join(60)
        session.run(close)
        for thread in consumers:
            thread.join(60)
        late = _ended_with(lambda: session.run(enqueue, {value: 0}))
    return sorted(taken) == list(range(20 * threads)), sorted(set(ends)), late


def cancelled_puts(tf: Any, folder: str, threads: int) -> Any:
    """`close(cancel_pending_enqueues=True)` turns away who waits; what is in stays in."""
    queue = tf.FIFOQueue(2, [tf.int32], shapes=[[]])
    enqueue, cancel = queue.enqueue(1), queue.close(cancel_pending_enqueues=True)
    many, rest = queue.dequeue_many(3), queue.dequeue_up_to(3)
    ends: list[str] = []
    with tf.Session() as session:
        session.run(enqueue)
        session.run(enqueue)
        waiting = [
            threading.Thread(target=lambda: ends.append(_ended_with(lambda: session.run(enqueue))))
            for _ in range(threads)
        ]
        _start_and_let_wait(waiting)
        session.run(cancel)
        for thread in waiting:
            thread.join(60)
        return (
            sorted(set(ends)),
            len(ends),
            _ended_with(lambda: session.run(many)),
            session.run(rest).tolist(),
            _ended_with(lambda: session.run(rest)),
        )


def timed_out(tf: Any, folder: str, threads: int) -> Any:
    """A run that may not wait forever."""
    queue = tf.FIFOQueue(4, [tf.int32], shapes=[[]])
    dequeue, options = queue.dequeue(), tf.RunOptions(timeout_in_ms=30)
    ends: list[str] = []
    with tf.Session() as session:
        waiting = [
            threading.Thread(
                target=lambda: ends.append(
                    _ended_with(lambda: session.run(dequeue, options=options))
                )
            )
            for _ in range(threads)
        ]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join(60)
        session.run(queue.enqueue(7))
        return sorted(set(ends)), len(ends), int(session.run(dequeue))


_ENDED = ["CancelledError"]

PROGRAMS: dict[str, tuple[Any, Any]] = {
    "used_up": (used_up, lambda n: [4, "OutOfRangeError", "fine"]),
    "used_up_smaller": (used_up_smaller, lambda n: [5, "OutOfRangeError", "fine"]),
    "trained": (trained, lambda n: [3 * n, "OutOfRangeError", "fine"]),
    "stopped": (stopped, lambda n: [3, "fine", "fine"]),
    "uninitialized": (
        uninitialized, lambda n: [0, "OutOfRangeError", "FailedPreconditionError"],
    ),
    "missing_file": (missing_file, lambda n: [0, "OutOfRangeError", "NotFoundError"]),
    "consumer_fails": (consumer_fails, lambda n: [2, "stopped", "fine"]),
    "closed_session": (closed_session, lambda n: (True, "RuntimeError")),
    "closed_queue": (closed_queue, lambda n: (True, ["OutOfRangeError"], "CancelledError")),
    "cancelled_puts": (
        cancelled_puts, lambda n: (_ENDED, n, "OutOfRangeError", [1, 1], "OutOfRangeError"),
    ),
    "timed_out": (timed_out, lambda n: (["DeadlineExceededError"], n, 7)),
}  # fmt: skip


def run(tf: Any, name: str, folder: str, threads: int) -> tuple[Any, Any]:
    """What a program returned, and what it should have.

    Raises:
        AssertionError: a thread of it still runs.
    """
    program, expected = PROGRAMS[name]
    before = set(threading.enumerate())
    graph = tf.Graph()
    with graph.as_default():
        result = program(tf, folder, threads)
    left = set(threading.enumerate()) - before
    assert not left, f"threads are left: {', '.join(t.name for t in left)}"
    return result, expected(threads)
