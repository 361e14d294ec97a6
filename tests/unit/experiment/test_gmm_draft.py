"""Mixtures that are being written: what is valid is run, what isn't is told with its field."""

import pytest

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.gmm_draft import MOST_COMPONENTS, GmmDraft, like, spread
from lwd_tui.experiment.llm import Experiment


@pytest.fixture
def draft():
    return GmmDraft(GmmSpec(name="two"))


def test_what_was_not_changed_is_the_same_specification(draft):
    spec = GmmSpec(name="two")
    assert GmmDraft(spec).check().value is spec


def test_means_keep_their_distance_and_their_middle():
    means = ((-5.0,), (5.0,))
    assert spread(means, 3) == ((-10.0,), (0.0,), (10.0,))
    assert spread(means, 4) == ((-15.0,), (-5.0,), (5.0,), (15.0,))
    # In the plane they are laid along the line from the first to the second.
    assert spread(((0.0, 0.0), (3.0, 4.0)), 3) == ((-1.5, -2.0), (1.5, 2.0), (4.5, 6.0))


def test_means_that_are_as_many_stay_where_they_are(draft):
    uneven = GmmSpec(name="uneven", means=(0, 1, 10))
    draft.take(uneven)
    draft.set("B", 2)
    low, high = (row[0] for row in draft.check().value.means)
    # One apart, about the mean of 0, 1 and 10.
    assert (low, high) == pytest.approx((11 / 3 - 0.5, 11 / 3 + 0.5))
    draft.set("B", 3)
    assert draft.check().value.means == uneven.means


def test_values_are_read_back_and_checked_together(draft):
    for path, value in (("participants", 4), ("B", 3), ("alpha", 0.05), ("steps", 30)):
        draft.set(path, value)
        assert draft.get(path) == value
    spec = draft.check().value
    assert (spec.participants, spec.components, spec.alpha, spec.steps) == (4, 3, 0.05, 30)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("participants", 0, "at least 1"),
        ("participants", "three", "whole number"),
        ("responses", 0, "at least 1"),
        ("beta", 1.5, "at most 1"),
        ("beta", "", "number"),
        ("steps", 2.5, "whole number"),
        ("alpha", "1/t", "between 0 and 1"),
        ("alpha", 1, "between 0 and 1"),
        ("replicates", 0, "at least 1"),
        ("seed", -1, "at least 0"),
        ("B", 1, "from 2"),
        ("B", 2.0, "whole number"),
        ("B", True, "whole number"),
        ("B", "two", "whole number"),
        ("B", MOST_COMPONENTS + 1, "to 1000"),
        ("B", 10**9, "to 1000"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(draft, path, value, words):
    draft.set(path, value)
    found = draft.check()
    assert found.value is None
    assert found.field == path
    assert found.complaint.startswith(path)
    assert words in found.complaint
    assert "\n" not in found.complaint


def test_what_does_not_fit_together_names_the_other_field(draft):
    draft.take(GmmSpec(name="given", weights=((1, 0), (0, 1), (0.5, 0.5))))
    draft.set("participants", 4)
    assert draft.check().field == "weights"


def test_mixtures_like_an_experiment():
    experiment = Experiment.from_dict(
        {
            "name": "models",
            "query": "What now?",
            "responses": 7,
            "steps": 9,
            "beta": 0.25,
            "participants": [
                {"name": name, "backend": "scripted", "model": name} for name in ("a", "b", "c")
            ],
            "posts": [{"text": "A post."}],
        }
    )
    spec = like(experiment)
    assert (spec.participants, spec.responses, spec.steps, spec.beta) == (3, 7, 9, 0.25)
