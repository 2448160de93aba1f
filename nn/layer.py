"""The base of layers: an object with variables under a scope of its own, made at its first call."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

from ..engine import nest
from ..engine.build import convert_to_tensor, is_tensor_like
from ..engine.dtypes import DType, as_dtype, float32
from ..engine.graph import Graph, Operation, Tensor, get_default_graph
from ..engine.ops.basic import cast, shape
from ..engine.shapes import TensorShape, as_shape
from ..scopes.keys import GraphKeys
from ..scopes.partitions import PartitionedVariable
from ..scopes.scope import VariableScope, get_variable, variable_scope
from ..scopes.variables import lifted

_COUNTS = ("__layer_names",)  # the key of a graph's counts of unnamed layers


class Layer:
    """A function with variables. Subclasses override `build(input_shape)`, which makes them, and `call(inputs)`.

    The first call builds the layer; all calls share its variables, and their operations stand in its one name scope.
    Without a `name`, the variables' scope is the class name in snake case, made unique ("dense", "dense_1", ...).
    `dtype` is the variables' and by default that of the first input. The losses of `activity_regularizer` (of the
    outputs, divided by the batch) join REGULARIZATION_LOSSES.
    """

    min_ndim = 0

    def __init__(
        self,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        activity_regularizer: Callable | None = None,
        *,
        _scope: Any = None,
        _reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        unknown = set(kwargs) - {"input_shape", "batch_input_shape", "batch_size"}  # these the first input tells
        if unknown:
            raise TypeError(f"Keyword argument not understood: {sorted(unknown)[0]}")
        self.trainable = trainable
        self.built = False
        self._dtype: DType | None = None if dtype is None else as_dtype(dtype)
        self._activity_regularizer = activity_regularizer
        self._base_name = name or _snake_case(type(self).__name__)
        self._name = name or _numbered(self._base_name)
        self._given_scope = _scope
        self._captured: VariableScope | None = None
        self._is_open = False
        self._reuse = _reuse
        self._graph: Graph | None = None
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        self._channels: tuple[int, int] | None = None  # (axis, length) that inputs must have
        self._losses: list[tuple[Any, bool]] = []  # with whether they depend on inputs
        self._updates: list[tuple[Operation, bool]] = []

    # -- what subclasses define -------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the variables, by `add_weight`."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's outputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the outputs for inputs of this shape. Raises NotImplementedError where a layer cannot tell."""
        raise NotImplementedError(f"{type(self).__name__} does not tell the shape of its outputs")

    # -- being called -----------------------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Build the layer if this is the first call, and apply it to inputs. `scope` gives the first call's scope."""
        scope = kwargs.pop("scope", None)
        inputs = _as_tensors(inputs)
        first = next((t for t in nest.flatten(inputs) if isinstance(t, Tensor)), None)
        if first is None:
            raise ValueError(f'Layer "{self._name}" is called with no tensor: {inputs}')
        self._graph = self._graph or first.graph
        with self._graph.as_default():
            self._captured = self._captured or self._new_scope(scope)
            self._check(first)
            with self._opened():
                if not self.built:
                    self._dtype = self._dtype or first.dtype
                    self.build(nest.map_structure(lambda t: getattr(t, "shape", None), inputs))
                    self.built = True
                outputs = self.call(inputs, *args, **kwargs)
                self._regularize(outputs)
            self._graph.get_collection_ref(GraphKeys.UPDATE_OPS)  # a layer's collection is there even while empty
        return outputs

    apply = __call__

    @contextmanager
    def _opened(self) -> Iterator[None]:
        """Inside the scope of the layer's variables, and the name scope of its operations."""
        if self._is_open:
            yield
            return
        captured = self._captured = self._captured or self._new_scope(None)
        opened = variable_scope(captured, reuse=self.built or self._reuse, auxiliary_name_scope=False)
        with opened, self.graph.name_scope(captured.original_name_scope):
            self._is_open = True
            try:
                yield
            finally:
                self._is_open = False

    def _new_scope(self, scope: Any) -> VariableScope:
        """The variables' scope: the one given, or one of the layer's name (a new one, unless it is to be reused)."""
        given = self._given_scope if scope is None else scope
        if given is None and self._reuse:
            given = self._base_name
        with variable_scope(given, default_name=self._base_name) as captured:
            return captured

    def _check(self, tensor: Tensor) -> None:
        """Raise ValueError for an input of too low a rank, or with other channels than the variables were made for."""
        said = f'Input 0 of layer "{self._name}" is incompatible with the layer'
        ndims = tensor.shape.ndims
        if ndims is not None and ndims < self.min_ndim:
            found = f"found ndim={ndims}. Full shape received: {tensor.shape}"
            raise ValueError(f"{said}: expected min_ndim={self.min_ndim}, {found}")
        if self._channels is not None and ndims is not None:
            axis, length = self._channels
            if tensor.shape.as_list()[axis] not in (None, length):
                raise ValueError(
                    f"{said}: expected axis {axis} of input shape to have value {length}, "
                    f"but received input with shape {tensor.shape}"
                )

    def _regularize(self, outputs: Any) -> None:
        if self._activity_regularizer is None:
            return
        for output in outputs if isinstance(outputs, (list, tuple)) else [outputs]:
            with get_default_graph().name_scope("ActivityRegularizer"):
                loss = self._activity_regularizer(output)
                self.add_loss(loss / cast(shape(output)[0], loss.dtype), inputs=True)

    # -- variables, losses, updates ---------------------------------------------------------------------------------

    def add_weight(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Callable | None = None,
        trainable: bool | None = None,
        constraint: Callable | None = None,
        **kwargs: Any,
    ) -> Any:
        """A variable of the layer, by `get_variable` in its scope (`kwargs`: its other arguments).

        The regularizer's loss stands under the layer's operations, so a tower's losses are found by its name scope.
        """
        trainable = self.trainable and (trainable is None or trainable)
        variables = get_default_graph().get_collection_ref(GraphKeys.GLOBAL_VARIABLES)
        known = len(variables)
        variable = get_variable(
            name,
            shape=shape,
            dtype=as_dtype(dtype or self._dtype or float32),
            initializer=initializer,
            trainable=trainable,
            constraint=constraint,
            **kwargs,
        )
        if regularizer and len(variables) > known:  # it is new, not shared
            for part in variable if isinstance(variable, PartitionedVariable) else [variable]:
                with lifted(self.graph), self.graph.name_scope(f"{name}/Regularizer"):
                    loss = regularizer(part)
                    if loss is not None:
                        self.add_loss(loss)
        self._count_as_own(variable, trainable)
        return variable

    add_variable = add_weight

    def _count_as_own(self, variable: Any, trainable: bool) -> None:
        """Count a variable as the layer's own, once."""
        if all(variable is not known for known in (*self._trainable_weights, *self._non_trainable_weights)):
            (self._trainable_weights if trainable else self._non_trainable_weights).append(variable)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Collect losses in REGULARIZATION_LOSSES; give `inputs` where they depend on the layer's inputs."""
        for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
            self._losses.append((loss, inputs is not None))
            get_default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Collect operations in UPDATE_OPS, to be run with each training step; not those of a layer that is frozen."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            op = update.op if isinstance(update, Tensor) else update
            self._updates.append((op, inputs is not None))
            if self.trainable:
                get_default_graph().add_to_collection(GraphKeys.UPDATE_OPS, op)

    # -- what it is -------------------------------------------------------------------------------------------------

    name = property(lambda self: self._name)
    dtype = property(lambda self: None if self._dtype is None else self._dtype.name)

    @property
    def graph(self) -> Graph:
        return self._graph or get_default_graph()

    @property
    def scope_name(self) -> str:
        """The name of the variables' scope. Raises ValueError before the first call."""
        if self._captured is None:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been used yet. '
                "The scope name is determined the first time the layer instance is called."
            )
        return self._captured.name

    @property
    def trainable_weights(self) -> list:
        return [*self._trainable_weights] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list:
        frozen = [] if self.trainable else self._trainable_weights
        return [*frozen, *self._non_trainable_weights]

    @property
    def weights(self) -> list:
        return self.trainable_weights + self.non_trainable_weights

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def losses(self) -> list:
        """The losses of the layer's own regularizers, of its variables and outputs."""
        return [x for x, _ in self._losses]

    @property
    def updates(self) -> list:
        """The operations to run with each training step: none while the layer is not `trainable`."""
        return [op for op, _ in self._updates] if self.trainable else []

    def get_updates_for(self, inputs: Any) -> list:
        """The updates that depend on inputs, or with None those that do not."""
        return [op for op, conditional in self._updates if self.trainable and conditional == (inputs is not None)]

    def get_losses_for(self, inputs: Any) -> list:
        """The losses that depend on inputs, or with None those that do not."""
        of_outputs = [loss for loss, conditional in self._losses if conditional]
        return of_outputs if inputs is not None else [x for x in self.losses if all(x is not y for y in of_outputs)]

    def count_params(self) -> int:
        """The number of elements of all its variables. Raises ValueError before they are made."""
        if not self.built:
            raise ValueError(f"You tried to call `count_params` on layer {self._name}, but the layer isn't built.")
        return sum(v.shape.num_elements() for v in self.weights)


def _snake_case(name: str) -> str:
    """ "conv2d_transpose" for "Conv2DTranspose"."""
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _numbered(base: str) -> str:
    """The name of a layer that was given none: "dense_1", "dense_2", ... in the order of their making in a graph."""
    kept = get_default_graph().get_collection_ref(_COUNTS)
    if not kept:
        kept.append({})
    kept[0][base] = kept[0].get(base, 0) + 1
    return f"{base}_{kept[0][base]}"


def _as_tensors(inputs: Any) -> Any:
    """The inputs as a tensor, or a list of such; a dict of features is handed on as it is."""
    if isinstance(inputs, Mapping):
        return inputs
    if isinstance(inputs, (list, tuple)) and inputs and all(is_tensor_like(item) for item in inputs):
        return [convert_to_tensor(item) for item in inputs]
    return convert_to_tensor(inputs)


def builder(build: Callable[[Any, TensorShape], None]) -> Callable[[Any, Any], None]:
    """A layer's `build` that programs may call themselves too: it takes any shape, and opens the layer's scope."""

    @wraps(build)
    def built(self: Layer, input_shape: Any) -> None:
        with self._opened():
            self._dtype = self._dtype or float32
            build(self, as_shape(input_shape))
        self.built = True

    return built


def channels(input_shape: TensorShape, axis: int) -> int:
    """The known length of an input's channels. Raises ValueError where it is unknown."""
    length = None if input_shape.ndims is None else input_shape.as_list()[axis]
    if length is None:
        raise ValueError(
            "The channel dimension of the inputs should be defined. The input_shape received is "
            f"{input_shape}, where axis {axis} (0-based) is the channel dimension, which found to be `None`."
        )
    return length


def functional(layer: type[Layer], with_reuse: bool = True) -> Callable[..., Tensor]:
    """The function that makes a layer and applies it: (inputs, the layer's arguments, reuse).

    The layer's variables are those under `name`, where `reuse` says so.
    """
    parameter = inspect.Parameter
    own = [
        p.replace(annotation=parameter.empty)
        for p in inspect.signature(layer).parameters.values()
        if p.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    last = [parameter("reuse", parameter.POSITIONAL_OR_KEYWORD, default=None)] if with_reuse else []
    signature = inspect.Signature([parameter("inputs", parameter.POSITIONAL_OR_KEYWORD), *own, *last])

    def apply(*args: Any, **kwargs: Any) -> Tensor:
        given = signature.bind(*args, **kwargs).arguments
        inputs, reuse = given.pop("inputs"), given.pop("reuse", None)
        return layer(**given, _scope=given.get("name"), _reuse=reuse)(inputs)

    apply.__signature__ = signature  # type: ignore[attr-defined]
    apply.__name__ = apply.__qualname__ = _snake_case(layer.__name__)
    apply.__doc__ = f"`{layer.__name__}`, made and applied to `inputs`: {inspect.getdoc(layer)}"
    return apply
