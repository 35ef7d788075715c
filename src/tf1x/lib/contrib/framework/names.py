"""Name scopes in and out of names."""

from __future__ import annotations

import re

from tf1x.core import scopes


def get_name_scope() -> str:
    """The name scope here, without a final "/"."""
    return scopes.get_default_graph().get_name_scope()


def prepend_name_scope(name: str, import_scope: str | None) -> str:
    """`name` (of an op, tensor, or colocation "loc:@x") below a scope; as it is where that is empty."""
    if not import_scope:
        return name
    scope = import_scope.removesuffix("/")
    return re.sub(r"([\^]|loc:@|^)(.*)", rf"\g<1>{scope}/\g<2>", name, count=1)


def strip_name_scope(name: str, export_scope: str | None) -> str:
    """`name` without the scope before it; as it is where that is empty."""
    if not export_scope:
        return name
    scope = re.escape(export_scope.removesuffix("/"))
    return re.sub(rf"([\^]|loc:@|^){scope}[/](.*)", r"\g<1>\g<2>", name, count=1)
