"""`tensorflow.python.ops.control_flow_util`: programs ask it whether XLA compiles what they build. It never does."""

from __future__ import annotations

from typing import Any

from ..engine.graph import Graph, Operation


def GetContainingXLAContext(ctxt: Any) -> None:
    """None, for any context."""


def GraphOrParentsInXlaContext(graph: Graph) -> bool:
    """False."""
    return False


def IsInXLAContext(op: Operation) -> bool:
    """False."""
    return False


__all__ = ["GetContainingXLAContext", "GraphOrParentsInXlaContext", "IsInXLAContext"]
