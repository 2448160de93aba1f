"""tf.contrib.boosted_trees.estimator_batch.estimator: a classifier of gradient boosted trees, trained by batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ....engine.errors import OutOfRangeError
from ....engine.graph import Graph, set_random_seed
from ....scopes.keys import GraphKeys
from ....train.checkpoint.state import latest_checkpoint
from ....train.coordinator import Coordinator
from ....train.hooks import LoggingTensorHook, SessionRunArgs, SessionRunHook, StopAtStepHook
from ....train.monitored import ChiefSessionCreator, MonitoredSession, MonitoredTrainingSession
from ....train.restoring import list_variables, load_variable
from ....train.saver import Saver
from ....train.scaffold import Scaffold
from ....train.steps import create_global_step
from ....train.summary import Summary
from ....train.summary.writer import FileWriter
from ...estimator_inputs import numpy_input_fn
from ...run_config import RunConfig
from .learner_pb2 import LearnerConfig
from .model import Model, build, learner_of, measures


class NotFittedError(ValueError, AttributeError):
    """There is no trained model yet."""


def _new_folder() -> str:
    import tempfile  # which few need, and which takes as long to import as a module of ours

    return tempfile.mkdtemp()


class GradientBoostedDecisionTreeClassifier:
    """A classifier whose trees grow by a layer for every so many examples, toward the least cross entropy.

    With the strategy DIAGONAL_HESSIAN a leaf has a number for each class, with TREE_PER_CLASS trees are those of the
    classes in turn. A threshold may be any value that the layer's examples have (TensorFlow takes 100 quantiles), and
    a tree for which a layer finds no split is finished. What training needs and has found is saved in `model_dir`.
    """

    def __init__(
        self,
        learner_config: LearnerConfig,
        examples_per_layer: int | Callable[[int], int],
        n_classes: int = 2,
        num_trees: int | None = None,
        feature_columns: Any = None,
        weight_column_name: str | None = None,
        model_dir: str | None = None,
        config: RunConfig | None = None,
        label_keys: Any = None,
        feature_engineering_fn: Callable | None = None,
        logits_modifier_function: Callable | None = None,
        center_bias: bool = True,
        use_core_libs: bool = False,
        output_leaf_index: bool = False,
        override_global_step_value: Any = None,
        num_quantiles: int = 100,
    ) -> None:
        """
        Args:
            learner_config: how trees are learnt; its `num_classes` is set where it is not.
            examples_per_layer: how many examples a layer is grown from, or a function of its number in its tree.
            n_classes: how many classes; labels are 0 to n_classes - 1.
            num_trees: training ends when there are as many; None: it goes on.
            model_dir: where checkpoints are; by default that of `config`, or a new folder for temporary files.
            config: how training runs: `tf.contrib.learn.RunConfig` or `tf.estimator.RunConfig`.
            feature_engineering_fn: a function of features and labels that gives those to be used instead.
            center_bias: whether the first layers' examples go into a bias that all classes' trees begin from.
            use_core_libs: accepted; it tells whose feature columns there are, and there are none.

        Raises ValueError for a configuration that contradicts itself, NotImplementedError for what is not here.
        """
        _refuse(
            feature_columns=feature_columns or None, weight_column_name=weight_column_name, label_keys=label_keys,
            logits_modifier_function=logits_modifier_function, output_leaf_index=output_leaf_index or None,
            override_global_step_value=override_global_step_value,
            num_quantiles=None if num_quantiles == 100 else num_quantiles,
        )  # fmt: skip
        if learner_config is None:
            raise ValueError("learner_config must be specified.")
        if n_classes < 2:
            raise ValueError("Number of classes must be >=2")
        if learner_config.num_classes == 0:
            learner_config.num_classes = n_classes
        elif learner_config.num_classes != n_classes:
            raise ValueError(f"n_classes ({learner_config.num_classes}) doesn't match learner_config ({n_classes}).")
        if config is not None and not isinstance(config, RunConfig):
            raise ValueError(f"config must be an instance of RunConfig, but provided {config}.")
        self._config = config or RunConfig()
        if None not in (model_dir, self._config.model_dir) and model_dir != self._config.model_dir:
            raise ValueError(
                "model_dir are set both in constructor and RunConfig, but with different values. In constructor: "
                f"'{model_dir}', in RunConfig: '{self._config.model_dir}'"
            )
        self._model_dir = model_dir or self._config.model_dir or _new_folder()
        self._learner = learner_of(learner_config, examples_per_layer, center_bias)
        self._num_trees, self._feature_engineering_fn = num_trees, feature_engineering_fn

    @property
    def model_dir(self) -> str:
        """Where checkpoints are."""
        return self._model_dir

    @property
    def config(self) -> RunConfig:
        return self._config

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Callable | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
        monitors: Any = None,
        max_steps: int | None = None,
    ) -> GradientBoostedDecisionTreeClassifier:
        """Train on, until the input ends or there are all trees, for `steps` steps or up to step `max_steps`.

        Args:
            x, y: arrays, in shuffled batches of `batch_size` (by default all) without end; or instead
            input_fn: a function without arguments that gives (features, labels): a float32 tensor [examples, features],
                or a dict of such, and integers [examples].
            monitors: session hooks.
        """
        return self._fit(_input_of(input_fn, x, y, batch_size, True), monitors, steps, max_steps)

    def train(
        self,
        input_fn: Callable,
        hooks: Any = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Any = None,
    ) -> GradientBoostedDecisionTreeClassifier:
        """`fit`, as the estimators of `tf.estimator` call it."""
        _refuse(saving_listeners=saving_listeners)
        return self._fit(_input_of(input_fn), hooks, steps, max_steps)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Callable | None = None,
        feed_fn: Any = None,
        batch_size: int | None = None,
        steps: int | None = None,
        metrics: Any = None,
        name: str | None = None,
        checkpoint_path: str | None = None,
        hooks: Any = None,
        log_progress: bool = True,
    ) -> dict[str, Any]:
        """The loss, accuracy and global step, with two classes the AUC too, over `steps` batches or to the input's end.

        The loss is the mean of the batches' own. The input is as that of `fit`, in order and once; the model that of
        `checkpoint_path`, by default the last saved. The results are written as summaries too, into the folder
        "eval" (or "eval_NAME") of `model_dir`. Raises NotFittedError where there is no checkpoint, ValueError where
        there is no batch.
        """
        _refuse(feed_fn=feed_fn, metrics=metrics)
        input_fn, path = _input_of(input_fn, x, y, batch_size), self._checkpoint(checkpoint_path)
        with Graph().as_default():
            model = self._model(input_fn)
            asked = {**measures(model), "global_step": model.step}
            creator = ChiefSessionCreator(config=self._config.session_config, checkpoint_filename_with_path=path)
            results, batches = {}, 0
            with MonitoredSession(creator, hooks) as session:
                while batches != steps and not session.should_stop():
                    results, batches = session.run(asked), batches + 1
        if not results:
            raise ValueError("There is nothing to evaluate: the input has no batch")
        with FileWriter(os.path.join(self._model_dir, f"eval_{name}" if name else "eval")) as writer:
            values = [Summary.Value(tag=tag, simple_value=value) for tag, value in results.items()]
            writer.add_summary(Summary(value=values), results["global_step"])
        return results

    def predict(
        self,
        x: Any = None,
        input_fn: Callable | None = None,
        batch_size: int | None = None,
        outputs: Sequence[str] | None = None,
        as_iterable: bool = True,
        iterate_batches: bool = False,
    ) -> Any:
        """A dict of arrays for each example: "logits", "probabilities", "classes", with two classes "logistic".

        The input is as that of `evaluate`; labels are not needed. `outputs` chooses among the names; with
        `iterate_batches` there is a dict for each batch, without `as_iterable` one for all. Raises NotFittedError
        where there is no checkpoint, ValueError for names that are not there.
        """
        input_fn, path = _input_of(input_fn, x, None, batch_size), self._checkpoint(None)
        batches = self._batches(input_fn, path, outputs)
        if not as_iterable:
            every = list(batches)
            return {name: np.concatenate([batch[name] for batch in every]) for name in every[0]} if every else {}
        return batches if iterate_batches else _examples(batches)

    def get_variable_names(self) -> list[str]:
        """The names of what is saved."""
        return [name for name, _ in list_variables(self._checkpoint(None))]

    def get_variable_value(self, name: str) -> np.ndarray:
        """What is saved under a name. NotFoundError for one that is not there."""
        return load_variable(self._checkpoint(None), name)

    # -- the graph, and what runs it --------------------------------------------------------------------------------

    def _fit(self, input_fn: Callable, hooks: Any, steps: int | None, max_steps: int | None) -> Any:
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        for name, value in (("steps", steps), ("max_steps", max_steps)):
            if value is not None and value <= 0:
                raise ValueError(f"Must specify {name} > 0, given: {value}")
        saved = latest_checkpoint(self._model_dir)
        if max_steps and saved is not None and load_variable(saved, GraphKeys.GLOBAL_STEP) >= max_steps:
            return self  # it has been there already
        config, hooks = self._config, [hooks] if isinstance(hooks, SessionRunHook) else list(hooks or ())
        with Graph().as_default():
            model = self._model(input_fn, trains=True)
            if config.log_step_count_steps:
                told = {"loss": model.loss, "step": model.step}
                hooks.append(LoggingTensorHook(told, every_n_iter=config.log_step_count_steps))
            if self._num_trees:
                hooks.append(_StopAfterTrees(self._num_trees, model))
            if steps or max_steps:
                hooks.append(StopAtStepHook(num_steps=steps, last_step=max_steps))
            saver = Saver(
                max_to_keep=config.keep_checkpoint_max,
                keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
            )
            with MonitoredTrainingSession(
                checkpoint_dir=self._model_dir,
                scaffold=Scaffold(saver=saver),
                hooks=hooks,
                save_checkpoint_secs=config.save_checkpoints_secs,
                save_checkpoint_steps=config.save_checkpoints_steps,
                save_summaries_steps=config.save_summary_steps,
                save_summaries_secs=None,
                log_step_count_steps=config.log_step_count_steps,
                config=config.session_config,
            ) as session:
                while not session.should_stop():
                    session.run(model.train)
        return self

    def _checkpoint(self, given: str | None) -> str:
        path = given or latest_checkpoint(self._model_dir)
        if path is None:
            raise NotFittedError(f"Couldn't find trained model at {self._model_dir}.")
        return path

    def _model(self, input_fn: Callable, trains: bool = False) -> Model:
        """The graph, in the default one."""
        if self._config.tf_random_seed is not None:
            set_random_seed(self._config.tf_random_seed)
        step = create_global_step()
        given = input_fn()
        features, labels = given if isinstance(given, tuple) else (given, None)
        if self._feature_engineering_fn is not None:
            features, labels = self._feature_engineering_fn(features, labels)
        return build(self._learner, step, features, labels, trains)

    def _batches(self, input_fn: Callable, path: str, outputs: Sequence[str] | None) -> Iterator[dict[str, np.ndarray]]:
        """Predictions batch by batch. The graph is nobody's default while a batch is looked at."""
        graph, coord = Graph(), Coordinator()
        with graph.as_default():
            model = self._model(input_fn)
            absent = set(outputs or ()) - model.predictions.keys()
            if absent:
                raise ValueError(f"Expected outputs among {sorted(model.predictions)}, not {sorted(absent)}")
            asked = {name: tensor for name, tensor in model.predictions.items() if not outputs or name in outputs}
            creator = ChiefSessionCreator(config=self._config.session_config, checkpoint_filename_with_path=path)
            session = creator.create_session()
            for runner in graph.get_collection(GraphKeys.QUEUE_RUNNERS):
                runner.create_threads(session, coord=coord, daemon=True, start=True)
        try:
            while True:
                yield session.run(asked)
        except OutOfRangeError:
            return
        finally:
            coord.request_stop()
            session.close()
            coord.join(ignore_live_threads=True)


class _StopAfterTrees(SessionRunHook):
    """Ends training once there are as many trees, or twice as many were begun in vain."""

    def __init__(self, trees: int, model: Model) -> None:
        self._trees, self._before, self._after = trees, model.before, model.after

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._suffice(session.run(self._before)):
            coord.request_stop()

    def before_run(self, run_context: Any) -> SessionRunArgs:
        return SessionRunArgs(self._after)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        if self._suffice(run_values.results):
            run_context.request_stop()

    def _suffice(self, progress: tuple[Any, ...]) -> bool:
        trees, layers, begun = progress
        return trees - bool(layers) >= self._trees or begun > 2 * self._trees


def _examples(batches: Iterator[dict[str, np.ndarray]]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for row in zip(*batch.values(), strict=True):
            yield dict(zip(batch, row, strict=True))


def _input_of(
    input_fn: Callable | None, x: Any = None, y: Any = None, batch_size: int | None = None, shuffle: bool = False
) -> Callable:
    """The input function that was given, or one for arrays: for training shuffled and without end."""
    if input_fn is not None:
        if x is not None or y is not None:
            raise ValueError("Can not provide both input_fn and x or y.")
        if batch_size is not None:
            raise ValueError("Can not provide both input_fn and batch_size.")
        return input_fn
    if x is None:
        raise ValueError("Either x or input_fn must be provided.")
    x = {name: np.asarray(column, np.float32) for name, column in (x if isinstance(x, Mapping) else {"": x}).items()}
    rows = len(next(iter(x.values()), ()))
    return numpy_input_fn(
        x, None if y is None else np.asarray(y), batch_size or rows, None if shuffle else 1, shuffle=shuffle
    )


def _refuse(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None:
            raise NotImplementedError(f"{name}={value!r}: the estimator of boosted trees has no such option here")


__all__ = ["GradientBoostedDecisionTreeClassifier", "NotFittedError"]
