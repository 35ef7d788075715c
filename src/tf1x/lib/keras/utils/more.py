"""What `keras.utils` had and Keras 3 has elsewhere, or not at all."""

from __future__ import annotations

from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.lib.keras.engine import genuine

Sequence = genuine("utils").PyDataset


def multi_gpu_model(model: Any, gpus: Any = None, **kwargs: Any) -> Any:
    """Not served: XLA decides about devices.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError(
        "multi_gpu_model: use the model itself; several devices are used through "
        "keras.distribution (Keras 3)."
    )


def print_summary(model: Any, line_length: Any = None, positions: Any = None,
                  print_fn: Any = None) -> None:  # fmt: skip
    """`model.summary()`."""
    model.summary(line_length=line_length, positions=positions, print_fn=print_fn)


def convert_all_kernels_in_model(model: Any) -> None:
    """Not served: kernels of Theano.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError("convert_all_kernels_in_model turns kernels saved by Theano around.")


class HDF5Matrix:
    """An array in an HDF5 file, or some of its rows, read when they are used."""

    def __init__(self, datapath: str, dataset: str, start: int = 0, end: int | None = None,
                 normalizer: Any = None) -> None:  # fmt: skip
        import h5py

        self.data = h5py.File(datapath, "r")[dataset]
        self.start, self.end = start, self.data.shape[0] if end is None else end
        self.normalizer = normalizer

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: Any) -> Any:
        rows = self.data[self.start : self.end][key]
        return rows if self.normalizer is None else self.normalizer(rows)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), *self.data.shape[1:])

    @property
    def dtype(self) -> Any:
        return self.data.dtype


def func_dump(func: Any) -> tuple[bytes, Any, Any]:
    """A function's bytecode, defaults and closure."""
    import marshal

    closure = tuple(c.cell_contents for c in func.__closure__) if func.__closure__ else None
    return marshal.dumps(func.__code__), func.__defaults__, closure


def func_load(code: Any, defaults: Any = None, closure: Any = None, globs: Any = None) -> Any:
    """Not served: it would run bytecode from a file.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError("func_load runs bytecode: pass the function in custom_objects.")


def has_arg(fn: Any, name: str, accept_all: bool = False) -> bool:
    """Whether a function takes an argument."""
    import inspect

    found = inspect.signature(fn).parameters
    return name in found or (accept_all and any(p.kind is p.VAR_KEYWORD for p in found.values()))


def get_from_module(identifier: Any, module_params: Any, module_name: str,
                    instantiate: bool = False, kwargs: Any = None) -> Any:  # fmt: skip
    """A named object of a module (Keras 1)."""
    if not isinstance(identifier, str):
        return identifier
    found = module_params[identifier]
    return found(**(kwargs or {})) if instantiate else found
