"""Compiled segments on disk, so that a program's second run neither traces nor compiles them.

JAX's cache (cache.py) saves XLA's work only, and asks for the traced and lowered program first: for a
network of some hundred ops that takes as long as a few hundred steps. What stands here is found by
the fingerprint of the graph instead. It lies in the user's own cache folder, as JAX's cache does, and
like that holds code: who can write there can run programs as the user.

A segment without a fingerprint, and all but CPUs, take the way by JAX's cache.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import pickle
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from tf1x.core.files import replacing
from tf1x.core.operation import Operation
from tf1x.runtime import xla
from tf1x.runtime.fingerprint import Fingerprint, NoFingerprint

# What is oldest goes when the folder has more: some thousand programs.
_MAX_BYTES = 1 << 29
# Of JAX's: it does not keep what took less time to compile.
_LEAST_TIME = "jax_persistent_cache_min_compile_time_secs"

_HIT = "/jax/compilation_cache/cache_hits"

_log = logging.getLogger("tf1x")
_folder: Path | None = None
_compiling = threading.Lock()


def keep_in(folder: Path | None) -> None:
    """Keep programs there from now on; None for nowhere."""
    global _folder
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _make_room.cache_clear()
        except OSError:  # no room, or a read-only home: run without
            folder = None
    _folder = folder


class SavedProgram:
    """The place of one program on the disk.

    Attributes:
        number: the numbers, from 0 on, that stand for ops in notes.
    """

    def __init__(self, path: Path, number: dict[Operation, int]) -> None:
        self._path = path
        self.number = number

    @staticmethod
    def of(*parts: Any) -> SavedProgram | None:
        """The place of the program with the `Fingerprint` of these parts, if it has one."""
        if _folder is None or jax.default_backend() != "cpu" or jax.device_count() > 1:
            return None
        try:
            found = Fingerprint(*parts)
        except NoFingerprint:
            return None
        return SavedProgram(_folder / found.digest, found.number)

    def load(self) -> tuple[Any, Callable[..., Any]] | None:
        """The notes and the function that were saved; None where there are none, or not whole."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return None
        with contextlib.suppress(OSError):  # a folder to read only
            os.utime(self._path)  # `_make_room` drops what was not used for long
        try:
            notes, *program = pickle.loads(content)
            return notes, deserialize_and_load(*program)
        except Exception as error:  # a file cut short, or of another kind: it is made anew
            _log.debug("%s is not used: %s", self._path, error)
            return None

    def save(
        self,
        notes: Any,
        function: Callable[..., Any],
        specs: Sequence[Any],
        donated: tuple[int, ...],
    ) -> Callable[..., Any]:
        """The function compiled; it is kept with the notes."""
        compiled, is_new = _compiled(function, specs, donated)
        if is_new:
            with contextlib.suppress(OSError):
                _make_room(self._path.parent)
                with replacing(os.fspath(self._path)) as file:
                    pickle.dump((notes, *serialize(compiled)), file)  # type: ignore[no-untyped-call]
        return compiled


def _compiled(
    function: Callable[..., Any], specs: Sequence[Any], donated: tuple[int, ...]
) -> tuple[jax.stages.Compiled, bool]:
    """The function compiled, and whether that happened now.

    An executable out of JAX's cache does not survive being saved again: it loads, and fails when it
    is run (measured; XLA has no object code of what it did not compile itself). So JAX is kept from
    keeping these, and the name tells them from programs that it may have.
    """

    def saved_program(*arguments: Any) -> Any:
        return function(*arguments)

    config: Any = jax.config
    with _compiling:
        hits, before = _hits(), getattr(config, _LEAST_TIME)
        config.update(_LEAST_TIME, float("inf"))
        try:
            compiled = xla.compiled(saved_program, specs, donated)
        finally:
            config.update(_LEAST_TIME, before)
        return compiled, _hits() == hits


_events: list[str] = []


@functools.cache
def _listen() -> None:
    jax.monitoring.register_event_listener(
        lambda event, **_: _events.append(event) if event == _HIT else None
    )


def _hits() -> int:
    """How often JAX has found a program in its cache since the first call."""
    _listen()
    return len(_events)


@functools.cache  # once, and only where something is saved: a full folder takes 0.1 s to look at
def _make_room(folder: Path) -> None:
    files = [(entry.stat(), entry.path) for entry in os.scandir(folder)]
    files.sort(key=lambda file: file[0].st_mtime)
    excess = sum(stat.st_size for stat, _ in files) - _MAX_BYTES
    for stat, path in files:
        if excess <= 0:
            return
        os.unlink(path)
        excess -= stat.st_size
