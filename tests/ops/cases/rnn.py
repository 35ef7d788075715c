"""Cases of ops/rnn.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, floats
from tf1x.core import opdef

_NO_GRADIENT = "TensorFlow 2.21 has the gradient kernel but no gradient function"
_WRONG_GRADIENT = "TensorFlow 2.21's gradient differs from finite differences"


def _weights(inputs: int, units: int) -> tuple[Any, ...]:
    """Kernel, peepholes, bias."""
    peepholes = (floats(units, seed=seed) for seed in (4, 5, 6))
    return (floats(inputs + units, 4 * units, seed=3), *peepholes, floats(4 * units, seed=7))


def _lstm(note: str, **attrs: Any) -> Case:
    w, *peepholes, b = _weights(3, 4)
    state = floats(2, 4, seed=1), floats(2, 4, seed=2)
    return Case(
        "LSTMBlockCell", (floats(2, 3), *state, w, *peepholes, b), attrs,
        grad=False, dtypes=("float32",), note=f"{note}: {_NO_GRADIENT}",
    )  # fmt: skip


def _block(op: str, note: str, steps: int = 5, grad: bool = True, **attrs: Any) -> Case:
    w, *peepholes, b = _weights(3, 4)
    state = floats(2, 4, seed=1), floats(2, 4, seed=2)
    inputs = (np.int64(steps), floats(5, 2, 3), *state, w, *peepholes, b)

    def states(*inputs: Any, **attrs: Any) -> Any:
        """After the last step TensorFlow sets only these, and leaves the gates as they are."""
        outputs = opdef.get(op).endpoint(*inputs, **attrs)
        return [outputs.cs, outputs.h]

    return Case(
        op, inputs, attrs, dtypes=("float32",), grad=grad, note=note, rtol=1e-4, atol=1e-5,
        program=None if steps == 5 else states,
    )  # fmt: skip


CASES = [
    _lstm("plain", cell_clip=-1.0),
    _lstm("clipped", cell_clip=0.5),
    _lstm("peepholes", use_peephole=True, forget_bias=0.3),
    _block("BlockLSTM", "plain", cell_clip=-1.0),
    _block("BlockLSTM", "clipped", cell_clip=0.5),
    _block("BlockLSTM", "peepholes", use_peephole=True, forget_bias=0.3),
    _block("BlockLSTM", "some steps", 3),
    _block("BlockLSTMV2", f"plain: {_WRONG_GRADIENT}", grad=False),
    _block("BlockLSTMV2", f"some steps: {_WRONG_GRADIENT}", 3, False, use_peephole=True, cell_clip=0.7),
    Case(
        "GRUBlockCell",
        (
            floats(2, 3), floats(2, 4, seed=1), floats(7, 8, seed=2), floats(7, 4, seed=3),
            floats(8, seed=4), floats(4, seed=5),
        ),
        grad=False, dtypes=("float32",), note=_NO_GRADIENT,
    ),
]  # fmt: skip
