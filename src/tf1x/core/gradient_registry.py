"""Which function builds the gradient of an op: its own, or one that the program registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core.operation import Operation

registered: dict[str, Callable[..., Any] | None] = {}


def gradient_function(op: Operation) -> Callable[..., Any] | str | None:
    """The function that builds the op's gradient; "vjp" for that of the lowering; None for none.

    Raises:
        LookupError: a `gradient_override_map` names a gradient that is not registered.
    """
    override = op.attrs.get("_gradient_op_type")
    if override is not None:
        name = override.decode() if isinstance(override, bytes) else override
        if name not in registered:
            raise LookupError(
                f"No gradient registered under the name {name!r}, which gradient_override_map gives "
                f"for operation {op.name!r} (op type: {op.type})."
            )
        return registered[name]
    if op.type in registered:
        return registered[op.type]
    return op.opdef.grad
