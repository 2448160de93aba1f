"""tf.nn's connectionist temporal classification: the loss of sequences that nobody aligned, and two decoders."""

from __future__ import annotations

from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.graph import Tensor
from ..engine.ops.ctc import CTCBeamSearchDecoder, CTCGreedyDecoder, CTCLoss
from ..engine.ops.rearranging import transpose
from ..engine.sparse_tensor import SparseTensor
from .arguments import renamed


def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Tensor:
    """-log P(labels) of each sequence, [batch], over all ways to align its labels with its steps.

    Args:
        labels: SparseTensor of int32 class numbers [batch, length].
        inputs (or `logits`): float32 or float64 [time, batch, classes + 1], of which the last is the blank; without
            `time_major` [batch, time, classes + 1]. They go through a softmax here.
        sequence_length: int32 [batch], the number of each sequence's steps.
        preprocess_collapse_repeated: whether equal labels in a row count as one.
        ctc_merge_repeated: whether a label may last several steps.
        ignore_longer_outputs_than_inputs: whether a sequence of more labels than steps has a loss of zero.

    Graves et al., Connectionist Temporal Classification (2006). Raises TypeError for labels that are not sparse; a run
    raises InvalidArgumentError for sequences without labels, with wrong ones, or with more than they have steps.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError(
            f"Expected argument `labels` to be a SparseTensor. Received labels={labels} of type: "
            f"{type(labels).__name__}"
        )
    inputs = convert_to_tensor(renamed(inputs, logits, "inputs", "logits"), name="inputs")
    if not time_major:
        inputs = transpose(inputs, [1, 0, 2])
    loss, _ = CTCLoss(
        inputs,
        labels.indices,
        labels.values,
        sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    )
    return loss


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True, blank_index: int | None = None
) -> tuple[list[SparseTensor], Tensor]:
    """([the likeliest class of each step, blanks left out: int64 SparseTensor [batch, length]], scores [batch, 1]).

    `inputs` are logits [time, batch, classes], `blank_index` is by default the last class. With `merge_repeated` equal
    classes in a row are one. A score is the negative sum of the greatest logits.
    """
    blank = -1 if blank_index is None else blank_index
    *parts, scores = CTCGreedyDecoder(inputs, sequence_length, merge_repeated=merge_repeated, blank_index=blank)
    return [SparseTensor(*parts)], scores


def ctc_beam_search_decoder(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1, merge_repeated: bool = True
) -> tuple[list[SparseTensor], Tensor]:
    """([the likeliest, the second likeliest … sequence: int64 SparseTensor [batch, length]], log P [batch, top_paths]).

    `inputs` are logits [time, batch, classes], of which the last is the blank. All ways to align a sequence are summed
    while it is among the `beam_width` likeliest. With `merge_repeated` equal classes in a row of a result are one, even
    where they were said twice. Raises ValueError for a width or number below 1; a run raises InvalidArgumentError for
    more paths than the width.
    """
    for name, value in (("beam_width", beam_width), ("top_paths", top_paths)):
        if value < 1:
            raise ValueError(f"Attr '{name}' of 'CTCBeamSearchDecoder' Op passed {value} less than minimum 1.")
    attrs: dict[str, Any] = {"beam_width": beam_width, "top_paths": top_paths, "merge_repeated": merge_repeated}
    *parts, scores = CTCBeamSearchDecoder(inputs, sequence_length, **attrs)
    return [SparseTensor(*parts[nth::top_paths]) for nth in range(top_paths)], scores


__all__ = ["ctc_beam_search_decoder", "ctc_greedy_decoder", "ctc_loss"]
