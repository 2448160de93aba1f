"""tf.nn.ctc_beam_search_decoder: sequences, their probabilities, refusals."""

from ..cases import golden
from ..helpers import described, said, uniform

SUMS = {"rtol": 2e-5, "atol": 2e-5, "reason": "float32 sums of exponentials; ours are float64's, rounded"}
HOW = {
    "one path": {},
    "three paths": {"beam_width": 8, "top_paths": 3},
    "not merged": {"beam_width": 8, "top_paths": 3, "merge_repeated": False},
    "narrow": {"beam_width": 2, "top_paths": 2, "merge_repeated": False},
}


@golden(rows=HOW, **SUMS)
def decoded(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(8, 4, 4, seed=4) * 3)
        sequences, scores = tf.nn.ctc_beam_search_decoder(x, [8, 6, 5, 4], **row)
        found, score = session.run([sequences, scores])
        parts = {f"{i} {part}": getattr(f, part) for i, f in enumerate(found)
                 for part in ("indices", "values", "dense_shape")}  # fmt: skip
        first = sequences[0]
        return {**parts, "scores": score, "described": described([first.indices, first.dense_shape, scores])}


@golden()
def refusals(tf):
    decode = tf.nn.ctc_beam_search_decoder
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(6, 3, 4))
        return {
            "said": [
                said(lambda: session.run(decode(x, [6, 4, 2], 5, 6)[1]), "requested more paths than the beam width"),
                said(lambda: session.run(decode(x, [7, 4, 2])[1]), r"sequence_length\(0\) <= 6"),
                said(lambda: decode(x, [6, 4, 2], 0), "Attr 'beam_width' .* passed 0 less than minimum 1"),
            ]
        }
