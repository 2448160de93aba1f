"""tf.initializers: what variables begin with, and the operations that begin them."""

from ..data.lookup import tables_initializer
from ..scopes.initializers import (
    Initializer,
    constant,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    identity,
    lecun_normal,
    lecun_uniform,
    ones,
    orthogonal,
    random_normal,
    random_uniform,
    truncated_normal,
    uniform_unit_scaling,
    variance_scaling,
    zeros,
)
from ..scopes.variables import global_variables_initializer as global_variables
from ..scopes.variables import local_variables_initializer as local_variables
from ..scopes.variables import variables_initializer as variables

__all__ = [
    "Initializer", "constant", "global_variables", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform",
    "identity", "lecun_normal", "lecun_uniform", "local_variables", "ones", "orthogonal", "random_normal",
    "random_uniform", "tables_initializer", "truncated_normal", "uniform_unit_scaling", "variables",
    "variance_scaling", "zeros",
]  # fmt: skip
