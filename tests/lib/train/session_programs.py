"""Programs with monitored sessions, hooks and supervisors.

`PROGRAMS` maps a name to a function `(tf, folder)`; what it returns, and what it logs, is also what
it returns and logs under TensorFlow 2.21.
"""

from __future__ import annotations

import glob
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def logged(folder: str) -> Iterator[list[str]]:
    """The messages of tf.logging (INFO and above), without times, rates and the folder's name."""
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage().replace(folder, "")
            text = re.sub(r"\(\d+\.\d+ sec\)", "(sec)", text)
            text = re.sub(r"0x[0-9a-f]+", "0x", text)
            lines.append(re.sub(r"/sec: .*", "/sec", text))

    logger = logging.getLogger("tensorflow")
    handler, level = Handler(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def counter(tf: Any, by: int = 1) -> tuple[Any, Any]:
    """The global step, and an op that counts it up once its value from before has been read."""
    step = tf.train.get_or_create_global_step()
    if tf.__name__ == "tf1x":
        from tf1x.lib.train.training_util import get_or_create_global_step_read as read
    else:
        from tensorflow.python.training.training_util import _get_or_create_global_step_read as read
    with tf.control_dependencies([read()]):
        return step, tf.assign_add(step, by)


def recorder(tf: Any, name: str, record: list[Any]) -> Any:
    """A hook that notes what is called."""

    class Recorder(tf.train.SessionRunHook):
        asks: Any = None
        stops_after: Any = None

        def begin(self) -> None:
            record.append((name, "begin"))

        def after_create_session(self, session: Any, coord: Any) -> None:
            finalized = session.graph.finalized
            record.append((name, "created", finalized, type(coord).__name__, coord.should_stop()))

        def before_run(self, run_context: Any) -> Any:
            record.append((name, "before", run_context.original_args.feed_dict))
            return self.asks

        def after_run(self, run_context: Any, run_values: Any) -> None:
            values = run_values.results
            record.append((name, "after", None if values is None else np.asarray(values).tolist()))
            if self.stops_after is not None and values >= self.stops_after:
                run_context.request_stop()

        def end(self, session: Any) -> None:
            record.append((name, "end", type(session).__name__))

    return Recorder()


def event_files(tf: Any, folder: str) -> list[Any]:
    """What the event files of a folder hold, by folder."""
    found: list[Any] = []
    for path in sorted(glob.glob(f"{folder}/**/events*", recursive=True)):
        for event in tf.train.summary_iterator(path):
            kind = event.WhichOneof("what")
            what: Any = None
            if kind == "summary":
                what = [
                    (v.tag, None if "/sec" in v.tag else round(v.simple_value, 5))
                    for v in event.summary.value
                ]
            elif kind == "session_log":
                log = event.session_log
                what = (log.status, log.checkpoint_path.replace(folder, ""))
            found.append((os.path.dirname(path).replace(folder, ""), event.step, kind, what))
    return found


def files(folder: str) -> list[str]:
    """The names of the files, without the times in those of events."""
    return sorted({re.sub(r"tfevents.*", "tfevents", name) for name in os.listdir(folder)})


def _error(call: Any) -> tuple[str, str]:
    try:
        call()
    except Exception as error:
        return type(error).__name__, str(error).split("\n")[0][:60]
    return "", ""


# -- monitored sessions ------------------------------------------------------------------------


def hooks_in_order(tf: Any, folder: str) -> Any:
    record: list[Any] = []
    step, train = counter(tf)
    first, second = recorder(tf, "first", record), recorder(tf, "second", record)
    first.asks = tf.train.SessionRunArgs(step)
    first.stops_after = 3
    with tf.train.MonitoredSession(hooks=[first, second]) as session:
        while not session.should_stop():
            record.append(int(session.run(train)))
        late = _error(lambda: session.run(train))
    closed = session.should_stop(), tf.get_default_graph().finalized
    return record, late, closed


def training_session(tf: Any, folder: str) -> Any:
    _, train = counter(tf)
    loss = 1.0 / tf.cast(train, tf.float32)
    tf.summary.scalar("loss", loss)
    kept = []
    for last in (11, 16):
        hooks = [
            tf.train.StopAtStepHook(last_step=last),
            tf.train.LoggingTensorHook({"loss": loss}, every_n_iter=4),
        ]
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=folder,
            hooks=hooks,
            save_checkpoint_steps=4,
            save_summaries_steps=3,
            log_step_count_steps=5,
        ) as session:
            while not session.should_stop():
                kept.append(float(session.run(loss)))
        tf.summary.FileWriterCache.clear()
        _wait_for_the_next_second()
    return kept, files(folder), event_files(tf, folder)


def _wait_for_the_next_second() -> None:
    """TensorFlow's event files are called by the second: a later one may replace the earlier."""
    now = time.time()
    time.sleep(int(now) + 1 - now)


def session_without_hooks_of_its_own(tf: Any, folder: str) -> Any:
    _, train = counter(tf)
    tf.summary.scalar("step", train)
    summaries = os.path.join(folder, "summaries")
    with tf.train.MonitoredTrainingSession(
        checkpoint_dir=os.path.join(folder, "model"),
        summary_dir=summaries,
        save_checkpoint_secs=None,
        save_summaries_secs=1000,
        log_step_count_steps=0,
    ) as session:
        for _ in range(3):
            session.run(train)
    tf.summary.FileWriterCache.clear()
    return files(folder), files(summaries), event_files(tf, folder)


def recovery(tf: Any, folder: str) -> Any:
    record: list[Any] = []
    _, train = counter(tf)
    hook = recorder(tf, "hook", record)
    failures = [
        tf.errors.AbortedError(None, None, "lost"),
        tf.errors.UnavailableError(None, None, "gone"),
    ]

    class Fails(tf.train.SessionRunHook):
        def after_run(self, run_context: Any, run_values: Any) -> None:
            if len(record) > 6 and failures:
                raise failures.pop()

    with tf.train.MonitoredTrainingSession(
        checkpoint_dir=folder,
        save_checkpoint_steps=2,
        hooks=[hook, Fails()],
        save_summaries_steps=0,
    ) as session:
        values = [int(session.run(train)) for _ in range(6)]
    tf.summary.FileWriterCache.clear()
    return record, values


def ends(tf: Any, folder: str) -> Any:
    found = []
    for error in (
        tf.errors.OutOfRangeError(None, None, "all"),
        StopIteration(),
        tf.errors.CancelledError(None, None, "no"),
        KeyError("key"),
        tf.errors.AbortedError(None, None, "lost"),
    ):
        record: list[Any] = []
        with tf.Graph().as_default():
            constant = tf.constant(1)

            def run(record: Any = record, constant: Any = constant, error: Any = error) -> None:
                with tf.train.MonitoredSession(hooks=[recorder(tf, "hook", record)]) as session:
                    session.run(constant)
                    raise error

            found.append((_error(run), record))
    return found


def input_used_up(tf: Any, folder: str) -> Any:
    queue = tf.train.string_input_producer(["a", "b", "c"], shuffle=False, num_epochs=2)
    name = queue.dequeue()
    seen, record = [], []  # type: ignore[var-annotated]
    with tf.train.MonitoredSession(hooks=[recorder(tf, "hook", record)]) as session:
        while not session.should_stop():
            seen.append(session.run(name))
    return seen, record[-1]


def failing_thread(tf: Any, folder: str) -> Any:
    def fails() -> np.int64:
        raise KeyError("in a thread")

    queue = tf.FIFOQueue(2, [tf.int64], shapes=[[]])
    enqueue = queue.enqueue(tf.py_func(fails, [], tf.int64))
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [enqueue]))
    taken = queue.dequeue()
    record: list[Any] = []

    def run() -> None:
        with tf.train.MonitoredSession(hooks=[recorder(tf, "hook", record)]) as session:
            while not session.should_stop():
                session.run(taken)

    kind, message = _error(run)
    return kind, "in a thread" in message or "Queue" in message or "queue" in message, record[-1]


def feeds(tf: Any, folder: str) -> Any:
    x, y = tf.placeholder(tf.float32, name="x"), tf.placeholder(tf.float32, name="y")
    z = x + y
    hook = tf.train.FeedFnHook(lambda: {x: 1.0})
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        both = session.run(z, {y: 2.0})
        conflict = _error(lambda: session.run(z, {x: 2.0, y: 2.0}))[0]
    with tf.train.MonitoredSession(hooks=[hook, tf.train.FeedFnHook(lambda: {x: 3.0})]) as session:
        return float(both), conflict, _error(lambda: session.run(z, {y: 1.0}))[0]


def step_function(tf: Any, folder: str) -> Any:
    record: list[Any] = []
    v = tf.get_variable("v", initializer=1.0)
    add = tf.assign_add(v, 1.0)

    def step_fn(step_context: Any) -> Any:
        raw = step_context.session.run(v)
        return float(raw), float(step_context.run_with_hooks(add))

    def stops(step_context: Any) -> None:
        step_context.request_stop()

    with tf.train.MonitoredSession(hooks=[recorder(tf, "hook", record)]) as session:
        values = [session.run_step_fn(step_fn) for _ in range(2)]
        wrong = _error(lambda: session.run_step_fn(lambda other: None))[0]
        session.run_step_fn(stops)
    return values, wrong, record


def singular(tf: Any, folder: str) -> Any:
    v = tf.get_variable("v", initializer=[1.0, 2.0])
    with tf.train.SingularMonitoredSession() as session:
        raw = session.raw_session().run(v).tolist()
        started = tf.train.start_queue_runners(session)

        def lost() -> None:
            raise tf.errors.AbortedError(None, None, "lost")

    def run() -> None:
        with tf.train.SingularMonitoredSession() as session:
            session.run(v)
            lost()

    return raw, started, _error(run)[0]


# -- scaffolds and session managers ------------------------------------------------------------


def scaffold(tf: Any, folder: str) -> Any:
    v = tf.get_variable("v", initializer=tf.placeholder_with_default([1.0, 2.0], [2], name="first"))
    w = tf.get_variable("w", shape=[2])
    local = tf.get_variable("l", initializer=3.0, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    assign = w.assign([5.0, 6.0])
    seen = []

    def init_fn(given: Any, session: Any) -> None:
        seen.append(type(given).__name__)
        session.run(assign)

    made = tf.train.Scaffold(
        init_op=v.initializer, init_feed_dict={"first:0": [7.0, 8.0]}, init_fn=init_fn
    )
    creator = tf.train.ChiefSessionCreator(scaffold=made)
    with tf.train.MonitoredSession(creator) as session:
        values = [x.tolist() for x in session.run([v, w, local])]
    copied = tf.train.Scaffold(copy_from_scaffold=made, saver=made.saver)
    same = copied.init_op is made.init_op, copied.saver is made.saver
    tf.add_to_collection(tf.GraphKeys.INIT_OP, tf.no_op())
    tf.add_to_collection(tf.GraphKeys.INIT_OP, tf.no_op())
    return values, seen, same, _error(lambda: tf.train.Scaffold().finalize())[0]


def scaffold_nodes(tf: Any, folder: str) -> Any:
    tf.get_variable("v", initializer=1.0)
    tf.get_variable("l", initializer=3.0, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    tf.train.Scaffold().finalize()
    return [(op.name, op.type) for op in tf.get_default_graph().get_operations()]


def not_ready(tf: Any, folder: str) -> Any:
    tf.get_variable("v", initializer=1.0)
    tf.get_variable("w", initializer=1.0)

    def start(made: Any) -> Any:
        def run() -> None:
            with tf.train.MonitoredSession(tf.train.ChiefSessionCreator(scaffold=made)):
                pass

        return _error(run)

    return start(tf.train.Scaffold(init_op=tf.no_op()))


def manager(tf: Any, folder: str) -> Any:
    v = tf.get_variable("v", initializer=1.0)
    local = tf.get_variable("l", initializer=v.initialized_value(), collections=["local_variables"])
    ready = tf.report_uninitialized_variables()
    made = tf.train.SessionManager(
        local_init_op=local.initializer,
        ready_op=ready,
        ready_for_local_init_op=tf.report_uninitialized_variables(tf.global_variables()),
        recovery_wait_secs=0.05,
    )
    saver = tf.train.Saver([v])
    out = []
    session, loaded = made.recover_session("", saver=saver, checkpoint_dir=folder)
    out.append((loaded, session.run(ready).tolist()))
    session = made.prepare_session(
        "", init_op=v.initializer, saver=saver, checkpoint_dir=folder, init_fn=lambda s: None
    )
    session.run(v.assign(9.0))
    saver.save(session, os.path.join(folder, "model"), global_step=3)
    session, loaded = made.recover_session("", saver=saver, checkpoint_dir=folder)
    out.append((loaded, session.run([v, local])))
    path = os.path.join(folder, "model-3")
    session = made.prepare_session("", saver=saver, checkpoint_filename_with_path=path)
    out.append(session.run([v, local]))
    return (
        np.array(out, dtype=object).tolist(),
        _error(lambda: made.prepare_session("", saver=saver, checkpoint_dir=folder + "/no")),
        _error(lambda: made.wait_for_session("", max_wait_secs=0.01))[0],
        _error(lambda: tf.train.SessionManager(ready_for_local_init_op=v)),
        _error(lambda: tf.train.SessionManager().prepare_session("")),
    )


# -- hooks -------------------------------------------------------------------------------------


def stopping(tf: Any, folder: str) -> Any:
    _, train = counter(tf, by=2)
    found = []
    for options in ({"num_steps": 5}, {"last_step": 7}, {"last_step": 1}):
        with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(**options)]) as session:
            while not session.should_stop():
                last = session.run(train)
        found.append(int(last))
    hook = tf.train.StopAtStepHook
    return found, _error(hook), _error(lambda: hook(1, 2))


def stopping_without_steps(tf: Any, folder: str) -> Any:
    hooks = [
        tf.train.StopAtStepHook(1),
        tf.train.StepCounterHook(),
        tf.train.CheckpointSaverHook(folder, save_steps=1),
        tf.train.SummarySaverHook(1, summary_op=tf.constant(b"")),
        tf.train.GlobalStepWaiterHook(1),
    ]
    return [_error(hook.begin)[0] for hook in hooks]


def logging_tensors(tf: Any, folder: str) -> Any:
    _, train = counter(tf)
    loss = tf.cast(train, tf.float32) * tf.constant([0.5, 1e-6], name="loss")
    two = tf.unstack(loss, name="two")
    hook = tf.train.LoggingTensorHook
    hooks = [
        hook({"loss": loss, "a": "mul:0"}, every_n_iter=2),
        hook(["mul"], every_n_secs=1000),
        hook([two[0]], at_end=True, formatter=lambda values: f"formatted {len(values)}"),
        hook({"b": two[1]}, every_n_iter=100, at_end=True),
    ]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        for _ in range(5):
            session.run(train)
    return (
        _error(lambda: hook(["two"], every_n_iter=1).begin()),
        _error(lambda: hook([loss])),
        _error(lambda: hook([loss], every_n_iter=0)),
        _error(lambda: hook([loss], every_n_iter=1, every_n_secs=1)),
    )


def nan(tf: Any, folder: str) -> Any:
    x = tf.placeholder(tf.float32, name="x")
    found = []
    for fail in (True, False):

        def run(fail: bool = fail) -> None:
            with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(x + 0, fail)]) as session:
                session.run(x, {x: 1.0})
                session.run(x, {x: np.nan})
                found.append(session.should_stop())

        found.append(_error(run))
    return found


def savers_and_listeners(tf: Any, folder: str) -> Any:
    _, train = counter(tf)
    record: list[Any] = []

    class Listener(tf.train.CheckpointSaverListener):
        def begin(self) -> None:
            record.append("begin")

        def before_save(self, session: Any, global_step_value: Any) -> None:
            record.append(("before", int(global_step_value)))

        def after_save(self, session: Any, global_step_value: Any) -> bool:
            record.append(("after", int(global_step_value)))
            return bool(global_step_value >= 6)

        def end(self, session: Any, global_step_value: Any) -> None:
            record.append(("end", int(global_step_value)))

    made = tf.train.Scaffold()
    hook = tf.train.CheckpointSaverHook(
        folder, save_steps=3, scaffold=made, listeners=[Listener()], checkpoint_basename="here"
    )
    session_creator = tf.train.ChiefSessionCreator(scaffold=made)
    with tf.train.MonitoredSession(session_creator, hooks=[hook]) as session:
        while not session.should_stop():
            session.run(train)
    tf.summary.FileWriterCache.clear()
    both = _error(lambda: tf.train.CheckpointSaverHook(folder, 1, saver=1, scaffold=made))
    neither = _error(lambda: tf.train.CheckpointSaverHook(folder))
    return record, files(folder), event_files(tf, folder), both, neither


def summaries(tf: Any, folder: str) -> Any:
    _, train = counter(tf)
    one = tf.summary.scalar("one", train)
    two = tf.summary.scalar("two", train * 2)
    hooks = [
        tf.train.SummarySaverHook(save_steps=2, output_dir=f"{folder}/a", summary_op=[one, two]),
        tf.train.SummarySaverHook(save_secs=1000, output_dir=f"{folder}/b", summary_op=one),
        tf.train.StepCounterHook(every_n_steps=2, output_dir=f"{folder}/c"),
    ]
    with tf.train.MonitoredSession(hooks=hooks) as session:
        for _ in range(6):
            session.run(train)
    tf.summary.FileWriterCache.clear()
    return event_files(tf, folder), _error(lambda: tf.train.SummarySaverHook(1))


def final_ops(tf: Any, folder: str) -> Any:
    v = tf.get_variable("v", initializer=1.0)
    x = tf.placeholder_with_default(0.0, [])
    add = tf.assign_add(v, 1.0)
    hook = tf.train.FinalOpsHook({"v": v, "x": [v + x]}, {x: 10.0})
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        session.run(add)
    return {key: np.asarray(value).tolist() for key, value in hook.final_ops_values.items()}


def timer(tf: Any, folder: str) -> Any:
    made = tf.train.SecondOrStepTimer(every_steps=3)
    found: list[Any] = [made.last_triggered_step()]
    for step in (0, 1, 3, 3, 8):
        found.append(made.should_trigger_for_step(step))
        if found[-1]:
            found.append(made.update_last_triggered_step(step)[1])
    timed = tf.train.SecondOrStepTimer(every_secs=0.05)
    timed.update_last_triggered_step(1)
    found += [timed.should_trigger_for_step(2), made.last_triggered_step()]
    time.sleep(0.06)
    found += [timed.should_trigger_for_step(1), timed.should_trigger_for_step(2)]
    timed.reset()
    found.append(timed.should_trigger_for_step(1))
    return (
        found,
        _error(tf.train.SecondOrStepTimer),
        _error(lambda: tf.train.SecondOrStepTimer(1, 1)),
    )


def waiting(tf: Any, folder: str) -> Any:
    step, train = counter(tf)
    hooks = [tf.train.GlobalStepWaiterHook(0), tf.train.GlobalStepWaiterHook(3)]
    creator = tf.train.ChiefSessionCreator(tf.train.Scaffold(init_op=step.assign(4)))
    with tf.train.MonitoredSession(creator, hooks=hooks) as session:
        return int(session.run(train))


def profiles(tf: Any, folder: str) -> Any:
    _, train = counter(tf)
    with tf.train.MonitoredSession(
        hooks=[tf.train.ProfilerHook(save_steps=3, output_dir=folder)]
    ) as session:
        for _ in range(7):
            session.run(train)
    tf.summary.FileWriterCache.clear()
    return files(folder), [event[1:3] for event in event_files(tf, folder)]


# -- supervisors -------------------------------------------------------------------------------


def supervisor(tf: Any, folder: str) -> Any:
    step, train = counter(tf)
    tf.summary.scalar("step", step)
    found = []
    for _ in range(2):
        made = tf.train.Supervisor(logdir=folder, save_model_secs=1000, save_summaries_secs=1000)
        with made.managed_session() as session:
            found.append(int(session.run(step)))
            for _ in range(3):
                session.run(train)
            time.sleep(0.2)  # threads have saved once
            made.saver.save(session, made.save_path, global_step=made.global_step)
        found.append(made.should_stop())
    kinds = {(step, kind) for _, step, kind, _ in event_files(tf, folder)}
    return found, [name for name in files(folder) if "ckpt-3" in name], ("graph_def" in str(kinds))


def supervisor_errors(tf: Any, folder: str) -> Any:
    queue = tf.train.string_input_producer(["a"], num_epochs=1)
    name = queue.dequeue()
    made = tf.train.Supervisor(logdir=None)
    seen = []
    with made.managed_session() as session:  # the input ends
        while not made.should_stop():
            seen.append(session.run(name))

    def fails() -> None:
        with made.managed_session():
            raise KeyError("mine")

    return (
        seen,
        _error(fails),
        _error(lambda: made.summary_computed(None, b"")),
        made.save_path,
        _error(lambda: tf.Variable(1.0))[0],
    )


def supervisor_parts(tf: Any, folder: str) -> Any:
    tf.get_variable("v", initializer=1.0)
    made = tf.train.Supervisor(logdir=folder, checkpoint_basename="m", summary_op=None)
    calls: list[int] = []
    session = made.prepare_or_wait_for_session()
    made.loop(0.01, calls.append, args=(1,))
    time.sleep(0.1)
    made.stop()
    return (
        made.save_path.replace(folder, ""),
        made.summary_op,
        made.global_step,
        made.init_op.name,
        made.ready_op.name,
        type(made.saver).__name__,
        len(calls) > 1,
        made.coord.joined,
        type(session).__name__,
    )


PROGRAMS = {
    program.__name__: program
    for program in (
        hooks_in_order,
        training_session,
        session_without_hooks_of_its_own,
        recovery,
        ends,
        input_used_up,
        failing_thread,
        feeds,
        step_function,
        singular,
        scaffold,
        scaffold_nodes,
        not_ready,
        manager,
        stopping,
        stopping_without_steps,
        logging_tensors,
        nan,
        savers_and_listeners,
        summaries,
        final_ops,
        timer,
        waiting,
        profiles,
        supervisor,
        supervisor_errors,
        supervisor_parts,
    )
}
