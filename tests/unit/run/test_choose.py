"""Who takes part: names that never collide, and settings that reach those who were chosen."""

import pytest
from support.engine import StandInModel
from support.ollama_server import OllamaStandIn

from lwd_tui.experiment.backend import ServerMissing, UnfitRequest
from lwd_tui.experiment.files import load_preset
from lwd_tui.experiment.llm import InvalidExperiment
from lwd_tui.experiment.participants import Wishes, participants_of
from lwd_tui.run.choose import choose_cast


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (["llama3.2:3b", "hf.co/a/Qwen:Q4"], ["llama3.2:3b", "Qwen:Q4"]),
        (["hf.co/a/M", "hf.co/b/M"], ["hf.co/a/M", "hf.co/b/M"]),
        (["m", "m", "m"], ["m", "m #2", "m #3"]),
        (["hf.co/a/M", "hf.co/b/M", "hf.co/a/M"], ["hf.co/a/M", "hf.co/b/M", "hf.co/a/M #2"]),
        (["a" * 70 + "/M", "b" + "a" * 69 + "/M"], ["a" * 48 + "/M", "a" * 48 + "/M #2"]),
    ],
)
def test_participants_that_are_named_by_the_machine_never_collide(models, names):
    assert [who.name for who in participants_of("ollama", models)] == names


async def test_settings_of_participants_apply_after_the_cast_is_chosen():
    wishes = Wishes("scripted", settings=(("participants.1.sampling.temperature", 0.2),))
    chosen = await choose_cast(load_preset("bitcoin"), wishes, lambda _: None)
    assert [who.sampling.temperature for who in chosen.cast] == [0.8, 0.2, 0.8]
    wishes = Wishes("ollama", ("a", "b"), settings=(("participants.1.system", "Be brief."),))
    chosen = await choose_cast(load_preset("bitcoin"), wishes, lambda _: None)
    assert [who.system for who in chosen.cast] == ["", "Be brief."]


async def test_a_setting_of_nobody_is_told():
    wishes = Wishes("scripted", settings=(("participants.7.system", "x"),))
    with pytest.raises(InvalidExperiment, match=r"there is no field 'participants.7.system'"):
        await choose_cast(load_preset("bitcoin"), wishes, lambda _: None)


async def backend_of(monkeypatch, url, *models):
    monkeypatch.setenv("OLLAMA_HOST", url)
    chosen = await choose_cast(load_preset("bitcoin"), Wishes(models=models), lambda _: None)
    (backend,) = {who.backend for who in chosen.cast}
    return backend


async def test_names_of_the_hub_run_here_unless_a_server_has_them_all(monkeypatch):
    here, there = "hf.co/a/Here-GGUF:Q4_K_M", "hf.co/a/There-GGUF:Q4_K_M"
    async with OllamaStandIn(models=[StandInModel(there.lower())]) as server:
        assert await backend_of(monkeypatch, server.url, there) == "ollama"
        assert await backend_of(monkeypatch, server.url, here) == "embedded"
        assert await backend_of(monkeypatch, server.url, there, here) == "embedded"
        assert await backend_of(monkeypatch, server.url, there, "smollm2-135m") == "embedded"
        assert await backend_of(monkeypatch, server.url, here, "llama3.2") == "ollama"
        named = "hf.co/a/Here-GGUF:here-Q4_0.gguf"
        assert await backend_of(monkeypatch, server.url, named) == "embedded"
        assert await backend_of(monkeypatch, server.url, named, "llama3.2") == "ollama"
    # Nothing listens there any more.
    assert await backend_of(monkeypatch, server.url, there) == "embedded"


async def test_a_name_that_ollama_has_too_is_not_taken_for_the_hub_s(monkeypatch):
    assert await backend_of(monkeypatch, "http://127.0.0.1:9", "user/model:q4") == "ollama"


async def chosen_by(wishes):
    """Return the models, their backend, that of the embedder, and what was said."""
    said = []
    embedder = {"backend": "ollama", "model": "nomic-embed-text"}
    spec = load_preset("bitcoin").replaced({"embedder": embedder})
    chosen = await choose_cast(spec, wishes, said.append)
    (backend,) = {who.backend for who in chosen.cast}
    return [who.model for who in chosen.cast], backend, chosen.embedder.backend, " ".join(said)


async def test_whoever_asks_for_no_server_gets_models_and_an_embedder_that_need_none(monkeypatch):
    ours = [who.model for who in load_preset("quickstart").cast]
    assert (await chosen_by(Wishes("embedded")))[:3] == (ours, "embedded", "embedded")
    # Nothing listens there.
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    models, backend, embedder, said = await chosen_by(Wishes())
    assert (models, backend, embedder) == (ours, "embedded", "embedded")
    assert "the small embedded models take part instead" in said
    assert "embedder: all-minilm-l6-v2 (embedded) instead of nomic-embed-text (ollama)" in said
    with pytest.raises(ServerMissing, match=r"127\.0\.0\.1:9"):
        await chosen_by(Wishes(hosts=("http://127.0.0.1:9",)))


async def test_a_server_that_is_asked_for_chooses_from_what_it_has():
    async with OllamaStandIn(models=[StandInModel("one:1b"), StandInModel("two:1b")]) as server:
        wishes = Wishes("ollama", hosts=(server.url,))
        models, backend, embedder, said = await chosen_by(wishes)
    assert (sorted(models), backend, embedder) == (["one:1b", "two:1b"], "ollama", "ollama")
    assert "one:1b (one:1b)" in said


async def test_participants_of_the_backend_that_is_asked_for_stay():
    cast = [{"name": "ada", "backend": "ollama", "model": "m"}]
    spec = load_preset("bitcoin").replaced({"participants": cast})
    assert await choose_cast(spec, Wishes("ollama"), pytest.fail) == spec


async def test_who_lists_no_models_to_choose_from_is_to_be_told_them():
    with pytest.raises(UnfitRequest, match="openai backend can't choose models by itself"):
        await chosen_by(Wishes("openai"))
