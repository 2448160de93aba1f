"""tf.manip: rearrangements, under the home they had for a while."""

from ..engine.ops.basic import reshape
from ..engine.ops.blocks import batch_to_space_nd, space_to_batch_nd
from ..engine.ops.indexing import gather_nd, scatter_nd
from ..engine.ops.rearranging import reverse, roll, tile

__all__ = [
    "batch_to_space_nd", "gather_nd", "reshape", "reverse", "roll", "scatter_nd", "space_to_batch_nd", "tile",
]  # fmt: skip
