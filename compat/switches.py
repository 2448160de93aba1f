"""TensorFlow 2's switches: what TF1 programs turn off is off here for good."""


def disable_v2_behavior() -> None:
    """Nothing to do: graphs, sessions and variables by reference are all there is. So for the others below."""


disable_control_flow_v2 = disable_eager_execution = disable_resource_variables = disable_v2_behavior
disable_tensor_equality = disable_v2_tensorshape = disable_v2_behavior


def executing_eagerly() -> bool:
    """False."""
    return False


control_flow_v2_enabled = executing_eagerly_outside_functions = resource_variables_enabled = executing_eagerly

# As `tensorflow.python.tf2` and `tensorflow.python.eager.context` call it.
enabled = in_eager_mode = executing_eagerly


def in_graph_mode() -> bool:
    """True, as `tensorflow.python.eager.context` calls it."""
    return True


__all__ = [
    "control_flow_v2_enabled", "disable_control_flow_v2", "disable_eager_execution", "disable_resource_variables",
    "disable_tensor_equality", "disable_v2_behavior", "disable_v2_tensorshape", "executing_eagerly",
    "executing_eagerly_outside_functions", "resource_variables_enabled",
]  # fmt: skip
