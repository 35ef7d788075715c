"""A list of files that is made once, when the local variables are initialised."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.scopes import GraphKeys
from tf1x.lib.variables import Variable
from tf1x.ops.file_io import MatchingFiles


def match_filenames_once(pattern: Any, name: str | None = None) -> Variable:
    """A local variable with the files that match a pattern (or one of several) when initialised."""
    with scopes.name_scope(name, "matching_filenames", [pattern]) as scope:
        return Variable(
            initial_value=MatchingFiles(pattern),
            trainable=False,
            validate_shape=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
            name=scope,
        )
