"""What participants are asked, after what their models can do."""

from __future__ import annotations

import pytest
from support.engine import StandInModel
from support.ollama_server import OllamaStandIn

from lwd_tui.experiment.backend import UnfitRequest
from lwd_tui.experiment.llm import Experiment
from lwd_tui.run.open_backends import assemble, fitted
from lwd_tui.types import ModelInfo


def experiment(**participant: object) -> Experiment:
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


def test_what_is_odd_about_a_model_is_said() -> None:
    notes: list[str] = []
    odd = ModelInfo("m", "ollama", capabilities=("generate", "chat"), odd="it runs elsewhere")
    fitted(experiment(), [odd], notes.append)
    assert notes == ["ada (m): it runs elsewhere"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"context": 8192}, "context = 8192 is more than the 1024 tokens that m:1b was made for"),
        ({"context": 1024}, ""),
        ({"sampling": {"max_tokens": 4000}}, "m:1b was made for 1024; lower steps, beta or"),
    ],
)
async def test_a_context_is_refused_that_a_model_was_not_made_for(changes, told) -> None:
    spec = experiment(model="m:1b", **changes).replaced(
        {"steps": 1, "embedder": {"backend": "scripted", "model": "words-16"}}
    )
    async with OllamaStandIn(models=[StandInModel("m:1b", context_length=1024)]) as server:
        if told:
            with pytest.raises(UnfitRequest, match=f"ada: .*{told}"):
                await assemble(spec, [server.url], pytest.fail)
        else:
            crew = await assemble(spec, [server.url], pytest.fail)
            assert crew.contexts == (1024,)
            await crew.aclose()


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
