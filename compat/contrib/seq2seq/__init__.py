"""tf.contrib.seq2seq: decoding step by step, attention, beam search, and the loss of sequences."""

from .attention import *
from .attention import __all__ as _of_attention
from .beam_search import *
from .beam_search import __all__ as _of_beam_search
from .decoding import *
from .decoding import __all__ as _of_decoding
from .helpers import *
from .helpers import __all__ as _of_helpers
from .loss import *
from .loss import __all__ as _of_loss

__all__ = [*_of_attention, *_of_beam_search, *_of_decoding, *_of_helpers, *_of_loss]
