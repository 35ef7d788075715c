"""Cases of ops/functional.py. Every gradient test of another op runs through it as well."""

from __future__ import annotations

from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, Const, Var, floats
from tf1x.core import opdef
from tf1x.core.dtypes import float32
from tf1x.core.func_graph import FuncAttr, trace
from tf1x.ops import state


def _cond(pred: Any, x: Any) -> Any:
    return tf.cond(pred, lambda: tf.tanh(x), lambda: x * tf.reduce_sum(x))


def _cond_that_writes(pred: Any, x: Any, variable: Any) -> Any:
    def update() -> Any:
        with tf.control_dependencies([state.AssignAddVariableOp(variable, x)]):
            return tf.identity(x)

    return tf.cond(pred, update, lambda: -x)


def _switch(index: Any, x: Any) -> Any:
    return tf.switch_case(index, [lambda: x + 1.0, lambda: x * 2.0, lambda: tf.exp(x)])


def _random_case(index: Any, x: Any) -> Any:
    noise = lambda: x + tf.random_uniform([3], seed=5)  # noqa: E731
    return tf.switch_case(index, [noise, lambda: x * 2.0])


def _loop(x: Any, w: Any, steps: Any) -> Any:
    """A number of steps that is known while tracing or not, as `steps` is a constant or fed."""
    _, y = tf.while_loop(
        lambda i, _: i < steps, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, w))), [0, x]
    )
    return y


def _until_large(x: Any) -> Any:
    return tf.while_loop(
        lambda i, y: tf.reduce_sum(y * y) < 100.0, lambda i, y: (i + 1, y * 1.5), [0, x]
    )


def _random_loop(x: Any) -> Any:
    return tf.while_loop(
        lambda i, _: i < 3, lambda i, y: (i + 1, y + tf.random_uniform([3], seed=7)), [0, x]
    )[1]


def _called(kind: str) -> Any:
    def call(x: Any, y: Any) -> Any:
        function = trace(
            lambda a, b: [a * b, tf.reduce_sum(a)], "product", "", [(x.dtype, x.shape)] * 2
        )
        node = opdef.get(kind).node(
            (x, y),
            {"Tin": [x.dtype] * 2, "Tout": [x.dtype] * 2, "f": FuncAttr(function.name),
             "output_shapes": [], "config": "", "config_proto": "", "executor_type": ""},
            kind,
        )  # fmt: skip
        for tensor, shape in zip(node.outputs, (x.shape, []), strict=True):
            tensor.set_shape(shape)
        return list(node.outputs)

    return call


YES, NO = np.bool_(True), np.bool_(False)
SQUARE = floats(3, 3, seed=2)

CASES = [
    Case("StatelessIf", (YES, floats(3)), program=_cond, note="true"),
    Case("StatelessIf", (NO, floats(3)), program=_cond, note="false"),
    Case("StatelessIf", (Const(np.bool_(True)), floats(3)), program=_cond, note="known"),
    Case(
        "If", (YES, floats(3), Var(floats(3, seed=1), resource=True)),
        program=_cond_that_writes, runs=2, note="writes",
    ),
    Case(
        "If", (NO, floats(3), Var(floats(3, seed=1), resource=True)),
        program=_cond_that_writes, runs=2, note="does not write",
    ),
    *(Case("StatelessCase", (np.int32(i), floats(3)), program=_switch, note=str(i)) for i in (0, 1, 2, 7, -1)),
    *(Case("Case", (np.int32(i), floats(3)), program=_random_case, runs=3, grad=False, dtypes=("float32",), note=str(i)) for i in (0, 1)),
    Case("StatelessWhile", (floats(2, 3), SQUARE, Const(4)), program=_loop, note="known steps"),
    Case("StatelessWhile", (floats(2, 3), SQUARE, np.int32(4)), program=_loop, note="fed steps"),
    Case("StatelessWhile", (floats(2, 3), SQUARE, np.int32(40)), program=_loop, note="many fed steps"),
    Case("StatelessWhile", (floats(2, 3), SQUARE, np.int32(0)), program=_loop, note="no step"),
    Case("StatelessWhile", (floats(3),), program=_until_large, note="until a value is reached"),
    Case("While", (floats(3),), program=_random_loop, runs=3, note="random numbers", grad=False, dtypes=("float32",)),
    Case("PartitionedCall", (floats(3), floats(3, seed=1)), program=_called("PartitionedCall")),
    Case("StatefulPartitionedCall", (floats(3), floats(3, seed=1)), program=_called("StatefulPartitionedCall")),
    Case(
        "SymbolicGradient",
        ([floats(3), floats(3, seed=1)],),
        {"Tout": [float32], "f": FuncAttr("Tanh", {"T": float32})},
        dtypes=("float32",),
        grad=False,
    ),
]  # fmt: skip
