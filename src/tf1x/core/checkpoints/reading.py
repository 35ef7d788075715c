"""A checkpoint of either format, and what is said when a name is not in it."""

from __future__ import annotations

import difflib
import os

from tf1x.core.checkpoints.bundle import BundleReader, current_index
from tf1x.core.checkpoints.v1 import V1Reader
from tf1x.core.errors import NotFoundError

Reader = BundleReader | V1Reader


def open_checkpoint(prefix: str) -> Reader:
    """The checkpoint of a name: V2 if there is an index file, else V1.

    Raises:
        NotFoundError: there is neither.
        DataLossError: it is damaged.
    """
    if os.path.exists(current_index(prefix)):
        return BundleReader(prefix)
    return V1Reader(prefix)


def missing(reader: Reader, names: list[str]) -> NotFoundError:
    """The error for names that are not in a checkpoint: which, and what it has instead."""
    known = reader.names()
    names = list(dict.fromkeys(names))
    lines = [f"Key {names[0]} not found in checkpoint"]
    has = f"The checkpoint {reader.prefix} has {len(known)} tensors"
    lines.append(f"{has}, but not {'this one' if len(names) == 1 else f'these {len(names)}'}:")
    for name in names[:20]:
        close = close_names(name, known)
        hint = f"; close to it: {', '.join(close)}" if close else ""
        lines.append(f"  {name}{hint}")
    if len(names) > 20:
        lines.append(f"  ... and {len(names) - 20} more")
    return NotFoundError(None, None, "\n".join(lines))


def close_names(name: str, known: list[str]) -> list[str]:
    """Up to three names that are like one, those first that end in the same way."""
    last = name.rpartition("/")[2]
    same_end = [n for n in known if n.rpartition("/")[2] == last][:200]
    others = known if len(known) <= 2000 else same_end
    found = difflib.get_close_matches(name, same_end, 3, 0.3)
    found += [n for n in difflib.get_close_matches(name, others, 3, 0.6) if n not in found]
    return found[:3]
