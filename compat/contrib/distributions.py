"""tf.contrib.distributions: those of tf.distributions, and others that programs use."""

from ...nn.distributions import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Bernoulli,
    Beta,
    Categorical,
    Dirichlet,
    DirichletMultinomial,
    Distribution,
    Exponential,
    Gamma,
    Laplace,
    Multinomial,
    Normal,
    RegisterKL,
    ReparameterizationType,
    StudentT,
    Uniform,
    kl_divergence,
)
from ...nn.distributions.multivariate import (
    Independent,
    MultivariateNormalDiag,
    MultivariateNormalFullCovariance,
    MultivariateNormalTriL,
    fill_triangular,
)
from ...nn.distributions.relaxed import (
    Deterministic,
    OneHotCategorical,
    Poisson,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)

__all__ = [
    "FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED", "Bernoulli", "Beta", "Categorical", "Deterministic", "Dirichlet",
    "DirichletMultinomial", "Distribution", "Exponential", "Gamma", "Independent", "Laplace", "Multinomial",
    "MultivariateNormalDiag", "MultivariateNormalFullCovariance", "MultivariateNormalTriL", "Normal",
    "OneHotCategorical", "Poisson", "RegisterKL", "RelaxedBernoulli", "RelaxedOneHotCategorical",
    "ReparameterizationType", "StudentT", "Uniform", "fill_triangular", "kl_divergence",
]  # fmt: skip
