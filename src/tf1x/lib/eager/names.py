"""Where the public names of eager execution are defined; all but the smallest are lazy."""

from __future__ import annotations

from tf1x.api import define, lazy
from tf1x.core import scopes

_HERE = "tf1x.lib.eager"

define(
    scopes.executing_eagerly,
    "executing_eagerly",
    "contrib.eager.executing_eagerly",
    "contrib.eager.in_eager_mode",
)

_CONTEXT = (
    "enable_eager_execution",
    "init_scope",
    "contrib.eager.enable_eager_execution",
    "contrib.eager.DEVICE_PLACEMENT_EXPLICIT",
    "contrib.eager.DEVICE_PLACEMENT_SILENT",
    "contrib.eager.DEVICE_PLACEMENT_WARN",
    "contrib.eager.SYNC",
    "contrib.eager.ASYNC",
    "contrib.eager.async_clear_error",
    "contrib.eager.async_wait",
    "contrib.eager.execution_mode",
    "contrib.eager.in_graph_mode",
    "contrib.eager.list_devices",
    "contrib.eager.num_gpus",
    "contrib.eager.run",
    "contrib.eager.run_all_tests_in_graph_and_eager_modes",
    "contrib.eager.run_test_in_graph_and_eager_modes",
    "contrib.eager.set_execution_mode",
)
lazy(f"{_HERE}.context", *_CONTEXT)
lazy(f"{_HERE}.tape", "GradientTape", "contrib.eager.GradientTape")
lazy(
    f"{_HERE}.functional",
    "contrib.eager.gradients_function",
    "contrib.eager.implicit_gradients",
    "contrib.eager.implicit_value_and_gradients",
    "contrib.eager.value_and_gradients_function",
)
lazy(
    f"{_HERE}.function",
    "function",
    "contrib.eager.function",
    "contrib.eager.defun",
    "contrib.eager.make_defun_op",
)
lazy(f"{_HERE}.tensor_spec", "TensorSpec", "contrib.eager.TensorSpec")
lazy(f"{_HERE}.iterator", "contrib.eager.Iterator", attribute="EagerIterator")
lazy(f"{_HERE}.python_function", "py_function", "contrib.eager.py_func", attribute="py_function")
lazy("tf1x.lib.template", "contrib.eager.make_template")
lazy("tf1x.lib.variables", "contrib.eager.Variable", attribute="ResourceVariable")
lazy("tf1x.lib.custom_gradient", "contrib.eager.custom_gradient")
lazy("tf1x.lib.train.checkpoint", "train.Checkpoint", "contrib.eager.Checkpoint")
lazy(
    "tf1x.lib.train.checkpoint_manager",
    "train.CheckpointManager",
    "contrib.checkpoint.CheckpointManager",
)
lazy(
    "tf1x.lib.train.checkpointable",
    "contrib.checkpoint.Checkpointable",
    "contrib.checkpoint.NoDependency",
)
_METRICS = "Accuracy BinaryAccuracy CategoricalAccuracy Mean Metric SparseAccuracy"
for _name in _METRICS.split():
    lazy(f"{_HERE}.metrics", f"contrib.eager.metrics.{_name}")
lazy(f"{_HERE}.network", "contrib.eager.Network", "contrib.eager.Sequential")
lazy(f"{_HERE}.saver", "contrib.eager.Saver", attribute="NamedSaver")
lazy(f"{_HERE}.saver", "contrib.eager.restore_variables_on_create")
lazy("tf1x.lib.train.training_util", "contrib.eager.get_or_create_global_step")
lazy(f"{_HERE}.stores", "contrib.eager.EagerVariableStore")
