"""Initial values that are computed from other variables."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys

_VARIABLE_OPS = ("Variable", "VariableV2", "VarHandleOp")
_SAFE_OPS = (
    "IsVariableInitialized",
    "VarIsInitializedOp",
    "ReadVariableOp",
    "InitializedValue",
    "ResourceInitializedValue",
)


def guarded(name: str, value: Tensor) -> Tensor:
    """`value` with the reference variables that it is computed from replaced by initialised values.

    So `tf.Variable(w + 1)` can be initialised in one run with `w`. The ops on the way are copied
    under names with the suffix `_<name>`, as TensorFlow does.
    """
    order = _ancestors(value.op)
    if not any(op.type in _VARIABLE_OPS for op in order):
        return value
    copies: dict[Operation, Operation] = {}
    for op in order:
        if op.type in _VARIABLE_OPS:
            variable = _variable_of(op)
            copies[op] = op if variable is None else variable.initialized_value().op
        elif op.type in _SAFE_OPS:
            copies[op] = op
        else:
            inputs = tuple(copies[t.op].outputs[t.value_index] for t in op.inputs)
            changed = any(a is not b for a, b in zip(inputs, op.inputs, strict=True))
            suffixed = f"{op.name}_{name}".replace(":", "_")
            copies[op] = (
                op.opdef.node(inputs, dict(op.attrs), suffixed, graph=op.graph) if changed else op
            )
    return copies[value.op].outputs[value.value_index]


def _ancestors(op: Operation) -> list[Operation]:
    """`op` and what it is computed from (no further than safe ops), inputs first."""
    order: list[Operation] = []
    seen: set[Operation] = set()
    stack = [(op, False)]
    while stack:
        item, done = stack.pop()
        if done:
            order.append(item)
        elif item not in seen:
            seen.add(item)
            stack.append((item, True))
            if item.type not in _SAFE_OPS:
                stack += [(t.op, False) for t in item.inputs]
    return order


def _variable_of(op: Operation) -> Any:
    known = [*op.graph.get_collection_ref(GraphKeys.GLOBAL_VARIABLES), *op.graph.get_collection_ref(GraphKeys.LOCAL_VARIABLES)]  # fmt: skip
    return next((v for v in known if v.op is op), None)
