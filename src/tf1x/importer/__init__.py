"""`import tensorflow` served by tf1x, within this process.

hook.py            the finder: `install()`, `uninstall()`
private_paths.py   which private modules of TensorFlow's are offered, and from what
"""

from tf1x.importer.hook import install as install
from tf1x.importer.hook import uninstall as uninstall
