"""tf.contrib.cudnn_rnn: the cells that compute, step by step, what cuDNN's networks compute."""

from __future__ import annotations

from typing import Any

from ...engine.ops.joining import concat, split
from ...engine.ops.linalg import matmul
from ...engine.ops.math import sigmoid, tanh
from ...engine.ops.nn import bias_add
from ...nn.rnn_cell import GRUCell
from ...scopes.initializers import constant_initializer, zeros_initializer
from .cells import LSTMBlockCell


class CudnnCompatibleLSTMCell(LSTMBlockCell):
    """An LSTM without forget bias, peepholes and clipping: `kernel` and `bias` in "cudnn_compatible_lstm_cell"."""

    def __init__(self, num_units: int, reuse: Any = None) -> None:
        super().__init__(num_units, forget_bias=0, reuse=reuse, name="cudnn_compatible_lstm_cell")


class CudnnCompatibleGRUCell(GRUCell):
    """A GRU whose reset gate acts after the product: tanh(W x + b + r * (R h + c)), as cuDNN has it.

    Variables: `gates/kernel` [in + units, 2 * units] and `bias` (ones); `candidate/input_projection/kernel` and `bias`,
    `candidate/hidden_projection/kernel` and `bias`.
    """

    def __init__(self, num_units: int, reuse: Any = None, kernel_initializer: Any = None) -> None:
        super().__init__(num_units, reuse=reuse, kernel_initializer=kernel_initializer)

    def build(self, input_shape: Any) -> None:
        depth, units = self._depth(input_shape), self._num_units
        kernels, _ = self._initializers
        self._gate_kernel = self.add_weight("gates/kernel", [depth + units, 2 * units], initializer=kernels)
        self._gate_bias = self.add_weight("gates/bias", [2 * units], initializer=constant_initializer(1.0))
        names = [f"candidate/{what}_projection" for what in ("input", "hidden")]
        self._candidate_kernels = [
            self.add_weight(f"{name}/kernel", [rows, units], initializer=kernels)
            for name, rows in zip(names, (depth, units), strict=True)
        ]
        self._candidate_biases = [
            self.add_weight(f"{name}/bias", [units], initializer=zeros_initializer()) for name in names
        ]

    def call(self, inputs: Any, state: Any) -> Any:
        gates = sigmoid(bias_add(matmul(concat([inputs, state], 1), self._gate_kernel), self._gate_bias))
        r, u = split(gates, 2, 1)
        x, h = (
            bias_add(matmul(y, kernel), bias)
            for y, kernel, bias in zip((inputs, state), self._candidate_kernels, self._candidate_biases, strict=True)
        )
        output = (1 - u) * tanh(x + r * h) + u * state
        return output, output


__all__ = ["CudnnCompatibleGRUCell", "CudnnCompatibleLSTMCell"]
