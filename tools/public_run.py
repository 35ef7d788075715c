"""Run one program of a public repository under tf1x or TensorFlow 2.21, and write what became of it.

    python tools/public_run.py [--runs N] [--seconds T] ENGINE OUT.json PROGRAM
    python tools/public_run.py [--runs N] [--seconds T] ENGINE OUT.json -m MODULE [ARGS...]

The child of tools/public_programs.py; see there. The program runs as itself (`tf1x run PROGRAM`),
but it is stopped after N session runs or T seconds, and where it gives no seeds, it gets some, so
that two runs are alike: NumPy's, Python's and each new graph's. OUT.json has `outcome` ("end",
"runs", "seconds" or "error"), `runs`, `seconds`, `processor_seconds`, the `numbers` fetched (the first 100
scalars with their names), and after an error its type, message and the program's line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import record

import oracle

NUMBERS, SEED = 100, 42


class Stop(BaseException):
    """Ends the program: it has run for long enough."""


class Watch:
    """Counts session runs and keeps the numbers that come back."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.runs = 0
        self.stopped = ""
        self.numbers: list[tuple[str, float]] = []

    def on(self, session_class: Any) -> None:
        """Stand between programs and `session_class.run`."""
        run = session_class.run
        watch = self

        def watched(session: Any, fetches: Any, *args: Any, **kwargs: Any) -> Any:
            if watch.runs >= watch._limit:
                watch.stop("runs")
            result = run(session, fetches, *args, **kwargs)
            watch.runs += 1
            watch.note(fetches, result)
            return result

        session_class.run = watched

    def stop(self, why: str) -> None:
        """End the program. What catches all, as unittest does, ends it some other way later."""
        self.stopped = why
        raise Stop(why)

    def note(self, fetches: Any, result: Any) -> None:
        for fetch, value in zip(record.flatten(fetches), record.flatten(result), strict=False):
            if len(self.numbers) >= NUMBERS:
                return
            if getattr(value, "dtype", np.dtype(object)).kind in "fiub" and np.ndim(value) == 0:
                self.numbers.append((str(getattr(fetch, "name", fetch)), float(value)))


def _seed(graph_class: Any) -> None:
    """Seeds for those who give none."""
    random.seed(SEED)
    np.random.seed(SEED)
    make = graph_class.__init__

    def made(graph: Any, *args: Any, **kwargs: Any) -> None:
        make(graph, *args, **kwargs)
        if type(graph) is graph_class:  # not the inner graphs of functions
            graph.seed = SEED

    graph_class.__init__ = made


def _tf1x() -> tuple[Any, Any, Callable[..., Any]]:
    """The class whose `run` sessions use, the class of graphs, and what runs a program."""
    from tf1x.core.graph import Graph
    from tf1x.importer import program
    from tf1x.runtime.session import BaseSession

    return BaseSession, Graph, program.run


def _tensorflow() -> tuple[Any, Any, Callable[..., Any]]:
    oracle.install()
    from tensorflow.python.client.session import BaseSession
    from tensorflow.python.framework.ops import Graph

    return BaseSession, Graph, oracle.run


ENGINES = {"tf1x": _tf1x, "tensorflow": _tensorflow}


def _start(engine: str, program: str, watch: Watch) -> None:
    session_class, graph_class, run = ENGINES[engine]()
    watch.on(session_class)
    _seed(graph_class)
    if program.startswith("-m "):
        name, *arguments = program.removeprefix("-m ").split()
        run(name, arguments, is_module=True)
    else:
        run(program, [])


def _processor_seconds() -> float:
    """Of this process and those that it waited for."""
    return sum(os.times()[:4])


def _described(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not {"site-packages", "tf1x"} & set(Path(f.filename).parts)]
    last = own[-1] if own else frames[-1]
    return {
        "outcome": "error",
        "error": type(error).__name__,
        "message": str(error)[:2000],
        "where": f"{Path(last.filename).name}:{last.lineno}",
        "line": last.line or "",
    }


def watched_run(engine: str, program: str, runs: int, seconds: float) -> dict[str, Any]:
    """Run the program in this process; what became of it (see the module's text)."""
    watch = Watch(runs)
    found: dict[str, Any] = {"outcome": "end"}

    def on_alarm(*_: Any) -> None:
        watch.stop("seconds")

    def on_error(kind: Any, error: BaseException, trace: Any) -> None:
        found.update(_described(error.with_traceback(trace)))
        traceback.print_exception(kind, error, trace)

    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds, 5.0)
    sys.excepthook = on_error
    start = time.perf_counter()
    try:
        _start(engine, program, watch)
    except Stop:
        pass
    except SystemExit as end:
        if end.code not in (None, 0, False):
            found.update(_described(end))
    except Exception as error:
        on_error(type(error), error, error.__traceback__)
    signal.setitimer(signal.ITIMER_REAL, 0)
    if watch.stopped:
        found = {"outcome": watch.stopped}
    found.update(
        runs=watch.runs, seconds=time.perf_counter() - start, processor_seconds=_processor_seconds(),
        numbers=watch.numbers,
    )  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("engine", choices=list(ENGINES))
    parser.add_argument("out", type=Path)
    parser.add_argument("program", nargs=argparse.REMAINDER)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    found = watched_run(options.engine, " ".join(options.program), options.runs, options.seconds)
    options.out.write_text(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # the program's threads may wait for ever


if __name__ == "__main__":
    main()
