"""tf.image where TensorFlow's answers do not tell: what is refused, what others read of it, tensors in odd places."""

import io
import subprocess
import sys

import numpy as np
import pytest
from golden.pictures import picture

import scopeflow as tf

Image = pytest.importorskip("PIL.Image", reason="no Pillow")


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def run(fetches, feed_dict=None):
    with tf.Session() as session:
        return session.run(fetches, feed_dict)


def octets(*shape, seed=1):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("mode, channels", [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_pillow_reads_the_pngs_that_are_written(mode, channels):
    pixels = octets(9, 7, channels)
    file = run(tf.image.encode_png(pixels, compression=9))
    with Image.open(io.BytesIO(file)) as read:
        read.load()
        assert read.mode == mode and np.array_equal(np.array(read).reshape(pixels.shape), pixels)


def test_pillow_reads_a_png_of_16_bits():
    pixels = (octets(9, 7, 1).astype(np.uint16) * 251).astype(np.uint16)
    with Image.open(io.BytesIO(run(tf.image.encode_png(pixels)))) as read:
        assert read.mode.startswith("I;16") and np.array_equal(np.array(read)[..., None], pixels)


def test_the_rows_of_a_png_are_filtered_where_that_makes_them_smaller():
    ramp, noise = np.arange(256), np.random.default_rng(0)
    along_rows = (noise.integers(0, 256, (64, 1, 3)) + ramp[:, None]).astype(np.uint8)
    along_columns = (noise.integers(0, 256, (1, 64, 3)) + ramp[:, None, None]).astype(np.uint8)
    for pixels in (along_rows, along_columns):  # noise to zlib, but for the differences of neighbors
        assert len(run(tf.image.encode_png(pixels))) < pixels.size / 50


def test_a_jpeg_has_the_density_and_form_asked_for():
    pixels = octets(16, 16, 3)
    with Image.open(
        io.BytesIO(run(tf.image.encode_jpeg(pixels, progressive=True, x_density=72, y_density=96)))
    ) as read:
        assert read.info["dpi"] == (72, 96) and read.info["progressive"]
    centimeters = run(tf.image.encode_jpeg(pixels, density_unit="cm", x_density=100, y_density=50))
    with Image.open(io.BytesIO(centimeters)) as read:
        assert read.info["dpi"] == (254, 127)


@pytest.mark.parametrize("halved", [True, False])
def test_a_jpeg_halves_its_chroma_unless_told_not_to(halved):
    file = run(tf.image.encode_jpeg(octets(16, 16, 3), chroma_downsampling=halved))
    with Image.open(io.BytesIO(file)) as read:
        sampling = [layer[1:3] for layer in read.layer]
    assert sampling == [(2, 2) if halved else (1, 1), (1, 1), (1, 1)]


@pytest.mark.parametrize(
    "how", [{"fancy_upscaling": False}, {"try_recover_truncated": True}, {"acceptable_fraction": 0.5}], ids=str
)
def test_decode_jpeg_refuses_what_it_cannot_do(how):
    with pytest.raises(NotImplementedError, match="decode_jpeg"):
        tf.image.decode_jpeg(b"", **how)


@pytest.mark.parametrize(
    "how, message",
    [
        ({"format": "cmyk"}, "format"),
        ({"density_unit": "m"}, "density_unit"),
        ({"quality": 101}, r"quality must be in \[0,100\]"),
    ],
    ids=str,
)
def test_encode_jpeg_refuses_what_is_not_there(how, message):
    with pytest.raises(ValueError, match=message):
        tf.image.encode_jpeg(octets(4, 4, 3), **how)
    with pytest.raises(NotImplementedError, match="xmp_metadata"):
        tf.image.encode_jpeg(octets(4, 4, 3), xmp_metadata="<x/>")


def test_a_jpeg_insists_on_its_format():
    with pytest.raises(tf.errors.InvalidArgumentError, match="image must have 1 channels"):
        run(tf.image.encode_jpeg(octets(4, 4, 3), format="grayscale"))


def test_colors_in_16_bits_are_not_read_as_less():
    wide = (octets(4, 4, 3).astype(np.uint16) * 257).astype(np.uint16)
    file = run(tf.image.encode_png(wide))
    assert np.array_equal(run(tf.image.decode_png(file)), wide >> 8)
    with pytest.raises(tf.errors.UnimplementedError, match="16 bits"):
        run(tf.image.decode_png(file, dtype=tf.uint16))


@pytest.mark.parametrize("name", ["colors.png", "colors.jpg", "moving.gif", "colors.bmp"])
def test_a_file_cut_anywhere_is_refused_or_read_but_ends_no_process(name):
    data = picture(name)
    file = tf.placeholder(tf.string, [])
    decoded = tf.image.decode_image(file)
    refused = 0
    with tf.Session() as session:
        for end in range(0, len(data) - 1, max(1, len(data) // 40)):
            try:
                session.run(decoded, {file: data[:end]})
            except tf.errors.InvalidArgumentError:
                refused += 1
    assert refused >= 20


def test_without_pillow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(tf.errors.OpError, match=r"pip install 'scopeflow\[images\]'"):
        run(tf.image.decode_jpeg(picture("colors.jpg")))
    assert run(tf.image.encode_png(octets(4, 4, 3))).startswith(b"\x89PNG")


def test_pillow_is_imported_when_it_is_used():
    code = "import sys, scopeflow as tf; tf.image.decode_jpeg(b''); sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("method", range(4))
def test_a_gradient_that_is_no_number_stays_with_its_pixel(method):
    x = tf.placeholder(tf.float32, [1, 12, 12, 1])
    y = tf.image.resize_images(x, [5, 5], method)
    g = np.ones((1, 5, 5, 1), np.float32)
    g[0, 0, 0] = np.nan
    (found,) = run(tf.gradients(y, x, g), {x: np.zeros((1, 12, 12, 1))})
    assert np.isnan(found[0, 0, 0, 0]) and np.isfinite(found[0, 6:, 6:]).all() and np.isfinite(found[0, 0, 6:]).all()


@pytest.mark.parametrize("method", [tf.image.ResizeMethod.BILINEAR, tf.image.ResizeMethod.NEAREST_NEIGHBOR])
@pytest.mark.parametrize("size", [(31, 17), (3, 5), (8, 1)], ids=str)
def test_an_image_of_one_color_keeps_it(method, size):
    """Programs cast what they get to uint8, which cuts 199.99999 down to 199."""
    found = run(tf.image.resize_images(np.full((1, 8, 9, 3), 200, np.uint8), size, method))
    assert found.shape == (1, *size, 3) and np.all(found == 200)


def test_half_images_stay_half_in_their_gradient():
    x = tf.placeholder(tf.float16, [1, 4, 4, 1])
    y = tf.image.resize_images(x, [8, 8])
    (g,) = tf.gradients(y, x)
    assert y.dtype == tf.float32 and g.dtype == tf.float16
    assert abs(run(g, {x: np.zeros((1, 4, 4, 1))}).sum() - 64) <= 0.1


def test_whole_numbers_have_no_gradient():
    x = tf.constant(octets(1, 4, 4, 1))
    assert tf.gradients(tf.image.resize_images(x, [2, 2]), x) == [None]


def test_corners_or_half_pixels_but_not_both():
    with pytest.raises(ValueError, match="align_corners must be False"):
        tf.image.resize_bilinear(np.zeros((1, 2, 2, 1), np.float32), [2, 2], True, half_pixel_centers=True)


@pytest.mark.parametrize("shape", [(5, 4, 3), (2, 5, 4, 3)], ids=str)
def test_a_turn_by_a_tensor_is_that_of_its_value(shape):
    x, k = octets(*shape), tf.placeholder(tf.int32, [])
    turned = tf.image.rot90(tf.constant(x), k)
    with tf.Session() as session:
        for quarters in range(-1, 5):
            wanted = np.rot90(x, quarters, axes=(-3, -2))
            assert np.array_equal(session.run(turned, {k: quarters}), wanted), quarters


def test_a_resize_with_padding_keeps_the_shape_of_what_is_shown():
    x = np.ones((4, 8, 1), np.float32)
    found = run(tf.image.resize_image_with_pad(x, 8, 8))
    assert found.shape == (8, 8, 1) and np.array_equal(found[..., 0], np.pad(np.ones((4, 8)), ((2, 2), (0, 0))))
    fed = tf.placeholder(tf.float32, [None, None, 1])
    assert np.array_equal(run(tf.image.resize_image_with_pad(fed, 8, 8), {fed: x}), found)


def test_both_ways_of_a_coin_come_up():
    x = tf.constant(np.arange(4, dtype=np.float32).reshape(1, 4, 1))
    flipped = tf.image.random_flip_left_right(x, seed=1)
    with tf.Session() as session:
        heads = sum(int(session.run(flipped)[0, 0, 0] == 3) for _ in range(200))
    assert 60 < heads < 140  # 5.6 standard deviations


def test_images_of_a_batch_are_flipped_each_by_a_draw_of_its_own():
    x = octets(32, 2, 3, 1)
    flipped, draws = tf.image.random_flip_up_down(tf.constant(x), seed=5), tf.random_uniform([32], seed=5)
    found, drawn = run([flipped, draws])
    heads = np.round(drawn) == 1
    assert 8 < heads.sum() < 24
    assert np.array_equal(found, np.where(heads[:, None, None, None], x[:, ::-1], x))


@pytest.mark.parametrize(
    "draw, message",
    [
        (lambda x: tf.image.random_brightness(x, -0.1), "max_delta must be non-negative"),
        (lambda x: tf.image.random_hue(x, 0.6), "max_delta must be <= 0.5"),
        (lambda x: tf.image.random_contrast(x, 0.5, 0.5), "upper must be > lower"),
        (lambda x: tf.image.random_saturation(x, -0.5, 0.5), "lower must be non-negative"),
        (lambda x: tf.image.adjust_gamma(x, -1), "Gamma should be a non-negative real number"),
        (lambda x: tf.image.grayscale_to_rgb(x), "Last dimension of a grayscale image should be size 1"),
        (lambda x: tf.image.rgb_to_hsv(x[..., :2]), "Dimension must be 3 but is 2"),
        (lambda x: tf.image.decode_image(b"", dtype=tf.float64), "uint8, uint16 or float32, not float64"),
    ],
)
def test_what_makes_no_sense_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw(tf.constant(np.zeros((4, 4, 3), np.float32)))


def test_all_that_is_listed_is_there():
    assert all(callable(getattr(tf.image, name)) for name in tf.image.__all__)
    assert tf.image.per_image_whitening is tf.image.per_image_standardization
    assert tf.image.transpose is tf.image.transpose_image
