"""Which modules make up the public surface: those loaded with tf1x, and those loaded on demand."""

from __future__ import annotations

import importlib

_MODULES = (
    "tf1x.ops.math",
    "tf1x.ops.complex_math",
    "tf1x.ops.math_functions",
    "tf1x.ops.bitwise",
    "tf1x.ops.reduce",
    "tf1x.ops.segment",
    "tf1x.ops.counting",
    "tf1x.ops.special_math",
    "tf1x.ops.array",
    "tf1x.ops.array_guards",
    "tf1x.ops.array_moves",
    "tf1x.ops.array_pad",
    "tf1x.ops.array_broadcast",
    "tf1x.ops.array_slicing",
    "tf1x.ops.array_select",
    "tf1x.ops.array_gather",
    "tf1x.ops.array_blocks",
    "tf1x.ops.array_diag",
    "tf1x.ops.random",
    "tf1x.ops.matmul",
    "tf1x.ops.einsum",
    "tf1x.ops.linalg",
    "tf1x.ops.nn",
    "tf1x.ops.nn_functions",
    "tf1x.ops.cross_entropy",
    "tf1x.ops.moments",
    "tf1x.ops.clip",
    "tf1x.ops.checks",
    "tf1x.ops.script",
    "tf1x.ops.state",
    "tf1x.ops.scatter",
    "tf1x.ops.training",
    "tf1x.ops.functional",
    "tf1x.ops.operators",
    "tf1x.lib.gradients",
    "tf1x.lib.custom_gradient",
    "tf1x.ops.grouping",
    "tf1x.lib.variables",
    "tf1x.lib.variable_functions",
    "tf1x.lib.initializers",
    "tf1x.lib.partitioned",
    "tf1x.lib.variable_scope",
    "tf1x.lib.template",
    "tf1x.lib.train.training_util",
    "tf1x.lib.train.optimizer",
    "tf1x.lib.train.gradient_descent",
    "tf1x.lib.train.momentum",
    "tf1x.lib.train.adam",
    "tf1x.lib.train.rmsprop",
    "tf1x.lib.train.adagrad",
    "tf1x.lib.train.adagrad_da",
    "tf1x.lib.train.adadelta",
    "tf1x.lib.train.ftrl",
    "tf1x.lib.train.proximal_gradient_descent",
    "tf1x.lib.train.proximal_adagrad",
    "tf1x.lib.framework",
    "tf1x.lib.compat",
    "tf1x.lib.gfile",
    "tf1x.lib.platform",
    "tf1x.lib.protos",
)


def load() -> None:
    """Import every module that exports symbols eagerly."""
    for module in _MODULES:
        importlib.import_module(module)
