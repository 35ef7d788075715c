"""`tensorflow.python.framework.op_def_registry`: the declared ops as `OpDef` messages."""

from __future__ import annotations

from typing import Any

from tf1x.core import opdef
from tf1x.core.op_protos import op_def_to_proto


def get_registered_ops() -> dict[str, Any]:
    """Every op by its type."""
    return {name: op_def_to_proto(definition) for name, definition in opdef.all_ops().items()}


def get(name: str) -> Any:
    """The op of a type, or None."""
    definition = opdef.all_ops().get(name)
    return None if definition is None else op_def_to_proto(definition)
