"""What a session keeps between runs: each variable's buffer and each random op's place in its stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import FailedPreconditionError, InvalidArgumentError
from .graph import Operation, Tensor
from .registry import brackets


class VariableState:
    """One variable's value in one session: a buffer on its device, kept at one address while its shape stays."""

    __slots__ = ("op", "k", "array")

    def __init__(self, op: Operation, k: Any) -> None:
        self.op = op
        self.k = k
        self.array: Any = None

    @property
    def initialized(self) -> bool:
        return self.array is not None

    @property
    def copies_host_arrays(self) -> bool:
        """Whether an array in host memory is copied when it is assigned, even if donated."""
        return self.array is not None or self.k.xp is not np

    def read(self) -> Any:
        """The buffer itself. Raises FailedPreconditionError before the first assignment."""
        if self.array is None:
            raise FailedPreconditionError(None, None, f"Attempting to use uninitialized value {self.op.name}")
        return self.array

    def assign(self, value: Any, donated: bool = False, validate_shape: bool = True) -> None:
        """Take a value over: into the buffer where it fits, else as a new buffer (without a copy if `donated`).

        Raises InvalidArgumentError, with the old value intact, where the shape is not the variable's.
        """
        old = self.array
        if old is not None and old.shape == value.shape:
            old[...] = value.copy() if self.k.xp.may_share_memory(old, value) else value
            return
        if validate_shape and not self.op.outputs[0].shape.is_compatible_with(value.shape):
            wanted, given = map(brackets, (self.op.outputs[0].shape, value.shape))
            raise InvalidArgumentError(
                None, None, f"Assign requires shapes of both tensors to match. lhs shape= {wanted} rhs shape= {given}"
            )
        if donated:
            self.array = self.k.xp.asarray(value, order="C")  # as DLPack's readers expect it
        else:
            self.array = self.k.xp.array(value, order="C")


def variable_of(tensor: Tensor) -> Operation | None:
    """The variable whose buffer a tensor stands for (a variable's own output, or that of an assignment), or None."""
    op = tensor.op
    while op.definition.writes and op.definition.ref and op.inputs:
        op = op.inputs[0].op
    return op if op.type == "VariableV2" else None
