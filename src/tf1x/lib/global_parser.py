"""`tf.flags._global_parser`: the parser behind the flags of TensorFlow 1.0 to 1.4."""

from __future__ import annotations

import argparse
from typing import Any

from tf1x.lib import flags


class GlobalParser(argparse.ArgumentParser):
    """What is added to it becomes a flag; flags that `DEFINE_*` makes are in its help."""

    def add_argument(self, *args: Any, **kwargs: Any) -> Any:
        action = super().add_argument(*args, **kwargs)
        name, default, text = action.dest, action.default, action.help or ""
        if name == "help" or name in flags.FLAGS:
            return action
        if action.nargs == 0:
            flags.DEFINE_boolean(name, bool(default), text)
        elif action.choices:
            flags.DEFINE_enum(name, default, [str(c) for c in action.choices], text)
        else:
            kinds = {int: flags.DEFINE_integer, float: flags.DEFINE_float}
            kinds.get(action.type, flags.DEFINE_string)(name, default, text)
        return action

    def print_help(self, file: Any = None) -> None:
        print(flags.FLAGS.get_help(), file=file)
