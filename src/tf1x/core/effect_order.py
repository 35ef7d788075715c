"""Program order for the ops with effects of a function that is traced from Python.

In a graph of TensorFlow 1 only control dependencies say what happens first. A function
(`tf.function`) promises what Python would do: a variable that is read after it was assigned has
the new value, and whatever has an effect happens, used or not.
"""

from __future__ import annotations

from tf1x.core import dtypes
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key

# Ops with state that nobody can tell the order of.
_SILENT = frozenset({"VarHandleOp", "VariableV2", "Variable", "VarIsInitializedOp", "_Arg"})
_OTHERS = "\0others"


class EffectOrder:
    """Control edges that keep the ops of one function graph in the order of the program."""

    def __init__(self) -> None:
        self._writes: dict[str, Operation] = {}
        self._reads: dict[str, list[Operation]] = {}

    def note(self, op: Operation) -> None:
        """Let a new op wait for what it must not overtake."""
        if op.type in _SILENT or not (op.opdef.stateful or op.opdef.writes):
            return
        keys = {key for t in op.inputs if (key := _key(t))}
        reads = op.type in ("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape")
        if not keys:
            if "counter" in op.opdef.injected:
                return  # a random op: its position is its own
            keys = {_OTHERS}
        for key in keys:
            earlier = [self._writes[key]] if key in self._writes else []
            if reads:
                self._reads.setdefault(key, []).append(op)
            else:
                earlier += self._reads.pop(key, [])
                self._writes[key] = op
            op._add_control_inputs(e for e in earlier if e is not op)

    def pending(self) -> list[Operation]:
        """The last ops with effects: they have to run though nothing may need them."""
        return list(dict.fromkeys(self._writes.values()))


def _key(tensor: Tensor) -> str | None:
    """What an op touches through one of its inputs."""
    if tensor.dtype is not dtypes.resource:
        return None
    return variable_key(tensor) or f"\0{id(tensor)}"
