"""tf.contrib.distributions against SciPy, formulas and Monte Carlo."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import tf1x as tf

d = tf.contrib.distributions
A = np.array([1.5, 2.5])
B = np.array([0.7, 3.0])
P = np.array([0.3, 0.6])

# name -> (the distribution, the same in SciPy, values)
SCALAR: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    "Cauchy": (lambda: d.Cauchy(A, B), stats.cauchy(A, B), [-1.0, 2.0]),
    "Gumbel": (lambda: d.Gumbel(A, B), stats.gumbel_r(A, B), [-1.0, 2.0]),
    "Logistic": (lambda: d.Logistic(A, B), stats.logistic(A, B), [-1.0, 2.0]),
    "HalfNormal": (lambda: d.HalfNormal(B), stats.halfnorm(scale=B), [0.5, 2.0]),
    "Chi2": (lambda: d.Chi2(A), stats.chi2(A), [0.5, 2.0]),
    "InverseGamma": (
        lambda: d.InverseGamma(A + 1, B),
        stats.invgamma(A + 1, scale=B),
        [0.5, 2.0],
    ),
    "Pareto": (lambda: d.Pareto(A + 1, B), stats.pareto(A + 1, scale=B), [1.0, 4.0]),
    "LogNormal": (lambda: d.LogNormal(A, P), stats.lognorm(P, scale=np.exp(A)), [1.0, 9.0]),
    "Kumaraswamy": (lambda: d.Kumaraswamy(np.float64(1.0), B), stats.beta(1.0, B), [0.2, 0.7]),
    "Poisson": (lambda: d.Poisson(A), stats.poisson(A), [1.0, 4.0]),
    "Poisson-log": (lambda: d.Poisson(log_rate=np.log(A)), stats.poisson(A), [0.0, 4.0]),
    "Geometric": (lambda: d.Geometric(probs=P), stats.geom(P, loc=-1), [1.0, 4.0]),
    "Binomial": (lambda: d.Binomial(np.float64(5.0), probs=P), stats.binom(5, P), [1.0, 5.0]),
    "NegativeBinomial": (
        lambda: d.NegativeBinomial(A, probs=P),
        stats.nbinom(A, 1 - P),
        [1.0, 4.0],
    ),
    "MovedNormal": (
        lambda: d.TransformedDistribution(
            d.Normal(A, B), d.bijectors.AffineScalar(np.float64(1.0), np.float64(2.0))
        ),
        stats.norm(1 + 2 * A, 2 * B),
        [1.0, 4.0],
    ),
}
DISCRETE = ("Poisson", "Poisson-log", "Geometric", "Binomial", "NegativeBinomial")


def values(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    tf.reset_default_graph()
    tf.set_random_seed(3)


def _optional(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except NotImplementedError:
        return None


@pytest.mark.parametrize("name", SCALAR)
def test_scalars_equal_scipy(name: str) -> None:
    build, known, x = SCALAR[name]
    made, x = build(), np.array(x)
    wanted = {
        "log_prob": known.logpmf(x) if name in DISCRETE else known.logpdf(x),
        "cdf": known.cdf(x),
        "log_cdf": known.logcdf(x),
        "survival_function": known.sf(x),
        "log_survival_function": known.logsf(x),
        "quantile": None if name in DISCRETE else known.ppf(P),
        "mean": known.mean(),
        "variance": known.var(),
        "entropy": None if name in ("Poisson", "Poisson-log") else known.entropy(),
    }
    fetches = {}
    for method in wanted:
        arguments = [P] if method == "quantile" else [x]
        if method in ("mean", "variance", "entropy"):
            arguments = []
        found = _optional(getattr(made, method), *arguments)
        if found is not None and wanted[method] is not None:
            fetches[method] = found
    assert {"log_prob", "cdf", "survival_function"} <= fetches.keys()
    for method, value in values(fetches).items():
        target = np.asarray(wanted[method], np.float64)
        if name == "Cauchy" and method in ("mean", "variance"):
            target = np.full(2, np.nan)
        np.testing.assert_allclose(value, target, rtol=1e-6, atol=1e-9, err_msg=method)


@pytest.mark.parametrize("name", SCALAR)
def test_samples_have_the_distribution(name: str) -> None:
    """Kolmogorov's distance of 4000 samples from SciPy's distribution function is small."""
    build, known, _ = SCALAR[name]
    made = build()
    one, many = values([made.sample(), made.sample([40, 100], seed=4)])
    assert one.shape == (2,)
    assert many.shape == (40, 100, 2)
    assert one.dtype == many.dtype == np.float64
    ordered = np.sort(many.reshape(4000, 2), axis=0)
    at_most = np.stack(
        [np.searchsorted(ordered[:, i], ordered[:, i], "right") / 4000 for i in range(2)], 1
    )
    assert np.abs(at_most - known.cdf(ordered)).max() < 0.03


def slopes(function: Callable[[Any], Any], x: np.ndarray, random: bool = False) -> tuple[Any, Any]:
    """The gradient of the sum of a function, and by finite differences.

    Of a `random` one in new sessions, where random numbers start again.
    """
    point = tf.placeholder_with_default(x, x.shape)
    total = tf.reduce_sum(function(point))
    (gradient,) = tf.gradients(total, [point])
    step, found = 1e-5, np.zeros_like(x)
    with tf.Session() as shared:

        def at(values_of: Any, where: Any) -> Any:
            with tf.Session() if random else contextlib.nullcontext(shared) as session:
                return session.run(values_of, {point: where})

        for i in np.ndindex(x.shape):
            move = np.zeros_like(x)
            move[i] = step
            found[i] = (at(total, x + move) - at(total, x - move)) / (2 * step)
        return at(gradient, x), found


@pytest.mark.parametrize("name", [n for n in SCALAR if n not in DISCRETE])
def test_gradients_of_densities(name: str) -> None:
    build, _, x = SCALAR[name]
    ours, wanted = slopes(build().log_prob, np.array(x))
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", ["Cauchy", "Gumbel", "Logistic", "HalfNormal", "RelaxedBernoulli"])
def test_gradients_of_samples(kind: str) -> None:
    """Samples move with their parameters."""

    def drawn(scale: Any) -> Any:
        if kind == "HalfNormal":
            return d.HalfNormal(scale).sample(3, seed=5)
        if kind == "RelaxedBernoulli":
            return d.RelaxedBernoulli(np.float64(0.7), logits=scale).sample(3, seed=5)
        return getattr(d, kind)(scale, scale).sample(3, seed=5)

    ours, wanted = slopes(drawn, B.copy(), random=True)
    np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-6)


# -- multivariate normal -------------------------------------------------------------------------

LOC = np.array([[1.0, -1.0, 0.5], [0.0, 2.0, 1.0]])
DIAG = np.array([0.5, 2.0, 1.5])
TRIL = np.array([[1.0, 0, 0], [0.5, 2.0, 0], [-0.3, 0.4, 0.7]])
FACTOR = np.array([[1.0], [0.5], [-0.5]])
NORMALS: dict[str, tuple[Callable[[], Any], np.ndarray]] = {
    "diag": (lambda: d.MultivariateNormalDiag(LOC, DIAG), np.diag(DIAG)),
    "diag_and_multiple": (
        lambda: d.MultivariateNormalDiag(LOC, DIAG, np.float64(0.5)),
        np.diag(DIAG + 0.5),
    ),
    "multiple": (
        lambda: d.MultivariateNormalDiag(LOC, scale_identity_multiplier=np.float64(2.0)),
        2 * np.eye(3),
    ),
    "identity": (lambda: d.MultivariateNormalDiag(LOC), np.eye(3)),
    "softplus": (
        lambda: d.MultivariateNormalDiagWithSoftplusScale(LOC, DIAG),
        np.diag(np.log1p(np.exp(DIAG))),
    ),
    "triangle": (lambda: d.MultivariateNormalTriL(LOC, TRIL + np.triu(np.ones((3, 3)), 1)), TRIL),
    "full": (lambda: d.MultivariateNormalFullCovariance(LOC, TRIL @ TRIL.T), TRIL),
    "low_rank": (
        lambda: d.MultivariateNormalDiagPlusLowRank(
            LOC, DIAG, scale_perturb_factor=FACTOR, scale_perturb_diag=np.array([2.0])
        ),
        np.diag(DIAG) + 2 * FACTOR @ FACTOR.T,
    ),
}


@pytest.mark.parametrize("name", NORMALS)
def test_multivariate_normals(name: str) -> None:
    build, scale = NORMALS[name]
    made, covariance = build(), scale @ scale.T
    known = [stats.multivariate_normal(loc, covariance) for loc in LOC]
    x = np.array([[[0.1, 0.2, 0.3]], [[1.0, -1.0, 2.0]]])
    found = values(
        {
            "log_prob": made.log_prob(x),
            "entropy": made.entropy(),
            "mean": made.mean(),
            "mode": made.mode(),
            "variance": made.variance() + tf.zeros_like(made.mean()),
            "covariance": made.covariance(),
            "det": made.det_covariance(),
            "samples": made.sample(5000, seed=1),
            "shape": tf.concat([made.batch_shape_tensor(), made.event_shape_tensor()], 0),
            "kl": made.kl_divergence(d.MultivariateNormalTriL(LOC[::-1], TRIL)),
        }
    )
    log_prob = [[k.logpdf(row[0]) for k in known] for row in x]
    np.testing.assert_allclose(found["log_prob"], log_prob, rtol=1e-9)
    np.testing.assert_allclose(found["entropy"], [k.entropy() for k in known], rtol=1e-9)
    np.testing.assert_allclose(found["mean"], LOC)
    np.testing.assert_allclose(found["mode"], LOC)
    np.testing.assert_allclose(found["variance"], [np.diag(covariance)] * 2, rtol=1e-9)
    np.testing.assert_allclose(found["covariance"], covariance, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["det"], np.linalg.det(covariance), rtol=1e-9)
    assert found["shape"].tolist() == [2, 3]
    assert (made.batch_shape.as_list(), made.event_shape.as_list()) == ([2], [3])
    samples = found["samples"]
    assert samples.shape == (5000, 2, 3)
    np.testing.assert_allclose(samples.mean(0), LOC, atol=0.2)
    np.testing.assert_allclose(np.cov(samples[:, 0].T), covariance, atol=0.6, rtol=0.1)
    inverse, shift = np.linalg.inv(TRIL @ TRIL.T), LOC[::-1] - LOC
    ratio = np.linalg.slogdet(TRIL @ TRIL.T)[1] - np.linalg.slogdet(covariance)[1]
    distance = np.einsum("bi,ij,bj->b", shift, inverse, shift)
    divergence = 0.5 * (np.trace(inverse @ covariance) - 3 + distance + ratio)
    np.testing.assert_allclose(found["kl"], divergence, rtol=1e-8)


def test_a_multivariate_normal_of_variables() -> None:
    """The gradients reach the parameters, from densities and from samples."""

    def density(diag: Any) -> Any:
        return d.MultivariateNormalDiag(LOC, diag).log_prob(LOC + 0.3)

    def drawn(triangle: Any) -> Any:
        return d.MultivariateNormalTriL(LOC, triangle).sample(2, seed=1)

    np.testing.assert_allclose(*slopes(density, DIAG.copy()), rtol=1e-6)
    np.testing.assert_allclose(*slopes(drawn, TRIL.copy(), random=True), rtol=1e-6, atol=1e-8)


def test_what_tells_no_size_is_refused() -> None:
    for build in (
        lambda: d.MultivariateNormalDiag(),
        lambda: d.MultivariateNormalDiag(loc=1.0),
        lambda: d.MultivariateNormalTriL(),
    ):
        with pytest.raises(ValueError, match=r"size|Must specify"):
            build()


# -- mixtures ------------------------------------------------------------------------------------


def test_mixture() -> None:
    weights = np.array([[0.3, 0.7], [0.6, 0.4]])
    made = d.Mixture(
        d.Categorical(probs=weights), [d.Normal(A, B), d.Normal(-B, np.array([1.0, 2.0]))]
    )
    parts = [stats.norm(A, B), stats.norm(-B, [1.0, 2.0])]
    x = np.array([0.5, 1.0])
    found = values(
        {
            "prob": made.prob(x),
            "log_prob": made.log_prob(x),
            "cdf": made.cdf(x),
            "log_cdf": made.log_cdf(x),
            "mean": made.mean(),
            "stddev": made.stddev(),
            "bound": made.entropy_lower_bound(),
            "samples": made.sample([100, 100], seed=2),
        }
    )
    density = sum(weights[:, i] * p.pdf(x) for i, p in enumerate(parts))
    mean = sum(weights[:, i] * p.mean() for i, p in enumerate(parts))
    square = sum(weights[:, i] * (p.var() + p.mean() ** 2) for i, p in enumerate(parts))
    np.testing.assert_allclose(found["prob"], density)
    np.testing.assert_allclose(found["log_prob"], np.log(density))
    below = sum(weights[:, i] * p.cdf(x) for i, p in enumerate(parts))
    np.testing.assert_allclose(found["cdf"], below)
    np.testing.assert_allclose(found["log_cdf"], np.log(below))
    np.testing.assert_allclose(found["mean"], mean)
    np.testing.assert_allclose(found["stddev"], np.sqrt(square - mean**2))
    entropies = sum(weights[:, i] * p.entropy() for i, p in enumerate(parts))
    np.testing.assert_allclose(found["bound"], entropies)
    assert found["samples"].shape == (100, 100, 2)
    np.testing.assert_allclose(found["samples"].mean((0, 1)), mean, atol=0.1)
    np.testing.assert_allclose(found["samples"].std((0, 1)), np.sqrt(square - mean**2), atol=0.1)


def test_mixtures_of_vectors() -> None:
    weights, locs = np.array([0.3, 0.7]), np.array([[0.0, 1.0], [4.0, -2.0]])
    parts = [stats.multivariate_normal(loc, np.diag(DIAG[:2] ** 2)) for loc in locs]
    listed = d.Mixture(
        d.Categorical(probs=weights), [d.MultivariateNormalDiag(loc, DIAG[:2]) for loc in locs]
    )
    batched = d.MixtureSameFamily(
        d.Categorical(probs=weights), d.MultivariateNormalDiag(locs, DIAG[:2])
    )
    x = np.array([[0.5, 1.0], [3.0, 0.0], [1.0, 1.0]])
    density = sum(w * p.pdf(x) for w, p in zip(weights, parts, strict=True))
    mean = weights @ locs
    second = sum(
        w * (np.diag(DIAG[:2] ** 2) + np.outer(loc, loc))
        for w, loc in zip(weights, locs, strict=True)
    )
    covariance = second - np.outer(mean, mean)
    for made in (listed, batched):
        assert made.batch_shape.as_list() == []
        assert made.event_shape.as_list() == [2]
        log_prob, found, variance, samples = values(
            [made.log_prob(x), made.mean(), made.variance(), made.sample(4000, seed=1)]
        )
        np.testing.assert_allclose(log_prob, np.log(density))
        np.testing.assert_allclose(found, mean)
        np.testing.assert_allclose(variance, np.diag(covariance))
        assert samples.shape == (4000, 2)
        np.testing.assert_allclose(np.cov(samples.T), covariance, atol=0.3)
    np.testing.assert_allclose(values(batched.covariance()), covariance)


def test_mixture_of_one_family_of_scalars() -> None:
    weights = np.array([[0.3, 0.7], [0.6, 0.4]])
    locs = np.stack([A, B])
    made = d.MixtureSameFamily(d.Categorical(probs=weights), d.Normal(locs, B))
    x = np.array([[0.5, 1.0], [2.0, 3.0], [0.0, 1.0]])
    density = (weights * stats.norm(locs, B).pdf(x[..., None])).sum(-1)
    below = (weights * stats.norm(locs, B).cdf(x[..., None])).sum(-1)
    prob, cdf, samples = values([made.prob(x), made.cdf(x), made.sample([3, 4])])
    np.testing.assert_allclose(prob, density)
    np.testing.assert_allclose(cdf, below)
    assert samples.shape == (3, 4, 2)


def test_mixtures_that_do_not_fit() -> None:
    two = d.Categorical(probs=[0.5, 0.5])
    normal = d.Normal(0.0, 1.0)
    with pytest.raises(TypeError, match="Categorical"):
        d.Mixture(normal, [normal])
    with pytest.raises(ValueError, match="non-empty"):
        d.Mixture(two, [])
    with pytest.raises(ValueError, match="2 classes"):
        d.Mixture(two, [normal])
    with pytest.raises(TypeError, match="same dtype"):
        d.Mixture(two, [normal, d.Normal(np.float64(0.0), np.float64(1.0))])
    with pytest.raises(ValueError, match="does not equal"):
        d.MixtureSameFamily(two, d.Normal([0.0, 1.0, 2.0], 1.0))
    with pytest.raises(ValueError, match="not compatible"):
        d.MixtureSameFamily(d.Categorical(probs=[[0.5, 0.5]] * 3), d.Normal([0.0, 1.0], 1.0))


# -- classes as vectors --------------------------------------------------------------------------


def test_one_hot_categorical() -> None:
    logits = np.log([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    made = d.OneHotCategorical(logits)
    other = d.OneHotCategorical(probs=[0.2, 0.2, 0.6], dtype=tf.float32)
    x = np.eye(3, dtype=np.int32)[[2, 1]]
    probs, entropy, mode, samples, variance = values(
        [made.prob(x), made.entropy(), made.mode(), made.sample(2000, seed=1), made.variance()]
    )
    np.testing.assert_allclose(probs, [0.5, 0.1])
    np.testing.assert_allclose(entropy, stats.entropy(np.exp(logits), axis=1))
    assert mode.tolist() == [[0, 0, 1], [0, 0, 1]]
    assert samples.shape == (2000, 2, 3)
    assert samples.dtype == np.int32
    assert (samples.sum(-1) == 1).all()
    np.testing.assert_allclose(samples.mean(0), np.exp(logits), atol=0.05)
    np.testing.assert_allclose(variance, np.exp(logits) * (1 - np.exp(logits)))
    divergence = made.kl_divergence(d.OneHotCategorical(probs=np.array([0.2, 0.2, 0.6])))
    wanted = (np.exp(logits) * (logits - np.log([0.2, 0.2, 0.6]))).sum(1)
    np.testing.assert_allclose(values(divergence), wanted)
    assert values(other.sample(2)).dtype == np.float32


def test_relaxed_one_hot_categorical() -> None:
    logits, heat = np.log([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]), 0.7
    made = d.RelaxedOneHotCategorical(heat, logits)
    log = d.ExpRelaxedOneHotCategorical(heat, logits)
    samples, logs = values([made.sample(3000, seed=1), log.sample(3000, seed=1)])
    np.testing.assert_allclose(samples, np.exp(logs))
    np.testing.assert_allclose(samples.sum(-1), 1.0)
    largest = np.eye(3)[samples.argmax(-1)].mean(0)
    np.testing.assert_allclose(largest, np.exp(logits), atol=0.05)
    # Maddison et al. 2016, equation 10.
    x = samples[:4]
    weights = np.exp(logits) * x ** (-heat - 1)
    below = (np.exp(logits) * x**-heat).sum(-1) ** 3
    density = special.gamma(3) * heat**2 * weights.prod(-1) / below
    np.testing.assert_allclose(values(made.prob(x)), density, rtol=1e-8)
    np.testing.assert_allclose(*slopes(made.log_prob, x), rtol=1e-4)
    assert made.event_shape.as_list() == [3]


def test_relaxed_bernoulli() -> None:
    made = d.RelaxedBernoulli(np.float64(0.5), probs=P)
    x = np.array([0.3, 0.9])
    odds, heat = P / (1 - P), 0.5
    # Maddison et al. 2016, equation 25.
    below = (odds * x**-heat + (1 - x) ** -heat) ** 2
    density = heat * odds * x ** (-heat - 1) * (1 - x) ** (-heat - 1) / below
    np.testing.assert_allclose(values(made.prob(x)), density)
    samples = values(made.sample(4000, seed=1))
    np.testing.assert_allclose((samples > 0.5).mean(0), P, atol=0.03)


# -- distributions of distributions --------------------------------------------------------------


def test_deterministic() -> None:
    made = d.Deterministic(A, atol=np.float64(0.1))
    vectors = d.VectorDeterministic(LOC)
    found = values(
        [
            made.prob([1.55, 3.0]),
            made.cdf([1.0, 3.0]),
            made.sample(2),
            made.entropy(),
            vectors.prob(LOC),
            vectors.prob(LOC + [0, 0, 1]),
            vectors.sample([2]),
            made.kl_divergence(d.Normal(A + 1, B)),
        ]
    )
    assert found[0].tolist() == [1, 0]
    assert found[1].tolist() == [0, 1]
    assert found[2].tolist() == [A.tolist()] * 2
    assert found[3].tolist() == [0, 0]
    assert found[4].tolist() == [1, 1]
    assert found[5].tolist() == [0, 0]
    assert found[6].tolist() == [LOC.tolist()] * 2
    np.testing.assert_allclose(found[7], -stats.norm(A + 1, B).logpdf(A))
    assert vectors.event_shape.as_list() == [3]


def test_independent() -> None:
    made = d.Independent(d.Normal(LOC, DIAG), 1)
    all_of_them = d.Independent(d.Normal(LOC, DIAG), 2)
    known = stats.norm(LOC, DIAG)
    found = values(
        [
            made.log_prob(LOC + 1),
            made.entropy(),
            all_of_them.log_prob(LOC + 1),
            made.sample(3),
            made.kl_divergence(d.Independent(d.Normal(LOC + 1, 2 * DIAG), 1)),
            made.mean(),
            made.stddev() + 0 * LOC,
        ]
    )
    np.testing.assert_allclose(found[0], known.logpdf(LOC + 1).sum(1))
    np.testing.assert_allclose(found[1], known.entropy().sum(1))
    np.testing.assert_allclose(found[2], known.logpdf(LOC + 1).sum())
    assert found[3].shape == (3, 2, 3)
    each = np.log(2) + (1 + 1 / DIAG**2) / 8 - 0.5
    np.testing.assert_allclose(found[4], [each.sum()] * 2)
    np.testing.assert_allclose(found[5], LOC)
    np.testing.assert_allclose(found[6], [DIAG] * 2)
    assert (made.batch_shape.as_list(), made.event_shape.as_list()) == ([2], [3])
    assert d.Independent(d.Normal(LOC, DIAG)).event_shape.as_list() == [3]
    with pytest.raises(ValueError, match="cannot exceed"):
        d.Independent(d.Normal(0.0, 1.0), 1)


def test_transformed_distributions() -> None:
    b = d.bijectors
    scalar = d.TransformedDistribution(d.Normal(A, B), b.Sigmoid(), name="logit_normal")
    x = np.array([0.3, 0.8])
    z = np.log(x) - np.log1p(-x)
    known = stats.norm(A, B)
    np.testing.assert_allclose(
        values(scalar.log_prob(x)), known.logpdf(z) - np.log(x) - np.log1p(-x)
    )
    np.testing.assert_allclose(values(scalar.cdf(x)), known.cdf(z))
    np.testing.assert_allclose(values(scalar.quantile(P)), special.expit(known.ppf(P)))
    assert scalar.name == "logit_normal/"
    with pytest.raises(NotImplementedError):
        scalar.mean()

    whole = d.TransformedDistribution(
        d.Normal(np.float64(0.0), np.float64(1.0)),
        b.AffineLinearOperator(LOC, tf.contrib.linalg.LinearOperatorLowerTriangular(TRIL))
        if hasattr(tf.contrib, "linalg")
        else b.Affine(LOC, scale_tril=TRIL),
        batch_shape=[2],
        event_shape=[3],
    )
    same = d.MultivariateNormalTriL(LOC, TRIL)
    point = LOC + 0.3
    found = values(
        [
            [t.log_prob(point), t.mean(), t.entropy(), t.sample([2, 3], seed=1)]
            for t in (whole, same)
        ]
    )
    for ours, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(ours, wanted)
    assert (whole.batch_shape.as_list(), whole.event_shape.as_list()) == ([2], [3])
    with pytest.raises(ValueError, match="not scalar"):
        d.TransformedDistribution(d.Normal(A, B), b.Exp(), batch_shape=[2])


def test_a_batch_of_scalars_made_vectors() -> None:
    made = d.TransformedDistribution(d.Normal(A, B), d.bijectors.Exp(), event_shape=[3])
    assert (made.batch_shape.as_list(), made.event_shape.as_list()) == ([2], [3])
    x = np.exp(LOC)
    log_prob, samples = values([made.log_prob(x), made.sample(2000, seed=1)])
    wanted = stats.norm(A[:, None], B[:, None]).logpdf(LOC) - LOC
    np.testing.assert_allclose(log_prob, wanted.sum(1))
    assert samples.shape == (2000, 2, 3)
    np.testing.assert_allclose(np.log(samples).mean(0), np.repeat(A[:, None], 3, 1), atol=0.2)


def test_a_sample_remembers_where_it_came_from() -> None:
    """Beyond the sigmoid's precision, the density of a sample is still right."""
    made = d.TransformedDistribution(d.Normal(90.0, 1.0), d.bijectors.Sigmoid())
    sample = made.sample(4, seed=1)
    assert np.isfinite(values(made.log_prob(sample))).all()


def test_sinh_arcsinh() -> None:
    made = d.SinhArcsinh(A, B, skewness=P, tailweight=np.float64(1.2))
    unit = B * 2 / np.sinh(np.arcsinh(2.0) * 1.2)
    x = np.array([0.5, 2.0])
    z = np.sinh(np.arcsinh((x - A) / unit) / 1.2 - P)
    np.testing.assert_allclose(values(made.cdf(x)), stats.norm.cdf(z))
    np.testing.assert_allclose(*slopes(made.cdf, x)[:1], values(made.prob(x)), rtol=1e-7)


def test_quantized() -> None:
    y = np.array([[-3.0], [-1.0], [0.0], [1.0], [3.0], [4.0], [9.0]])
    plain = d.QuantizedDistribution(d.Normal(A, B))
    known = stats.norm(A, B)
    mass = known.cdf(y) - known.cdf(y - 1)
    np.testing.assert_allclose(values(plain.prob(y)), mass, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(values(plain.log_prob(y))[1:5], np.log(mass[1:5]), rtol=1e-6)
    bounded = d.QuantizedDistribution(d.Normal(A, B), low=-1.0, high=4.0)
    prob, log_prob, cdf, samples = values(
        [bounded.prob(y), bounded.log_prob(y), bounded.cdf(y), bounded.sample(4000, seed=1)]
    )
    wanted = mass.copy()
    wanted[[0, 6]] = 0
    wanted[1], wanted[5] = known.cdf(-1), known.sf(3)
    np.testing.assert_allclose(prob, wanted, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(np.exp(log_prob), wanted, rtol=1e-6, atol=1e-12)
    assert cdf[0].tolist() == [0, 0]
    assert cdf[5].tolist() == [1, 1]
    assert samples.min() == -1
    assert samples.max() == 4
    assert (samples == np.ceil(samples)).all()
    np.testing.assert_allclose((samples == 1).mean(0), mass[3], atol=0.03)


@pytest.mark.parametrize("kind", ["Gumbel", "HalfNormal"])
def test_divergences(kind: str) -> None:
    """By Monte Carlo."""
    a, b = (
        getattr(d, kind)(*([B] if kind == "HalfNormal" else [A, B + 1]))
        if first
        else getattr(d, kind)(*([A] if kind == "HalfNormal" else [B, A + 1]))
        for first in (True, False)
    )
    x = a.sample(20000, seed=1)
    exact, estimate = values([a.kl_divergence(b), tf.reduce_mean(a.log_prob(x) - b.log_prob(x), 0)])
    np.testing.assert_allclose(exact, estimate, rtol=0.1, atol=0.03)


# -- functions -----------------------------------------------------------------------------------


def test_triangles() -> None:
    x = np.arange(1.0, 7.0)
    lower, upper, again, batch = values(
        [
            d.fill_triangular(x),
            d.fill_triangular(x, upper=True),
            d.fill_triangular_inverse(d.fill_triangular(x, upper=True), upper=True),
            d.fill_triangular_inverse(d.fill_triangular(np.stack([x, -x]))),
        ]
    )
    assert lower.tolist() == [[4, 0, 0], [6, 5, 0], [3, 2, 1]]
    assert upper.tolist() == [[1, 2, 3], [0, 5, 6], [0, 0, 4]]
    assert again.tolist() == x.tolist()
    assert batch.tolist() == [x.tolist(), (-x).tolist()]
    unknown = tf.placeholder(tf.float32, [None])
    with tf.Session() as session:
        triangle = d.fill_triangular(unknown)
        assert session.run(triangle, {unknown: x}).tolist() == lower.tolist()
        inverse = d.fill_triangular_inverse(triangle)
        assert session.run(inverse, {unknown: x}).tolist() == x.tolist()
    with pytest.raises(ValueError, match="triangular"):
        d.fill_triangular(x[:5])


def test_matrices_of_diagonals() -> None:
    found = values(
        [
            d.tridiag(below=[1.0, 2.0], diag=[3.0, 4.0, 5.0], above=[6.0, 7.0]),
            d.tridiag(diag=[3.0]),
            d.matrix_diag_transform(np.array([[1.0, 2.0], [3.0, 4.0]]), tf.exp),
        ]
    )
    assert found[0].tolist() == [[3, 6, 0], [1, 4, 7], [0, 2, 5]]
    assert found[1].tolist() == [[3]]
    np.testing.assert_allclose(found[2], [[np.e, 2], [3, np.exp(4)]])
    with pytest.raises(ValueError, match="at least one"):
        d.tridiag()


def test_softplus_inverse() -> None:
    x = np.float32([1e-6, 0.1, 1.0, 20.0, 100.0])
    np.testing.assert_allclose(values(tf.nn.softplus(d.softplus_inverse(x))), x, rtol=1e-5)
    np.testing.assert_allclose(*slopes(d.softplus_inverse, np.array([0.1, 1.0, 30.0])), rtol=1e-5)


def test_reduce_weighted_logsumexp() -> None:
    x, w = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1.0, -2.0], [2.0, 0.5]])
    log, sign = values(d.reduce_weighted_logsumexp(x, w, axis=1, return_sign=True))
    total = (w * np.exp(x)).sum(1)
    np.testing.assert_allclose(log, np.log(np.abs(total)))
    assert sign.tolist() == np.sign(total).tolist()


def test_conjugates() -> None:
    prior = d.Normal(np.float64(1.0), np.float64(2.0))
    posterior = d.normal_conjugates_known_scale_posterior(prior, 0.5, s=np.float64(6.0), n=4)
    predictive = d.normal_conjugates_known_scale_predictive(prior, 0.5, s=np.float64(6.0), n=4)
    variance = 1 / (1 / 4 + 4 / 0.25)
    mean = variance * (1 / 4 + 6 / 0.25)
    found = values([posterior.loc, posterior.scale, predictive.loc, predictive.scale])
    np.testing.assert_allclose(
        found, [mean, np.sqrt(variance), mean, np.sqrt(variance + 0.25)], rtol=1e-12
    )


@pytest.mark.parametrize("interpolation", ["nearest", "lower", "higher"])
def test_percentile(interpolation: str) -> None:
    x = np.random.RandomState(0).rand(4, 5, 3)
    for axis, q in ((None, 30.0), (0, 71), ([0, 2], 100), (-1, 0.0)):
        wanted = np.percentile(
            x, q, tuple(axis) if isinstance(axis, list) else axis, method=interpolation
        )
        np.testing.assert_array_equal(values(d.percentile(x, q, axis, interpolation)), wanted)
    assert values(d.percentile(x, 50, 1, keep_dims=True)).shape == (4, 1, 3)
    with pytest.raises(ValueError, match="interpolation"):
        d.percentile(x, 50, interpolation="linear")


def test_everything_of_tf_distributions_is_there_too() -> None:
    for name in dir(tf.distributions):
        if not name.startswith("_"):
            assert getattr(d, name) is getattr(tf.distributions, name)
