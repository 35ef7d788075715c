"""Names, collections and dependencies that layers keep account of."""

from __future__ import annotations

import re
from typing import Any

from tf1x.core import nest, scopes
from tf1x.core.operation import Operation, Tensor

_NAMES_KEY = "__layer_names"


def snake_case(name: str) -> str:
    """`Conv2DTranspose` becomes `conv2d_transpose`; a private class `_C` becomes `private__c`."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
    return f"private{words}" if words.startswith("_") else words


def unique_name(base: str) -> str:
    """`base_1`, `base_2`, ... in each graph."""
    found = scopes.get_collection_ref(_NAMES_KEY)
    if not found:
        found.append({})
    counts: dict[str, int] = found[0]
    counts[base] = counts.get(base, 0) + 1
    return f"{base}_{counts[base]}"


def identities(collection: str) -> set[int]:
    return {id(item) for item in scopes.get_collection(collection)}


def collect(items: list[Any], collection: str) -> None:
    """Add to a collection what is not yet in it."""
    if items:
        kept = identities(collection)
        scopes.get_collection_ref(collection).extend(i for i in items if id(i) not in kept)


def distinct(weights: list[Any]) -> list[Any]:
    return list({id(weight): weight for weight in weights}.values())


def depends(target: Any, inputs: Any) -> bool:
    """Whether the values of `inputs` reach an op or tensor."""
    sources = {id(item) for item in nest.flatten(inputs)}
    if id(target) in sources:
        return True
    stack = [target if isinstance(target, Operation) else target.op]
    seen = set()
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        for tensor in op.inputs:
            if id(tensor) in sources:
                return True
            stack.append(tensor.op)
    return False


def has_tensor(value: Any) -> bool:
    """Whether there are tensors or variables in a nest: they belong to the graph, not to a layer."""
    return any(
        isinstance(leaf, (Tensor, Operation)) or hasattr(leaf, "op") for leaf in nest.flatten(value)
    )
