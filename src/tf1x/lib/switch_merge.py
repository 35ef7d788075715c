"""`control_flow_ops.switch` and `merge`, the primitives of TensorFlow 1's control flow.

There are no dead tensors here: what stands between a `switch` and a `merge` is computed for both
outputs, and `merge` chooses. That gives the same values for everything that has no effects.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any
from weakref import WeakKeyDictionary

from tf1x.core import convert
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import name_scope
from tf1x.ops.array import Identity
from tf1x.ops.control_flow import cond
from tf1x.ops.math import LogicalAnd, LogicalNot

SwitchOutput = namedtuple("Switch", "output_false output_true")
MergeOutput = namedtuple("Merge", "output value_index")

# Outputs of `switch`: the condition, and for which value of it they are alive.
_conditions: WeakKeyDictionary[Tensor, tuple[Tensor, bool]] = WeakKeyDictionary()


def switch(data: Any, pred: Any, dtype: Any = None, name: str | None = None) -> Any:
    """`data` twice: the first for where `pred` is false, the second for where it is true."""
    with name_scope(name, "Switch", [data, pred]) as scope:
        value = convert.to_tensor(data, dtype, name="data")
        condition = convert.to_tensor(pred, name="pred")
        outputs = Identity(value, name="false"), Identity(value, name=scope)
        for output, alive in zip(outputs, (False, True), strict=True):
            _conditions[output] = (condition, alive)
    return SwitchOutput(*outputs)


def merge(inputs: Any, name: str | None = None) -> Any:
    """The input that is alive, by the `switch`es that it depends on, and its index (int32).

    Where several are, the first. Where none is, TensorFlow would compute nothing; here it is the
    last one.

    Raises:
        ValueError: no inputs, or one is None.
        UnsupportedError: an op with effects (an assignment, a queue) depends on a `switch`.
    """
    inputs = list(inputs)
    if not inputs or any(item is None for item in inputs):
        raise ValueError("At least one of the merge inputs is None")
    with name_scope(name, "Merge", inputs) as scope:
        tensors = [convert.to_tensor(item) for item in inputs]
        alive = [_alive(t) for t in tensors]
        output, index = tensors[-1], convert.constant(len(tensors) - 1, name="last")
        for i in reversed(range(len(tensors) - 1)):
            if alive[i] is None:
                output, index = tensors[i], convert.constant(i, name="index")
            else:
                output, index = _chosen(alive[i], (tensors[i], i), (output, index))
        return MergeOutput(Identity(output, name=scope), Identity(index, name="value_index"))


def _chosen(alive: Any, first: tuple[Tensor, int], other: tuple[Tensor, Tensor]) -> Any:
    return cond(
        alive,
        lambda: (Identity(first[0]), convert.constant(first[1])),
        lambda: (Identity(other[0]), Identity(other[1])),
    )


def _alive(tensor: Tensor) -> Any:
    """Whether all `switch`es behind a tensor let it pass; None where there are none."""
    found: dict[tuple[Tensor, bool], None] = {}
    seen: set[Operation] = set()
    stack = [tensor]
    while stack:
        t = stack.pop()
        if t in _conditions:
            found[_conditions[t]] = None
            continue
        if t.op not in seen:
            seen.add(t.op)
            stack += t.op.inputs
    if not found:
        return None
    _check_effects(sorted(seen, key=lambda op: op._id))
    terms = [pred if alive else LogicalNot(pred) for pred, alive in found]
    result = terms[0]
    for term in terms[1:]:
        result = LogicalAnd(result, term)
    return result


def _check_effects(ops: list[Operation]) -> None:
    """Raise where one of the ops, in order of creation, has effects and depends on a switch."""
    depending: set[Operation] = set()
    for op in ops:
        if not any(t in _conditions or t.op in depending for t in op.inputs):
            continue
        depending.add(op)
        if op.opdef.writes or (op.opdef.host and op.opdef.stateful):
            raise UnsupportedError(
                f"control_flow_ops.merge: {op.name!r} ({op.type}) has effects and depends on a "
                "switch, and tf1x computes both sides of one. Use tf.cond."
            )
