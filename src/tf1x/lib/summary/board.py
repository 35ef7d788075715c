"""`tf1x board`: TensorBoard's own program over a folder of event files."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import ModuleType


def run(logdir: str, arguments: Sequence[str] = ()) -> int:
    """Serve the folder's event files until the process is interrupted; the address is printed.

    Args:
        arguments: TensorBoard's own options, e.g. ["--port", "6007"].

    Returns:
        The exit status.
    """
    if not os.path.isdir(logdir):
        print(f"tf1x: there is no folder {logdir!r}.", file=sys.stderr)
        return 1
    # Where TensorBoard finds this module it does without TensorFlow, which local files do not need
    # and whose import takes seconds (tensorboard/compat/__init__.py).
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
    from tensorboard import default, program
    from tensorboard.plugins.base_plugin import FlagsError

    board = program.TensorBoard(default.get_plugins())
    try:
        board.configure(("tensorboard", f"--logdir={logdir}", "--load_fast=false", *arguments))
    except FlagsError as error:
        print(f"tf1x: {error}", file=sys.stderr)
        return 1
    return board.main() or 0
