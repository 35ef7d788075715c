"""`tf.distributions`: probability distributions as objects of tensors."""

from tf1x.api import lazy

CONTENT = {
    "bernoulli": "Bernoulli",
    "beta": "Beta",
    "categorical": "Categorical",
    "dirichlet": "Dirichlet",
    "dirichlet_multinomial": "DirichletMultinomial",
    "distribution": (
        "Distribution FULLY_REPARAMETERIZED NOT_REPARAMETERIZED ReparameterizationType"
    ),
    "gamma": "Exponential Gamma",
    "kullback_leibler": "RegisterKL kl_divergence",
    "laplace": "Laplace",
    "multinomial": "Multinomial",
    "normal": "Normal",
    "student_t": "StudentT",
    "uniform": "Uniform",
}

for _module, _names in CONTENT.items():
    lazy(f"tf1x.lib.distributions.{_module}", *(f"distributions.{n}" for n in _names.split()))
