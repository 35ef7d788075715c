"""The run of one compiled program with all that can be known of it looked up beforehand.

Most runs of most programs are alike: values of the same shapes, one segment, its results. For a small
network the way there through execute.py takes as long as the program itself. So once it has been
gone, an executor keeps a function for these shapes, which goes it with nothing left to decide.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import jax
import numpy as np

from tf1x.core.operation import Operation
from tf1x.core.references import variable_key
from tf1x.runtime.compile import Compiled
from tf1x.runtime.device_step import DeviceStep
from tf1x.runtime.fetched import as_result
from tf1x.runtime.fetches import Fetches
from tf1x.runtime.state import State

# Takes the fed values; gives what `Session.run` does, or `NOT_DIRECT`.
DirectRun = Callable[[list[Any]], Any]

NOT_DIRECT = object()

_enable_x64: Callable[..., Any] = jax.enable_x64


def direct_run(
    step: DeviceStep, compiled: Compiled, fetches: Fetches, state: State
) -> DirectRun | None:
    """The run as a function of the fed values, if nothing can come between.

    That is so for a program without checks, random numbers and outputs known beforehand, of which
    its outputs, operations and reference variables are fetched. Where a variable has no value, or
    has it not on the device, the function gives `NOT_DIRECT`, and nothing has happened.
    """
    order = _order(step, fetches)
    if order is None or not compiled.is_plain:
        return None
    pick, keys = order
    function, wide, constants = compiled.function, compiled.is_wide, compiled.constants
    lock, variables, positions = state.lock, state.variables, step.positions
    reads, writes, count = step.segment.reads, compiled.writes, len(step.segment.outputs)
    waits = bool(writes) and not count  # as in execute.py

    def run(fed: list[Any]) -> Any:
        inputs = fed if positions is None else [fed[i] for i in positions]
        with lock:
            old = [variables.get(key) for key in reads]
            kinds = set(map(type, old))
            if np.ndarray in kinds or type(None) in kinds:
                return NOT_DIRECT
            if wide:
                with _enable_x64(True):
                    results = function(*inputs, *old, *constants)
            else:
                results = function(*inputs, *old, *constants)
            variables.update(zip(writes, results[count:], strict=True))
            if waits:
                results[-1].block_until_ready()
            fetched = [as_result(variables[key]) for key in keys]
        return fetches.result(pick([*map(as_result, results[:count]), *fetched, None]))

    return run


def _order(step: DeviceStep, fetches: Fetches) -> tuple[Callable[..., Any], list[str]] | None:
    """The fetched variables, and what picks the fetches from outputs, these, and None."""
    outputs = {tensor: i for i, tensor in enumerate(step.segment.outputs)}
    known = {*step.segment.reads, *step.segment.writes}
    keys: list[str] = []
    places: list[int] = []
    for element in fetches.elements:
        if isinstance(element, Operation):
            places.append(-1)
        elif element in outputs:
            places.append(outputs[element])
        else:
            key = variable_key(element) if element.dtype._is_ref_dtype else None
            if key not in known:
                return None
            places.append(len(outputs) + len(keys))
            keys.append(key)
    # `itemgetter` of one place gives the item itself.
    return (
        itemgetter(*places) if len(places) > 1 else lambda values: [values[i] for i in places]
    ), keys
