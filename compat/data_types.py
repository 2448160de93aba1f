"""`tensorflow.core.framework.types_pb2`: the numbers of data types in messages."""

from ..engine.graph_objects import DATA_TYPES

globals().update({name: number for number, name in DATA_TYPES.items()})
__all__ = [*DATA_TYPES.values()]
