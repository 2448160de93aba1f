"""The functions of kernels.cpu, with the same signatures, on CuPy arrays; importing this imports no CuPy."""

from ..plain import (
    avg_pool,
    avg_pool_grad,
    conv2d,
    conv2d_filter_grad,
    conv2d_input_grad,
    depthwise_conv2d,
    depthwise_conv2d_filter_grad,
    depthwise_conv2d_input_grad,
    matmul,
    max_pool,
    max_pool_grad,
    max_pool_grad_grad,
)
from .random import multinomial, normal, orthogonal, permutation, truncated_normal, uniform, uniform_int

__all__ = [
    "avg_pool",
    "avg_pool_grad",
    "conv2d",
    "conv2d_filter_grad",
    "conv2d_input_grad",
    "depthwise_conv2d",
    "depthwise_conv2d_filter_grad",
    "depthwise_conv2d_input_grad",
    "matmul",
    "max_pool",
    "max_pool_grad",
    "max_pool_grad_grad",
    "multinomial",
    "normal",
    "orthogonal",
    "permutation",
    "truncated_normal",
    "uniform",
    "uniform_int",
]
