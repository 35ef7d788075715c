"""The global step."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import scopes
from tf1x.core.dtypes import int64
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib import initializers
from tf1x.lib.variable_scope import get_variable
from tf1x.lib.variables import Variable, VariableAggregation


@export("train.global_step")
def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The value of the global step in a session."""
    return int(sess.run(global_step_tensor))


@export("train.get_global_step")
def get_global_step(graph: Any = None) -> Any:
    """The graph's global step, or None.

    Raises:
        TypeError: what is found is not an integer scalar.
    """
    graph = graph or scopes.get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        return None
    if found:
        step = found[0]
    else:
        try:
            step = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    assert_global_step(step)
    return step


@export("train.create_global_step")
def create_global_step(graph: Any = None) -> Any:
    """A new global step: an int64 variable named `global_step`, not trained.

    Raises:
        ValueError: there is one already.
    """
    graph = graph or scopes.get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        return get_variable(
            GraphKeys.GLOBAL_STEP,
            shape=[],
            dtype=int64,
            initializer=initializers.Zeros(),
            trainable=False,
            aggregation=VariableAggregation.ONLY_FIRST_REPLICA,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )


@export("train.get_or_create_global_step", "contrib.framework.get_or_create_global_step")
def get_or_create_global_step(graph: Any = None) -> Any:
    """The graph's global step, created if there is none."""
    graph = graph or scopes.get_default_graph()
    step = get_global_step(graph)
    return create_global_step(graph) if step is None else step


GLOBAL_STEP_READ_KEY = "global_step_read_op_cache"


def get_global_step_read(graph: Any = None) -> Any:
    """The tensor that `get_or_create_global_step_read` made, or None.

    Raises:
        RuntimeError: the graph has several.
    """
    graph = graph or scopes.get_default_graph()
    found = graph.get_collection(GLOBAL_STEP_READ_KEY)
    if len(found) > 1:
        raise RuntimeError(
            f"There are multiple items in collection {GLOBAL_STEP_READ_KEY}. There should be only one."
        )
    return found[0] if found else None


def get_or_create_global_step_read(graph: Any = None) -> Any:
    """A tensor with the global step as it is before a run; None where the graph has no step.

    TensorFlow's has a `tf.cond` in it for a step without a value; hooks never see one.
    """
    graph = graph or scopes.get_default_graph()
    found = get_global_step_read(graph)
    step = get_global_step(graph)
    if found is not None or step is None:
        return found
    with graph.as_default(), graph.name_scope(None), graph.name_scope(f"{step.op.name}/"):
        found = (step.read_value() if isinstance(step, Variable) else step) + 0
    graph.add_to_collection(GLOBAL_STEP_READ_KEY, found)
    return found


@export("train.assert_global_step")
def assert_global_step(global_step_tensor: Any) -> None:
    """Raise TypeError unless the argument can be a global step: a scalar integer variable or tensor."""
    if not isinstance(global_step_tensor, (Variable, Tensor)):
        raise TypeError(
            f'Existing "global_step" must be a Variable or Tensor: {global_step_tensor}.'
        )
    if not global_step_tensor.dtype.base_dtype.is_integer:
        raise TypeError(
            f'Existing "global_step" does not have integer type: {global_step_tensor.dtype}'
        )
    shape = global_step_tensor.get_shape()
    if shape.ndims != 0 and shape.is_fully_defined():
        raise TypeError(f'Existing "global_step" is not scalar: {shape}')
