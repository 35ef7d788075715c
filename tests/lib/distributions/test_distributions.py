"""tf.distributions against TensorFlow: nodes, values, gradients and samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_close, assert_same_nodes, nodes, run
from tests.oracle import tf1

A = np.float32([1.5, 2.5])
B = np.float32([[3.0], [0.5]])
X = np.float32([0.3, 0.6])
LOGITS = np.float32([[0.3, -2.0, 1.0], [1.0, 2.0, 3.0]])
PROBS = np.float32([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
SIMPLEX = np.float32([[0.3, 0.6, 0.1], [0.5, 0.25, 0.25]])
COUNTS = np.float32([[1, 2, 1], [0, 0, 4]])

# class -> the parameters, as arrays, and a value
KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "Normal": ({"loc": A, "scale": B}, X),
    "Uniform": ({"low": np.float32([0.0, 0.5]), "high": B}, X),
    "Bernoulli": ({"logits": A}, np.int32([1, 0])),
    "Bernoulli-probs": ({"probs": X}, np.int32([[1, 0], [1, 1]])),
    "Categorical": ({"logits": LOGITS}, np.int32([1, 2])),
    "Categorical-probs": ({"probs": PROBS[0]}, np.int32([1, 2, 0])),
    "Beta": ({"concentration1": A, "concentration0": np.float32([3.0, 0.5])}, X),
    "Gamma": ({"concentration": A, "rate": np.float32([3.0, 0.5])}, X),
    "Exponential": ({"rate": A}, X),
    "Laplace": ({"loc": A, "scale": np.float32([3.0, 0.5])}, np.float32([0.3, 2.6])),
    "Dirichlet": ({"concentration": LOGITS + 3}, SIMPLEX),
    "Multinomial": ({"total_count": np.float32(4), "probs": PROBS}, COUNTS),
    "DirichletMultinomial": ({"total_count": np.float32(4), "concentration": PROBS}, COUNTS),
    "StudentT": ({"df": A + 2, "loc": A, "scale": np.float32([3.0, 0.5])}, X),
}
OF_VALUES = "prob log_prob cdf log_cdf survival_function log_survival_function quantile"
STATISTICS = (
    "entropy mean variance stddev mode covariance batch_shape_tensor event_shape_tensor "
    "is_scalar_batch is_scalar_event"
)


@pytest.fixture(autouse=True)
def _seeds_of_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF1X_SEEDS", "tf2")


def _made(tf: Any, kind: str, known: bool = True, **options: Any) -> tuple[Any, list[Any]]:
    parameters = {
        key: tf.constant(value) if known else tf.placeholder_with_default(value, None)
        for key, value in KINDS[kind][0].items()
    }
    made = getattr(tf.distributions, kind.partition("-")[0])(**parameters, **options)
    return made, list(parameters.values())


def _results(tf: Any, distribution: Any, value: Any) -> dict[str, Any]:
    """What the distribution has of all methods."""
    found = {}
    for method in OF_VALUES.split():
        try:
            found[method] = getattr(distribution, method)(value)
        except NotImplementedError:
            found[method] = tf.constant("not implemented")
    for method in STATISTICS.split():
        if method == "mode" and isinstance(distribution, tf.distributions.Dirichlet):
            continue  # TensorFlow 2.21 cannot do it for a batch
        try:
            found[method] = getattr(distribution, method)()
        except NotImplementedError:
            found[method] = tf.constant("not implemented")
    return found


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients(kind: str, known: bool) -> None:
    def program(tf: Any) -> Any:
        distribution, parameters = _made(tf, kind, known)
        value = tf.constant(KINDS[kind][1])
        found = _results(tf, distribution, value)
        differentiable = ["log_prob", "entropy", "mean", "stddev", "cdf"]
        for method in differentiable:
            if found[method].dtype == tf.float32 and parameters[-1].dtype == tf.float32:
                slopes = tf.gradients(found[method], [*parameters, value])
                found |= {f"d {method} {i}": g for i, g in enumerate(slopes) if g is not None}
        return None, found

    (ours,), (theirs,) = run(tf1x, program), run(tf1, program)
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert_close(ours[key], value, 1e-4, 1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_samples(kind: str) -> None:
    """The same numbers with a seed, shapes, and gradients to the parameters."""

    def program(tf: Any) -> Any:
        tf.set_random_seed(5)
        distribution, parameters = _made(tf, kind)
        if kind == "Multinomial":  # TensorFlow draws for a batch in a loop whose steps race
            distribution = tf.distributions.Multinomial(4.0, probs=PROBS[:1])
        samples = [distribution.sample([2, 3]), distribution.sample(4, seed=3)]
        floats = samples[0].dtype.is_floating
        slopes = tf.gradients(samples[0], parameters) if floats else []
        return None, [*samples, *(g for g in slopes if g is not None)]

    assert_close(run(tf1x, program)[0], run(tf1, program)[0], 1e-4, 1e-4)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "Multinomial"])
def test_nodes_of_samples(kind: str) -> None:
    """On which default seeds depend."""
    assert_same_nodes(lambda tf: _made(tf, kind)[0].sample([2]))


@pytest.mark.parametrize("kind", ["Normal", "Bernoulli", "Gamma", "Beta"])
def test_nodes_of_densities(kind: str) -> None:
    def program(tf: Any) -> None:
        made, _ = _made(tf, kind)
        made.log_prob(KINDS[kind][1])
        made.entropy()
        made.mean()
        made.stddev()
        made.kl_divergence(made.copy())

    assert_same_nodes(program)


@pytest.mark.parametrize(
    "kind", ["Normal", "Bernoulli", "Categorical", "Beta", "Gamma", "Exponential", "Dirichlet"]
)
def test_divergences(kind: str) -> None:
    def program(tf: Any) -> Any:
        a, parameters = _made(tf, kind)
        key, value = next(iter(KINDS[kind][0].items()))
        b = a.copy(**{key: value[..., ::-1]})
        divergence = tf.distributions.kl_divergence(a, b, allow_nan_stats=False)
        return None, [divergence, a.cross_entropy(b), *tf.gradients(divergence, parameters)]

    assert_close(run(tf1x, program)[0], run(tf1, program)[0], 1e-4, 1e-5)


CHECKED: dict[str, Callable[[Any], Any]] = {
    "scale": lambda d: d.Normal(0.0, [1.0, -1.0], validate_args=True).mean(),
    "bounds": lambda d: d.Uniform(1.0, [2.0, 1.0], validate_args=True).mean(),
    "probability": lambda d: d.Bernoulli(probs=[0.5, 1.5], validate_args=True).mean(),
    "sum": lambda d: d.Categorical(probs=[0.5, 0.6], validate_args=True).entropy(),
    "whole": lambda d: d.Bernoulli(0.0, validate_args=True).log_prob(0.5),
    "concentration": lambda d: d.Beta(-1.0, 1.0, validate_args=True).mean(),
    "sample": lambda d: d.Beta(1.0, 1.0, validate_args=True).prob(1.5),
    "counts": lambda d: d.Multinomial(3.0, [0.0, 1.0], validate_args=True).prob([1.0, 1.0]),
    "simplex": lambda d: d.Dirichlet([1.0, 2.0], validate_args=True).prob([0.2, 0.2]),
    "mode": lambda d: d.Gamma(0.5, 1.0, allow_nan_stats=False).mode(),
    "mean": lambda d: d.StudentT(0.5, 0.0, 1.0, allow_nan_stats=False).mean(),
}


@pytest.mark.parametrize("what", CHECKED)
def test_checks_at_run_time(what: str) -> None:
    for tf in (tf1x, tf1):
        with (
            pytest.raises(tf.errors.InvalidArgumentError),
            tf.Graph().as_default(),
            tf.Session() as session,
        ):
            session.run(CHECKED[what](tf.distributions))


WRONG: dict[str, tuple[type[Exception], Callable[[Any], Any]]] = {
    "both": (ValueError, lambda d: d.Bernoulli(logits=0.0, probs=0.5)),
    "neither": (ValueError, lambda d: d.Categorical()),
    "integers": (TypeError, lambda d: d.Bernoulli(logits=[1, 2])),
    "types": (ValueError, lambda d: d.Normal(0.0, np.float64(1.0))),
    "no_quantile": (NotImplementedError, lambda d: d.Gamma(1.0, 1.0).quantile(0.5)),
    "no_kl": (NotImplementedError, lambda d: d.Gamma(1.0, 1.0).kl_divergence(d.Beta(1.0, 1.0))),
    "rank": (ValueError, lambda d: d.Normal(0.0, 1.0).sample([[1]])),
    "kl_twice": (ValueError, lambda d: d.RegisterKL(d.Normal, d.Normal)(print)),
    "kl_function": (TypeError, lambda d: d.RegisterKL(d.Normal, d.Beta)(3)),
}


@pytest.mark.parametrize("what", WRONG)
def test_errors(what: str) -> None:
    error, function = WRONG[what]
    for tf in (tf1x, tf1):
        with pytest.raises(error), tf.Graph().as_default():
            function(tf.distributions)


def test_undefined_modes_are_nan() -> None:
    def program(tf: Any) -> Any:
        d = tf.distributions
        return None, [
            d.Beta([0.5, 2.0], [2.0, 3.0]).mode(),
            d.Gamma([0.5, 2.0], 1.0).mode(),
            d.Dirichlet([0.5, 2.0]).mode(),
            d.Dirichlet([1.5, 2.0]).mode(),
            d.StudentT([0.5, 1.5, 2.5], 1.0, 1.0).variance(),
        ]

    assert_close(run(tf1x, program)[0], run(tf1, program)[0])


def _shapes(tf: Any) -> list[Any]:
    made = tf.distributions.Normal(np.zeros((2, 1), np.float32), np.ones(3, np.float32))
    loose = tf.distributions.Normal(tf.placeholder(tf.float32, [None, 3]), 1.0)
    count = tf.placeholder(tf.int32, [])
    return [
        made.batch_shape.as_list(),
        made.event_shape.as_list(),
        made.sample([4, 5]).shape.as_list(),
        made.sample(count).shape.as_list(),
        loose.sample(2).shape.as_list(),
        loose.sample([count, 2]).shape.as_list(),
        sorted(made.parameters),
        made.copy(loc=[1.0]).batch_shape.as_list(),
        made.name,
        tf.distributions.Normal(0.0, 1.0).name,
        made.dtype.name,
        repr(made.reparameterization_type),
        made.validate_args,
        made.allow_nan_stats,
        {k: v.as_list() for k, v in tf.distributions.Gamma.param_static_shapes([2, 3]).items()},
    ]


def test_properties() -> None:
    found = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default():
            found.append(_shapes(tf))
    assert found[0] == found[1]
    assert tf1x.distributions.Normal(0.0, 1.0).reparameterization_type is (
        tf1x.distributions.FULLY_REPARAMETERIZED
    )


def test_a_shape_that_is_fed() -> None:
    count = tf1x.placeholder(tf1x.int32, None)
    samples = tf1x.distributions.Normal([0.0, 1.0], 1.0).sample(count)
    with tf1x.Session() as session:
        assert session.run(samples, {count: 3}).shape == (3, 2)
        assert session.run(samples, {count: [3, 4]}).shape == (3, 4, 2)


def test_own_distributions() -> None:
    """A subclass has what follows from what it implements."""

    def program(tf: Any) -> Any:
        class Triangle(tf.distributions.Distribution):
            def __init__(self, name: str = "Triangle") -> None:
                kind = tf.distributions.NOT_REPARAMETERIZED
                super().__init__(tf.float32, kind, False, True, {}, [], name)

            def _prob(self, x: Any) -> Any:
                return 2.0 * x

            def _cdf(self, x: Any) -> Any:
                return x * x

            def _stddev(self) -> Any:
                return tf.constant(0.5)

        made = Triangle()
        return None, [made.log_prob(X), made.log_survival_function(X), made.variance()]

    assert nodes(tf1x, program) == nodes(tf1, program)
    assert_close(run(tf1x, program)[0], run(tf1, program)[0])


def test_multinomials_with_counts_of_their_own() -> None:
    counts = tf1x.placeholder_with_default(np.float32([2, 4]), [None])
    made = tf1x.distributions.Multinomial(counts, probs=PROBS)
    samples = made.sample([300, 2], seed=1)
    with tf1x.Session() as session:
        drawn = session.run(samples)
    assert drawn.shape == (300, 2, 2, 3)
    assert (drawn.sum(-1) == [2, 4]).all()
    np.testing.assert_allclose(drawn.mean((0, 1)), PROBS * [[2], [4]], atol=0.15)
