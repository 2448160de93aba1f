"""The names that TF1 programs use and that this package answers to, with their arguments in order."""

import inspect

from ..cases import golden

# Name: the arguments that TF1 programs give, in TensorFlow's order. What later versions added is left out; none are
# given where programs never name them.
ARGUMENTS = {
    "placeholder": "dtype shape name",
    "Session": "target graph config",
    "global_variables_initializer": "",
    "reduce_mean": "input_tensor axis keepdims name reduction_indices keep_dims",
    "matmul": "a b transpose_a transpose_b adjoint_a adjoint_b a_is_sparse b_is_sparse name",
    "nn.relu": "features name",
    "Variable": (
        "initial_value trainable collections validate_shape caching_device name dtype expected_shape constraint"
    ),
    "train.AdamOptimizer": "learning_rate beta1 beta2 epsilon use_locking name",
    "variable_scope": (
        "name_or_scope default_name values initializer regularizer caching_device partitioner "
        "custom_getter reuse dtype use_resource constraint auxiliary_name_scope"
    ),
    "reshape": "tensor shape name",
    "random_normal": "shape mean stddev dtype seed name",
    "reduce_sum": "input_tensor axis keepdims name reduction_indices keep_dims",
    "cast": "x dtype name",
    "argmax": "input axis name dimension output_type",
    "nn.softmax": "logits axis name dim",
    "concat": "values axis name",
    "layers.dense": (
        "inputs units activation use_bias kernel_initializer bias_initializer kernel_regularizer "
        "bias_regularizer activity_regularizer kernel_constraint bias_constraint trainable name reuse"
    ),
    "nn.sigmoid": "x name",
    "equal": "x y name",
    "get_collection": "key scope",
    "square": "x name",
    "shape": "input name out_type",
    "get_variable": (
        "name shape dtype initializer regularizer trainable collections caching_device partitioner "
        "validate_shape use_resource custom_getter constraint synchronization aggregation"
    ),
    "sqrt": "x name",
    "nn.softmax_cross_entropy_with_logits": "labels logits dim name axis",
    "trainable_variables": "scope",
    "zeros": "shape dtype name",
    "log": "x name",
    "train.GradientDescentOptimizer": "learning_rate use_locking name",
    "control_dependencies": "control_inputs",
    "name_scope": "name default_name values",
    "random_uniform": "shape minval maxval dtype seed name",
    "nn.conv2d": "input filter strides padding use_cudnn_on_gpu data_format dilations name filters",
    "nn.dropout": "x keep_prob noise_shape seed name rate",
    "group": "",
    "constant_initializer": "value dtype verify_shape",
    "GraphKeys": "",
    "add": "x y name",
    "transpose": "a perm name conjugate",
    "constant": "value dtype shape name verify_shape",
    "random_normal_initializer": "mean stddev seed dtype",
    "gradients": (
        "ys xs grad_ys name colocate_gradients_with_ops gate_gradients aggregation_method stop_gradients "
        "unconnected_gradients"
    ),
    "ConfigProto": "",
    "one_hot": "indices depth on_value off_value axis dtype name",
    "train.RMSPropOptimizer": "learning_rate decay momentum epsilon use_locking centered name",
    "exp": "x name",
    "pow": "x y name",
    "split": "value num_or_size_splits axis num name",
    "layers.conv2d": (
        "inputs filters kernel_size strides padding data_format dilation_rate activation use_bias "
        "kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer "
        "kernel_constraint bias_constraint trainable name reuse"
    ),
    "expand_dims": "input axis name dim",
    "nn.bias_add": "value bias data_format name",
    "nn.sparse_softmax_cross_entropy_with_logits": "labels logits name",
    "set_random_seed": "seed",
    "stack": "values axis name",
    "convert_to_tensor": "value dtype name preferred_dtype",
    "maximum": "x y name",
    "tanh": "x name",
    "zeros_initializer": "dtype",
    "truncated_normal_initializer": "mean stddev seed dtype",
    "global_variables": "scope",
    "nn.tanh": "x name",
    "range": "start limit delta dtype name",
    "reduce_max": "input_tensor axis keepdims name reduction_indices keep_dims",
    "clip_by_value": "t clip_value_min clip_value_max name",
    "gather": "params indices validate_indices name axis batch_dims",
    "to_float": "x name",
    "assign": "ref value validate_shape use_locking name",
    "ones": "shape dtype name",
    "ones_like": "tensor dtype name",
    "device": "device_name_or_function",
    "abs": "x name",
    "layers.dropout": "inputs rate noise_shape seed training name",
    "nn.max_pool": "value ksize strides padding data_format name input",
    "multiply": "x y name",
    "nn.sigmoid_cross_entropy_with_logits": "labels logits name",
    "squeeze": "input axis name squeeze_dims",
    "nn.softmax_cross_entropy_with_logits_v2": "labels logits axis name dim",
    "unstack": "value num axis name",
    "get_variable_scope": "",
    "losses.mean_squared_error": "labels predictions weights scope loss_collection reduction",
    "where": "condition x y name",
    "nn.embedding_lookup": "params ids partition_strategy name validate_indices max_norm",
    "zeros_like": "tensor dtype name",
    "cond": "pred true_fn false_fn strict name fn1 fn2",
    "get_default_session": "",
    "tile": "input multiples name",
    "layers.max_pooling2d": "inputs pool_size strides padding data_format name",
    "train.get_or_create_global_step": "graph",
    "nn.conv2d_transpose": "value filter output_shape strides padding data_format name input filters dilations",
    "add_to_collection": "name value",
    "layers.batch_normalization": (
        "inputs axis momentum epsilon center scale beta_initializer gamma_initializer "
        "moving_mean_initializer moving_variance_initializer beta_regularizer gamma_regularizer "
        "beta_constraint gamma_constraint training trainable name reuse fused"
    ),
    "add_n": "inputs name",
    "clip_by_global_norm": "t_list clip_norm use_norm name",
    "pad": "tensor paddings mode name constant_values",
    "train.ExponentialMovingAverage": "decay num_updates zero_debias name",
    "layers.flatten": "inputs name data_format",
    "nn.moments": "x axes shift name keep_dims keepdims",
    "get_default_graph": "",
    "variables_initializer": "var_list name",
    "Graph": "",
    "layers.conv2d_transpose": (
        "inputs filters kernel_size strides padding data_format activation use_bias kernel_initializer "
        "bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint "
        "bias_constraint trainable name reuse"
    ),
    "minimum": "x y name",
    "floor": "x name",
    "nn.softplus": "features name",
    "Tensor": "",
    "identity": "input name",
    "local_variables_initializer": "",
    "nn.l2_loss": "t name",
    "truncated_normal": "shape mean stddev dtype seed name",
    "clip_by_norm": "t clip_norm axes name",
    "gather_nd": "params indices name",
    "ones_initializer": "dtype",
    "rsqrt": "x name",
    "slice": "input_ begin size name",
    "squared_difference": "x y name",
    "train.MomentumOptimizer": "learning_rate momentum use_locking name use_nesterov",
    "nn.xw_plus_b": "x weights biases name",
    "sigmoid": "x name",
    "stop_gradient": "input name",
    "reduce_min": "input_tensor axis keepdims name reduction_indices keep_dims",
    "train.Optimizer": "use_locking name",
    "metrics.accuracy": "labels predictions weights metrics_collections updates_collections name",
    "to_int32": "x name",
    "greater": "x y name",
    "arg_min": "input dimension output_type name",
    "layers.average_pooling2d": "inputs pool_size strides padding data_format name",
    "negative": "x name",
    "nn.avg_pool": "value ksize strides padding data_format name input",
    "nn.elu": "features name",
    "nn.l2_normalize": "x axis epsilon name dim",
    "no_op": "name",
    "not_equal": "x y name",
    "placeholder_with_default": "input shape name",
    "InteractiveSession": "target graph config",
    "TensorShape": "dims",
    "cumsum": "x axis exclusive reverse name",
    "einsum": "equation",
    "initialize_all_variables": "",
    "make_template": "name_ func_ create_scope_now_ unique_name_ custom_getter_",
    "multinomial": "logits num_samples seed name output_dtype",
    "nn.batch_normalization": "x mean variance offset scale variance_epsilon name",
    "nn.top_k": "input k sorted name",
    "nn.zero_fraction": "value name",
    "sort": "values axis direction name",
    "train.exponential_decay": "learning_rate global_step decay_steps decay_rate staircase name",
    "train.global_step": "sess global_step_tensor",
    "train.polynomial_decay": "learning_rate global_step decay_steps end_learning_rate power cycle name",
    "while_loop": (
        "cond body loop_vars shape_invariants parallel_iterations back_prop swap_memory name maximum_iterations"
    ),
    "reduce_prod": "input_tensor axis keepdims name reduction_indices keep_dims",
    "assign_add": "ref value use_locking name",
    "map_fn": "fn elems dtype parallel_iterations back_prop swap_memory infer_shape name",
    "nn.log_softmax": "logits axis name dim",
    "train.get_global_step": "graph",
    "Operation": "",
    "Print": "input_ data message first_n summarize name",
    "as_dtype": "",
    "diag": "diagonal name",
    "layers.separable_conv2d": (
        "inputs filters kernel_size strides padding data_format dilation_rate depth_multiplier "
        "activation use_bias depthwise_initializer pointwise_initializer bias_initializer "
        "depthwise_regularizer pointwise_regularizer bias_regularizer activity_regularizer "
        "depthwise_constraint pointwise_constraint bias_constraint trainable name reuse"
    ),
    "metrics.mean": "values weights metrics_collections updates_collections name",
    "nn.leaky_relu": "features alpha name",
    "round": "x name",
    "sin": "x name",
    "is_finite": "x name",
    "is_variable_initialized": "",
    "less": "x y name",
    "losses.softmax_cross_entropy": "onehot_labels logits weights label_smoothing scope loss_collection reduction",
    "py_func": "func inp Tout stateful name",
    "random_uniform_initializer": "minval maxval seed dtype",
    "reset_default_graph": "",
    "saturate_cast": "value dtype name",
    "sign": "x name",
    "all_variables": "",
    "initializers.random_normal": "mean stddev seed dtype",
    "initializers.zeros": "dtype",
    "Dimension": "value",
    "arg_max": "input dimension output_type name",
    "assign_sub": "ref value use_locking name",
    "boolean_mask": "tensor mask name axis",
    "broadcast_to": "input shape name",
    "cos": "x name",
    "div": "x y name",
    "eye": "num_rows num_columns batch_shape dtype name",
    "fill": "dims value name",
    "global_norm": "t_list name",
    "greater_equal": "x y name",
    "initialize_local_variables": "",
    "initializers.ones": "dtype",
    "layers.conv1d": (
        "inputs filters kernel_size strides padding data_format dilation_rate activation use_bias "
        "kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer "
        "kernel_constraint bias_constraint trainable name reuse"
    ),
    "logical_and": "x y name",
    "logical_or": "x y name",
    "losses.sparse_softmax_cross_entropy": "labels logits weights scope loss_collection reduction",
    "mod": "x y name",
    "nn.atrous_conv2d": "value filters rate padding name",
    "nn.depthwise_conv2d": "input filter strides padding rate name data_format dilations",
    "nn.in_top_k": "predictions k name",
    "nn.separable_conv2d": "input depthwise_filter pointwise_filter strides padding rate name data_format dilations",
    "reduce_all": "input_tensor axis keepdims name reduction_indices keep_dims",
    "reverse": "tensor axis name",
    "sequence_mask": "lengths maxlen dtype name",
    "log1p": "x name",
    "expm1": "x name",
    "ceil": "x name",
    "erf": "x name",
    "nn.relu6": "features name",
    "nn.selu": "features name",
    "nn.crelu": "features name axis",
    "nn.softsign": "features name",
    "reciprocal": "x name",
    "truediv": "x y name",
    "floordiv": "x y name",
    "floormod": "x y name",
    "truncatediv": "x y name",
    "realdiv": "x y name",
    "reduce_any": "input_tensor axis keepdims name reduction_indices keep_dims",
    "reduce_logsumexp": "input_tensor axis keepdims name reduction_indices keep_dims",
    "argmin": "input axis name dimension output_type",
    "linspace": "start stop num name",
    "rank": "input name",
    "size": "input name out_type",
    "matrix_band_part": "input num_lower num_upper name",
    "scatter_update": "ref indices updates use_locking name",
    "scatter_add": "ref indices updates use_locking name",
    "scatter_sub": "ref indices updates use_locking name",
    "scatter_nd": "indices updates shape name",
    "scan": "fn elems initializer parallel_iterations back_prop swap_memory infer_shape reverse name",
    "foldl": "fn elems initializer parallel_iterations back_prop swap_memory name",
    "foldr": "fn elems initializer parallel_iterations back_prop swap_memory name",
    "Assert": "condition data summarize name",
    "tuple": "tensors name control_inputs",
    "random_shuffle": "value seed name",
    "nn.conv1d": "value filters stride padding use_cudnn_on_gpu data_format name input dilations",
    "nn.convolution": "input filter padding strides dilation_rate name data_format filters dilations",
    "nn.fused_batch_norm": "x scale offset mean variance epsilon data_format is_training name",
    "nn.local_response_normalization": "input depth_radius bias alpha beta name",
    "nn.lrn": "input depth_radius bias alpha beta name",
    "nn.conv2d_backprop_input": (
        "input_sizes filter out_backprop strides padding use_cudnn_on_gpu data_format dilations name filters"
    ),
    "nn.conv2d_backprop_filter": (
        "input filter_sizes out_backprop strides padding use_cudnn_on_gpu data_format dilations name"
    ),
    "tensordot": "a b axes name",
    "report_uninitialized_variables": "var_list name",
    "local_variables": "scope",
    "model_variables": "scope",
    "moving_average_variables": "scope",
    "add_to_collections": "names value",
    "get_collection_ref": "key",
    "train.AdagradOptimizer": "learning_rate initial_accumulator_value use_locking name",
    "train.piecewise_constant": "x boundaries values name",
    "train.natural_exp_decay": "learning_rate global_step decay_steps decay_rate staircase name",
    "train.inverse_time_decay": "learning_rate global_step decay_steps decay_rate staircase name",
    "train.cosine_decay": "learning_rate global_step decay_steps alpha name",
    "train.create_global_step": "graph",
    "losses.absolute_difference": "labels predictions weights scope loss_collection reduction",
    "losses.huber_loss": "labels predictions weights delta scope loss_collection reduction",
    "losses.hinge_loss": "labels logits weights scope loss_collection reduction",
    "losses.log_loss": "labels predictions weights epsilon scope loss_collection reduction",
    "losses.cosine_distance": "labels predictions axis weights scope loss_collection reduction dim",
    "losses.sigmoid_cross_entropy": (
        "multi_class_labels logits weights label_smoothing scope loss_collection reduction"
    ),
    "losses.compute_weighted_loss": "losses weights scope loss_collection reduction",
    "losses.get_losses": "scope loss_collection",
    "losses.get_total_loss": "add_regularization_losses name scope",
    "losses.add_loss": "loss loss_collection",
    "losses.get_regularization_loss": "scope name",
    "losses.get_regularization_losses": "scope",
    "losses.mean_pairwise_squared_error": "labels predictions weights scope loss_collection",
    "variance_scaling_initializer": "scale mode distribution seed dtype",
    "orthogonal_initializer": "gain seed dtype",
    "uniform_unit_scaling_initializer": "factor seed dtype",
    "glorot_uniform_initializer": "seed dtype",
    "glorot_normal_initializer": "seed dtype",
    "initializers.identity": "gain dtype",
    "initializers.he_normal": "seed",
    "initializers.he_uniform": "seed",
    "initializers.lecun_normal": "seed",
    "initializers.lecun_uniform": "seed",
    "initializers.variance_scaling": "scale mode distribution seed dtype",
    "initializers.constant": "value dtype verify_shape",
    "initializers.orthogonal": "gain seed dtype",
    "initializers.truncated_normal": "mean stddev seed dtype",
    "initializers.random_uniform": "minval maxval seed dtype",
    "initializers.glorot_uniform": "seed dtype",
    "initializers.glorot_normal": "seed dtype",
    "check_numerics": "tensor message name",
    "strided_slice": "input_ begin end strides begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask name",
    "logical_not": "x name",
    "logical_xor": "x y name",
    "less_equal": "x y name",
    "is_nan": "x name",
    "is_inf": "x name",
    "IndexedSlices": "values indices dense_shape",
    "get_local_variable": "name",
    "clip_by_average_norm": "t clip_norm name",
    "subtract": "x y name",
    "divide": "x y name",
    "to_int64": "x name",
    "to_double": "x name",
    "matrix_diag": "diagonal name",
    "matrix_transpose": "a name",
    "cumprod": "x axis exclusive reverse name",
    "nn.weighted_cross_entropy_with_logits": "labels logits pos_weight name",
}
CLASSES = (
    "Session", "Variable", "train.AdamOptimizer", "train.GradientDescentOptimizer", "GraphKeys", "ConfigProto",
    "train.RMSPropOptimizer", "train.ExponentialMovingAverage", "Graph", "Tensor", "train.MomentumOptimizer",
    "train.Optimizer", "InteractiveSession", "TensorShape", "Operation", "Dimension", "train.AdagradOptimizer",
    "IndexedSlices", "DType",
)  # fmt: skip
KEYS = (
    "GLOBAL_VARIABLES", "TRAINABLE_VARIABLES", "LOCAL_VARIABLES", "MODEL_VARIABLES", "MOVING_AVERAGE_VARIABLES",
    "REGULARIZATION_LOSSES", "LOSSES", "UPDATE_OPS", "TRAIN_OP", "GLOBAL_STEP", "METRIC_VARIABLES", "WEIGHTS",
    "BIASES", "ACTIVATIONS", "SUMMARIES", "QUEUE_RUNNERS", "INIT_OP", "LOCAL_INIT_OP", "READY_OP", "SAVERS",
    "ASSET_FILEPATHS", "CONCATENATED_VARIABLES", "TABLE_INITIALIZERS", "COND_CONTEXT", "WHILE_CONTEXT", "VARIABLES",
    "EVAL_STEP", "SAVEABLE_OBJECTS", "SUMMARY_OP", "READY_FOR_LOCAL_INIT_OP",
)  # fmt: skip
ERRORS = (
    "OpError", "CancelledError", "UnknownError", "InvalidArgumentError", "DeadlineExceededError", "NotFoundError",
    "AlreadyExistsError", "PermissionDeniedError", "UnauthenticatedError", "ResourceExhaustedError",
    "FailedPreconditionError", "AbortedError", "OutOfRangeError", "UnimplementedError", "InternalError",
    "UnavailableError", "DataLossError",
)  # fmt: skip


def find(tf, name):
    for part in name.split("."):
        tf = getattr(tf, part)
    return tf


@golden(rows={name: name for name in ARGUMENTS})
def takes_its_arguments(tf, row):
    """The known arguments, in the order in which the signature has them."""
    found = find(tf, row)
    wanted = ARGUMENTS[row].split()
    made = found.__init__ if inspect.isclass(found) else found
    given = list(inspect.signature(made).parameters) if wanted else []
    return {"callable": callable(found), "arguments": [name for name in given if name in wanted]}


@golden(rows={name: name for name in CLASSES})
def is_a_class(tf, row):
    return {"class": inspect.isclass(find(tf, row))}


@golden()
def graph_keys(tf):
    return {key: str(getattr(tf.GraphKeys, key)) for key in KEYS}


@golden()
def errors(tf):
    """Codes and kinship of the errors of a run."""
    found = {name: getattr(tf.errors, name) for name in ERRORS}
    made = {name: error(None, None, "said") for name, error in found.items() if name != "OpError"}
    return {
        "codes": [f"{name} {error.error_code}" for name, error in made.items()],
        "kin": [name for name, error in found.items() if issubclass(error, tf.errors.OpError)],
        "said": [
            made["NotFoundError"].message,
            made["NotFoundError"].op is None,
            made["NotFoundError"].node_def is None,
        ],
    }


@golden()
def constants(tf):
    return {
        "newaxis": tf.newaxis is None,
        "AUTO_REUSE": bool(tf.AUTO_REUSE),
    }
