"""What participants are asked, after what their models can do."""

from __future__ import annotations

import pytest

from lwd_tui.experiment.backend import UnfitRequest
from lwd_tui.experiment.llm import Experiment
from lwd_tui.run.open_backends import fitted
from lwd_tui.types import ModelInfo


def experiment(**participant: str) -> Experiment:
    who = {"name": "ada", "backend": "ollama", "model": "m", **participant}
    return Experiment.from_dict(
        {
            "name": "a",
            "query": "What next?",
            "template": {"system": ""},
            "participants": [who],
            "posts": [{"text": "One."}],
        }
    )


def test_a_model_that_only_embeds_is_refused_before_it_is_asked_for_anything() -> None:
    with pytest.raises(UnfitRequest, match="ada: m embeds texts and can't generate any"):
        fitted(experiment(), [ModelInfo("m", "ollama", capabilities=("embed",))], lambda _: None)


@pytest.mark.parametrize(
    ("can", "system", "style", "said"),
    [
        (("generate", "chat", "no-system"), "You are brief.", "chat", True),
        (("generate", "chat", "no-system"), "", "chat", False),
        (("generate", "chat"), "You are brief.", "chat", False),
        # Its persona is a part of the text that it goes on with.
        (("generate", "chat", "no-system"), "You are brief.", "completion", False),
    ],
)
def test_a_system_text_without_a_place_is_said_once(
    can: tuple[str, ...], system: str, style: str, said: bool
) -> None:
    spec = experiment(system=system, style=style)
    notes: list[str] = []
    assert fitted(spec, [ModelInfo("m", "ollama", capabilities=can)], notes.append) == spec
    assert len(notes) == said
    assert all("ada (m) has no place for a system text" in note for note in notes)
