"""`tf.contrib.copy_graph`: copies of ops and variables in another graph, under the same names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.graph_editor import transform, util
from tf1x.lib.variables import Variable
from tf1x.runtime.session import Session


def copy_variable_to_graph(org_instance: Any, to_graph: Graph, scope: str = "") -> Any:
    """A variable in `to_graph` that starts with the initial value of `org_instance`.

    Args:
        scope: put before its name, and before the names of its collections (but for those of the
            global and the trainable variables).

    Raises:
        TypeError: `org_instance` is no variable.
    """
    if not isinstance(org_instance, Variable):
        raise TypeError(f"{org_instance} is not a Variable")
    graph = org_instance.graph
    kept = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES)
    collections = [
        name if name in kept else util.scope_finalize(scope) + name
        for name, items in graph._collections.items()
        if any(item is org_instance for item in items)
    ]
    with graph.as_default():
        initial = org_instance.initialized_value()
        with Session(graph=graph) as session:
            value = session.run(initial)
    with to_graph.as_default():
        return Variable(
            value,
            GraphKeys.TRAINABLE_VARIABLES in collections,
            name=util.scope_finalize(scope) + org_instance.op.name,
            collections=collections,
            validate_shape=False,
        )


def copy_op_to_graph(
    org_instance: Any, to_graph: Graph, variables: Iterable[Any], scope: str = ""
) -> Any:
    """An op or tensor, with all that it needs, in `to_graph`.

    What stands there already under its new name is taken as it is.

    Args:
        variables: those that `copy_variable_to_graph` has made; they are found by their names.
        scope: put before all names.

    Raises:
        TypeError: `org_instance` is neither op nor tensor.
    """
    if not isinstance(org_instance, (Operation, Tensor)):
        raise TypeError(f"Could not copy instance: {org_instance}")
    prefix = util.scope_finalize(scope)
    last = org_instance.op if isinstance(org_instance, Tensor) else org_instance
    needed: dict[Operation, None] = {}
    stack = [last]
    while stack:
        op = stack.pop()
        if prefix + op.name not in to_graph._by_name and op not in needed:
            needed[op] = None
            stack += [*op.control_inputs, *(t.op for t in op.inputs)]
    if needed:
        copier = transform.Transformer()
        copier.transform_op_handler = lambda info, op: transform.copied(
            info, op, f"{prefix}{op.name}/"
        )
        copier.transform_external_input_handler = lambda info, t: get_copied_op(t, to_graph, scope)
        copier.transform_control_input_handler = lambda info, op: (
            copier._transform_op(op) if op in needed else get_copied_op(op, to_graph, scope)
        )
        copier(list(needed), to_graph, scope, reuse_dst_scope=True)
        for op in needed:  # no later op may take their names
            to_graph._names_in_use.setdefault((prefix + op.name).lower(), 1)
    return get_copied_op(org_instance, to_graph, scope)


def get_copied_op(org_instance: Any, graph: Graph, scope: str = "") -> Any:
    """The copy of an op, tensor or variable's tensor in `graph`.

    Raises:
        KeyError: there is none.
    """
    return graph.as_graph_element(util.scope_finalize(scope) + org_instance.name)
