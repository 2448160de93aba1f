"""The errors of a run, under TensorFlow's class names and codes."""

from __future__ import annotations

from typing import Any


class OpError(Exception):
    """What went wrong when an op ran. `.op` and `.node_def` are the operation (or None), `.message` is the text."""

    error_code = 2

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int | None = None) -> None:
        super().__init__(message)
        self.node_def = node_def
        self.op = op
        self.message = message
        if error_code is not None:
            self.error_code = error_code

    def __str__(self) -> str:
        return self.message


def _error(name: str, code: int, doc: str) -> type[OpError]:
    return type(name, (OpError,), {"__doc__": doc, "error_code": code, "__module__": __name__})


CancelledError = _error("CancelledError", 1, "The run was cancelled.")
UnknownError = _error("UnknownError", 2, "A Python function inside the graph raised.")
InvalidArgumentError = _error("InvalidArgumentError", 3, "An op got a value or a shape that it cannot work on.")
DeadlineExceededError = _error("DeadlineExceededError", 4, "An operation did not end in time.")
NotFoundError = _error("NotFoundError", 5, "Something asked for by name is not there.")
AlreadyExistsError = _error("AlreadyExistsError", 6, "Something to be made is there already.")
PermissionDeniedError = _error("PermissionDeniedError", 7, "The caller may not do this.")
UnauthenticatedError = _error("UnauthenticatedError", 16, "The caller is not known.")
ResourceExhaustedError = _error("ResourceExhaustedError", 8, "Memory (or another resource) ran out.")
FailedPreconditionError = _error("FailedPreconditionError", 9, "The state is not ready, such as a variable with no value.")
AbortedError = _error("AbortedError", 10, "The operation was aborted.")
OutOfRangeError = _error("OutOfRangeError", 11, "An input ended, or an index is past the end.")
UnimplementedError = _error("UnimplementedError", 12, "This op cannot do this.")
InternalError = _error("InternalError", 13, "scopeflow itself is wrong.")
UnavailableError = _error("UnavailableError", 14, "The device or service is not to be had now.")
DataLossError = _error("DataLossError", 15, "Stored data is damaged.")
