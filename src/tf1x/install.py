"""First cell of a notebook, or first line of a program: `import tf1x.install`.

From then on `import tensorflow` means tf1x in this process, and compiled programs are kept on disk
(see `tf1x.runtime.cache`). What `tf1x run` does for a script, without the command.
"""

from tf1x.importer import install
from tf1x.runtime import cache

install()
cache.quiet()
cache.enable()
