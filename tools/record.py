"""Record what a TensorFlow 1 program computes, under tf1x or under TensorFlow 2.21.

    python tools/record.py [--runs N] ENGINE SCRIPT OUT [ARGS...]

ENGINE is `tf1x` or `tensorflow`. The program is stopped after N session runs. OUT is a pickle of
a `Recording`: the graph, and for each run the names of the fetches, the feeds, and the numbers
that came back; the first time a combination of fetches is run, also the values of all variables
before it, so that another engine can repeat the run.
"""

from __future__ import annotations

import argparse
import pickle
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import oracle

_SMALL = 100


class Stop(BaseException):
    """Ends the program after the wanted number of runs."""


@dataclass
class Run:
    """One `Session.run`.

    Attributes:
        fetches: names of the fetched tensors and operations.
        feeds: fed values by tensor name.
        results: values by tensor name, of those with at most 100 elements unless `variables`.
        variables: values before the run by the name of the read op's output; None after the
            first run of these fetches.
    """

    fetches: list[str]
    feeds: dict[str, np.ndarray]
    results: dict[str, np.ndarray]
    variables: dict[str, np.ndarray] | None = None


@dataclass
class Recording:
    """The runs of one session's graph."""

    graph_def: bytes = b""
    runs: list[Run] = field(default_factory=list)


class Recorder:
    """Stands between a program and `Session.run` in the main thread."""

    def __init__(self, tf: Any, session_class: Any, limit: int) -> None:
        self._tf = tf
        self._limit = limit
        self._count = 0
        self._seen: set[Any] = set()
        self._busy = False
        self.graphs: dict[int, tuple[Any, Recording]] = {}
        self._run = session_class.run
        recorder = self

        def run(
            session: Any, fetches: Any, feed_dict: Any = None, *args: Any, **kwargs: Any
        ) -> Any:
            return recorder.run(session, fetches, feed_dict, args, kwargs)

        session_class.run = run

    def run(self, session: Any, fetches: Any, feed_dict: Any, args: Any, kwargs: Any) -> Any:
        if self._busy or threading.current_thread() is not threading.main_thread():
            return self._run(session, fetches, feed_dict, *args, **kwargs)
        if self._count >= self._limit:
            raise Stop
        self._count += 1
        graph = session.graph
        elements = [graph.as_graph_element(f) for f in flatten(fetches)]
        names = [e.name for e in elements]
        feeds = {
            graph.as_graph_element(k).name: np.asarray(v)
            for key, value in (feed_dict or {}).items()
            for k, v in _fed(key, value)
        }
        key = (id(graph), *names, *feeds)
        first = key not in self._seen
        self._seen.add(key)
        variables = self._variables(session) if first else None
        result = self._run(session, fetches, feed_dict, *args, **kwargs)
        values = {
            n: np.asarray(v) for n, v in zip(names, flatten(result), strict=True) if v is not None
        }
        if not first:
            values = {n: v for n, v in values.items() if v.size <= _SMALL}
        _, recording = self.graphs.setdefault(id(graph), (graph, Recording()))
        recording.runs.append(Run(names, feeds if first else {}, values, variables))
        return result

    def _variables(self, session: Any) -> dict[str, np.ndarray]:
        """Values of the initialised variables of the session's graph."""
        self._busy = True
        try:
            found = {}
            with session.graph.as_default():
                for variable in self._tf.global_variables():
                    try:
                        value = self._run(session, variable)
                    except self._tf.errors.FailedPreconditionError:
                        continue
                    found[f"{variable.op.name}/read:0"] = np.asarray(value)
            return found
        finally:
            self._busy = False

    def recordings(self) -> list[Recording]:
        for graph, recording in self.graphs.values():
            recording.graph_def = graph.as_graph_def().SerializeToString()
        return [recording for _, recording in self.graphs.values()]


def flatten(value: Any) -> list[Any]:
    """What a nest of lists, tuples and dicts holds."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in flatten(item)]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in flatten(item)]
    return [value]


def _fed(key: Any, value: Any) -> list[tuple[Any, Any]]:
    """Tensors and values of one key of a feed_dict, which may be a nest of tensors."""
    if not isinstance(key, (list, tuple)):
        return [(key, value)]
    return list(zip(flatten(key), flatten(value), strict=True))


def install(engine: str) -> tuple[Any, Any]:
    """The engine as `tensorflow`, and the class whose `run` its sessions use."""
    if engine == "tensorflow":
        tf = oracle.install()
        from tensorflow.python.client import session

        return tf, session.BaseSession
    from tf1x import importer
    from tf1x.runtime import session as ours

    importer.install()
    import tensorflow as tf

    return tf, ours.BaseSession


def record(engine: str, script: str, args: list[str], runs: int) -> list[Recording]:
    """Run the program and return its recordings, one a graph.

    Raises:
        Whatever the program raises, except `SystemExit` with status 0.
    """
    tf, session_class = install(engine)
    recorder = Recorder(tf, session_class, runs)
    try:
        oracle.run(script, args)
    except Stop:
        pass
    except SystemExit as end:
        if end.code:
            raise
    return recorder.recordings()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("engine", choices=["tf1x", "tensorflow"])
    parser.add_argument("script")
    parser.add_argument("out", type=Path)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("args", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    found = record(options.engine, options.script, options.args, options.runs)
    plain = [(r.graph_def, [vars(run) for run in r.runs]) for r in found]
    options.out.write_bytes(pickle.dumps(plain))


if __name__ == "__main__":
    main()
