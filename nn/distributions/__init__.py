"""tf.distributions: probability distributions whose parameters, samples and densities are tensors."""

from .base import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
    RegisterKL,
    ReparameterizationType,
    kl_divergence,
)
from .continuous import Laplace, Normal, StudentT, Uniform
from .discrete import Bernoulli, Categorical, DirichletMultinomial, Multinomial
from .gammas import Beta, Dirichlet, Exponential, Gamma

__all__ = [
    "Bernoulli", "Beta", "Categorical", "Dirichlet", "DirichletMultinomial", "Distribution", "Exponential",
    "FULLY_REPARAMETERIZED", "Gamma", "Laplace", "Multinomial", "NOT_REPARAMETERIZED", "Normal", "RegisterKL",
    "ReparameterizationType", "StudentT", "Uniform", "kl_divergence",
]  # fmt: skip
