"""The presets that ship are what they say they are."""

from collections import Counter
from pathlib import Path

import pytest

from lwd_tui.backends.embedded.catalogue import CATALOGUE
from lwd_tui.experiment.files import load_preset, preset_folder, preset_names
from lwd_tui.experiment.llm import Experiment, InvalidExperiment

# Section 4.1 of arXiv:2506.15690.
QUERY = "Please provide EXACTLY one concise sentence about the future prospects of Bitcoin."
LABELS = {"positive": 7, "neutral": 7, "negative": 6}


def labels(experiment: Experiment) -> Counter[str]:
    return Counter(post.label for post in experiment.posts)


def test_three_presets_ship() -> None:
    assert {"quickstart", "bitcoin", "bitcoin-paper"} <= set(preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid_and_goes_by_its_name(name: str) -> None:
    experiment = load_preset(name)
    assert experiment.name == name
    assert experiment.description
    assert Experiment.from_toml(experiment.to_toml()) == experiment


@pytest.mark.parametrize("name", ["quickstart", "bitcoin", "bitcoin-paper"])
def test_posts_are_distinct_and_of_sensible_length(name: str) -> None:
    texts = [post.text for post in load_preset(name).posts]
    assert len({text.split()[0] for text in texts}) == len(texts)
    assert all(15 <= len(text.split()) <= 35 for text in texts)
    assert all(text.isprintable() and text == text.strip() for text in texts)


def test_quickstart_needs_no_server() -> None:
    experiment = load_preset("quickstart")
    assert (experiment.responses, experiment.steps) == (4, 10)
    assert {who.backend for who in experiment.cast} == {"embedded"}
    assert experiment.embedder.backend == "embedded"
    assert labels(experiment) == {"positive": 1, "neutral": 1, "negative": 2}
    assert "EXACTLY one concise sentence" in experiment.query


def test_quickstart_asks_instruct_models_of_different_makers_for_one_sentence() -> None:
    cast = load_preset("quickstart").cast
    assert [who.model for who in cast] == ["smollm2-135m", "qwen2.5-coder-0.5b"]
    for who in cast:
        assert "Instruct" in CATALOGUE[who.model].title
        # Asked the query and nothing more; these participants also stand in for missing servers.
        assert (who.style, who.system) == ("chat", "")
        assert who.sampling.stop == ("\n", ". ")


def test_bitcoin_asks_the_paper_s_question() -> None:
    experiment = load_preset("bitcoin")
    assert experiment.query == QUERY
    assert experiment.participants == "auto"
    assert experiment.beta == 0.5
    assert labels(experiment) == LABELS
    # A server that isn't there must not be needed for the embedding either.
    assert experiment.embedder.backend == "embedded"


def test_bitcoin_paper_is_the_paper_s_run() -> None:
    experiment = load_preset("bitcoin-paper")
    assert experiment.query == QUERY
    assert (experiment.responses, experiment.steps, experiment.beta) == (40, 60, 0.5)
    assert labels(experiment) == LABELS
    sizes = [experiment.draw_size(experiment.size(t)) for t in (0, 60)]
    assert sizes == [10, 100]
    assert len(experiment.cast) * experiment.responses * (experiment.steps + 1) == 7320
    assert [who.model.split(":")[0] for who in experiment.cast] == [
        "llama3.1",
        "deepseek-llm",
        "mistral",
    ]
    assert {who.backend for who in experiment.cast} == {"ollama"}
    assert experiment.embedder.model == "nomic-embed-text"
    assert not experiment.embedder.normalise


def test_bitcoin_embedded_is_the_paper_s_run_without_a_server() -> None:
    experiment, paper = load_preset("bitcoin-embedded"), load_preset("bitcoin-paper")
    same = ("query", "responses", "steps", "beta", "posts", "template", "interaction", "posting")
    assert [getattr(experiment, field) for field in same] == [
        getattr(paper, field) for field in same
    ]
    assert len(experiment.cast) * experiment.responses * (experiment.steps + 1) == 7320
    assert {who.backend for who in experiment.cast} == {experiment.embedder.backend} == {"embedded"}
    # The quickstart's models, all asked alike, with the most context that all were made for.
    quickstart = load_preset("quickstart").cast
    assert {who.model for who in experiment.cast} == {who.model for who in quickstart}
    assert {who.sampling for who in experiment.cast} == {who.sampling for who in quickstart}
    assert {who.context for who in experiment.cast} == {8192}


def test_bitcoin_paper_leaves_the_paper_s_network_as_it_is() -> None:
    experiment = load_preset("bitcoin-paper")
    fields = ("interaction", "posting", "fresh", "noise", "retrieval", "topology", "ranking")
    assert [getattr(experiment, field) for field in fields] == [
        *(True, "accumulate", 0, 0, "participant", "complete", "uniform")
    ]
    assert experiment.posts_each == 1


def test_a_copied_preset_loads_by_its_path(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    copy.write_text((preset_folder() / "quickstart.toml").read_text(encoding="utf-8"), "utf-8")
    assert load_preset(str(copy)) == load_preset("quickstart")


def test_a_misspelt_preset_names_the_nearest() -> None:
    with pytest.raises(InvalidExperiment, match="did you mean quickstart"):
        load_preset("quickstat")
