"""Finding the file behind a model's name; the weights are made up and tiny."""

import asyncio
import hashlib
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from lwd_tui.backends.embedded import model_files
from lwd_tui.backends.embedded.gguf import Value, write_gguf
from lwd_tui.backends.embedded.model_files import provide
from lwd_tui.backends.embedded.packaged import cache_folder
from lwd_tui.experiment.backend import BackendError, ModelMissing, UnfitRequest, WeightsError
from lwd_tui.types import Fetching

CHAT: dict[str, Value] = {
    "general.architecture": "llama",
    "general.size_label": "135M",
    "general.license": "apache-2.0",
    "general.file_type": 3,
    "llama.context_length": 8192,
    "tokenizer.chat_template": "{{ messages }}",
}
EMBED: dict[str, Value] = {
    "general.architecture": "bert",
    "bert.context_length": 512,
    "bert.pooling_type": 1,
    "sentence_transformers.max_seq_length": 256,
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.gguf"
    write_gguf(path, CHAT, {})
    return path


def digest_and_size(path: Path) -> tuple[str, int]:
    data = path.read_bytes()
    return hashlib.sha256(data).hexdigest(), len(data)


async def test_a_file_of_ones_own_is_described_by_its_head(own: Path) -> None:
    file = await provide(str(own), "generate", None, None)
    info = file.info(loaded=False)
    assert info.name == str(own)
    assert (info.digest, info.size) == digest_and_size(own)
    assert (info.family, info.parameters, info.quantisation) == ("llama", "135M", "Q4_1")
    assert info.context_length == 8192
    assert info.capabilities == ("generate", "chat")
    assert info.licence == "apache-2.0"
    assert info.server == f"xllamacpp {version('xllamacpp')}"
    assert info.loaded is False


async def test_a_file_that_changes_gets_another_digest(own: Path) -> None:
    before = await provide(str(own), "generate", None, None)
    write_gguf(own, CHAT | {"general.name": "changed"}, {})
    after = await provide(str(own), "generate", None, None)
    assert after.digest != before.digest


async def test_a_base_model_cannot_chat(own: Path) -> None:
    write_gguf(own, {key: CHAT[key] for key in CHAT if "template" not in key}, {})
    file = await provide(str(own), "generate", None, None)
    assert not file.can_chat
    assert file.info(loaded=True).capabilities == ("generate",)


async def test_the_window_of_an_embedder_is_that_of_sentence_transformers(own: Path) -> None:
    write_gguf(own, EMBED, {})
    file = await provide(str(own), "embed", None, None)
    assert file.trained_context == 256
    assert file.info(loaded=False).capabilities == ("embed",)


async def test_models_for_another_purpose_are_refused(own: Path) -> None:
    with pytest.raises(
        UnfitRequest, match=r"doesn't embed texts; choose all-minilm-l6-v2"
    ) as raised:
        await provide(str(own), "embed", None, None)
    assert raised.value.exit_code == 2
    write_gguf(own, EMBED, {})
    with pytest.raises(UnfitRequest, match=r"can't answer; choose smollm2-135m, .* or another"):
        await provide(str(own), "generate", None, None)


async def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"there is no weights file .*gone\.gguf") as raised:
        await provide(str(tmp_path / "gone.gguf"), "generate", None, None)
    assert raised.value.exit_code == 3


async def test_a_file_that_is_no_gguf_is_told(tmp_path: Path) -> None:
    path = tmp_path / "text.gguf"
    path.write_text("not weights", encoding="utf-8")
    with pytest.raises(WeightsError, match="is no GGUF file"):
        await provide(str(path), "generate", None, None)


async def test_an_unknown_name_is_told() -> None:
    with pytest.raises(ModelMissing, match="did you mean gemma3-270m"):
        await provide("gemma-270m", "generate", None, None)


async def test_without_the_library_the_sentence_says_how_to_get_it(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(model_files, "version", missing)
    with pytest.raises(BackendError, match=r"pip install 'lwd-tui\[embedded\]'") as raised:
        await provide(str(own), "generate", None, None)
    assert raised.value.exit_code == 3


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LWD_HOME", str(tmp_path))


async def test_what_is_fetched_is_said_before(
    empty_cache: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    told: list[tuple[str, int, int]] = []
    loop_thread = threading.get_ident()

    def pull(name: str, progress: Fetching) -> None:
        assert len(said) == 1
        assert threading.get_ident() != loop_thread
        progress("fetching", 1, 2)
        write_gguf(cache_folder().parent / "right.gguf", CHAT, {})

    def progress(label: str, done: int, total: int) -> None:
        assert threading.get_ident() == loop_thread
        told.append((label, done, total))

    def check(name: str) -> Path:
        return cache_folder().parent / "right.gguf"

    monkeypatch.setattr(model_files, "pull", pull)
    monkeypatch.setattr(model_files, "check", check)
    file = await provide("gemma3-270m", "generate", said.append, progress)
    await asyncio.sleep(0)
    assert said == [
        "fetching the weights of gemma3-270m (Gemma 3 270M (base), Q4_K_M), 253 MB, "
        "licence: Gemma Terms of Use (https://ai.google.dev/gemma/terms)"
    ]
    assert told == [("fetching", 1, 2)]
    assert file.licence == "Gemma Terms of Use"


async def test_being_cancelled_ends_the_fetch(
    empty_cache: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def pull(name: str, progress: Fetching) -> None:
        try:
            while True:
                progress("fetching", 0, 1)
                ended.wait(0.01)
        finally:
            ended.set()

    monkeypatch.setattr(model_files, "pull", pull)
    task = asyncio.create_task(provide("smollm2-135m", "generate", None, None))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 5)


async def test_damaged_packaged_weights_are_never_used(empty_cache: None) -> None:
    cache_folder().mkdir(parents=True)
    write_gguf(cache_folder() / "smollm2-135m.gguf", CHAT, {})
    with pytest.raises(WeightsError, match="the weights of smollm2-135m are damaged"):
        await provide("smollm2-135m", "generate", None, None)
