"""Compiling with XLA's options, and without those that it does not know."""

from __future__ import annotations

import subprocess
import sys
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tf1x.runtime import xla

_SPEC = jax.ShapeDtypeStruct((64, 64), np.float32)


def _layers(x: jax.Array) -> list[jax.Array]:
    """Sums of products that need not wait for each other."""
    return [jnp.sin((x + i) @ x).sum(0) for i in range(8)]


def test_the_order_needs_the_least_memory() -> None:
    others = jax.jit(_layers).lower(_SPEC).compile()
    ours = xla.compiled(_layers, [_SPEC], ())
    x = np.random.RandomState(0).rand(64, 64).astype(np.float32)
    for a, b in zip(ours(x), others(x), strict=True):
        np.testing.assert_array_equal(a, b)
    if jax.default_backend() == "cpu":
        needed = [compiled.memory_analysis().temp_size_in_bytes for compiled in (ours, others)]
        assert needed[0] < needed[1]


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the option is for CPUs")
def test_an_option_that_xla_does_not_have() -> None:
    other = mock.patch.dict(xla._ORDER, {"xla_cpu_scheduler_type": "NONE_OF_XLA'S"})
    with other:
        compiled = xla.compiled(lambda x: x + 1, [_SPEC], (0,))
    assert compiled(jnp.zeros((64, 64), jnp.float32))[0, 0] == 1


def test_what_xla_cannot_compile() -> None:
    def calls_nothing(x: jax.Array) -> jax.Array:
        call = jax.ffi.ffi_call("tf1x_no_such_kernel", _SPEC)
        return call(x)

    with pytest.raises(RuntimeError, match="tf1x_no_such_kernel"):
        xla.compiled(calls_nothing, [_SPEC], ())(np.zeros((64, 64), np.float32))


def test_programs_run_in_the_calling_thread() -> None:
    """What JAX calls while it runs one on a CPU comes from there (after a sort, from a thread of its own
    unless it is told otherwise)."""
    if jax.default_backend() != "cpu":
        pytest.skip("only programs on a CPU do")
    script = (
        "import threading, jax, tf1x\n"
        "tf1x.Session()\n"
        "seen = set()\n"
        "def note(x): seen.add(threading.get_ident()); return x\n"
        "call = jax.jit(lambda x: jax.pure_callback(note, x, jax.numpy.sort(x)))\n"
        "x = jax.numpy.ones(100_000).block_until_ready()\n"
        "for _ in range(5): call(x).block_until_ready()\n"
        "assert seen == {threading.get_ident()}, seen\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
