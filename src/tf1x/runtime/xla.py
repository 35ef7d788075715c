"""Compiling a function with XLA."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jax

# On a CPU XLA orders the parts of a program so that many do not depend on each other, and hands such
# parts to other threads, which takes 30 to 60 us each time: longer than most of them. In the order
# that needs the least memory the parts follow each other; each uses all threads as before.
_ORDER: dict[str, str | bool] = {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"}


@cache
def run_in_calling_thread() -> None:
    """Have programs on a CPU run in the thread that calls them, which waits for them anyway.

    JAX hands them to threads of its own, which takes some 100 us there and back, and one of these
    looks for more work on the processor that the kernels' threads want. It has its effect only
    before JAX has a CPU device.
    """
    config: Any = jax.config  # its methods have no types
    if (option := "jax_cpu_enable_async_dispatch") in config.values:
        config.update(option, False)


def compiled(
    function: Callable[..., Any], specs: Sequence[Any], donated: tuple[int, ...]
) -> jax.stages.Compiled:
    """`function` for arguments of these shapes and types.

    donated: positions of the arguments whose buffers it may overwrite.
    """
    lowered = jax.jit(function, donate_argnums=donated).lower(*specs)
    if jax.default_backend() != "cpu":
        return lowered.compile()
    try:
        return lowered.compile(compiler_options=_ORDER)
    except RuntimeError as error:  # an XLA that has another name for it
        if "xla_cpu_scheduler_type" not in str(error):
            raise
        return lowered.compile()
