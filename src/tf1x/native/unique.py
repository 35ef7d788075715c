"""The different ones among numbers that are drawn, by the native kernel or XLA's code: int64."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import on_cpu


def suits(drawn: Any) -> bool:
    """Whether the kernel is there."""
    return bool(drawn.dtype == np.int64) and on_cpu()


def different(kept: Any, counts: Any, drawn: Any) -> Any:
    """`kept` with the numbers of `drawn` that are new, as many as it has room for, and the counts.

    Args:
        counts: of the numbers in `kept`, and of those looked at; int64 [2].
    """
    struct: Any = jax.ShapeDtypeStruct
    results = struct(kept.shape, np.int64), struct((2,), np.int64)
    call: Any = jax.ffi.ffi_call("tf1x_different", results, vmap_method="sequential")
    return call(jnp.asarray(kept), jnp.asarray(counts), jnp.asarray(drawn))


def plain(kept: Any, counts: Any, drawn: Any) -> tuple[Any, Any]:
    """`different` by XLA's code."""
    room = kept.size
    new = _first_seen(jnp.concatenate([kept, drawn]))[room:]
    number = counts[0] + jnp.cumsum(new)
    wanted = new & (number <= room)
    kept = kept.at[jnp.where(wanted, number - 1, room)].set(drawn, mode="drop")
    # They count up to the one that fills the last place.
    used = jnp.where(number[-1] >= room, jnp.argmax(number >= room) + 1, drawn.size)
    return kept, jnp.stack([jnp.minimum(number[-1], room), counts[1] + used])


# So many are compared with each other in less time than it takes to sort them.
_FEW = 512


def _first_seen(values: Any) -> Any:
    """Which elements of a vector are not equal to an earlier one."""
    if values.size <= _FEW:
        earlier = np.tri(values.size, k=-1, dtype=bool)
        return ~jnp.any(earlier & (values[:, None] == values), axis=1)
    order = jnp.argsort(values, stable=True)
    ordered = values[order]
    first = jnp.concatenate([jnp.ones(1, bool), ordered[1:] != ordered[:-1]])
    return jnp.zeros(values.shape, bool).at[order].set(first)
