"""What backends offer, and what is said of those that can't be reached."""

import pytest
from support.compatible import Compatible
from support.engine import StandInModel
from support.ollama_server import OllamaStandIn
from support.recorded import ReplayServer

from lwd_tui.backends import available
from lwd_tui.backends.available import examine, find_server, look, models_at, pull_model
from lwd_tui.backends.embedded.catalogue import CATALOGUE
from lwd_tui.backends.embedded.gguf import write_gguf
from lwd_tui.backends.embedded.packaged import path_of
from lwd_tui.experiment.backend import Backend, BackendError, UnfitRequest


async def test_an_ollama_server():
    async with ReplayServer() as server:
        (offer,) = await look("ollama", [server.url])
    assert offer.reachable
    assert [model.name for model in offer.models] == [
        "gemma3:270m",
        "smollm2-plain:latest",
        "smollm2:135m",
    ]
    assert offer.words.startswith("Ollama 0.")
    assert "in memory: smollm2:135m (0% on the GPU)" in offer.words


async def test_each_host_speaks_for_itself():
    async with ReplayServer() as server:
        here, gone = await look("ollama", [server.url, "127.0.0.1:9"])
    assert here.reachable
    assert not gone.reachable
    assert "no Ollama server answers at http://127.0.0.1:9" in gone.words


async def test_an_address_that_is_none():
    (offer,) = await look("ollama", ["box:port"])
    assert not offer.reachable
    assert "not a port" in offer.words


async def test_packaged_models_that_are_not_here_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path))
    (offer,) = await look("embedded")
    names = {model.name for model in offer.models}
    assert "smollm2-135m" in names
    assert "all-minilm-l6-v2" not in names
    assert offer.absent == names


async def test_packaged_models_that_are_all_here(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path))
    for name, weights in CATALOGUE.items():
        path_of(name).parent.mkdir(parents=True, exist_ok=True)
        if weights.purpose == "generate":
            write_gguf(path_of(name), {"general.architecture": "llama", "general.file_type": 3}, {})
    (offer,) = await look("embedded")
    assert offer.absent == frozenset()
    assert "to be fetched" not in offer.words
    assert {model.quantisation for model in offer.models} == {"Q4_1"}


async def test_scripted_models():
    (offer,) = await look("scripted", ["ignored"])
    assert offer.reachable
    assert offer.models[0].name == "ada"


@pytest.mark.parametrize("here", [True, False])
async def test_a_server_is_found_where_ollama_itself_would_look(monkeypatch, here):
    monkeypatch.setattr(available, "is_loopback", lambda _: here)
    async with OllamaStandIn(models=[StandInModel("m:1b")]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        offer = await find_server()
    assert [model.name for model in offer.models] == ["m:1b"]
    # It is gone now.
    assert await find_server() is None
    monkeypatch.setenv("OLLAMA_HOST", "ftp://box")
    assert await find_server() is None


async def test_a_model_is_pulled_by_the_backend_whose_servers_can():
    told = []
    async with OllamaStandIn(models=[StandInModel("m:1b")]) as server:
        await pull_model(server.url, "m:1b", lambda *state: told.append(state))
    assert told[-1][0] == "success"


async def test_an_openai_compatible_server():
    async with Compatible("vllm") as server:
        (offer,) = await look("openai", [f"{server.url}/v1"])
    assert offer.words == "vLLM, 1 model"
    assert [model.name for model in offer.models] == ["m"]


async def test_a_server_that_only_embeds_is_none_to_choose_from(monkeypatch):
    async with OllamaStandIn(models=[StandInModel("n:1b", embeds=True)]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        assert await find_server() is None
        (offer,) = await look("ollama")
    assert offer.reachable
    assert "no model here generates text" in offer.words


async def test_what_a_backend_does_not_offer_is_said_or_passed_over(monkeypatch):
    (offer,) = await look("nobody")
    assert not offer.reachable
    assert "nobody" in offer.words
    (offer,) = await look("sentence-transformers")
    assert offer.words == "it doesn't say which models it has"

    async def failing(*_):
        raise BackendError("no luck")

    # Of three backends with servers one lists none and examines none, and one fails.
    found = {
        "broken": None,
        "quiet": Backend(hosts="HERE"),
        "failing": Backend(hosts="HERE", models=failing, doctor=failing),
    }

    def load(name):
        if found[name] is None:
            raise BackendError("its package is broken")
        return found[name]

    monkeypatch.setattr(available, "generators", lambda: list(found))
    monkeypatch.setattr(available, "load_backend", load)
    monkeypatch.setattr(available, "OURS", dict.fromkeys(found, ""))
    (report,) = await examine(["box"])
    assert [finding.sentence for finding in report.findings] == ["no luck"]
    with pytest.raises(BackendError, match="no luck"):
        await models_at("box")
    with pytest.raises(UnfitRequest):
        await examine(["http://me:s3cret@box"])


async def test_a_mistake_of_ours_is_no_words_of_a_server(monkeypatch):
    async def mistaken(_):
        raise ZeroDivisionError

    monkeypatch.setattr(available, "load_backend", lambda _: Backend(look=mistaken))
    with pytest.raises(ZeroDivisionError):
        await look("scripted")


@pytest.mark.parametrize("module", ["no_such.module_at_all", ""])
def test_what_cannot_be_imported_is_not_installed(module):
    assert not available.is_installed(module)
