"""Initializers: their distributions against the exact ones, with checks of these checks; structure; refusals."""

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.kernels.scaling import fans

pytestmark = pytest.mark.usefixtures("graph")

SHAPE = [5, 5, 32, 64]  # 51,200 values; fan_in 800, fan_out 1,600
FAN_IN, FAN_OUT = 800, 1600


def drawn(initializer, shape=SHAPE, **arguments):
    return tf.Session().run(initializer(shape, **arguments))


def distance(sample, cdf):
    """The Kolmogorov-Smirnov distance in units of what true samples exceed once in ten thousand times."""
    x = np.sort(sample.astype(np.float64).ravel())
    p, n = cdf(x), x.size
    worst = max(np.max(np.arange(1, n + 1) / n - p), np.max(p - np.arange(n) / n))
    return worst * np.sqrt(n) / np.sqrt(np.log(2 / 1e-4) / 2)


def uniform(low, high):
    return lambda x: np.clip((x - low) / (high - low), 0, 1)


def normal(mean, stddev, cut=np.inf):
    """The distribution of a normal that is redrawn beyond `cut` standard deviations."""
    from scipy.special import ndtr

    def cdf(x):
        z = np.clip((x - mean) / stddev, -cut, cut)
        return (ndtr(z) - ndtr(-cut)) / (ndtr(cut) - ndtr(-cut))

    return cdf


def variance_limit(n, scale=1.0):
    return np.sqrt(3 * scale / n)


def cut_normal(n, scale=1.0):
    return normal(0, np.sqrt(scale / n) / 0.87962566103423978, 2)


EXACT = {
    "random_uniform": (tf.random_uniform_initializer(-0.3, 0.7, seed=5), uniform(-0.3, 0.7)),
    "random_normal": (tf.random_normal_initializer(0.5, 0.1, seed=5), normal(0.5, 0.1)),
    "truncated_normal": (tf.truncated_normal_initializer(-1.0, 2.0, seed=5), normal(-1, 2, 2)),
    "uniform_unit_scaling": (
        tf.uniform_unit_scaling_initializer(1.43, seed=5),
        uniform(-1.43 * variance_limit(FAN_IN), 1.43 * variance_limit(FAN_IN)),
    ),
    "glorot_uniform": (tf.glorot_uniform_initializer(seed=5), uniform(-variance_limit(1200), variance_limit(1200))),
    "glorot_normal": (tf.glorot_normal_initializer(seed=5), cut_normal(1200)),
    "he_uniform": (tf.initializers.he_uniform(seed=5), uniform(-variance_limit(FAN_IN, 2), variance_limit(FAN_IN, 2))),
    "he_normal": (tf.initializers.he_normal(seed=5), cut_normal(FAN_IN, 2)),
    "lecun_uniform": (tf.initializers.lecun_uniform(seed=5), uniform(-variance_limit(FAN_IN), variance_limit(FAN_IN))),
    "lecun_normal": (tf.initializers.lecun_normal(seed=5), cut_normal(FAN_IN)),
    "variance_scaling": (tf.variance_scaling_initializer(seed=5), cut_normal(FAN_IN)),
    "variance_scaling by fan_out": (
        tf.variance_scaling_initializer(0.7, "fan_out", "untruncated_normal", seed=5),
        normal(0, np.sqrt(0.7 / FAN_OUT)),
    ),
    "variance_scaling's normal is truncated": (
        tf.variance_scaling_initializer(3.0, "FAN_AVG".lower(), "normal", seed=5),
        cut_normal(1200, 3.0),
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_the_distribution_is_the_formulas(name):
    initializer, cdf = EXACT[name]
    sample = drawn(initializer)
    assert sample.dtype == np.float32 and sample.shape == tuple(SHAPE)
    assert distance(sample, cdf) < 1
    center = sample.mean()
    for spoilt in (np.sqrt(2), 1 / np.sqrt(2), 0.95, 1.05):
        assert not distance((sample - center) * spoilt + center, cdf) < 1, f"a scale off by {spoilt:.3f} would pass"


def test_a_missing_truncation_and_its_missing_correction_would_be_noticed():
    cdf = cut_normal(FAN_IN)
    untruncated = drawn(tf.variance_scaling_initializer(distribution="untruncated_normal", seed=5))
    uncorrected = drawn(tf.variance_scaling_initializer(seed=5)) * 0.87962566103423978
    assert not distance(untruncated, cdf) < 1 and not distance(uncorrected, cdf) < 1


@pytest.mark.parametrize(
    "shape, want",
    [([], (1, 1)), ([5], (5, 5)), ([3, 4], (3, 4)), ([2, 3, 4], (6, 8)), ([3, 3, 8, 16], (72, 144)), ([0, 4], (0, 4))],
)
def test_fans_count_the_receptive_field(shape, want):
    assert fans(shape) == want


def test_an_empty_variable_has_an_initializer_too():
    assert drawn(tf.glorot_uniform_initializer(), [0, 3]).shape == (0, 3)
    assert drawn(tf.glorot_uniform_initializer(), []).shape == ()


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64])
def test_the_dtype_asked_for_rules_over_the_initializers_own(dtype):
    for initializer in (
        tf.glorot_uniform_initializer(),
        tf.truncated_normal_initializer(dtype=tf.float32),
        tf.ones_initializer(),
    ):
        assert drawn(initializer, [3, 4], dtype=dtype).dtype == dtype.as_numpy_dtype
    assert tf.get_variable(dtype.name, [3, 4], dtype).initial_value.dtype is dtype


# -- orthogonal and identity ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [[4, 4], [7, 3], [3, 7], [3, 3, 2, 4], [1, 2, 2, 9], [1, 1]])
@pytest.mark.parametrize("gain", [1.0, 1.4])
def test_an_orthogonal_matrix_has_orthonormal_rows_or_columns(shape, gain):
    q = drawn(tf.orthogonal_initializer(gain, seed=2), shape).astype(np.float64).reshape(-1, shape[-1])
    small = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    assert not np.any(np.abs(small - gain**2 * np.eye(len(small))) > 1e-5)


def test_orthogonal_matrices_are_spread_evenly():
    """The sign of an entry is as often plus as minus, also on the diagonal, which plain QR makes negative."""
    corners = np.array([drawn(tf.orthogonal_initializer(seed=s), [3, 3])[[0, 1, 2], [0, 1, 2]] for s in range(200)])
    share = (corners > 0).mean(0)
    assert ((share > 0.37) & (share < 0.63)).all()  # 0.5 by 3.7 standard deviations of 200 throws


def test_orthogonal_is_built_as_tensorflow_builds_it(graph):
    tf.get_variable("w", [2, 3], initializer=tf.orthogonal_initializer(2.0, seed=1))
    made = [(op.type, op.name.removeprefix("w/Initializer/")) for op in graph.get_operations()][:-3]
    assert made == [
        ("Const", "random_normal/shape"), ("Const", "random_normal/mean"), ("Const", "random_normal/stddev"),
        ("RandomStandardNormal", "random_normal/RandomStandardNormal"), ("Mul", "random_normal/mul"),
        ("AddV2", "random_normal"), ("Qr", "Qr"), ("DiagPart", "DiagPart"), ("Sign", "Sign"), ("Mul", "mul"),
        ("Const", "matrix_transpose/transpose/perm"), ("Transpose", "matrix_transpose/transpose"),
        ("Const", "Reshape/shape"), ("Reshape", "Reshape"), ("Const", "mul_1/x"), ("Mul", "mul_1"),
    ]  # fmt: skip


@pytest.mark.parametrize("shape", [[3, 3], [2, 5], [5, 2]])
def test_identity_is_the_identity_with_zeros_beyond(shape):
    assert np.array_equal(drawn(tf.initializers.identity(2.0), shape), 2 * np.eye(*shape))


def test_identity_takes_matrices_only():
    for shape in ([3], [3, 3, 3]):
        with pytest.raises(ValueError, match="can only be used for two-dimensional matrices"):
            tf.initializers.identity()(shape)


# -- constants ------------------------------------------------------------------------------------------------------


def test_a_constant_fills_up_with_its_last_value():
    assert drawn(tf.constant_initializer([1, 2, 3]), [2, 3]).tolist() == [[1, 2, 3], [3, 3, 3]]
    assert drawn(tf.constant_initializer(np.eye(2)), [4]).tolist() == [1, 0, 0, 1]
    assert drawn(tf.constant_initializer(7, tf.int64), [2]).dtype == np.int64
    with pytest.raises(ValueError, match="Too many elements provided"):
        tf.constant_initializer([1, 2, 3])([2])


def test_a_constants_shape_is_verified_where_asked_for():
    verified = tf.constant_initializer([1.0, 2.0], verify_shape=True)
    assert drawn(verified, [2]).tolist() == [1, 2]
    with pytest.raises(TypeError, match=r"Expected Tensor's shape: \(4,\), got \(2,\)"):
        verified([4])
    assert drawn(verified, [4], verify_shape=False).tolist() == [1, 2, 2, 2]
    with pytest.raises(TypeError, match=r"Expected Tensor's shape"):
        tf.constant_initializer([1.0])([2], verify_shape=True)


def test_zeros_and_ones_of_other_types():
    assert drawn(tf.zeros_initializer(tf.bool), [2]).tolist() == [False, False]
    assert drawn(tf.ones_initializer(tf.bool), [2]).tolist() == [True, True]
    assert drawn(tf.zeros_initializer(tf.string), [2]).tolist() == [b"", b""]
    assert drawn(tf.ones_initializer(), [2], dtype=tf.int8).dtype == np.int8


# -- what is refused, and what is told ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, error, text",
    [
        (
            lambda: tf.constant_initializer("a" and object()),
            TypeError,
            "Invalid type for initial value. Expected Python scalar",
        ),
        (
            lambda: tf.truncated_normal_initializer(dtype=tf.int32),
            ValueError,
            "Expected floating point type, got .*int32",
        ),
        (lambda: tf.random_normal_initializer(dtype=tf.bool), ValueError, "Expected floating point type"),
        (lambda: tf.glorot_uniform_initializer(dtype=tf.int32), ValueError, "Expected floating point type"),
        (
            lambda: tf.random_uniform_initializer(0, dtype=tf.int32)([2]),
            ValueError,
            "Must specify maxval for integer dtype",
        ),
        (lambda: tf.variance_scaling_initializer(scale=0), ValueError, "Received: 0"),
        (lambda: tf.glorot_uniform_initializer(scale=2.0), TypeError, "scale"),
        (lambda: tf.initializers.zeros().nothing, AttributeError, "'Zeros' object has no attribute 'nothing'"),
    ],
)
def test_bad_arguments_are_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_arguments_can_be_read_and_the_text_names_what_differs_from_the_defaults():
    initializer = tf.truncated_normal_initializer(stddev=0.1, seed=3)
    assert (initializer.mean, initializer.stddev, initializer.seed, initializer.dtype) == (0.0, 0.1, 3, tf.float32)
    assert str(initializer) == "truncated_normal(stddev=0.1, seed=3)"
    assert str(tf.glorot_normal_initializer(dtype=tf.float64)) == "glorot_normal(dtype=float64)"
    assert str(tf.constant_initializer(0.5)) == "constant(value=0.5)"
    assert str(tf.initializers.he_normal()) == "he_normal()"


def test_integers_are_drawn_uniformly():
    values = drawn(tf.random_uniform_initializer(-2, 3, seed=1, dtype=tf.int32), [1000])
    assert values.dtype == np.int32 and set(values.tolist()) == {-2, -1, 0, 1, 2}


def test_a_constant_truth_value_is_one_or_zero_in_numbers():
    with tf.Graph().as_default(), tf.Session() as session:
        ones = tf.get_variable("ones", [2], initializer=tf.constant_initializer(True))
        counts = tf.get_variable("counts", [2], tf.int32, initializer=tf.constant_initializer([False, True]))
        session.run(tf.global_variables_initializer())
        assert session.run(ones).tolist() == [1.0, 1.0] and session.run(counts).tolist() == [0, 1]
        with pytest.raises(TypeError, match="Expected bool, got 1 of type 'int'"):
            tf.get_variable("truth", [2], tf.bool, initializer=tf.constant_initializer(1))


@pytest.mark.parametrize("make", [tf.glorot_uniform_initializer, tf.initializers.he_normal])
def test_a_variable_without_elements_can_be_drawn(make):
    with tf.Graph().as_default(), tf.Session() as session:
        assert session.run(make()([0, 3])).shape == (0, 3)
        assert session.run(make()([0, 0])).shape == (0, 0)
