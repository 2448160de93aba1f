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


CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED = range(1, 8)
RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = range(8, 15)
OK, DATA_LOSS, UNAUTHENTICATED = 0, 15, 16

CancelledError = _error("CancelledError", CANCELLED, "The run was cancelled.")
UnknownError = _error("UnknownError", UNKNOWN, "A Python function inside the graph raised.")
InvalidArgumentError = _error(
    "InvalidArgumentError", INVALID_ARGUMENT, "An op got a value or a shape that it cannot work on."
)
DeadlineExceededError = _error("DeadlineExceededError", DEADLINE_EXCEEDED, "An operation did not end in time.")
NotFoundError = _error("NotFoundError", NOT_FOUND, "Something asked for by name is not there.")
AlreadyExistsError = _error("AlreadyExistsError", ALREADY_EXISTS, "Something to be made is there already.")
PermissionDeniedError = _error("PermissionDeniedError", PERMISSION_DENIED, "The caller may not do this.")
UnauthenticatedError = _error("UnauthenticatedError", UNAUTHENTICATED, "The caller is not known.")
ResourceExhaustedError = _error("ResourceExhaustedError", RESOURCE_EXHAUSTED, "Memory (or another resource) ran out.")
FailedPreconditionError = _error(
    "FailedPreconditionError", FAILED_PRECONDITION, "The state is not ready, such as a variable with no value."
)
AbortedError = _error("AbortedError", ABORTED, "The operation was aborted.")
OutOfRangeError = _error("OutOfRangeError", OUT_OF_RANGE, "An input ended, or an index is past the end.")
UnimplementedError = _error("UnimplementedError", UNIMPLEMENTED, "This op cannot do this.")
InternalError = _error("InternalError", INTERNAL, "scopeflow itself is wrong.")
UnavailableError = _error("UnavailableError", UNAVAILABLE, "The device or service is not to be had now.")
DataLossError = _error("DataLossError", DATA_LOSS, "Stored data is damaged.")

_by_code = {found.error_code: found for found in OpError.__subclasses__()}


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class of the errors of a code. Raises KeyError for a code of none."""
    return _by_code[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int | None:
    """The code of a class's errors; None for a class of none."""
    return next((code for code, found in _by_code.items() if found is cls), None)
