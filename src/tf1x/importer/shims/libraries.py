"""PyYAML, scikit-learn, pandas, Pillow: calls and names of the time."""

from __future__ import annotations

import functools
import importlib
from types import ModuleType
from typing import Any

from tf1x.importer.shims import add_attributes, module, note, noting, patch

# -- PyYAML ------------------------------------------------------------------------------------


@patch("yaml")
def _yaml(yaml: Any) -> None:
    """`yaml.load(text)` took no loader until 6.0. The full one makes no objects of other classes."""
    original = {name: getattr(yaml, name) for name in ("load", "load_all")}

    def with_default(name: str) -> Any:
        def load(stream: Any, Loader: Any = None) -> Any:
            if Loader is None:
                note(f"yaml.{name} without a loader takes yaml.FullLoader")
                Loader = yaml.FullLoader
            return original[name](stream, Loader)

        return load

    for name in original:
        setattr(yaml, name, with_default(name))


# -- scikit-learn ------------------------------------------------------------------------------


@module("sklearn.cross_validation", "sklearn.grid_search", "sklearn.learning_curve")
def _model_selection(made: ModuleType) -> None:
    from sklearn import model_selection

    note(f"{made.__name__} (removed from scikit-learn) is sklearn.model_selection")
    made.__dict__.update({k: v for k, v in vars(model_selection).items() if not k.startswith("__")})
    if made.__name__.endswith("cross_validation"):
        made.__dict__.update(
            KFold=_k_fold, StratifiedKFold=_stratified_k_fold, ShuffleSplit=_shuffle_split
        )


def _k_fold(
    n: Any, n_folds: int = 3, shuffle: bool = False, random_state: Any = None
) -> list[tuple[Any, Any]]:
    """`KFold(n, n_folds)` as it was: pairs of training and test rows."""
    import numpy as np
    from sklearn.model_selection import KFold

    return list(KFold(n_folds, shuffle=shuffle, random_state=random_state).split(np.zeros(n)))


def _stratified_k_fold(
    y: Any, n_folds: int = 3, shuffle: bool = False, random_state: Any = None
) -> list[tuple[Any, Any]]:
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(n_folds, shuffle=shuffle, random_state=random_state)
    return list(folds.split(np.zeros(len(y)), y))


def _shuffle_split(
    n: int, n_iter: int = 10, test_size: Any = 0.1, train_size: Any = None, random_state: Any = None
) -> list[tuple[Any, Any]]:
    import numpy as np
    from sklearn.model_selection import ShuffleSplit

    folds = ShuffleSplit(
        n_iter, test_size=test_size, train_size=train_size, random_state=random_state
    )
    return list(folds.split(np.zeros(n)))


@module("sklearn.externals")
def _externals(made: ModuleType) -> None:
    made.__path__ = []


@module("sklearn.externals.joblib", "sklearn.externals.six")
def _external(made: ModuleType) -> None:
    name = made.__name__.rpartition(".")[2]
    note(f"{made.__name__} (removed from scikit-learn) is the package {name}")
    source = importlib.import_module(name)
    made.__dict__.update({k: v for k, v in vars(source).items() if not k.startswith("__")})


@patch("sklearn.preprocessing")
def _preprocessing(target: ModuleType) -> None:
    def found(name: str) -> Any:
        if name != "Imputer":
            raise AttributeError(name)
        from sklearn.impute import SimpleImputer

        note("sklearn.preprocessing.Imputer is sklearn.impute.SimpleImputer")
        return lambda missing_values=float("nan"), strategy="mean", axis=0, **kwargs: SimpleImputer(
            missing_values=float("nan") if missing_values == "NaN" else missing_values,
            strategy=strategy,
            **kwargs,
        )

    add_attributes(target, found)


@patch("sklearn.linear_model")
def _linear_model(target: ModuleType) -> None:
    """`tol=-inf`, which said "all iterations, please", is None today."""
    for name in ("Perceptron", "SGDClassifier", "SGDRegressor"):
        kind = getattr(target, name)
        kind.fit = _fit_without_tolerance(kind.fit, name)


def _fit_without_tolerance(original: Any, name: str) -> Any:
    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.tol == float("-inf"):
            note(f"sklearn's {name}(tol=-inf) is {name}(tol=None)")
            self.tol = None
        return original(self, *args, **kwargs)

    return fit


@patch("sklearn.datasets")
def _datasets(target: ModuleType) -> None:
    def found(name: str) -> Any:
        if name != "fetch_mldata":
            raise AttributeError(name)
        return _fetch_mldata

    add_attributes(target, found)


def _fetch_mldata(dataname: str, **kwargs: Any) -> Any:
    """`fetch_mldata("MNIST original")`, from where tf1x finds MNIST (mldata.org is gone).

    Raises:
        ValueError: another data set.
    """
    import numpy as np
    from sklearn.utils import Bunch

    from tf1x.lib import mnist

    if dataname.lower() not in ("mnist original", "mnist-original"):
        raise ValueError(
            f"mldata.org is gone: of its data sets tf1x has 'MNIST original', not {dataname!r}; "
            "look for it with sklearn.datasets.fetch_openml."
        )
    note("sklearn.datasets.fetch_mldata('MNIST original') reads mnist.npz")
    found = mnist.read_data_sets("MNIST_data", dtype=np.uint8, validation_size=0)
    parts = []
    for part in (found.train, found.test):  # each sorted by digit, as mldata.org had them
        order = np.argsort(part.labels, kind="stable")
        parts.append((part.images[order], part.labels[order].astype(np.float64)))
    data, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Bunch(data=data, target=labels, DESCR="MNIST original", COL_NAMES=["label", "data"])


# -- pandas ------------------------------------------------------------------------------------


@patch("pandas")
def _pandas(pandas: Any) -> None:
    frame, series = pandas.DataFrame, pandas.Series

    def append(self: Any, other: Any, ignore_index: bool = False, **kwargs: Any) -> Any:
        others = list(other) if isinstance(other, (list, tuple)) else [other]
        if isinstance(self, frame):
            others = [pandas.DataFrame([o]) if isinstance(o, (dict, series)) else o for o in others]
        return pandas.concat([self, *others], ignore_index=ignore_index)

    def as_matrix(self: Any, columns: Any = None) -> Any:
        return (self if columns is None else self[columns]).to_numpy()

    def get_value(self: Any, index: Any, col: Any, takeable: bool = False) -> Any:
        return self.iat[index, col] if takeable else self.at[index, col]

    for kind, name, function in (
        (frame, "append", append), (series, "append", append), (frame, "as_matrix", as_matrix),
        (series, "as_matrix", as_matrix), (frame, "get_value", get_value),
        (frame, "iteritems", lambda self: self.items()),
        (series, "iteritems", lambda self: self.items()),
    ):  # fmt: skip
        if not hasattr(kind, name):
            what = f"{kind.__name__}.{name} (removed from pandas) is made from what replaced it"
            setattr(kind, name, noting(what, function))
    if not hasattr(frame, "ix"):
        frame.ix = property(_Ix)
        series.ix = property(_Ix)


class _Ix:
    """`frame.ix[...]`: labels where they are found, positions elsewhere."""

    def __init__(self, target: Any) -> None:
        note("DataFrame.ix (removed from pandas) tries .loc, then .iloc")
        self._target = target

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._target.loc[key]
        except (KeyError, TypeError):
            return self._mixed(key)

    def _mixed(self, key: Any) -> Any:
        if not isinstance(key, tuple):
            return self._target.iloc[key]
        rows, columns = key
        try:
            part = self._target.iloc[rows]
        except (IndexError, TypeError):
            part = self._target.loc[rows]
        try:
            return part.loc[columns] if part.ndim == 1 else part.loc[:, columns]
        except (KeyError, TypeError):
            return part.iloc[columns] if part.ndim == 1 else part.iloc[:, columns]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._target.loc[key] = value


# -- Pillow ------------------------------------------------------------------------------------


@patch("PIL.Image")
def _pillow(target: Any) -> None:
    names = {"ANTIALIAS": "LANCZOS", "LINEAR": "BILINEAR", "CUBIC": "BICUBIC"}

    def found(name: str) -> Any:
        if name not in names:
            raise AttributeError(name)
        note(f"Image.{name} (removed from Pillow) is Image.Resampling.{names[name]}")
        return getattr(target.Resampling, names[name])

    add_attributes(target, found)


# -- matplotlib --------------------------------------------------------------------------------


@patch("matplotlib.axis")
def _matplotlib(target: Any) -> None:
    """More or fewer labels than ticks, which is an error since matplotlib 3.3."""
    original = target.Axis.set_ticklabels

    @functools.wraps(original)
    def set_ticklabels(self: Any, labels: Any, *, minor: bool = False, **kwargs: Any) -> Any:
        labels = list(labels)
        try:
            return original(self, labels, minor=minor, **kwargs)
        except ValueError as error:
            if "FixedLocator" not in str(error):
                raise
            note("matplotlib: as many labels as there are ticks are used")
            count = len(self.get_minorticklocs() if minor else self.get_majorticklocs())
            labels = labels[:count] + [""] * (count - len(labels))
            return original(self, labels, minor=minor, **kwargs)

    target.Axis.set_ticklabels = set_ticklabels
