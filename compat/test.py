"""tf.test: test cases that compare arrays and run sessions, and gradients held against differences."""

from __future__ import annotations

import math
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

import numpy as np
from absl.testing import absltest

from ..engine import errors, nest
from ..engine.build import convert_to_tensor, is_tensor_like
from ..engine.devices import DeviceSpec
from ..engine.dtypes import as_dtype
from ..engine.gradients import gradients
from ..engine.graph import Graph, get_default_session, reset_default_graph, set_random_seed
from ..engine.graph_def import PRODUCER
from ..engine.indexed_slices import IndexedSlicesValue
from ..engine.session import ConfigProto, Session
from ..engine.text_format import merge, parse
from ..kernels.backend import list_devices

_SEED = 87654321  # of every test's graph, and of Python's and NumPy's generators


def main(argv: Sequence[str] | None = None) -> None:
    """Run the tests of the program and exit."""
    absltest.main(argv=None if argv is None else list(argv))


def get_temp_dir() -> str:
    """A folder for the files of tests, deleted when the process ends."""
    global _temporary
    if _temporary is None:
        _temporary = tempfile.TemporaryDirectory()
    return _temporary.name


_temporary: tempfile.TemporaryDirectory | None = None


def is_built_with_cuda() -> bool:
    """Whether there is a GPU that kernels run on."""
    return bool(gpu_device_name())


is_built_with_gpu_support = is_built_with_cuda


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: tuple[int, int] | None = None) -> bool:
    """Whether there is a GPU that kernels run on. `min_cuda_compute_capability` raises NotImplementedError."""
    if min_cuda_compute_capability is not None:
        raise NotImplementedError("min_cuda_compute_capability is not looked at; ask without it")
    return bool(gpu_device_name())


def gpu_device_name() -> str:
    """The name of the first GPU; empty if there is none."""
    return next((device for device in list_devices() if "GPU" in device), "")


def compute_gradient(
    x: Any,
    x_shape: Any,
    y: Any,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: dict | None = None,
) -> Any:
    """(dy/dx as `gradients` computes it, and by central differences of width 2 `delta`), each [size of x, size of y].

    In the default session. `x` and `x_shape` may be lists, which gives a list of such pairs; `x_init_value` says where
    (by default at values drawn uniformly from [0, 1)), `init_targets` what is to be run before.
    """
    session = get_default_session()
    if session is None:
        raise ValueError("Cannot compute a gradient: there is no default session")
    for target in [] if init_targets is None else nest.flatten(init_targets):
        session.run(target)
    several = isinstance(x, list)
    xs, shapes = (x, x_shape) if several else ([x], [x_shape])
    values = (x_init_value if several else [x_init_value]) if x_init_value is not None else [None] * len(xs)
    points = {
        tensor: np.array(np.random.random_sample(shape) if value is None else value, tensor.dtype.as_numpy_dtype)
        for tensor, shape, value in zip(xs, shapes, values, strict=True)
    }
    feeds = {**(extra_feed_dict or {}), **points}
    pairs = [(_jacobian(session, t, y, y_shape, feeds), _differences(session, t, y, delta, feeds)) for t in xs]
    return pairs if several else pairs[0]


def _jacobian(session: Session, x: Any, y: Any, y_shape: Any, feeds: dict) -> np.ndarray:
    """Column by column: the gradient of each element of y."""
    dtype = y.dtype.as_numpy_dtype
    weights = convert_to_tensor(np.zeros(y_shape, dtype))
    gradient = gradients([y], [x], [weights])[0]
    columns = []
    for i in range(math.prod(y_shape)):
        weight = np.zeros(math.prod(y_shape), dtype)
        weight[i] = 1
        if gradient is None:
            columns.append(np.zeros(feeds[x].size, feeds[x].dtype))
            continue
        value = session.run(gradient, {**feeds, weights: weight.reshape(y_shape)})
        if isinstance(value, IndexedSlicesValue):
            dense = np.zeros_like(feeds[x])
            np.add.at(dense, value.indices, value.values)
            value = dense
        columns.append(np.ravel(value))
    return np.stack(columns, 1) if columns else np.zeros((feeds[x].size, 0), feeds[x].dtype)


def _differences(session: Session, x: Any, y: Any, delta: float, feeds: dict) -> np.ndarray:
    rows = []
    for i in range(feeds[x].size):
        ends = []
        for step in (delta, -delta):
            moved = feeds[x].copy()
            moved.reshape(-1)[i] += step
            ends.append(np.ravel(session.run(y, {**feeds, x: moved})))
        rows.append((ends[0] - ends[1]) / (2 * delta))
    return np.stack(rows) if rows else np.zeros((0, 0))


def compute_gradient_error(*args: Any, **kwargs: Any) -> float:
    """The largest difference between the two Jacobians that `compute_gradient` gives for the same arguments."""
    pairs = compute_gradient(*args, **kwargs)
    pairs = pairs if isinstance(pairs, list) else [pairs]
    worst = [np.abs(theory - numeric).max() for theory, numeric in pairs if theory.size or numeric.size]
    return max(map(float, worst), key=lambda e: (math.isnan(e), e), default=0.0)


class TestCase(absltest.TestCase):
    """A test case whose tests each start with an empty default graph and fixed seeds, for Python and NumPy too."""

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._cached: tuple[Session, Graph | None, Any] | None = None
        self._folder: str | None = None

    def setUp(self) -> None:
        super().setUp()
        self._close_cached_session()
        random.seed(_SEED)
        np.random.seed(_SEED)
        reset_default_graph()
        set_random_seed(_SEED)

    def tearDown(self) -> None:
        self._close_cached_session()
        super().tearDown()

    def get_temp_dir(self) -> str:
        """A folder of this test's own."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(dir=get_temp_dir())
        return self._folder

    # -- sessions ---------------------------------------------------------------------------------------------------

    def _close_cached_session(self) -> None:
        if self._cached is not None:
            self._cached[0].close()
            self._cached = None

    @contextmanager
    def session(
        self,
        graph: Graph | None = None,
        config: ConfigProto | None = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """A new session, entered; without `use_gpu` on the CPU alone."""
        with Session(graph=graph, config=_config(config, use_gpu, force_gpu)) as session:
            yield session

    @contextmanager
    def cached_session(
        self,
        graph: Graph | None = None,
        config: ConfigProto | None = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> Iterator[Session]:
        """The same session, and its graph as the default one, each time within one test.

        Raises ValueError where the arguments are other ones then. Without `graph` it is the first call's default graph.
        """
        asked = (config, use_gpu, force_gpu)
        if self._cached is None:
            self._cached = Session(graph=graph, config=_config(*asked)), graph, asked
        session, of_graph, given = self._cached
        if of_graph is not graph:
            raise ValueError(
                "The graph used to get the cached session is different than the one that was used to create the "
                "session. Maybe create a new session with self.session()"
            )
        if given != asked:
            raise ValueError("The config, use_gpu or force_gpu used to get the cached session are different.")
        with session.graph.as_default(), session.as_default():
            yield session

    def test_session(
        self,
        graph: Graph | None = None,
        config: ConfigProto | None = None,
        use_gpu: bool = True,
        force_gpu: bool = False,
    ) -> AbstractContextManager[Session]:
        """`cached_session` without a graph, a new `session` with one."""
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")  # its name only looks like one
        return (self.cached_session if graph is None else self.session)(graph, config, use_gpu, force_gpu)

    def evaluate(self, tensors: Any) -> Any:
        """What a run of `tensors` gives, in the default session or the cached one."""
        session = get_default_session()
        if session is not None:
            return session.run(tensors)
        with self.cached_session() as cached:
            return cached.run(tensors)

    # -- arrays -----------------------------------------------------------------------------------------------------

    def _value(self, a: Any) -> np.ndarray:
        if is_tensor_like(a):
            a = self.evaluate(a)
        return np.asarray(a)

    def _same_shape(self, a: np.ndarray, b: np.ndarray, msg: str | None) -> None:
        shown = f"Shape mismatch: expected {a.shape}, got {b.shape} with contents {b}."
        self.assertEqual(a.shape, b.shape, shown if msg is None else f"{shown} {msg}")

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """|a - b| <= atol + rtol * |b| for every element of arrays or tensors of one shape; NaN equals NaN.

        Lists, tuples and dicts are compared part by part.
        """
        self._close(a, b, rtol, atol, msg, "")

    def _close(self, a: Any, b: Any, rtol: float, atol: float, msg: str | None, path: str) -> None:
        a = a._asdict() if hasattr(a, "_asdict") else a
        b = b._asdict() if hasattr(b, "_asdict") else b
        where = f"Mismatched value: a{path} is different from b{path}. {msg or ''}"
        if isinstance(a, Mapping) or isinstance(b, Mapping):
            self.assertTrue(isinstance(a, Mapping) and isinstance(b, Mapping), f"{where} only one of them is a dict")
            keys = f"mismatched keys: a{path} has keys {list(a)}, but b{path} has {list(b)}. {msg or ''}"
            self.assertCountEqual(a, b, keys)
            for key in a:
                self._close(a[key], b[key], rtol, atol, msg, f"{path}[{key}]")
        elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and (_ragged(a) or _ragged(b)):
            self.assertEqual(len(a), len(b), where)
            for i, (left, right) in enumerate(zip(a, b, strict=True)):
                self._close(left, right, rtol, atol, msg, f"{path}[{i}]")
        else:
            self._close_arrays(self._value(a), self._value(b), rtol, atol, where)

    def _close_arrays(self, a: np.ndarray, b: np.ndarray, rtol: float, atol: float, msg: str | None = None) -> None:
        self._same_shape(a, b, msg)
        if np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
            return
        a, b = a.astype(np.result_type(a, np.float32)), b.astype(np.result_type(b, np.float32))  # half hides the rest
        bad = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
        lines = [f"Not equal to tolerance rtol={rtol}, atol={atol}", msg or ""]
        if a.ndim:
            lines.append(f"not close where = {np.where(bad)}")
        lines += [
            f"not close lhs = {a[bad]}",
            f"not close rhs = {b[bad]}",
            f"not close dif = {np.abs(a[bad] - b[bad])}",
            f"not close tol = {atol + rtol * np.abs(b[bad])}",
            f"dtype = {a.dtype}, shape = {a.shape}",
        ]
        self.fail("\n".join(lines))

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: str | None = None,
    ) -> None:
        """`assertAllClose`, more loosely where either side is of a smaller float type."""
        a, b = self._value(a), self._value(b)
        looser = {"float32": (float_rtol, float_atol), "complex64": (float_rtol, float_atol)}
        looser |= {"float16": (half_rtol, half_atol), "bfloat16": (bfloat16_rtol, bfloat16_atol)}
        for name, (r, t) in looser.items():
            if name in (a.dtype.name, b.dtype.name):
                rtol, atol = max(rtol, r), max(atol, t)
        self.assertAllClose(a, b, rtol, atol, msg)

    def assertNotAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """That `assertAllClose` would fail."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        self.fail(f"The two values are close at all elements. {msg or ''}")

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """That two arrays or tensors have the same shape and elements; NaN equals NaN, and text its bytes."""
        a, b = (_bytes(self._value(x)) for x in (a, b))
        self._same_shape(a, b, msg)
        same = a == b
        if all(np.issubdtype(x.dtype, np.inexact) or x.dtype.name == "bfloat16" for x in (a, b)):
            same = np.logical_or(same, np.logical_and(a != a, b != b))
        if not np.all(same):
            where = np.where(np.logical_not(same)) if a.ndim else ()
            lines = ["Arrays are not equal", msg or "", f"not equal where = {where}"]
            self.fail("\n".join([*lines, f"not equal lhs = {a[where]!r}", f"not equal rhs = {b[where]!r}"]))

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """That `assertAllEqual` would fail."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        self.fail(f"The two values are equal at all elements. {msg or ''}")

    def _all_hold(self, target: Any, holds: Callable[[np.ndarray], Any], expectation: str) -> None:
        target = self._value(target)
        bad = np.logical_not(holds(target))
        if np.any(bad):
            shown = [f"  {list(map(int, index))} : {target[tuple(index)]}" for index in np.argwhere(bad)[:10]]
            self.fail(
                f"{np.sum(bad)} of the {target.size} element(s) are {expectation}. "
                "Subscript(s) and value(s) of the offending elements:\n" + "\n".join(shown)
            )

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """That every element lies between the bounds, which belong to the range unless they are open."""

        def inside(x: np.ndarray) -> Any:
            above = x > lower_bound if open_lower_bound else x >= lower_bound
            return above & (x < upper_bound if open_upper_bound else x <= upper_bound)

        left, right = "(" if open_lower_bound else "[", ")" if open_upper_bound else "]"
        self._all_hold(target, inside, f"outside the range {left}{lower_bound}, {upper_bound}{right}")

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """That every element is one of `expected_set`."""
        self._all_hold(target, lambda x: np.isin(x, list(expected_set)), f"not in the set {expected_set}")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        self._all_hold(a, lambda x: x > comparison_target, f"not greater than {comparison_target}")

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        self._all_hold(a, lambda x: x >= comparison_target, f"not greater than or equal to {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        self._all_hold(a, lambda x: x < comparison_target, f"not less than {comparison_target}")

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        self._all_hold(a, lambda x: x <= comparison_target, f"not less than or equal to {comparison_target}")

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        """|f1 - f2| <= err, of numbers or of arrays of one number."""
        f1, f2 = np.asarray(f1).item(), np.asarray(f2).item()
        close = f1 == f2 or math.fabs(f1 - f2) <= err
        self.assertTrue(close, f"{f1:f} != {f2:f} +/- {err:f}" + (f": {msg}" if msg else ""))

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: str | None = None) -> None:
        """`assertNear` for each pair of numbers of two sequences of one length."""
        self.assertEqual(len(farray1), len(farray2))
        for f1, f2 in zip(farray1, farray2, strict=True):
            self.assertNear(float(f1), float(f2), err, msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: str | None = None) -> None:
        """That the Euclidean distance of two arrays is less than `err`."""
        self.assertLess(float(np.linalg.norm(self._value(ndarray1) - self._value(ndarray2))), err, msg)

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """That two arrays or tensors have the same static shape."""
        a, b = (tuple(x.get_shape().as_list()) if hasattr(x, "get_shape") else np.shape(x) for x in (input_a, input_b))
        self.assertEqual(a, b, msg)

    def assertProtoEquals(
        self, expected_message_maybe_ascii: Any, validate_message: Any, msg: str | None = None,
        relative_tolerance: float | None = None,
    ) -> None:  # fmt: skip
        """That two messages say the same; the expected one may be text. With `relative_tolerance`, numbers may differ
        by that much of the expected ones."""
        expected = expected_message_maybe_ascii
        if isinstance(expected, (str, bytes)):
            text = expected.decode() if isinstance(expected, bytes) else expected
            expected = merge(text, type(validate_message)())
        if type(expected) is not type(validate_message):
            self.fail(self._formatMessage(msg, f"{type(expected)} is not {type(validate_message)}"))
        if relative_tolerance is None:
            self.assertMultiLineEqual(str(expected), str(validate_message), msg)
            self.assertEqual(expected, validate_message, msg)
        else:
            self._assert_fields_close(parse(str(expected)), parse(str(validate_message)), relative_tolerance, msg)

    def _assert_fields_close(self, expected: Any, given: Any, tolerance: float, msg: str | None) -> None:
        if isinstance(expected, (list, tuple)) and isinstance(given, (list, tuple)):
            self.assertEqual(len(expected), len(given), msg)
            for one, other in zip(expected, given, strict=True):
                self._assert_fields_close(one, other, tolerance, msg)
        elif isinstance(expected, (int, float)) and isinstance(given, (int, float)):
            self.assertTrue(abs(expected - given) <= tolerance * abs(expected), msg or f"{given} is not {expected}")
        else:
            self.assertEqual(expected, given, msg)

    def assertProtoEqualsVersion(
        self, expected: Any, actual: Any, producer: int = PRODUCER, min_consumer: int = 0, bad_consumers: Any = None,
        msg: str | None = None,
    ) -> None:  # fmt: skip
        """That a GraphDef is what the text says, and of these versions."""
        others = "".join(f" bad_consumers: {number}" for number in bad_consumers or ())
        versions = f"versions {{ producer: {producer} min_consumer: {min_consumer}{others} }}"
        self.assertProtoEquals(f"{expected}\n{versions}", actual, msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """That an array or tensor has a dtype."""
        dtype = target.dtype if hasattr(target, "dtype") else self._value(target).dtype
        self.assertEqual(as_dtype(dtype).base_dtype, as_dtype(expected_dtype).base_dtype)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        """That two device names say the same."""
        a, b = (DeviceSpec.from_string(str(device or "")).to_string() for device in (device1, device2))
        self.assertEqual(a, b, f"Devices {a} and {b} are not equal. {msg}")

    # -- errors -----------------------------------------------------------------------------------------------------

    @contextmanager
    def assertRaisesWithPredicateMatch(  # type: ignore[override]  # TensorFlow's, which takes expressions too
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """That the block raises, with a message that a regular expression finds or a predicate accepts."""
        try:
            yield
        except exception_type as error:
            if callable(expected_err_re_or_predicate):
                fits = expected_err_re_or_predicate(error)
            else:
                fits = re.search(expected_err_re_or_predicate, getattr(error, "message", str(error)))
            if not fits:
                raise AssertionError(f"Exception of type {type(error)}: {error}") from error
        else:
            self.fail(f"{getattr(exception_type, '__name__', exception_type)} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> AbstractContextManager[None]:
        """That a run raises an error of `tf.errors` with such a message."""
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)


def _config(config: ConfigProto | None, use_gpu: bool, force_gpu: bool) -> ConfigProto:
    """`config`, with soft placement as TensorFlow's tests have it; without any GPU if `use_gpu` is false."""
    config = ConfigProto(**vars(config)) if config is not None else ConfigProto()
    config.allow_soft_placement = not force_gpu
    if not (use_gpu or force_gpu):
        config.device_count = {**config.device_count, "GPU": 0}
    return config


def _ragged(value: Any) -> bool:
    """Whether a list is none of numbers that form one array."""
    if any(isinstance(part, Mapping) or is_tensor_like(part) for part in nest.flatten(value)):
        return True
    try:
        return np.asarray(value).dtype == object
    except ValueError:
        return True


def _bytes(array: np.ndarray) -> np.ndarray:
    """Text as TensorFlow keeps it: bytes in UTF-8, as objects."""
    if array.dtype.kind not in "SUO":
        return array
    flat = [x.encode() if isinstance(x, str) else bytes(x) if isinstance(x, bytes) else x for x in array.ravel()]
    result = np.empty(array.size, object)
    result[:] = flat
    return result.reshape(array.shape)


__all__ = [
    "TestCase", "compute_gradient", "compute_gradient_error", "get_temp_dir", "gpu_device_name", "is_built_with_cuda",
    "is_built_with_gpu_support", "is_gpu_available", "main", "mock",
]  # fmt: skip
