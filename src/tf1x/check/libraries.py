"""Other libraries: what the period shims supply of them, what is gone, which are missing."""

from __future__ import annotations

import builtins
import importlib
import os
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from tf1x.check.uses import CALLED
from tf1x.importer import shims

# Import name -> what to give pip, where it is another.
_PACKAGES = {
    "cv2": "opencv-python", "PIL": "Pillow", "sklearn": "scikit-learn", "yaml": "PyYAML",
    "skimage": "scikit-image", "bs4": "beautifulsoup4", "gym": "gymnasium", "Image": "Pillow",
    "MySQLdb": "mysqlclient", "serial": "pyserial", "dateutil": "python-dateutil",
    "google": "protobuf", "jwt": "PyJWT", "OpenGL": "PyOpenGL", "zmq": "pyzmq", "wx": "wxPython",
    "fitz": "PyMuPDF", "Levenshtein": "python-Levenshtein", "magic": "python-magic",
    "pydensecrf": "pydensecrf", "skvideo": "scikit-video", "attr": "attrs", "Bio": "biopython",
    "mpl_toolkits": "matplotlib", "pylab": "matplotlib", "pkg_resources": "setuptools",
    "ale_py": "ale-py", "atari_py": "ale-py", "github": "PyGithub", "tensorflow_hub": "tensorflow-hub",
    "tensorflow_probability": "tensorflow-probability", "tensorflow_datasets": "tensorflow-datasets",
    "tensorflow_addons": "tensorflow-addons", "tensor2tensor": "tensor2tensor",
}  # fmt: skip

# Modules of Python 2 and early Python 3 that are gone, and have no shim.
_GONE = {
    "commands", "sets", "md5", "sha", "new", "user", "popen2", "anydbm", "dumbdbm", "dbhash",
    "gdbm", "whichdb", "htmllib", "sgmllib", "mimetools", "rfc822", "xmlrpclib", "BaseHTTPServer",
    "SimpleHTTPServer", "CGIHTTPServer", "tkMessageBox", "tkFileDialog", "UserDict", "UserList",
    "UserString", "asyncore", "asynchat", "distutils", "imp", "pipes", "cgi", "crypt", "imghdr",
    "sndhdr", "telnetlib", "future_builtins", "compiler", "robotparser", "repr", "dummy_thread",
}  # fmt: skip

_PYTHON2_BUILTINS = {
    "xrange", "unicode", "long", "unichr", "basestring", "raw_input", "reduce", "cmp", "reload",
    "execfile", "file", "buffer", "intern", "coerce", "apply",
}  # fmt: skip

# What a patch changed the meaning of, as far as an error became what it was.
_CHANGED = {
    "numpy.load": "np.load takes arrays of objects without allow_pickle, if they are plain values",
    "numpy.fromstring": "np.fromstring of bytes (removed from NumPy) copies np.frombuffer's result",
    "yaml.load": "yaml.load without a loader takes yaml.FullLoader",
    "yaml.load_all": "yaml.load_all without a loader takes yaml.FullLoader",
}


@dataclass(frozen=True)
class Answer:
    """What there is to say of a name of another library; nothing of most.

    Attributes:
        shim: what a period shim does with it.
        gone: it is not there, and no shim supplies it.
        package: it is not there because this package is not installed (a name for pip).
    """

    shim: str | None = None
    gone: str | None = None
    package: str | None = None


_FINE = Answer()


class Libraries:
    """Looks other libraries' names up, with the period shims in force from then on.

    Imports the libraries for which there are shims; never a module of the program.

    Args:
        own: names of the program's own top-level modules, and dotted ones of two parts.
        paths: the dotted paths that will be asked for.
    """

    def __init__(self, own: Iterable[str], paths: Iterable[str]) -> None:
        self._own = set(own)
        self._answers: dict[str, Answer] = {}
        sys.path[:] = [p for p in sys.path if p and os.path.realpath(p) != os.getcwd()]
        for file in shims.FILES:
            importlib.import_module(f"{shims.__name__}.{file}")
        # The libraries as they are without their patches.
        self._before: dict[str, ModuleType] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in {_longest(p, shims.patches) for p in paths if self._is_foreign(p)}:
                if name and name not in shims.preparations and self._is_installed(name):
                    self._before[name] = _copy(importlib.import_module(name))
            with shims.recording():
                shims.install()

    def _is_foreign(self, path: str) -> bool:
        return self._own.isdisjoint((path.partition(".")[0], ".".join(path.split(".")[:2])))

    def answer(self, path: str) -> Answer:
        """What there is to say of a dotted path below a top-level module other than TensorFlow."""
        path = path.partition(f".{CALLED}")[0]
        name = _longest(path, [*shims.modules, *shims.patches])
        if name and name not in shims.preparations:  # what is below an attribute is no matter
            path = ".".join(path.split(".")[: name.count(".") + 2])
        if path not in self._answers:
            self._answers[path] = self._answer(path)
        return self._answers[path]

    def _answer(self, path: str) -> Answer:
        root, _, below = path.partition(".")
        if not self._is_foreign(path):
            return _FINE
        with warnings.catch_warnings(), shims.recording() as notes:
            warnings.simplefilter("ignore")
            name = _longest(path, shims.preparations)
            if name and self._is_installed(name):
                return self._of_served(name, path)
            name = _longest(path, shims.modules)
            if name and self._has_made(name):
                return self._of_made(name, path[len(name) + 1 :], notes)
            if not self._is_installed(root):
                return _absent(root)
            name = _longest(path, shims.patches)
            if name and path != name:
                return self._of_patched(name, path[len(name) + 1 :].partition(".")[0], notes)
            return self._of_submodule(path) if below and root == "sklearn" else _FINE

    def _is_installed(self, name: str) -> bool:
        if name in sys.stdlib_module_names or name in sys.modules:
            return True
        try:
            return find_spec(name) is not None
        except (ImportError, ValueError):
            return False

    def _has_made(self, name: str) -> bool:
        """Whether a module is one that the shims make, here where it is imported."""
        spec = find_spec(name) if name not in sys.modules else sys.modules[name].__spec__
        return spec is not None and spec.origin == "tf1x shim"

    def _of_made(self, name: str, attribute: str, notes: list[str]) -> Answer:
        try:
            made = importlib.import_module(name)
        except ImportError as error:
            lacks = str(error.name or name).partition(".")[0]
            return Answer(package=pip_name(lacks))
        first = attribute.partition(".")[0]
        if first:
            try:
                getattr(made, first)
            except AttributeError:
                if not self._is_installed(f"{name}.{first}"):
                    return Answer(gone=f"{name}.{first}: the shim of {name} does not have it")
        return Answer(shim=notes[-1] if notes else _made(name))

    def _of_served(self, name: str, path: str) -> Answer:
        """A library that a shim serves as a whole."""
        value: Any = importlib.import_module(name)
        done = name
        for part in path[len(name) + 1 :].split(".") if path != name else ():
            done = f"{done}.{part}"
            try:
                value = getattr(value, part)
            except AttributeError:
                try:
                    value = importlib.import_module(done)
                except ImportError:
                    return Answer(gone=f"{done} is not in the {name} that tf1x serves")
            if not isinstance(value, ModuleType):  # a class or function: what it has is its own
                break
        return Answer(shim=f"{name} is served with the names and arguments of its time")

    def _of_patched(self, name: str, attribute: str, notes: list[str]) -> Answer:
        path = f"{name}.{attribute}"
        value = _get(importlib.import_module(name), attribute)
        if _get(self._before[name], attribute) is not None:
            changed = path in _CHANGED
            return Answer(shim=_CHANGED[path]) if changed else _FINE
        if value is not None:
            note = getattr(value, "notes", None) or (notes[-1] if notes else None)
            return Answer(shim=note or f"{_plain(path)} is {_shown(value)}")
        if self._is_installed(path):
            return _FINE
        return Answer(gone=f"{path} is not in the {name} that is installed, and has no shim")

    def _of_submodule(self, path: str) -> Answer:
        """scikit-learn's modules that are gone without a shim."""
        name = ".".join(path.split(".")[:2])
        try:
            found = find_spec(name) is not None
        except ImportError:
            found = True
        if found or _get(importlib.import_module("sklearn"), name[len("sklearn.") :]) is not None:
            return _FINE
        return Answer(gone=f"{name} is not in the scikit-learn that is installed, and has no shim")


def pip_name(module: str) -> str:
    """What to give pip for a module."""
    return _PACKAGES.get(module, module)


def python2_builtin(name: str) -> bool:
    """Whether a name that is bound nowhere is one that Python 2 had built in."""
    return name in _PYTHON2_BUILTINS


def _copy(module: ModuleType) -> ModuleType:
    made = ModuleType(module.__name__)
    made.__dict__.update(vars(module))
    return made


def _get(module: ModuleType, name: str) -> Any:
    value = getattr(module, name, None)
    if value is None and name not in vars(module):
        return None
    return module if value is None else value  # present, though it is None


def _longest(path: str, names: Iterable[str]) -> str | None:
    fitting = [n for n in names if path == n or path.startswith(f"{n}.")]
    return max(fitting, key=len, default=None)


def _absent(root: str) -> Answer:
    if root in _GONE:
        return Answer(gone=f"the module {root} is not in Python {sys.version_info[0]}."
                           f"{sys.version_info[1]}, and has no shim")  # fmt: skip
    return Answer(package=pip_name(root))


def _made(name: str) -> str:
    return f"the module {name} is made from what replaced it"


def _plain(path: str) -> str:
    return path.removeprefix(f"{builtins.__name__}.")


def _shown(value: Any) -> str:
    name = str(getattr(value, "__name__", repr(value)))
    return "a function" if name == "<lambda>" else name
