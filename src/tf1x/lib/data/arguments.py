"""Arguments of the dataset ops, as these take them."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import int64
from tf1x.core.operation import Tensor
from tf1x.core.random_seed import get_seed

AUTOTUNE = -1


def int64_tensor(value: Any, name: str) -> Tensor:
    return convert.to_tensor(value, int64, name=name)


def determinism(value: bool | None) -> str:
    return "default" if value is None else str(bool(value)).lower()


def seed_tensors(seed: int | None) -> tuple[Tensor, Tensor]:
    """The two seeds of a dataset op, of which 0 and 0 stand for random ones."""
    first, second = get_seed(seed)
    seed_tensor = int64_tensor(0 if first is None else first, "seed")
    if second is None:
        return seed_tensor, int64_tensor(0, "seed2")
    with scopes.name_scope("seed2") as scope:
        second_tensor = convert.to_tensor(second, int64)
        equal = opdef.get("Equal").endpoint
        both = opdef.get("LogicalAnd").endpoint(equal(seed_tensor, 0), equal(second_tensor, 0))
        largest = convert.to_tensor(2**31 - 1, int64)
        chosen = opdef.get("SelectV2").endpoint(both, largest, second_tensor, name=scope)
    return seed_tensor, chosen
