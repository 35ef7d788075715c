"""NumPy: names removed in 1.24 and 2.0, `np.load` of pickles, `np.fromstring` of bytes."""

from __future__ import annotations

import builtins
import io
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from tf1x.importer.shims import add_attributes, note, patch

_ALIASES: dict[str, Any] = {
    # NumPy 1.24: aliases of Python's own types
    "bool": bool, "int": int, "float": float, "complex": complex, "object": object, "str": str,
    "long": int, "unicode": str,
    # NumPy 2.0: second names
    "float_": np.float64, "complex_": np.complex128, "cfloat": np.complex128,
    "singlecomplex": np.complex64, "longfloat": np.longdouble, "clongfloat": np.clongdouble,
    "longcomplex": np.clongdouble, "string_": np.bytes_, "unicode_": np.str_, "bool8": np.bool_,
    "int0": np.intp, "uint0": np.uintp, "object0": np.object_, "str0": np.str_,
    "bytes0": np.bytes_, "void0": np.void,
    "Inf": np.inf, "Infinity": np.inf, "infty": np.inf, "PINF": np.inf, "NINF": -np.inf,
    "NaN": np.nan, "NAN": np.nan, "PZERO": 0.0, "NZERO": -0.0,
    "alltrue": np.all, "sometrue": np.any, "product": np.prod, "cumproduct": np.cumprod,
    "round_": np.round, "row_stack": np.vstack, "mat": np.asmatrix, "rank": np.ndim,
    "in1d": np.isin, "typeDict": np.sctypeDict,
    # where there was a function
    "asscalar": lambda a: np.asarray(a).item(),
    "asfarray": lambda a, dtype=np.float64: np.asarray(
        a, dtype if np.issubdtype(dtype, np.inexact) else np.float64
    ),
    "msort": lambda a: np.sort(a, axis=0),
    "find_common_type": lambda array_types, scalar_types: np.result_type(
        *array_types, *scalar_types
    ),
    "safe_eval": lambda source: __import__("ast").literal_eval(source),
}  # fmt: skip


def _trapz(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    return np.trapezoid(y, x, dx, axis)


class _Cast(dict[Any, Any]):
    """`np.cast[dtype](values)`."""

    def __missing__(self, dtype: Any) -> Callable[[Any], Any]:
        return lambda x: np.asarray(x).astype(dtype)


_ALIASES |= {"trapz": _trapz, "cast": _Cast()}


def _removed(name: str) -> Any:
    if name not in _ALIASES:
        raise AttributeError(name)
    value = _ALIASES[name]
    shown = getattr(value, "__name__", repr(value)).replace("<lambda>", "a function")
    note(f"np.{name} (removed from NumPy) is {shown}")
    return value


@patch("numpy")
def _numpy(numpy: ModuleType) -> None:
    add_attributes(numpy, _removed)
    numpy.load = _loading(numpy.load)  # type: ignore[attr-defined]
    numpy.fromstring = _from_string(numpy.fromstring)  # type: ignore[attr-defined]


# -- np.fromstring -----------------------------------------------------------------------------


def _from_string(original: Callable[..., Any]) -> Callable[..., Any]:
    def fromstring(
        string: Any, dtype: Any = float, count: int = -1, *, sep: str = "", **kwargs: Any
    ) -> Any:
        """`np.fromstring`; bytes without a separator are read as they were before NumPy 2.3."""
        if sep != "":
            return original(string, dtype, count, sep=sep, **kwargs)
        note("np.fromstring of bytes (removed from NumPy) copies np.frombuffer's result")
        data = string.encode("latin-1") if isinstance(string, str) else string
        return np.frombuffer(data, dtype, count).copy()

    return fromstring


# -- np.load -----------------------------------------------------------------------------------

# What pickled arrays consist of. Loading anything else could run code from the file.
_HARMLESS = {
    *(("numpy", name) for name in ("ndarray", "dtype", "float64", "int64", "float32", "int32")),
    *(
        (f"numpy.{core}.{module}", name)
        for core in ("core", "_core")
        for module, names in (
            ("multiarray", ("_reconstruct", "scalar")),
            ("numeric", ("_frombuffer",)),
        )
        for name in names
    ),
    *(
        (module, name)
        for module in ("builtins", "__builtin__")
        for name in [
            "list",
            "dict",
            "tuple",
            "set",
            "frozenset",
            "str",
            "bytes",
            "int",
            "float",
            "bool",
            "complex",
            "slice",
            "range",
        ]
    ),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("_codecs", "encode"),
    ("copy_reg", "_reconstructor"),
    ("copyreg", "_reconstructor"),
    ("builtins", "object"),
    ("__builtin__", "object"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _HARMLESS:
            raise ValueError(
                f"the file holds an object of {module}.{name}, which could run code when loaded. "
                "If you trust the file, write np.load(..., allow_pickle=True)."
            )
        if module == "__builtin__":
            return getattr(builtins, name)
        return super().find_class(module, name)


def _loading(original: Callable[..., Any]) -> Callable[..., Any]:
    def load(
        file: Any, mmap_mode: Any = None, allow_pickle: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """`np.load`, which before NumPy 1.16.3 took arrays of objects without being asked to.

        Unless the program says something about `allow_pickle`, such arrays are loaded if they
        consist of plain Python and NumPy values.
        """
        if allow_pickle is not None or args:
            return original(file, mmap_mode, bool(allow_pickle), *args, **kwargs)
        encoding = kwargs.get("encoding", "ASCII")
        start = file.tell() if hasattr(file, "seek") else None
        try:
            found = original(file, mmap_mode, **kwargs)
        except ValueError as error:
            if "allow_pickle" not in str(error) and "pickle" not in str(error):
                raise
            if start is None:
                with open(file, "rb") as stream:
                    return _read(stream, encoding)
            file.seek(start)
            return _read(file, encoding)
        if isinstance(found, np.lib.npyio.NpzFile):
            return _Archive(found, encoding)
        return found

    return load


def _read(stream: Any, encoding: str) -> Any:
    """An array of objects, or whatever else was pickled."""
    note("np.load of pickled arrays (needs allow_pickle=True since NumPy 1.16.3)")
    magic = stream.read(len(np.lib.format.MAGIC_PREFIX))
    stream.seek(-len(magic), io.SEEK_CUR)
    if magic != np.lib.format.MAGIC_PREFIX:
        return _Unpickler(stream, encoding=encoding).load()
    version = np.lib.format.read_magic(stream)
    header = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, _ = header(stream)
    array = _Unpickler(stream, encoding=encoding).load()
    return np.asarray(array, object).reshape(shape)


class _Archive(Mapping[str, Any]):
    """An `.npz` file whose arrays may be of objects."""

    def __init__(self, file: Any, encoding: str) -> None:
        self._file = file
        self._encoding = encoding

    def __getitem__(self, key: str) -> Any:
        try:
            return self._file[key]
        except ValueError as error:
            if "allow_pickle" not in str(error):
                raise
            archive: zipfile.ZipFile = self._file.zip
            name = key if key in archive.namelist() else f"{key}.npy"
            return _read(io.BytesIO(archive.read(name)), self._encoding)

    def __iter__(self) -> Iterator[str]:
        return iter(self._file.files)

    def __len__(self) -> int:
        return len(self._file.files)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Archive:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._file.close()
