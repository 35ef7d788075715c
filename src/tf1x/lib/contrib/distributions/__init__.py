"""`tf.contrib.distributions`: `tf.distributions`, and more of them; bijectors."""

from tf1x.api import lazy
from tf1x.lib.distributions import CONTENT

_PACKAGE = "contrib.distributions"
_HERE = "tf1x.lib.contrib.distributions"
_THERE = "tf1x.lib.distributions"

_SOFTPLUS = {
    "beta": "BetaWithSoftplusConcentration",
    "gamma": "ExponentialWithSoftplusRate GammaWithSoftplusConcentrationRate",
    "laplace": "LaplaceWithSoftplusScale",
    "normal": "NormalWithSoftplusScale",
    "student_t": "StudentTWithAbsDfSoftplusScale",
    "util": (
        "fill_triangular fill_triangular_inverse matrix_diag_transform reduce_weighted_logsumexp "
        "softplus_inverse tridiag"
    ),
}

_CONTENT = {
    "conjugates": (
        "normal_conjugates_known_scale_posterior normal_conjugates_known_scale_predictive"
    ),
    "counts": "Binomial Geometric NegativeBinomial Poisson",
    "deterministic": "Deterministic VectorDeterministic",
    "independent": "Independent",
    "location_scale": "Cauchy Gumbel HalfNormal Logistic",
    "mixture": "Mixture MixtureSameFamily",
    "multivariate_normal": (
        "MultivariateNormalDiag MultivariateNormalDiagPlusLowRank "
        "MultivariateNormalDiagWithSoftplusScale MultivariateNormalFullCovariance "
        "MultivariateNormalLinearOperator MultivariateNormalTriL"
    ),
    "one_hot": (
        "ExpRelaxedOneHotCategorical OneHotCategorical RelaxedBernoulli RelaxedOneHotCategorical"
    ),
    "percentiles": "percentile",
    "positive": (
        "Chi2 Chi2WithAbsDf InverseGamma InverseGammaWithSoftplusConcentrationRate Kumaraswamy "
        "Pareto"
    ),
    "quantized": "QuantizedDistribution",
    "transformed": "LogNormal SinhArcsinh TransformedDistribution",
}

_BIJECTORS = {
    "affine": "Affine AffineLinearOperator",
    "base": "Bijector",
    "compose": "Chain Inline Invert",
    "elementwise": (
        "AffineScalar Exp Gumbel Identity Kumaraswamy PowerTransform Sigmoid SinhArcsinh Softplus "
        "Softsign Square Tanh Weibull"
    ),
    "matrices": (
        "CholeskyOuterProduct FillTriangular MatrixInverseTriL ScaleTriL TransformDiagonal"
    ),
    "rearrange": "Permute Reshape",
    "vectors": "Ordered SoftmaxCentered",
}


def _publish(home: str, content: dict[str, str], package: str) -> None:
    for module, names in content.items():
        lazy(f"{home}.{module}", *(f"{package}.{name}" for name in names.split()))


_publish(_THERE, CONTENT, _PACKAGE)
_publish(_THERE, _SOFTPLUS, _PACKAGE)
_publish(_HERE, _CONTENT, _PACKAGE)
_publish(f"{_HERE}.bijectors", _BIJECTORS, f"{_PACKAGE}.bijectors")
