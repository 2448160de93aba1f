"""`tensorflow.python.client.timeline`: what a run's RunMetadata tells as a trace for Chrome, which is nothing here."""

from __future__ import annotations

import json
import logging
from typing import Any

_log = logging.getLogger("scopeflow")


class Timeline:
    """The trace of a run. Runs trace nothing, so it has no events, and says so once it is asked for.

    Raises NotImplementedError for statistics that have something in them: they are another program's.
    """

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        if len(step_stats.dev_stats):
            raise NotImplementedError("Timeline: statistics of TensorFlow's own runs are not read here")

    def generate_chrome_trace_format(self, show_dataflow: bool = True, show_memory: bool = False) -> str:
        """A trace without events, in the JSON that chrome://tracing reads."""
        _log.warning(
            "Timeline: the trace is empty, since runs trace nothing here; measure with a profiler of Python or CUDA "
            "(cProfile, nsys)"
        )
        return json.dumps({"traceEvents": []}, indent=4)


__all__ = ["Timeline"]
