"""Which CUDA kernel, tile and splits a product gets: the table, the measurements and the estimate."""

import json

import numpy as np
import pytest
import tune
from dense_problems import Problem

from scopeflow.kernels.cuda import dense, dispatch
from scopeflow.kernels.cuda.dispatch import Measurement, Request, ShapeClass, choose, parsed

H200 = {"architecture": 90, "processors": 132}
SHARED_LIMIT = {70: 96, 75: 64, 80: 163, 86: 99, 89: 99, 90: 227, 100: 227, 120: 99}  # KiB of a block


def request(rows, columns, depth, parts=1, function="matmul", dtype="float32", precision="highest", **device):
    device = {**H200, **device}
    return Request(
        function, dtype, precision, device["architecture"], device["processors"], rows, columns, depth, parts
    )


@pytest.fixture
def measured(monkeypatch):
    """Sets what tiles.json is taken to hold; what was chosen before is forgotten, now and afterwards."""

    def take(*records):
        content = json.loads(json.dumps({"measured": [{**RECORD, **record} for record in records]}))
        monkeypatch.setattr(dispatch, "measurements", lambda: parsed(content))
        choose.cache_clear()

    yield take
    monkeypatch.undo()
    choose.cache_clear()


RECORD = {
    "function": "matmul",
    "dtype": "float32",
    "precision": "highest",
    "architecture": 90,
    "shape": [1024, 1024, 1024],
    "algorithm": "scopeflow",
    "tile": "64x64",
    "splits": 1,
}


@pytest.mark.parametrize(
    ("dtype", "precision", "architecture", "arithmetic"),
    [
        ("float32", "highest", 75, "Fma<Element>"),
        ("float32", "highest", 80, "SplitTf32"),
        ("float32", "highest", 90, "SplitTf32"),
        ("float32", "highest", 107, "SplitTf32"),
        ("float32", "high", 75, "Fma<Element>"),
        ("float32", "high", 80, "Tf32"),
        ("float16", "highest", 75, "Fma<Element>"),
        ("float16", "high", 86, "Half<Element>"),
        ("bfloat16", "highest", 120, "Half<Element>"),
        ("float64", "highest", 80, "Mma64"),
        ("float64", "highest", 86, "Fma<Element>"),
        ("float64", "high", 90, "Mma64"),
        ("float64", "high", 120, "Fma<Element>"),
    ],
)
def test_the_table_gives_each_dtype_and_architecture_its_arithmetic(dtype, precision, architecture, arithmetic):
    asked = request(512, 512, 512, dtype=dtype, precision=precision, architecture=architecture)
    assert choose(asked).arithmetic == arithmetic


def test_short_float32_sums_are_fused_multiply_adds_as_three_tf32_products_cannot_keep_their_bound():
    assert choose(request(512, 512, 31)).arithmetic == "Fma<Element>"
    assert choose(request(512, 512, 32)).arithmetic == "SplitTf32"
    assert choose(request(512, 512, 0)).arithmetic == "Fma<Element>"


def test_what_no_rule_covers_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="no kernel computes int32 on sm_90"):
        choose(request(8, 8, 8, dtype="int32"))


def test_every_tile_fits_into_shared_memory_of_every_architecture_that_may_use_it():
    for rule in dispatch.TABLE:
        for architecture in SHARED_LIMIT:
            if architecture not in rule.architectures:
                continue
            for tile in rule.tiles.values():
                for problem in ("Matmul<ALONG_K,ACROSS_K>", "Matmul<ACROSS_K,ALONG_K>", "InputGradient"):
                    dtype = np.dtype(rule.dtype if rule.dtype != "bfloat16" else "float16")
                    out = dense.Layout((1,), (dtype.itemsize,), dtype, 0)
                    product = dense._Product(None, problem, None, out, 1, 1, 1, 1, 8, 8, 1)
                    depth, stages = dense._pipeline(product, architecture)
                    used = stages * dense._stage_bytes(product, tile, depth)
                    assert used <= SHARED_LIMIT[architecture] * 1024, (rule, architecture, tile)


def test_threads_divide_evenly_among_the_lines_of_every_tile():
    for tile in (*dispatch.TILES.values(), *dispatch.TILES_64.values()):
        assert tile.rows % tile.warp_rows == 0 == tile.columns % tile.warp_columns
        assert tile.threads >= max(tile.rows, tile.columns) or tile.threads % max(tile.rows, tile.columns) == 0
        assert tile.threads <= 1024


# --- The estimate -----------------------------------------------------------------------------------------------------


def test_a_large_product_takes_the_largest_tile_unsplit():
    choice = choose(request(8192, 8192, 8192))
    assert choice.tile == dispatch.TILES["128x128"] and choice.splits == 1


def test_a_product_of_few_rows_or_columns_takes_a_narrow_tile():
    assert choose(request(1, 4096, 4096)).tile == dispatch.TILES["16x128"]
    assert choose(request(4096, 1, 4096)).tile == dispatch.TILES["128x16"]


def test_a_filter_gradient_is_split_as_few_tiles_of_it_would_leave_the_device_idle():
    choice = choose(request(9 * 64, 64, 32 * 56 * 56, function="conv2d_filter_grad"))  # ResNet-50's 64 -> 64 at 56 x 56
    assert choice.splits >= 8
    assert choose(request(9 * 64, 64, 32 * 56 * 56, function="conv2d_filter_grad", processors=1)).splits == 1


def test_sums_are_split_no_further_than_into_sums_worth_a_block():
    depth = dispatch.SPLIT_DEPTH
    assert dispatch.possible_splits(request(64, 64, 2 * depth - 1)) == [1]
    assert dispatch.possible_splits(request(64, 64, 2 * depth)) == [1, 2]
    assert dispatch.possible_splits(request(64, 64, 9 * depth)) == [1, 2, 4, 8]


@pytest.mark.parametrize(
    "shape", [(576, 64, 100352, 1), (64, 64, 1 << 22, 1), (4096, 4096, 1 << 14, 4), (16, 16, 1 << 20, 64)]
)
def test_partial_sums_stay_within_the_workspace(shape):
    for dtype, wide in (("float32", 4), ("float64", 8), ("float16", 4)):
        rows, columns, _, parts = shape
        splits = choose(request(*shape, dtype=dtype)).splits
        assert splits == 1 or splits * rows * columns * parts * wide <= dispatch.WORKSPACE_BYTES


def test_a_batch_fills_the_device_with_large_tiles_and_without_splits():
    many, one = choose(request(128, 128, 1024, parts=1024)), choose(request(128, 128, 1024))
    assert many.splits == 1 and many.tile == dispatch.TILES["128x128"]
    assert one.tile.rows * one.tile.columns / one.splits < many.tile.rows * many.tile.columns


# --- Measurements -----------------------------------------------------------------------------------------------------


def test_the_shipped_file_is_sound():
    assert isinstance(dispatch.measurements(), tuple)


def test_a_measurement_holds_for_its_shape_class_and_near_ones(measured):
    measured({"tile": "64x64", "splits": 2})
    for shape in ((1024, 1024, 1024), (1100, 900, 1300), (2048, 2048, 4096)):
        choice = choose(request(*shape))
        assert (choice.tile, choice.splits) == (dispatch.TILES["64x64"], 2)
    assert choose(request(8192, 8192, 8192)).tile == dispatch.TILES["128x128"]  # nine doublings away


def test_the_nearest_of_several_measurements_is_taken(measured):
    measured({"tile": "64x64"}, {"tile": "128x64", "shape": [2048, 2048, 1024]})
    assert choose(request(1024, 1024, 1024)).tile == dispatch.TILES["64x64"]
    assert choose(request(2048, 1800, 1024)).tile == dispatch.TILES["128x64"]


@pytest.mark.parametrize(
    "other",
    [{"architecture": 80}, {"dtype": "float16"}, {"precision": "high"}, {"function": "conv2d"}],
    ids=lambda other: next(iter(other)),
)
def test_what_was_measured_elsewhere_says_nothing_here(measured, other):
    expected = choose(request(1024, 1024, 1024))
    measured({**other, "tile": "16x128", "splits": 4})
    assert choose(request(1024, 1024, 1024)) == expected


def test_measured_splits_never_outgrow_the_workspace(measured):
    measured({"splits": 64, "shape": [4096, 4096, 4096]})
    assert choose(request(4096, 4096, 4096)).splits == 1  # 64 MiB a split


@pytest.mark.parametrize("wrong", [{"tile": "7x7"}, {"algorithm": "magic"}, {"splits": 0}])
def test_a_record_that_names_nothing_known_is_refused(measured, wrong):
    measured(wrong)
    with pytest.raises(ValueError, match="names no known algorithm and tile"):
        choose(request(1024, 1024, 1024))


def test_shape_classes_are_powers_of_two():
    assert ShapeClass.of(1, 1000, 1449) == (0, 10, 11)
    assert ShapeClass.of(1448, 0, 6) == (10, 0, 3)
    assert ShapeClass(3, 5, 7).distance(ShapeClass(4, 3, 7)) == 3


def test_a_measurement_has_the_fields_of_a_record():
    (made,) = parsed({"measured": [RECORD]})
    assert made == Measurement("matmul", "float32", "highest", 90, ShapeClass(10, 10, 10), "scopeflow", "64x64", 1)


# --- cuBLAS -----------------------------------------------------------------------------------------------------------


class Launcher:
    """Notes what it is asked for."""

    architecture, processors = 90, 132

    def __init__(self, capturing=False):
        self.is_capturing, self.products, self.launches = capturing, 0, 0

    def capturing(self):
        return self.is_capturing

    def cublas(self, a, b, transpose_a, transpose_b, out):
        self.products += 1

    def launch(self, launch):
        self.launches += 1

    def empty(self, shape, dtype):
        return np.empty(shape, dtype)


def multiplied(launcher, **options):
    a = np.ones((1024, 1024), np.float32)
    dense.matmul(a, a, False, False, np.empty_like(a), launcher=launcher, **options)
    return launcher.products, launcher.launches


def test_cublas_is_called_where_it_was_measured_faster_and_nowhere_else(measured):
    assert multiplied(Launcher()) == (0, 1)
    measured({"algorithm": "cublas"})
    assert multiplied(Launcher()) == (1, 0)
    assert multiplied(Launcher(), algo="scopeflow") == (0, 1)
    assert multiplied(Launcher(capturing=True)) == (0, 1)
    for more in ({"activation": "relu"}, {"bias": np.ones(1024, np.float32)}, {"accumulate": True}):
        assert multiplied(Launcher(), **more) == (0, 1)


# --- make tune --------------------------------------------------------------------------------------------------------


class Clock:
    """Seconds that depend on the tile and splits of the launches that a call makes, and on nothing else."""

    def __init__(self, seconds):
        self.seconds, self.launches = seconds, []
        self.architecture, self.processors = 90, 132

    def launch(self, launch):
        self.launches.append(launch)

    def empty(self, shape, dtype):
        return np.empty(shape, dtype)

    def capturing(self):
        return False

    def cublas(self, *arguments):
        self.launches.append("cublas")

    def __call__(self, calls):
        (call,) = calls
        self.launches.clear()
        call()
        if self.launches[0] == "cublas":
            return [self.seconds("cublas", 1)]
        defines = dict(self.launches[0].defines)
        return [self.seconds(f"{defines['BM']}x{defines['BN']}", 2 if defines["SPLIT"] else 1)]


def tuned(problem, seconds, kind=("float32", "highest")):
    clock, lines = Clock(seconds), []
    (record,) = tune.tune([problem], [kind], clock, np, clock, lines.append)
    assert len(lines) == 1
    return record


def test_the_fastest_tile_is_recorded_and_then_chosen(measured):
    problem = Problem("matmul", (512, 512, 512))
    record = tuned(problem, lambda tile, splits: {"128x64": 1.0}.get(tile, 2.0) * splits)
    assert (record["tile"], record["splits"], record["algorithm"]) == ("128x64", 1, "scopeflow")
    assert record["shape"] == [512, 512, 512] and record["architecture"] == 90
    measured(record)
    assert choose(request(512, 512, 512)).tile == dispatch.TILES["128x64"]


def test_what_is_no_faster_than_the_estimate_beyond_the_noise_does_not_replace_it():
    problem = Problem("matmul", (512, 512, 512))
    expected = dispatch.estimated(request(512, 512, 512)).tile
    name = next(name for name, tile in dispatch.TILES.items() if tile == expected)
    assert tuned(problem, lambda tile, splits: 1.0 if tile == name else 0.99)["tile"] == name


def test_cublas_is_recorded_where_it_is_fastest_and_measured_only_where_it_may_be_called():
    def seconds(tile, splits):
        return 0.5 if tile == "cublas" else 1.0

    assert tuned(Problem("matmul", (512, 512, 512)), seconds)["algorithm"] == "cublas"
    problem = Problem("conv2d", (8, 16, 16, 3, 1))
    assert tuned(problem, seconds)["algorithm"] == "scopeflow"
    assert tuned(Problem("matmul", (64, 64, 64)), seconds, ("float32", "high"))["algorithm"] == "scopeflow"


@pytest.mark.parametrize("function", ["conv2d", "conv2d_input_grad", "conv2d_filter_grad"])
def test_the_convolutions_measured_are_of_the_sizes_named(function):
    record = tuned(Problem(function, (14, 8, 16, 3, 2)), lambda tile, splits: 1.0)
    pixels, quarter = 32 * 7 * 7, 32 * 7 * 7
    expected = {
        "conv2d": [pixels, 16, 9 * 8],
        "conv2d_input_grad": [quarter, 8, 4 * 16],
        "conv2d_filter_grad": [9 * 8, 16, pixels],
    }
    assert record["shape"] == expected[function]


def test_tuning_leaves_the_table_as_it_was():
    before = dispatch.choose
    with pytest.raises(ZeroDivisionError):
        tuned(Problem("matmul", (64, 64, 64)), lambda tile, splits: 1 // 0)
    assert dispatch.choose is before
