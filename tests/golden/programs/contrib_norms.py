"""contrib's batch_norm with renormalization and adjustment, recorded from tf_slim."""

from ..cases import golden
from ..helpers import described, said, uniform

NORMS = {
    "renorm": {"renorm": True},
    "renorm scaled": {"renorm": True, "scale": True, "renorm_decay": 0.5, "variables_collections": ["mine"]},
    "renorm clipped": {"renorm": True, "renorm_clipping": {"rmax": 1.2, "dmax": 0.1}, "fused": False},
    "renorm testing": {"renorm": True, "is_training": False},
    "renorm initialized": {"renorm": True, "param_initializers": {"moving_variance": "four"}},
}


@golden(rows=NORMS, rtol=2e-5, atol=2e-5, reason="float32 sums in another order")
def corrected_norms(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3, 4, 2, 2])
        given = dict(row)
        if "param_initializers" in given:
            given["param_initializers"] = {"moving_variance": tf.constant_initializer(4.0)}
        y = tf.contrib.layers.batch_norm(x, decay=0.75, **given)
        session.run(tf.global_variables_initializer())
        updates, feed = tf.get_collection(tf.GraphKeys.UPDATE_OPS), {x: uniform(3, 4, 2, 2, seed=1)}
        answers = {f"y {step}": session.run([y, updates], feed)[0] for step in range(2)}
        return {
            "y": described(y),
            "variables": [described(v) for v in tf.global_variables()],
            "model": [v.name for v in tf.get_collection(tf.GraphKeys.MODEL_VARIABLES)],
            "mine": [v.name for v in tf.get_collection("mine")],
            **answers,
            **{v.name: session.run(v) for v in tf.global_variables()},
        }


@golden()
def refused_norms(tf):
    with tf.Graph().as_default():
        x = tf.zeros([2, 3, 3, 2])
        sentence = "renorm is not supported with batch_weights, updates_collections or zero_debias_moving_mean"
        beside = ({"updates_collections": None}, {"zero_debias_moving_mean": True})
        return {
            "said": [said(lambda b=b: tf.contrib.layers.batch_norm(x, renorm=True, **b), sentence) for b in beside],
            "keys": said(
                lambda: tf.contrib.layers.batch_norm(x, renorm=True, renorm_clipping={"r": 1}), "renorm_clipping"
            ),
        }
