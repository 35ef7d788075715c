"""The run of one compiled program with all that can be known of it looked up beforehand.

Most runs of most programs are alike: values of the same shapes, one segment, its results. For a small
network the way there through execute.py takes as long as the program itself. So once it has been
gone, an executor keeps a function for these shapes, which goes it with nothing left to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NoReturn

import jax
import numpy as np

from tf1x.core.operation import Operation
from tf1x.core.references import variable_key
from tf1x.native.aligned import aligned
from tf1x.runtime.compile import Compiled
from tf1x.runtime.device_step import DeviceStep
from tf1x.runtime.fetches import Fetches
from tf1x.runtime.state import State

# Takes the fed values; gives what `Session.run` does, or `NOT_DIRECT`.
DirectRun = Callable[[list[Any]], Any]

NOT_DIRECT = object()

# What is fed again and again is kept on the device if it is no larger than this.
_KEPT_BYTES = 1024

# What is larger JAX copies in a thread of its own, unless XLA can read it in place; and then the
# program, too, runs in a thread that is not the caller's (XLA's `kSmallDataTransferByteSize`).
_TRANSFERRED_BYTES = 64 << 10

_NOT_ON_DEVICE = frozenset({np.ndarray, type(None)})

_enable_x64: Callable[..., Any] = jax.enable_x64


def direct_run(
    step: DeviceStep,
    compiled: Compiled,
    fetches: Fetches,
    state: State,
    fail: Callable[[list[Any], Any], NoReturn],
) -> DirectRun | None:
    """The run as a function of the fed values, if nothing can come between.

    That is so for a program without lists, of which its outputs, operations and reference variables
    are fetched. Where a variable has no value, or has it not on the device, the function gives
    `NOT_DIRECT`, and nothing has happened. After a failed check it calls `fail` with the fed values
    and the program's results.
    """
    pick = _pick(step, compiled, fetches)
    if pick is None or compiled.has_lists:
        return None
    places = range(len(step.segment.inputs)) if step.positions is None else step.positions
    given = picker([places[i] for i in compiled.dynamic])
    function, constants = compiled.function, compiled.constants
    if compiled.is_wide:
        function = _in_64_bits(function)
    lock, variables, reads = state.lock, state.variables, step.segment.reads
    writes, first = compiled.writes, len(step.segment.outputs) - len(compiled.static)
    last = first + len(writes)
    waits = compiled.writes_only  # as in execute.py
    keep = _kept(len(compiled.dynamic))
    random, checks = bool(compiled.random), bool(compiled.checks)
    result, to_numpy = fetches.result, np.array
    known = [*compiled.static.values(), None]

    def run(fed: list[Any]) -> Any:
        with lock:
            inputs = keep(given(fed))
            old = [variables.get(key) for key in reads]
            if not _NOT_ON_DEVICE.isdisjoint(map(type, old)):
                return NOT_DIRECT
            if random:
                results = function(*inputs, *old, *constants, compiled.counters(state))
            else:
                results = function(*inputs, *old, *constants)
            if checks and compiled.has_failed(results):
                fail(fed, results)
            variables.update(zip(writes, results[first:last], strict=True))
            if random:
                compiled.advance(state)
            if waits:
                results[-1].block_until_ready()
            # Under the lock, since another thread may donate the variables to its run.
            # `as_result`, in place: a call of a function takes as long as the rest of it.
            values = [
                None if x is None else array if (array := to_numpy(x)).shape else array[()]
                for x in pick([*results, *old, *known])
            ]
        return result(values)

    return run


def _pick(
    step: DeviceStep, compiled: Compiled, fetches: Fetches
) -> Callable[[list[Any]], Sequence[Any]] | None:
    """What picks the fetches.

    That is from the program's results, the variables it reads, what is known beforehand, and None.
    """
    segment = step.segment
    computed = [t for i, t in enumerate(segment.outputs) if i not in compiled.static]
    extra: list[Any] = [None] * compiled.extra
    # The new value of a variable comes before the old one.
    order: list[Any] = [*computed, *compiled.writes, *extra, *segment.reads]
    order += [segment.outputs[i] for i in compiled.static]
    place = {item: i for i, item in reversed([*enumerate(order)])}
    places: list[int] = []
    for element in fetches.elements:
        if isinstance(element, Operation):
            places.append(len(order))
        elif element in place:
            places.append(place[element])
        elif element.dtype._is_ref_dtype and variable_key(element) in place:
            places.append(place[variable_key(element)])
        else:
            return None
    return picker(places)


def picker(places: list[int]) -> Callable[[list[Any]], Sequence[Any]]:
    """What gives the items at `places`."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda items: [items[i] for i in places]


def _in_64_bits(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        with _enable_x64(True):
            return function(*arguments)

    return call


def _kept(count: int) -> Callable[[Sequence[Any]], list[Any]]:
    """Takes copies on the device for inputs that are small and as in the run before.

    So are a learning rate or the probability of dropout, and a transfer takes longer than to see it.
    """
    before = [b""] * count
    copies: list[Any] = [None] * count

    def copy(value: Any) -> Any:
        with _enable_x64(True):
            # Of a copy: JAX may read an array in place, and this one is the caller's.
            return jax.device_put(value.copy())

    def keep(inputs: Sequence[Any]) -> list[Any]:
        found = list(inputs)
        for i, value in enumerate(inputs):
            if type(value) is np.ndarray and value.nbytes <= _KEPT_BYTES:
                content = value.tobytes()
                if content != before[i]:
                    before[i], copies[i] = content, None
                else:
                    found[i] = copies[i] = copy(value) if copies[i] is None else copies[i]
            elif type(value) is np.ndarray and value.nbytes > _TRANSFERRED_BYTES:
                found[i] = aligned(value)
        return found

    return keep
