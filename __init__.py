"""TensorFlow 1's programming model on CuPy and Numba: what `import scopeflow as tf` offers, and nothing else."""

from . import data, nn, train
from .compat import (
    bitwise,
    debugging,
    dtypes,
    estimator,
    gfile,
    graph_util,
    initializers,
    io,
    linalg,
    logging,
    manip,
    math,
    python_io,
    queue,
    random,
    sparse,
    spectral,
    strings,
)
from .compat.lookup import lookup as _lookup
from .compat.older import *
from .compat.small import *
from .compat.stand_in import install_as_tensorflow
from .compat.summaries import *
from .compat.switches import *
from .compat.tensor_spec import TensorSpec
from .data import lookup
from .data.csv import decode_csv
from .data.lookup import initialize_all_tables, tables_initializer
from .data.parsing import *
from .data.queues import *
from .data.readers import *
from .engine import errors, nest
from .engine.build import register_tensor_conversion_function
from .engine.devices import DeviceSpec
from .engine.dtypes import *
from .engine.dtypes import bool_ as bool
from .engine.errors import OpError
from .engine.gradients import UnconnectedGradients, gradients
from .engine.graph import (
    Graph,
    Operation,
    Tensor,
    add_to_collection,
    add_to_collections,
    colocate_with,
    control_dependencies,
    device,
    get_collection,
    get_collection_ref,
    get_default_graph,
    get_default_session,
    reset_default_graph,
    set_random_seed,
)
from .engine.graph_objects import AttrValue, GraphDef, NodeDef, make_ndarray, make_tensor_proto
from .engine.importing import import_graph_def
from .engine.indexed_slices import IndexedSlices, IndexedSlicesValue, convert_to_tensor_or_indexed_slices
from .engine.meta_protos import MetaGraphDef
from .engine.ops.array import *
from .engine.ops.basic import *
from .engine.ops.bits import bitcast, unravel_index
from .engine.ops.checks import *
from .engine.ops.clip import *
from .engine.ops.codecs import decode_raw
from .engine.ops.complex_parts import *
from .engine.ops.control_flow import *
from .engine.ops.decompositions import *
from .engine.ops.diagonals import *
from .engine.ops.edit_distance import *
from .engine.ops.einsum import *
from .engine.ops.files import *
from .engine.ops.hessians import *
from .engine.ops.linalg import *
from .engine.ops.math import *
from .engine.ops.random import *
from .engine.ops.reduce import *
from .engine.ops.rejection import *
from .engine.ops.segments import *
from .engine.ops.sparse import *
from .engine.ops.sparse_parts import *
from .engine.ops.special import betainc, igamma, igammac, lbeta, zeta
from .engine.ops.spectral import fft, fft2d, fft3d, ifft, ifft2d, ifft3d
from .engine.ops.state import *
from .engine.ops.strings import *
from .engine.registry import RegisterGradient
from .engine.session import ConfigProto, GPUOptions, InteractiveSession, RunMetadata, RunOptions, Session
from .engine.settings import GraphOptions, OptimizerOptions
from .engine.shapes import Dimension, TensorShape
from .engine.sparse_tensor import SparseTensor, SparseTensorValue
from .kernels.precision import get_float32_matmul_precision, set_float32_matmul_precision
from .nn import image, layers, losses, metrics, signal
from .nn.counting import *
from .nn.matrices import matrix_solve_ls
from .scopes.custom_gradient import custom_gradient
from .scopes.initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    he_normal_initializer,
    he_uniform_initializer,
    identity_initializer,
    lecun_normal_initializer,
    lecun_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    uniform_unit_scaling_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from .scopes.keys import *
from .scopes.names import *
from .scopes.partitions import *
from .scopes.scope import *
from .scopes.templates import *
from .scopes.variables import *
from .train import summary
from .train.summary import Event, HistogramProto, SessionLog, Summary, SummaryMetadata

__version__ = "0.1.0"

# The modules that load when first asked for: they stand on libraries that most programs never need, or are large.
_LATER = {"distributions": ".nn.distributions"}
_LATER |= {name: f".compat.{name}" for name in ("app", "contrib", "flags", "test")}
__getattr__ = _lookup(__name__, _LATER)
