"""What programs reach for in `tensorflow.python`: `framework.ops`, `ops.array_ops`, `.io_ops` and `.variable_scope`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import as_dtype, int32
from ..engine.graph import Tensor
from ..engine.ops.basic import shape
from ..scopes.scope import pure_variable_scope as _pure_variable_scope
from ..scopes.variables import Variable as variable
from ..train import saver_ops


def restore_v2(
    prefix: Any, tensor_names: Any, shape_and_slices: Any, dtypes: Sequence[Any], name: str | None = None
) -> list[Tensor]:
    """Tensors of a checkpoint, by their names and "" or the parts wanted. Their shapes are not known statically.

    A run raises NotFoundError for a name that is not there, InvalidArgumentError for one of another dtype.
    """
    dtypes = [as_dtype(dtype) for dtype in dtypes]
    return saver_ops.restore_v2(prefix, tensor_names, shape_and_slices, dtypes=dtypes, name=name)


def shape_internal(input: Any, name: str | None = None, optimize: bool = True, out_type: Any = int32) -> Tensor:
    """`shape`; `optimize` changes nothing."""
    return shape(input, name, out_type)


def internal_convert_to_tensor(
    value: Any, dtype: Any = None, name: str | None = None, as_ref: bool = False, preferred_dtype: Any = None,
    ctx: Any = None,
) -> Tensor:  # fmt: skip
    """`convert_to_tensor`; `ctx` changes nothing."""
    return convert_to_tensor(value, dtype, name, preferred_dtype, as_ref)


_numbers = itertools.count(1)


def uid() -> int:
    """A number that no call before has given in this process."""
    return next(_numbers)


__all__ = ["_pure_variable_scope", "internal_convert_to_tensor", "restore_v2", "shape_internal", "uid", "variable"]
