"""What the public functions hand to our CUDA kernels, and what happens where one of these fails; without a GPU.

CuPy is the stand-in. In the place of the CUDA kernels are functions on the host's arrays, which remember what they were
given, and at the end the CUDA sources themselves, run on the CPU.
"""

from types import SimpleNamespace

import fake_cupy
import numpy as np
import pytest
from kernel_golden import DTYPES, same_bits
from test_dense_options import CALLS, FORWARD, X, operands
from test_golden import CASES as GOLDEN_CASES
from test_golden import check as answers_as_tensorflow
from test_op_table import CASES as OP_CASES
from test_op_table import test_the_gradient_is_the_slope as gradient_is_the_slope

import scopeflow as tf
from scopeflow import kernels
from scopeflow.kernels.cuda import dense, launching, trials


def host(value):
    return value._host if isinstance(value, fake_cupy.ndarray) else value


def on_device(values):
    import cupy

    return [cupy.asarray(value) if isinstance(value, np.ndarray) else value for value in values]


class Kernels:
    """Functions in the place of our CUDA kernels: they keep to their side of the contract, and remember their calls."""

    def __init__(self):
        self.calls = []  # (name, arguments, options)
        self.spoil = lambda name, out: None
        self.capturing = False

    def replacing(self, name):
        def kernel(*arguments, **options):
            *given, out = map(host, arguments)
            options = {key: host(value) for key, value in options.items()}
            arrays = [value for value in (*given, options.get("bias")) if isinstance(value, np.ndarray)]
            assert {array.dtype for array in (*arrays, out)} == {out.dtype}
            assert all(array.size for array in (*arrays, out))
            assert all(a.flags.c_contiguous for a in (out, *(arrays[2:] if name == "matmul" else arrays)))
            self.calls.append((name, given, options))
            finish = {key: options[key] for key in ("bias", "activation") if key in options}
            if name == "matmul":
                accumulate = options.get("accumulate", False)
                held = out.copy() if accumulate else None
                out[...] = kernels.matmul(*given, **finish, out=held, accumulate=accumulate)
            else:
                a, b, at, *groups = given
                assert len(groups) == (not name.startswith("depthwise"))
                shaped = {"input_grad": (out.shape, a, b), "filter_grad": (a, out.shape, b)}
                first = next((given for role, given in shaped.items() if name.endswith(role)), (a, b))
                out[...] = getattr(kernels, name)(*first, at.strides, at.padding, at.dilations, **finish)
            self.spoil(name, out)

        return kernel


@pytest.fixture
def no_trials_yet(stand_in_cupy, monkeypatch):
    """The stand-in, said to have CUDA kernels of which none was tried; gives it."""
    monkeypatch.setattr(trials, "installed", lambda: True)
    monkeypatch.setattr(trials, "_faults", {})
    monkeypatch.setattr(trials, "_warned", set())
    return stand_in_cupy


@pytest.fixture
def ours(no_trials_yet, monkeypatch):
    replaced = Kernels()
    stream = SimpleNamespace(is_capturing=lambda: replaced.capturing)
    no_trials_yet.cuda.get_current_stream = lambda: stream
    for name in CALLS:
        monkeypatch.setattr(dense, name, replaced.replacing(name))
    return replaced


def on_both(name, arguments, **options):
    """The result on the device and that on the host."""
    expected = getattr(kernels, name)(*arguments, **options)
    options = dict(zip(options, on_device(options.values()), strict=True))
    got = getattr(kernels, name)(*on_device(arguments), **options)
    assert isinstance(got, fake_cupy.ndarray)
    return got.get(), expected


# --- What is handed over ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_floats_go_to_our_kernel_which_is_tried_first_and_once(name, dtype, ours):
    arguments = operands(name, DTYPES[dtype])
    got, expected = on_both(name, arguments)
    same_bits(got, expected)
    tried = len(ours.calls) - 1
    assert tried == 2
    same_bits(*on_both(name, arguments))
    assert [call[0] for call in ours.calls[tried:]] == [name] * 2


@pytest.mark.parametrize("name", CALLS)
def test_bias_activation_precision_and_algorithm_are_handed_on(name, ours):
    arguments = operands(name, np.float32)
    channels = getattr(kernels, name)(*arguments).shape[-1]
    finish = {"bias": np.ones(2 * channels, np.float32)[::2], "activation": "relu6"} if name in FORWARD else {}
    depthwise = name.startswith("depthwise")
    same_bits(*on_both(name, arguments, algo="scopeflow", **finish, **({} if depthwise else {"precision": "high"})))
    options = ours.calls[-1][2]
    assert options.get("activation") == finish.get("activation")
    assert ("bias" in options) == (name in FORWARD)
    assert (options.get("precision"), options.get("algo")) == ((None, None) if depthwise else ("high", "scopeflow"))


def test_the_chosen_precision_is_handed_on_and_each_is_tried(ours):
    a = operands("matmul", np.float32)
    before = tf.get_float32_matmul_precision()
    try:
        for precision in ("highest", "high"):
            tf.set_float32_matmul_precision(precision)
            on_both("matmul", a)
            assert ours.calls[-1][2]["precision"] == precision
        assert len(ours.calls) == 2 * (2 + 1)
        on_both("matmul", operands("matmul", np.float64))  # whose precision is one
        assert len(ours.calls) == 2 * (2 + 1) + 2 + 1
        on_both("matmul", operands("matmul", np.float64), precision="highest")
        assert len(ours.calls) == 2 * (2 + 1) + 2 + 2
    finally:
        tf.set_float32_matmul_precision(before)


def test_groups_are_handed_on_and_not_split(ours):
    x, w = X.astype(np.float32), np.ones((3, 3, 1, 6), np.float32)
    dy = kernels.conv2d(x, w)
    for name, arguments in {
        "conv2d": (x, w), "conv2d_input_grad": (x.shape, w, dy), "conv2d_filter_grad": (x, w.shape, dy),
    }.items():  # fmt: skip
        same_bits(*on_both(name, arguments))
        assert ours.calls[-1][1][3] == 3
        assert sum(call[0] == name for call in ours.calls) == 2 + 1


def test_operands_and_out_that_are_not_contiguous(ours):
    turned = [np.asfortranarray(part) for part in operands("conv2d", np.float32)]
    same_bits(*on_both("conv2d", turned))
    a, b = operands("matmul", np.float32)
    device_a, device_b = on_device((a.swapaxes(1, 2), b))
    kernels.matmul(device_a.swapaxes(1, 2), device_b)
    assert np.shares_memory(ours.calls[-1][1][0], device_a._host)  # read as it lies, not copied
    for accumulate in (False, True):
        for shape, view in (((2, 5, 6, 8), lambda base: base[..., ::2]), ((4, 6, 5, 2), lambda base: base.transpose())):
            base = np.full(shape, 7, np.float32)
            (device_base,) = on_device((base,))
            out = view(device_base)
            assert kernels.matmul(device_a.swapaxes(1, 2), device_b, out=out, accumulate=accumulate) is out
            kernels.matmul(a, b, out=view(base), accumulate=accumulate)
            same_bits(device_base.get(), base)
    (bias,) = on_device((np.arange(8, dtype=np.float32),))
    got = kernels.matmul(device_a.swapaxes(1, 2), device_b, bias=bias[::2])
    same_bits(got.get(), kernels.matmul(a, b, bias=bias.get()[::2]))
    assert ours.calls[-1][2]["bias"].flags.c_contiguous


def test_what_has_no_cuda_kernel_goes_the_plain_way(ours):
    a = np.arange(6, dtype=np.int32).reshape(2, 3)
    same_bits(*on_both("matmul", (a, a, False, True)))
    empty = np.zeros((2, 0), np.float32)
    same_bits(*on_both("matmul", (empty, empty, False, True), bias=np.ones(2, np.float32)))
    same_bits(*on_both("conv2d", (np.zeros((0, 5, 5, 2), np.float32), np.ones((3, 3, 2, 4), np.float32))))
    same_bits(*on_both("conv2d", (np.zeros((1, 5, 5, 0), np.float32), np.ones((3, 3, 0, 4), np.float32))))
    assert not ours.calls


# --- Where a kernel fails ---------------------------------------------------------------------------------------------


def spoilt(how):
    def spoil(name, out):
        at = np.unravel_index(np.argmax(np.abs(out.astype(np.float64))), out.shape)
        out[at] = how(out[at])

    return spoil


WRONG = {
    "nan": lambda value: np.nan * value,
    "three parts in a hundred": lambda value: value * value.dtype.type(1.03125),
    "zero": lambda value: 0 * value,
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_a_kernel_with_one_wrong_element_is_not_used_and_that_is_said_once(name, dtype, wrong, ours):
    ours.spoil = spoilt(WRONG[wrong])
    arguments = operands(name, DTYPES[dtype])
    says = rf"{name} for {dtype} \(highest precision\) is not used on device 0, .* \(1 of \d+ elements .* please report"
    with pytest.warns(RuntimeWarning, match=says) as seen:
        for _ in range(2):
            same_bits(*on_both(name, arguments))
    assert len(seen) == 1
    assert len(ours.calls) == 1  # the trial
    with pytest.raises(RuntimeError, match=rf"{name} for {dtype} .* is not used on device 0: 1 of"):
        on_both(name, arguments, algo="scopeflow")


def test_a_trial_of_float32_sees_an_error_of_tf32_and_one_of_high_precision_does_not(ours):
    rounded = lambda value: value * np.float32(1 + 2.0**-11)  # noqa: E731
    ours.spoil = spoilt(rounded)
    arguments = operands("matmul", np.float32)
    on_both("matmul", arguments, precision="high")
    assert len(ours.calls) == 3
    with pytest.warns(RuntimeWarning, match=r"float32 \(highest precision\)"):
        on_both("matmul", arguments)


def test_a_kernel_whose_trial_raises_is_not_used(ours):
    def spoil(name, out):
        raise launching.KernelError("product.cu does not compile for sm_70")

    ours.spoil = spoil
    with pytest.warns(RuntimeWarning, match=r"conv2d .*\(KernelError: product.cu does not compile for sm_70\); please"):
        same_bits(*on_both("conv2d", operands("conv2d", np.float32)))


def test_a_kernel_that_does_not_launch_later_leaves_the_work_to_the_plain_way(ours):
    a, b = operands("matmul", np.float32)
    same_bits(*on_both("matmul", (a, b)))

    def spoil(name, out):
        out[...] = 0 if name != "matmul" else out
        raise launching.KernelError("too many resources requested for launch")

    ours.spoil = spoil
    with pytest.raises(launching.KernelError, match="too many resources"):
        kernels.matmul(*on_device((a, b)), algo="scopeflow")
    with pytest.warns(RuntimeWarning, match=r"matmul for float32 .*too many resources.*please report") as seen:
        for _ in range(2):
            same_bits(*on_both("matmul", (a, b)))
    assert len(seen) == 1
    ours.spoil = lambda name, out: None
    same_bits(*on_both("matmul", (a.astype(np.float64), b.astype(np.float64))))  # another kernel, not yet tried
    assert ours.calls[-1][1][0].dtype == np.float64


def test_other_errors_are_not_taken_for_a_kernels_fault(ours):
    a = operands("matmul", np.float32)
    on_both("matmul", a)

    def spoil(name, out):
        raise MemoryError("out of memory")

    ours.spoil = spoil
    with pytest.raises(MemoryError):
        on_both("matmul", a)


def test_the_first_use_must_not_be_captured(ours):
    arguments = operands("conv2d", np.float32)
    ours.capturing = True
    with pytest.raises(RuntimeError, match=r"the first conv2d of float32 .* call it once before the capture"):
        on_both("conv2d", arguments)
    ours.capturing = False
    on_both("conv2d", arguments)
    ours.capturing = True
    same_bits(*on_both("conv2d", arguments))


def test_a_self_check_says_whose_kernel_computes(ours):
    from scopeflow.kernels import selfcheck
    from scopeflow.kernels.backend import get_backend

    ours.spoil = lambda name, out: out.fill(0) if name == "conv2d" else None
    with pytest.warns(RuntimeWarning, match="conv2d for float32"):
        checks = {name: rest for name, *rest in selfcheck.run_self_checks(get_backend("/gpu:0"))}
    assert checks["conv2d"][:2] == ["plain on cupy", True]
    for name in CALLS.keys() - {"conv2d"}:
        assert checks[name][:2] == ["cuda.dense on cupy", True]
    assert checks["max_pool"][:2] == ["pools on cupy", True]


# --- Where arrays lie -------------------------------------------------------------------------------------------------


class OnAnotherDevice(fake_cupy.ndarray):
    device = fake_cupy._Device(1)


OnAnotherDevice.__module__ = "cupy"


@pytest.mark.parametrize("name", CALLS)
def test_arrays_of_two_libraries_or_devices_are_refused(name, ours):
    arguments = operands(name, np.float32)
    last = max(i for i, part in enumerate(arguments) if isinstance(part, np.ndarray))
    mixed = on_device(arguments)
    mixed[last] = arguments[last]
    with pytest.raises(TypeError, match=rf"{name}: arrays must all be NumPy's or all be CuPy's, but .* is NumPy's"):
        getattr(kernels, name)(*mixed)
    mixed[last] = OnAnotherDevice(arguments[last])
    with pytest.raises(ValueError, match=rf"{name}: arrays must lie on one device, but .* on device 0 and .* device 1"):
        getattr(kernels, name)(*mixed)
    result = getattr(kernels, name)(*arguments)
    with pytest.raises(ValueError, match="out is on device 1"):
        getattr(kernels, name)(*on_device(arguments), out=OnAnotherDevice(result))
    with pytest.raises(TypeError, match="out is NumPy's"):
        getattr(kernels, name)(*on_device(arguments), out=result)
    assert not ours.calls


# --- The CUDA sources themselves --------------------------------------------------------------------------------------


@pytest.fixture
def sources(no_trials_yet, monkeypatch):
    """The CUDA kernels in the stand-in's place, run on the CPU; gives the list of launches."""
    import cuda_on_cpu

    if cuda_on_cpu.compiler() is None:
        pytest.skip("no g++")
    launcher, launches = cuda_on_cpu.HostLauncher(), []

    def with_launcher(function):
        def run(*arguments, **options):
            options = {key: host(value) for key, value in options.items()}
            launches.append(function.__name__)
            function(*map(host, arguments), **options, launcher=launcher)

        return run

    no_trials_yet.cuda.get_current_stream = lambda: SimpleNamespace(is_capturing=lambda: False)
    for name in CALLS:
        monkeypatch.setattr(dense, name, with_launcher(getattr(dense, name)))
    return launches


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_every_cuda_kernel_passes_its_trial(name, dtype, sources):
    for precision in ("highest", "high") if dtype == "float32" and not name.startswith("depthwise") else ("highest",):
        assert trials._try(trials._Key(name, dtype, precision, 0)) is None
    assert set(sources) == {name}


DIFFERENTIATED = (
    "conv2d_strided",
    "conv2d_explicit",
    "grouped_conv2d_dilated",
    "depthwise_conv2d_strided",
    "matmul_a_transposed",
    "matmul_broadcast_b_transposed",
)


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_on_the_cuda_sources_an_ops_gradient_is_the_slope(name, sources):
    gradient_is_the_slope({case.name: case for case in OP_CASES}[name])
    assert len(sources) > 6


ANSWERED = (
    "conv2d[7x6 by 3x3, strides 2x2, SAME, dilations 1x1]",
    "conv2d[5x9 by 2x5, strides 1x1, VALID, dilations 1x1]",
    "conv2d_in_groups[3 groups, SAME, strides 2]",
)


@pytest.mark.parametrize("key", ANSWERED)
def test_on_the_cuda_sources_a_program_answers_what_tensorflow_answered(key, sources, monkeypatch):
    monkeypatch.setattr("scopeflow.engine.plan._FOLD_UNTIL", -1)  # or the host would compute what is constant
    answers_as_tensorflow({case.key: case for case in GOLDEN_CASES["convolution"]}[key])
    assert {"conv2d", "conv2d_input_grad", "conv2d_filter_grad"} <= set(sources)
