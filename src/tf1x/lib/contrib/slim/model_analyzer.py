"""Sizes of the ops and variables of a graph."""

from __future__ import annotations

from typing import Any


def tensor_description(var: Any) -> str:
    """Type and shape, e.g. "(float32 1x8x8x1024)"."""
    sizes = "x".join(str(size) for size in var.get_shape().as_list())
    return f"({var.dtype.name} {sizes})"


def analyze_ops(graph: Any, print_info: bool = False) -> int:
    """The number of elements of all outputs of all ops; those of unknown shape count as none.

    Args:
        print_info: print each op with its outputs.
    """
    if print_info:
        print("---------\nOperations: name -> (type shapes) [size]\n---------")
    total = 0
    for op in graph.get_operations():
        size = sum(output.get_shape().num_elements() or 0 for output in op.outputs)
        total += size
        if print_info:
            shapes = [tensor_description(t) for t in op.outputs if t.get_shape().ndims]
            print(f"{op.name} \t-> {', '.join(shapes)} [{size}]")
    return total


def analyze_vars(variables: Any, print_info: bool = False) -> tuple[int, int]:
    """The number of elements of all variables, and their size in bytes.

    Args:
        print_info: print each variable, and the sums.
    """
    if print_info:
        print("---------\nVariables: name (type shape) [size]\n---------")
    total_size = total_bytes = 0
    for var in variables:
        size = var.get_shape().num_elements() or 0
        total_size += size
        total_bytes += size * var.dtype.size
        if print_info:
            of_var = f"[{size}, bytes: {size * var.dtype.size}]"
            print(f"{var.name} {tensor_description(var)} {of_var}")
    if print_info:
        print(f"Total size of variables: {total_size}\nTotal bytes of variables: {total_bytes}")
    return total_size, total_bytes
