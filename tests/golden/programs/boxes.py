"""tf.image's boxes: cut out, the best of those that overlap, drawn, drawn at random."""

import numpy as np

from ..cases import golden
from ..helpers import described, run, said, shape_of, uniform

ROUNDED = {"rtol": 2e-6, "atol": 2e-6, "reason": "float32 sums in another order"}
BOXES = np.array(
    [[0, 0, 1, 1], [0.1, 0.2, 0.9, 0.7], [-0.5, -0.2, 1.2, 1.5], [0.9, 0.95, 0.1, 0.1], [0.3, 0.3, 0.3, 0.3]],
    np.float32,
)
OWNERS = [0, 1, 0, 1, 1]
CROPS = {
    "smaller": ([3, 2], {}),
    "larger": ([7, 9], {}),
    "one": ([1, 1], {}),
    "nearest": ([4, 3], {"method": "nearest"}),
    "nearest, one": ([1, 2], {"method": "nearest", "extrapolation_value": 0.5}),
    "extrapolated": ([3, 3], {"extrapolation_value": -2.5}),
}


def images(dtype=np.float32):
    return (uniform(2, 5, 6, 2, seed=3, low=0, high=200)).astype(dtype)


@golden(rows=CROPS, **ROUNDED)
def cropped(tf, row):
    size, how = row
    return {
        str(np.dtype(t)): run(tf, tf.image.crop_and_resize(images(t), BOXES, OWNERS, size, **how))
        for t in (np.float32, np.uint8)
    }


@golden(rows=CROPS, **{**ROUNDED, "rtol": 2e-5, "atol": 2e-4})
def gradients_of_crops(tf, row):
    size, how = row
    x, boxes = tf.constant(images()), tf.constant(BOXES)
    crops = tf.image.crop_and_resize(x, boxes, OWNERS, size, **how)
    return dict(zip(("image", "boxes"), run(tf, tf.gradients(crops, [x, boxes], uniform(5, *size, 2))), strict=True))


@golden()
def crops_that_do_not_fit(tf):
    with tf.Graph().as_default():
        crop, x = tf.image.crop_and_resize, tf.constant(images())
        owners, size = tf.placeholder(tf.int32), tf.placeholder(tf.int32)
        fed = crop(x, BOXES, owners, size)
        unknown = tf.placeholder(tf.uint8, [None, None, None, 3])

        def ran(of, new):
            return lambda: run(tf, fed, {owners: of, size: new})

        return {
            "described": [
                described(crop(x, BOXES, box_indices=OWNERS, crop_size=[2, 3], name="mine")),
                shape_of(crop(unknown, tf.placeholder(tf.float32), tf.placeholder(tf.int32, [7]), size)),
                shape_of(fed),
            ],
            "said": [
                said(lambda: crop(x, BOXES, [0], [2, 2]), "Dimensions must be equal, but are 5 and 1"),
                said(lambda: crop(x, BOXES, OWNERS, [2]), "Dimension must be 2 but is 1"),
                said(lambda: crop(x, BOXES[:, :3], OWNERS, [2, 2]), "Dimension must be 4 but is 3"),
                said(lambda: crop(x[0], BOXES, OWNERS, [2, 2]), "Shape must be rank 4 but is rank 3"),
                said(lambda: crop(x, BOXES, OWNERS, [2, 2], method="cubic"), "passed string 'cubic' not in"),
                said(ran([0, 1, 0, 1, 2], [2, 2]), "box_index has values outside"),
                said(ran([0, 1, 0, 1, -1], [2, 2]), "box_index has values outside"),
                said(ran([0, 1], [2, 2]), "box_index has incompatible shape"),
                said(ran(OWNERS, [2]), r"crop_size must have two elements\[1\]"),
                said(ran(OWNERS, [2, 0]), "crop dimensions must be positive"),
            ],
        }


def _many(count=24):
    """Boxes [y1, x1, y2, x2] of which many overlap, some given by other corners, two without area; and scores."""
    corners = uniform(count, 2, seed=5, low=0, high=3)
    boxes = np.concatenate([corners, corners + uniform(count, 2, seed=6, low=0.5, high=1.5)], 1)
    boxes[3] = boxes[3, [2, 3, 0, 1]]
    boxes[4, 2:] = boxes[4, :2]
    scores = np.round(uniform(count, seed=7, low=0, high=1) * 16) / 16  # with ties
    return boxes, scores.astype(np.float32)


SELECTIONS = {
    "plain": {},
    "few": {"max_output_size": 3},
    "none": {"max_output_size": 0},
    "strict": {"iou_threshold": 0.1},
    "all": {"iou_threshold": 1.0},
    "above": {"score_threshold": 0.5},
}


@golden(rows=SELECTIONS)
def the_best_boxes(tf, row):
    boxes, scores = _many()
    how = {"max_output_size": 20, **row}
    return {"kept": run(tf, tf.image.non_max_suppression(boxes, scores, **how))}


SOFT = {"soft": {"soft_nms_sigma": 0.3}, "soft above": {"soft_nms_sigma": 0.5, "score_threshold": 0.4}}


@golden(rows=SELECTIONS | SOFT, rtol=2e-6, reason="float32 exponentials")
def the_best_boxes_with_scores(tf, row):
    boxes, scores = _many()
    how = {"max_output_size": 20, **row}
    kept, values = run(tf, tf.image.non_max_suppression_with_scores(boxes, scores, **how))
    return {"kept": kept, "scores": values}


@golden()
def the_best_by_their_overlaps(tf):
    overlaps = uniform(9, 9, seed=2, low=0, high=1)
    scores = uniform(9, seed=3, low=0, high=1)
    kept = [
        tf.image.non_max_suppression_overlaps(overlaps, scores, 5, 0.7),
        tf.image.non_max_suppression_overlaps(overlaps, scores, 9, 0.6, 0.3),
    ]
    return dict(zip(("five", "above"), run(tf, kept), strict=True))


@golden()
def selections_that_do_not_fit(tf):
    with tf.Graph().as_default():
        select = tf.image.non_max_suppression
        boxes, scores = _many(6)
        fed = [tf.placeholder(tf.float32) for _ in range(2)]

        def ran(some_boxes, some_scores, most=3, threshold=0.5):
            op = select(*fed, most, threshold)
            return lambda: run(tf, op, dict(zip(fed, (some_boxes, some_scores), strict=True)))

        found = [select(boxes, scores, 2), *tf.image.non_max_suppression_with_scores(boxes, scores, 2)]
        return {
            "described": described(found),
            "said": [
                said(lambda: select(boxes, scores[:4], 3), "Dimensions must be equal, but are 6 and 4"),
                said(lambda: select(boxes[:, :3], scores, 3), "Dimension must be 4 but is 3"),
                said(lambda: select(boxes, scores[:, None], 3), "Shape must be rank 1 but is rank 2"),
                said(ran(boxes, scores[:4]), "scores has incompatible shape"),
                said(ran(boxes[:, :3], scores), "boxes must have 4 columns"),
                said(ran(boxes, scores, threshold=1.5), r"iou_threshold must be in \[0, 1\]"),
            ],
        }


@golden()
def outlines(tf):
    with tf.Graph().as_default():
        boxes = np.stack([BOXES[[0, 1, 2, 3]], BOXES[[1, 4, 0, 2]] * 0.8])
        found = {}
        for depth in (1, 3, 4):
            x = uniform(2, 6, 7, depth, seed=depth).round(2)
            drawn = tf.image.draw_bounding_boxes(x, boxes)
            found[f"{depth}"] = run(tf, drawn)
            if depth == 3:
                colors = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)
                found["colors"] = run(tf, tf.image.draw_bounding_boxes(x, boxes, colors=colors))
        wrong = tf.constant(uniform(2, 6, 7, 2))
        return found | {
            "described": [described(drawn)],
            "said": [
                said(lambda: tf.image.draw_bounding_boxes(wrong, boxes), "Channel depth should be either 1"),
                said(lambda: run(tf, tf.image.draw_bounding_boxes(x, boxes[:1])), "The batch sizes should be the same"),
            ],
        }


PARTS = {
    "plain": ({"seed": 3}, [[0.1, 0.1, 0.6, 0.8]]),
    "two seeds": ({"seed": 3, "seed2": 4}, [[0.1, 0.1, 0.6, 0.8]]),
    "much of one": ({"seed": 5, "min_object_covered": 0.9}, [[0.3, 0.3, 0.5, 0.6], [0.0, 0.5, 0.2, 1.0]]),
    "of none": ({"seed": 6, "min_object_covered": 0.0, "aspect_ratio_range": (0.2, 4.0)}, [[0.3, 0.3, 0.4, 0.4]]),
    "small": ({"seed": 7, "area_range": (0.01, 0.05), "use_image_if_no_bounding_boxes": True,
               "min_object_covered": 0.0}, np.zeros((0, 4), np.float32)),
    "large": ({"seed": 8, "area_range": (0.6, 1.0), "max_attempts": 5}, [[0.1, 0.1, 0.9, 0.9]]),
    "hopeless": ({"seed": 9, "area_range": (0.01, 0.02), "min_object_covered": 1.0}, [[0.0, 0.0, 1.0, 1.0]]),
}  # fmt: skip


@golden(rows=PARTS)
def parts_drawn_at_random(tf, row):
    how, boxes = row
    found = []
    for size in ([50, 60, 3], [7, 5, 1], [1, 9, 3]):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(11)
            part = tf.image.sample_distorted_bounding_box(size, np.array([boxes], np.float32), **how)
            found += [session.run(part) for _ in range(4)]
    return {
        "begin": np.array([f[0] for f in found]), "size": np.array([f[1] for f in found]),
        "box": np.concatenate([f[2] for f in found]), "described": [described(list(part))],
    }  # fmt: skip


@golden()
def parts_of_nothing(tf):
    part = tf.image.sample_distorted_bounding_box
    nothing = np.zeros((1, 0, 4), np.float32)
    return {
        "said": [
            said(lambda: run(tf, part([5, 5, 3], nothing)), "No bounding boxes provided as input. One must enable"),
            said(lambda: run(tf, part([5, 5, 3], [[[0, 0, 1.5, 1]]])), r"must be in \[0.0, 1.0\]"),
            said(lambda: run(tf, part([5, 5], [[[0.0, 0, 1, 1]]])), "Dimension must be 3 but is 2"),
        ]
    }
