"""What backends offer, and what is said of those that can't be reached."""

from support.recorded import ReplayServer

from lwd_tui.backends.available import look


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


async def test_scripted_models():
    (offer,) = await look("scripted", ["ignored"])
    assert offer.reachable
    assert offer.models[0].name == "ada"
