"""tf.dtypes: the types of elements, and casts between them."""

from ..engine import dtypes
from ..engine.dtypes import *  # noqa: F403
from ..engine.dtypes import bool_ as bool
from ..engine.ops.basic import cast
from ..engine.ops.math import saturate_cast

__all__ = [*dtypes.__all__, "bool", "cast", "saturate_cast"]
