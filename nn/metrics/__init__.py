"""tf.metrics: measures over many batches, kept in local variables."""

from . import classes, means, ranking, thresholds
from .classes import *
from .means import *
from .means import metric_variable as metric_variable
from .ranking import *
from .thresholds import *

__all__ = [*classes.__all__, *means.__all__, *ranking.__all__, *thresholds.__all__]
