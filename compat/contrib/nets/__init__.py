"""tf.contrib.slim.nets: networks for images, with the variables' names of their published checkpoints."""

from . import alexnet, inception, overfeat, resnet_utils, resnet_v1, resnet_v2, vgg

__all__ = ["alexnet", "inception", "overfeat", "resnet_utils", "resnet_v1", "resnet_v2", "vgg"]
