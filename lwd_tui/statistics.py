"""The statistics for a notebook, ``lwd.statistics``: arrays and texts in, numbers out.

These names stay; docs/notebook.md says in a line what each is, docs/statistics.md how it is made.
"""

from lwd_tui.analysis.arrays import Responses, UnfitData
from lwd_tui.analysis.bootstrap import norm_interval
from lwd_tui.analysis.changepoint import change_point
from lwd_tui.analysis.cmds import classical_mds
from lwd_tui.analysis.collapse import collapse_time, collapse_times
from lwd_tui.analysis.control_chart import control_chart
from lwd_tui.analysis.copying import copied
from lwd_tui.analysis.distance import (
    debiased_norm,
    debiased_squared_distances,
    dispersion,
    distance_matrix,
    frobenius_norm,
    geometry,
    mean_embeddings,
    noise_floor,
)
from lwd_tui.analysis.diversity import effective_rank, near_duplicate_share, vendi_score
from lwd_tui.analysis.drift import drift
from lwd_tui.analysis.equivalence import control_margin, equivalence
from lwd_tui.analysis.lexical import distinct, duplicate_share, self_bleu
from lwd_tui.analysis.multiplicity import holm
from lwd_tui.analysis.neighbours import nearest_overlap
from lwd_tui.analysis.partition import partition
from lwd_tui.analysis.permutation import difference_tests
from lwd_tui.analysis.sequences import running_mean_sequence, simultaneous_level
from lwd_tui.analysis.standard_errors import debiased_pairs
from lwd_tui.analysis.upper_bound import norm_upper_bound, responses_needed

__all__ = [
    "Responses",
    "UnfitData",
    "change_point",
    "classical_mds",
    "collapse_time",
    "collapse_times",
    "control_chart",
    "control_margin",
    "copied",
    "debiased_norm",
    "debiased_pairs",
    "debiased_squared_distances",
    "difference_tests",
    "dispersion",
    "distance_matrix",
    "distinct",
    "drift",
    "duplicate_share",
    "effective_rank",
    "equivalence",
    "frobenius_norm",
    "geometry",
    "holm",
    "mean_embeddings",
    "near_duplicate_share",
    "nearest_overlap",
    "noise_floor",
    "norm_interval",
    "norm_upper_bound",
    "partition",
    "responses_needed",
    "running_mean_sequence",
    "self_bleu",
    "simultaneous_level",
    "vendi_score",
]
