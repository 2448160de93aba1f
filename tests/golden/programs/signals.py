"""tf.signal: frames, windows, short-time Fourier transforms, cosine transforms, mel spectrograms."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

SUMS = {"rtol": 3e-5, "atol": 3e-5, "reason": "float32 sums and functions rounded otherwise"}

SIGNALS = {
    "frame": (lambda s, x: s.frame(x, 3, 2), [2, 10]),
    "frame far apart": (lambda s, x: s.frame(x, 2, 4), [11]),
    "frame too long": (lambda s, x: s.frame(x, 12, 2), [2, 10]),
    "frame padded": (lambda s, x: s.frame(x, 4, 3, True, 7.0), [2, 10]),
    "frame padded far apart": (lambda s, x: s.frame(x, 2, 5, pad_end=True), [12]),
    "frame of an axis": (lambda s, x: s.frame(x, 3, 1, axis=1), [2, 5, 2]),
    "frame padded of an axis": (lambda s, x: s.frame(x, 3, 2, True, axis=0), [6, 2]),
    "overlap_and_add": (lambda s, x: s.overlap_and_add(x, 2), [2, 3, 4]),
    "overlap_and_add unevenly": (lambda s, x: s.overlap_and_add(x, 3), [2, 3, 5]),
    "overlap_and_add side by side": (lambda s, x: s.overlap_and_add(x, 4), [3, 4]),
    "overlap_and_add far apart": (lambda s, x: s.overlap_and_add(x, 5), [2, 3]),
    "overlap_and_add of many": (lambda s, x: s.overlap_and_add(x, 1), [2, 2, 3, 3]),
    "dct": (lambda s, x: s.dct(x), [2, 5]),
    "dct normal": (lambda s, x: s.dct(x, norm="ortho"), [2, 5]),
    "dct of 1": (lambda s, x: s.dct(x, 1), [2, 5]),
    "dct of 3": (lambda s, x: s.dct(x, 3), [2, 6]),
    "dct of 3 normal": (lambda s, x: s.dct(x, type=3, norm="ortho"), [2, 6]),
    "dct of 4": (lambda s, x: s.dct(x, 4), [2, 4]),
    "dct of 4 normal": (lambda s, x: s.dct(x, 4, norm="ortho"), [2, 4]),
    "dct cut off": (lambda s, x: s.dct(x, n=3), [2, 5]),
    "dct filled up": (lambda s, x: s.dct(x, 2, 7), [2, 5]),
    "idct": (lambda s, x: s.idct(x), [2, 5]),
    "idct normal": (lambda s, x: s.idct(x, 2, norm="ortho"), [2, 5]),
    "idct of 1": (lambda s, x: s.idct(x, 1), [2, 5]),
    "idct of 3": (lambda s, x: s.idct(x, 3), [2, 5]),
    "mfccs": (lambda s, x: s.mfccs_from_log_mel_spectrograms(x), [2, 3, 6]),
    "fftshift": (lambda s, x: s.fftshift(x), [4, 5]),
    "fftshift of an axis": (lambda s, x: s.fftshift(x, 1), [4, 5]),
    "ifftshift": (lambda s, x: s.ifftshift(x, [-1]), [4, 5]),
    "there and back": (
        lambda s, x: s.inverse_stft(s.stft(x, 4, 2), 4, 2, window_fn=s.inverse_stft_window_fn(2)), [2, 12]
    ),
    "there and back unevenly": (
        lambda s, x: s.inverse_stft(s.stft(x, 5, 2, 9, s.hamming_window), 5, 2, 9, s.hamming_window), [13]
    ),
    "there and back bare": (
        lambda s, x: s.inverse_stft(s.stft(x, 3, 3, window_fn=None, pad_end=True), 3, 3, window_fn=None), [10]
    ),
    "back of too few": (lambda s, x: s.inverse_stft(s.stft(x, 4, 2), 6, 3, 4), [10]),
}  # fmt: skip


@golden(rows=SIGNALS, **SUMS)
def signals(tf, row):
    build, shape = row
    with tf.Graph().as_default(), tf.Session() as session:
        x, values = tf.placeholder(tf.float32, shape), uniform(*shape, seed=1)
        y = build(tf.signal, x)
        free = build(tf.signal, tf.placeholder(tf.float32, [None, *shape[1:]]))
        slope = tf.gradients(y, x, grad_ys=[tf.constant(uniform(*session.run(tf.shape(y), {x: values}), seed=2))])[0]
        found = session.run([y, slope], {x: values})
        return {"shapes": [str(t.shape.as_list()) for t in (y, free)], "value": found[0], "slope": found[1]}


SPECTRA = {
    "usual": {},
    "longer": {"fft_length": 16},
    "bare": {"window_fn": None},
    "padded": {"pad_end": True},
    "shorter": {"fft_length": 4},
}


@golden(rows=SPECTRA, **SUMS)
def spectra(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        x, free = tf.placeholder(tf.float32, [2, 17]), tf.placeholder(tf.float32, [None, None])
        y = tf.signal.stft(x, 5, 3, **row)
        lengths = tf.signal.stft(free, tf.constant(5), tf.constant(3), **row)
        values = session.run([y, lengths], {x: uniform(2, 17, seed=1), free: uniform(2, 17, seed=3)})
        wide = session.run(tf.signal.stft(tf.constant(uniform(9, seed=4), tf.float64), 4, 4))
        return {"y": described(y)[-22:], "free": described(lengths)[-30:], "a": values[0], "b": values[1], "c": wide}


@golden(**SUMS)
def windows(tf):
    s = tf.signal
    with tf.Graph().as_default(), tf.Session() as session:
        length = tf.placeholder(tf.int32, [])
        found = [
            s.hann_window(6), s.hann_window(7), s.hann_window(6, False), s.hann_window(1), s.hamming_window(5),
            s.hamming_window(window_length=4, periodic=False, dtype=tf.float64), s.hann_window(length, name="mine"),
            s.inverse_stft_window_fn(2)(5, tf.float32), s.inverse_stft_window_fn(3, s.hamming_window)(4, tf.float64),
        ]  # fmt: skip
        values = session.run(found, {length: 8})
        single = session.run(found[6], {length: 1})
        return {"shapes": [str(w.shape) for w in found], "single": single} | {str(i): v for i, v in enumerate(values)}


MATRICES = {
    "usual": {},
    "few": {"num_mel_bins": 4, "num_spectrogram_bins": 9},
    "other edges": {"num_mel_bins": 5, "num_spectrogram_bins": 17, "sample_rate": 16000, "lower_edge_hertz": 0.0,
                    "upper_edge_hertz": 8000.0},
}  # fmt: skip


@golden(rows=MATRICES, rtol=1e-4, atol=2e-5, reason="differences of float32 logarithms, divided by small ones")
def mel_matrices(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        matrix = tf.signal.linear_to_mel_weight_matrix(name="mel", **row)
        return {"name": described(matrix), "value": session.run(matrix)}


REFUSED = {
    "step": (lambda s: s.overlap_and_add(np.ones([2, 3]), 1.5), "frame_step must be an integer"),
    "rank": (lambda s: s.overlap_and_add(np.ones([3]), 1), "rank at least 2"),
    "lengths": (lambda s: s.frame(np.ones([3]), [1, 2], 1), "rank 0"),
    "type": (lambda s: s.dct(np.ones([3]), 5), "Types I, II, III and IV"),
    "norm": (lambda s: s.dct(np.ones([3]), norm="l2"), "Unknown normalization"),
    "norm of 1": (lambda s: s.idct(np.ones([3], np.float32), 1, norm="ortho"), "not supported for the Type-I DCT"),
    "axis": (lambda s: s.dct(np.ones([3, 3], np.float32), axis=0), "axis must be -1"),
    "n": (lambda s: s.dct(np.ones([3, 3], np.float32), n=0), "n should be a positive integer or None"),
    "bins": (lambda s: s.linear_to_mel_weight_matrix(0), "num_mel_bins must be positive"),
    "edges": (lambda s: s.linear_to_mel_weight_matrix(lower_edge_hertz=4000.0), "4000.0 >= upper_edge_hertz 3800.0"),
    "low edge": (lambda s: s.linear_to_mel_weight_matrix(lower_edge_hertz=-1.0), "must be non-negative"),
    "rate": (lambda s: s.linear_to_mel_weight_matrix(sample_rate=0), "sample_rate must be positive"),
    "high edge": (lambda s: s.linear_to_mel_weight_matrix(sample_rate=6000), "not be larger than the Nyquist"),
}


@golden(rows=REFUSED)
def refused_signals(tf, row):
    call, sentence = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf.signal), sentence)}
