"""The run of a plan of which nothing is compiled, with all that can be known of it looked up beforehand.

A row of a file passes through a dozen ops on its way into a queue. To find their inputs and outputs
anew for every row takes as long as the ops themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from tf1x.core import dtypes
from tf1x.core.operation import Operation, Tensor
from tf1x.runtime.device_step import concrete
from tf1x.runtime.direct import DirectRun, picker
from tf1x.runtime.fetched import as_result
from tf1x.runtime.fetches import Fetches
from tf1x.runtime.interpret import Prepared
from tf1x.runtime.state import State

_enable_x64: Callable[..., Any] = jax.enable_x64


def direct_ops_run(
    ops: Sequence[Prepared], fed: Sequence[Tensor], fetches: Fetches, state: State
) -> DirectRun | None:
    """The run as a function of the fed values, if the ops depend on nothing else.

    That is so where none reads or writes a variable or draws random numbers, and those that may have
    to wait for other runs come one after the other.
    """
    ordered = _in_order(ops)
    if ordered is None:
        return None
    place: dict[Any, int] = {tensor: i for i, tensor in enumerate(fed)}
    start: list[Any] = [None] * len(fed)
    steps = []
    for item in ordered:
        known = [tensor in place for tensor in item.outputs]
        if known and all(known):
            continue
        if any(known) or not (item.is_constant or item.direct):
            return None
        first = len(start)
        place |= {tensor: first + i for i, tensor in enumerate(item.outputs)}
        if item.is_constant:
            start.append(item.op.attrs["value"])
        elif item.is_handle and item.direct:
            start += map(concrete, item.direct([]))
        else:
            start += [None] * len(item.outputs)
            if item.direct:
                inputs = [place[t] for t in item.inputs]
                steps.append((item.direct, inputs, item.alone, slice(first, len(start))))
    fetched = [e for e in fetches.elements if not isinstance(e, Operation)]
    if any(t not in place or t.dtype in (dtypes.resource, dtypes.variant) for t in fetched):
        return None
    pick, lock = picker([place.get(e, len(start)) for e in fetches.elements]), state.lock

    def run(given: list[Any]) -> Any:
        values = start.copy()
        values[: len(given)] = map(concrete, given)
        with _enable_x64(True):
            for compute, inputs, alone, outputs in steps:
                arguments = [values[i] for i in inputs]
                if alone:
                    found = compute(arguments)
                else:
                    with lock:
                        found = compute(arguments)
                values[outputs] = [x if type(x) is np.ndarray else concrete(x) for x in found]
        values.append(None)  # an operation's
        return fetches.result([x if x is None else as_result(x) for x in pick(values)])

    return run


def _in_order(ops: Sequence[Prepared]) -> Sequence[Prepared] | None:
    """The ops in an order in which none keeps another waiting; None where two may wait at once.

    Where several wait, one after the other, those come first that need not follow any of them.
    """
    count = sum([item.waits for item in ops])
    if count < 2:
        return ops
    waits: dict[Operation, int] = {}  # how many of them an op follows, itself included

    def before(op: Operation) -> int:
        found = 0
        for source in (*(t.op for t in op.inputs), *op.control_inputs):
            if source in waits:
                found = max(found, waits[source])
            elif source.type == "NoOp":  # these are not among the ops
                found = max(found, before(source))
        return found

    for item in ops:
        waits[item.op] = before(item.op) + item.waits
    if count > max(waits.values()):
        return None
    return sorted(ops, key=lambda item: waits[item.op])
