"""What becomes of threads that still run graphs when the program ends.

Daemon threads (those of queue runners, or of an asynchronous trainer) go on while the interpreter
shuts down. One that then comes back from XLA ends the process with "FATAL: exception not rethrown"
(measured). So the end of the program waits until no thread is inside XLA, and lets none in again.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from tf1x.runtime.execute import Executor, FunctionRunner, Runner

# A computation that takes longer is not waited for.
_SECONDS = 5.0
_PAUSE = 0.001


def _inside(frame: FrameType) -> bool:
    """Whether a thread may be in XLA's code: what it executes was called by JAX's or ours."""
    return str(frame.f_globals.get("__name__")).startswith(("jax", "tf1x."))


def _for_one_thread(method: Callable[..., Any], own: int) -> Callable[..., Any]:
    def only_own(*args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != own:
            threading.Event().wait()  # until the process is gone
        return method(*args, **kwargs)

    return only_own


@atexit.register
def _keep_threads_out() -> None:
    own = threading.get_ident()
    others = [t.ident for t in threading.enumerate() if t.ident != own]
    if not others:
        return
    for kind, name in ((Executor, "run"), (FunctionRunner, "call"), (Runner, "_dispatch")):
        setattr(kind, name, _for_one_thread(getattr(kind, name), own))
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        frames = sys._current_frames()
        if not any(ident in frames and _inside(frames[ident]) for ident in others if ident):
            return
        time.sleep(_PAUSE)
