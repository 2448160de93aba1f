"""tf.nn: functions for neural networks, over ops and scoped variables."""

from ..engine.ops.activations import *
from ..engine.ops.array import depth_to_space, space_to_batch, space_to_depth
from ..engine.ops.conv import *
from ..engine.ops.conv import depthwise_conv2d_native_backprop_filter as depthwise_conv2d_backprop_filter
from ..engine.ops.conv import depthwise_conv2d_native_backprop_input as depthwise_conv2d_backprop_input
from ..engine.ops.indexing import top_k
from ..engine.ops.math import sigmoid, tanh
from ..engine.ops.nn import *
from ..engine.ops.normalize import *
from ..engine.ops.pool import *
from ..engine.ops.pool import avg_pool as avg_pool2d
from ..engine.ops.pool import max_pool as max_pool2d
from ..engine.ops.pool_argmax import *
from ..engine.ops.sampling import *
from ..engine.ops.volumes import *
from . import rnn_cell
from .activations import *
from .convolutions import *
from .cross_entropy import *
from .ctc import *
from .dense import *
from .embedding import *
from .normalization import *
from .rnn import *
from .sampling import *
