"""The embedded backend around llama.cpp: a made-up model stands in for the library."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lwd_tui.backends.embedded import worker as llamacpp_worker
from lwd_tui.backends.embedded.embedder import LlamaCppEmbedder
from lwd_tui.backends.embedded.generator import LlamaCppGenerator
from lwd_tui.backends.embedded.gguf import Value, write_gguf
from lwd_tui.backends.embedded.model import Chunk, Hear, Shape
from lwd_tui.experiment.backend import (
    BackendStopped,
    Embedder,
    GenerateRequest,
    Generation,
    Generator,
    PromptTooLong,
    UnfitRequest,
    WeightsError,
)
from lwd_tui.experiment.llm import Sampling
from lwd_tui.types import Message, Prompt

BASE: dict[str, Value] = {"general.architecture": "llama", "llama.context_length": 1000}
CHAT = BASE | {"tokenizer.chat_template": "{{ messages }}"}
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁a", "b"]
EMBED: dict[str, Value] = {
    "general.architecture": "bert",
    "bert.context_length": 6,
    "bert.embedding_length": 2,
    "bert.pooling_type": 1,
    "tokenizer.ggml.model": "bert",
    "tokenizer.ggml.tokens": PIECES,
}


class MadeUp:
    """Says its name word by word, its answers mixed as llama.cpp mixes them."""

    alive: ClassVar[list["MadeUp"]] = []
    asked: ClassVar[list[tuple[str, dict[str, Any]]]] = []
    endless: ClassVar[bool] = False
    fault: ClassVar[Chunk | None] = None
    busy: ClassVar[set[str]] = set()
    met: ClassVar[bool] = False

    def __init__(self, path: Path, shape: Shape) -> None:
        if path.name == "broken.gguf":
            raise WeightsError("llama.cpp can't load it")
        self.name, self.shape = path.name, shape
        self.alive.append(self)

    def tokens(self, text: str, *, whole: bool = False, marks: bool = False) -> list[int]:
        return [0] * (len(text.split()) + whole)

    def templated(self, messages: Sequence[Message]) -> str:
        return " ".join(f"<{message.role}> {message.content}" for message in messages)

    def generate(
        self, prompt: Sequence[int], messages: Sequence[Message] | None, body: Chunk, hear: Hear
    ) -> None:
        self.asked.append((self.name, body))
        assert self.name not in self.busy
        self.busy.add(self.name)
        MadeUp.met |= len(self.busy) > 1
        try:
            for piece in self._pieces(len(prompt), messages is not None, body["n"]):
                if hear(piece):
                    return
        finally:
            self.busy.discard(self.name)

    def _pieces(self, prompt: int, chat: bool, answers: int) -> Iterator[Chunk]:
        yield piece(0, chat, "")
        if self.fault is not None:
            yield self.fault
            return
        while self.endless:
            time.sleep(0.005)
            yield piece(0, chat, "on ")
        # The last answer is the first to be finished, and the pieces come in turn.
        for word in range(answers):
            for index in range(answers):
                if index + word < answers:
                    yield piece(index, chat, f"{index}.{word} ")
                    time.sleep(0.001)
            ended = answers - 1 - word
            usage = {"prompt_tokens": prompt, "completion_tokens": word + 1}
            last = piece(ended, chat, "", "stop" if ended else "length")
            if chat:
                yield last
                yield {"choices": [], "usage": usage}
            else:
                yield last | {"usage": usage}

    def embed(self, texts: Sequence[Sequence[int]], normalise: bool) -> list[list[float]]:
        assert all(len(ids) <= self.shape.context for ids in texts)
        return [[float(sum(ids)), float(normalise)] for ids in texts]

    def close(self) -> None:
        self.alive.remove(self)


def piece(index: int, chat: bool, text: str, reason: str | None = None) -> Chunk:
    choice = {"index": index, "finish_reason": reason}
    return {"choices": [choice | ({"delta": {"content": text}} if chat else {"text": text})]}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of model files for the stand-in."""
    monkeypatch.setattr(llamacpp_worker, "LlamaCppModel", MadeUp)
    for name, value in (("asked", []), ("alive", []), ("busy", set()), ("met", False)):
        monkeypatch.setattr(MadeUp, name, value)
    for name in ("base", "other", "broken"):
        write_gguf(tmp_path / f"{name}.gguf", BASE, {})
    write_gguf(tmp_path / "chat.gguf", CHAT, {})
    write_gguf(tmp_path / "embed.gguf", EMBED, {})
    return tmp_path


@pytest.fixture
async def generator() -> AsyncIterator[LlamaCppGenerator]:
    generator = LlamaCppGenerator()
    yield generator
    await generator.aclose()


def request(
    model: Path, seeds: Sequence[int] = (7, 100, 200), context: int = 100, **sampling: Any
) -> GenerateRequest:
    chat = Prompt("chat", (Message("system", "be brief"), Message("user", "go on")))
    prompt = chat if "chat" in model.name else Prompt.completion("once upon a time")
    fields = {"max_tokens": 10} | sampling
    return GenerateRequest(str(model), prompt, tuple(seeds), Sampling(**fields), context)


async def answers(generator: LlamaCppGenerator, asked: GenerateRequest) -> list[Generation]:
    async with aclosing(generator.generate(asked)) as found:
        return [generation async for generation in found]


@pytest.mark.parametrize("model", ["base.gguf", "chat.gguf"])
async def test_mixed_pieces_become_whole_answers_as_each_is_finished(
    models: Path, generator: LlamaCppGenerator, model: str
) -> None:
    shown: list[tuple[int, str]] = []
    thread = threading.get_ident()

    def preview(position: int, text: str) -> None:
        assert threading.get_ident() == thread
        shown.append((position, text))

    asked = request(models / model)
    async with aclosing(generator.generate(asked, preview)) as found:
        got = [generation async for generation in found]
    assert [one.position for one in got] == [2, 1, 0]
    assert [one.text for one in got] == ["2.0 ", "1.0 1.1 ", "0.0 0.1 0.2 "]
    assert [one.seed for one in got] == [9, 8, 7]
    assert [one.finish_reason for one in got] == ["stop", "stop", "length"]
    assert [one.completion_tokens for one in got] == [1, 2, 3]
    # "<system> be brief <user> go on", or the four words; and the token that begins a prompt.
    assert {one.prompt_tokens for one in got} == {7 if model == "chat.gguf" else 5}
    assert all(0 < one.seconds < 10 for one in got)
    for one in got:
        assert "".join(text for position, text in shown if position == one.position) == one.text


async def test_every_sampling_field_is_passed_on(
    models: Path, generator: LlamaCppGenerator
) -> None:
    sampling = {
        "temperature": 0.5,
        "top_p": 0.6,
        "top_k": 7,
        "min_p": 0.08,
        "repeat_penalty": 1.2,
        "max_tokens": 9,
    }
    await answers(generator, request(models / "base.gguf", stop=("\n", "Q:"), **sampling))
    ((_, body),) = MadeUp.asked
    assert body == sampling | {"n": 3, "seed": 7, "stop": ["\n", "Q:"]}
    # Tokens for thinking are added to those of the answer, where a participant thinks.
    assert set(body) - {"n", "seed"} == set(Sampling.model_fields) - {"thinking_tokens"}


async def test_many_answers_are_asked_for_in_several_requests(
    models: Path, generator: LlamaCppGenerator
) -> None:
    seeds = range(1000, 1000 + 43 * 50, 50)
    got = await answers(generator, request(models / "base.gguf", seeds))
    assert [body["n"] for _, body in MadeUp.asked] == [40, 3]
    assert sorted(one.position for one in got) == list(range(43))
    used = {one.position: one.seed for one in got}
    assert used[0] == seeds[0]
    assert used[39] == seeds[0] + 39
    assert used[40] == seeds[40]


async def test_the_room_is_that_of_one_prompt_and_all_answers(
    models: Path, generator: LlamaCppGenerator
) -> None:
    await generator.prepare({str(models / "base.gguf"): 400}, 4)
    (model,) = MadeUp.alive
    assert (model.shape.context, model.shape.answers) == (400, 4)
    assert model.shape.cells >= 400 + 3 * Sampling().max_tokens
    await answers(generator, request(models / "base.gguf", context=400, max_tokens=10))
    assert MadeUp.alive == [model]
    # Longer answers than that need more room, once.
    await answers(generator, request(models / "base.gguf", context=400, max_tokens=300))
    (larger,) = MadeUp.alive
    assert larger.shape.cells == 400 + 2 * 300
    assert larger.shape.answers == 4


async def test_what_does_not_fit_the_context_is_an_error_that_names_the_need(
    models: Path, generator: LlamaCppGenerator
) -> None:
    assert len(await answers(generator, request(models / "base.gguf", context=15))) == 3
    with pytest.raises(PromptTooLong, match=r"need 15 tokens of context.* has 14") as raised:
        await answers(generator, request(models / "base.gguf", context=14))
    assert raised.value.exit_code == 4
    assert len(MadeUp.asked) == 1


async def test_more_context_than_the_model_was_made_for_is_an_error(
    models: Path, generator: LlamaCppGenerator
) -> None:
    wanted = "1001 tokens of context .* made for 1000; lower steps"
    with pytest.raises(UnfitRequest, match=wanted) as raised:
        await generator.prepare({str(models / "base.gguf"): 1001}, 4)
    assert raised.value.exit_code == 2
    with pytest.raises(UnfitRequest, match=wanted):
        await answers(generator, request(models / "base.gguf", context=1001))
    assert MadeUp.alive == []


async def test_a_base_model_is_not_asked_to_chat(
    models: Path, generator: LlamaCppGenerator
) -> None:
    chat = request(models / "chat.gguf")
    base = GenerateRequest(
        str(models / "base.gguf"), chat.prompt, chat.seeds, chat.sampling, chat.context
    )
    with pytest.raises(UnfitRequest, match='set style = "completion"') as raised:
        await answers(generator, base)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (
            {"error": {"type": "invalid_request_error", "message": "no such field"}},
            UnfitRequest,
            "refused the request: no such field",
        ),
        (
            {"error": {"type": "server_error", "message": "decode failed"}},
            BackendStopped,
            "llama.cpp failed: decode failed; resume",
        ),
        ({"choices": []}, BackendStopped, "gave 0 of 3 answers; resume"),
    ],
)
async def test_faults_that_come_back_as_values_are_raised(
    models: Path,
    generator: LlamaCppGenerator,
    monkeypatch: pytest.MonkeyPatch,
    fault: Chunk,
    error: type[Exception],
    said: str,
) -> None:
    monkeypatch.setattr(MadeUp, "fault", fault)
    with pytest.raises(error, match=said):
        await answers(generator, request(models / "base.gguf"))


async def test_weights_that_cannot_be_loaded_are_told_each_time(
    models: Path, generator: LlamaCppGenerator
) -> None:
    for _ in range(2):
        with pytest.raises(WeightsError, match="can't load it"):
            await answers(generator, request(models / "broken.gguf"))


async def test_requests_for_the_same_weights_queue_and_others_run_at_once(
    models: Path, generator: LlamaCppGenerator
) -> None:
    wanted = [request(models / f"{name}.gguf") for name in ("base", "other", "base", "other")]
    found = await asyncio.gather(*(answers(generator, asked) for asked in wanted))
    assert [len(got) for got in found] == [3, 3, 3, 3]
    # That no model is busy twice, the stand-in asserts itself.
    assert MadeUp.met


async def test_closing_an_answer_frees_the_model_for_the_next(
    models: Path, generator: LlamaCppGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MadeUp, "endless", True)
    shown = asyncio.Event()
    stream = generator.generate(request(models / "base.gguf"), lambda *_: shown.set())
    task = asyncio.create_task(anext(stream))
    await asyncio.wait_for(shown.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.setattr(MadeUp, "endless", False)
    assert len(await asyncio.wait_for(answers(generator, request(models / "base.gguf")), 5)) == 3


async def test_a_queued_request_that_is_cancelled_is_never_made(
    models: Path, generator: LlamaCppGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MadeUp, "endless", True)
    shown = asyncio.Event()
    first = generator.generate(request(models / "base.gguf"), lambda *_: shown.set())
    running = asyncio.create_task(anext(first))
    await asyncio.wait_for(shown.wait(), 30)
    queued = asyncio.create_task(answers(generator, request(models / "base.gguf")))
    await asyncio.sleep(0.02)
    queued.cancel()
    running.cancel()
    await asyncio.gather(queued, running, return_exceptions=True)
    monkeypatch.setattr(MadeUp, "endless", False)
    await answers(generator, request(models / "base.gguf"))
    assert len(MadeUp.asked) == 2


async def test_closing_the_backend_cancels_all_and_lets_go(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MadeUp, "endless", True)
    generator = LlamaCppGenerator()
    shown = asyncio.Event()

    async def ask() -> None:
        asked = request(models / "base.gguf")
        async with aclosing(generator.generate(asked, lambda *_: shown.set())) as found:
            async for _ in found:
                pass

    tasks = [asyncio.create_task(ask()) for _ in range(3)]
    await asyncio.wait_for(shown.wait(), 30)
    await asyncio.wait_for(generator.aclose(), 30)
    assert MadeUp.alive == []
    for task in tasks:
        with pytest.raises(BackendStopped):
            await asyncio.wait_for(task, 30)
    await generator.aclose()


async def test_an_event_loop_that_is_gone_ends_the_generation(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MadeUp, "endless", True)
    generator = LlamaCppGenerator()

    async def begin() -> None:
        shown = asyncio.Event()
        stream = generator.generate(request(models / "base.gguf"), lambda *_: shown.set())
        task = asyncio.ensure_future(anext(stream))
        await shown.wait()
        task.cancel()

    def run() -> None:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin())
        loop.close()

    await asyncio.to_thread(run)
    await asyncio.wait_for(generator.aclose(), 30)
    assert MadeUp.alive == []


async def test_tokens_are_counted_without_the_one_that_begins_a_prompt(
    models: Path, generator: LlamaCppGenerator
) -> None:
    assert await generator.count_tokens(str(models / "base.gguf"), "one two three") == 3


async def test_describing_says_whether_the_model_is_loaded(
    models: Path, generator: LlamaCppGenerator
) -> None:
    model = str(models / "base.gguf")
    assert not (await generator.describe(model)).loaded
    await generator.prepare({model: 100}, 2)
    info = await generator.describe(model)
    assert info.loaded
    assert (info.backend, info.context_length) == ("embedded", 1000)


async def test_they_are_what_the_protocols_ask_for(models: Path) -> None:
    assert isinstance(LlamaCppGenerator(), Generator)
    assert isinstance(LlamaCppEmbedder(str(models / "embed.gguf"), "", True), Embedder)


@pytest.mark.parametrize("normalise", [True, False])
async def test_texts_are_cut_to_the_window_and_said_to_be(models: Path, normalise: bool) -> None:
    embedder = LlamaCppEmbedder(str(models / "embed.gguf"), "a ", normalise)
    # With the prefix and the two special tokens, three words fill the window of six.
    texts = ["a", "a a a", "a a a a", *["ab"] * 20]
    found = await embedder.embed(texts)
    await embedder.aclose()
    assert found.truncated == (False, False, True, *[False] * 20)
    first, last, word, inside = 2, 3, 4, 5
    frame = first + last + word
    sums = [frame + word, frame + 3 * word, frame + 3 * word, *[frame + word + inside] * 20]
    assert found.vectors[:, 0].tolist() == sums
    assert set(found.vectors[:, 1].tolist()) == {float(normalise)}
    assert found.vectors.dtype == "float32"
    assert MadeUp.alive == []


async def test_no_texts_make_no_vectors(models: Path) -> None:
    embedder = LlamaCppEmbedder(str(models / "embed.gguf"), "", True)
    assert (await embedder.embed([])).vectors.shape == (0, 2)
    await embedder.aclose()


async def test_an_empty_text_is_an_error(models: Path) -> None:
    embedder = LlamaCppEmbedder(str(models / "embed.gguf"), "prefix: ", True)
    with pytest.raises(UnfitRequest, match="text 2 of 3 to embed is empty"):
        await embedder.embed(["a", " \n", "b"])
    await embedder.aclose()


async def test_another_tokenizer_is_refused(models: Path) -> None:
    write_gguf(models / "embed.gguf", EMBED | {"tokenizer.ggml.model": "t5"}, {})
    embedder = LlamaCppEmbedder(str(models / "embed.gguf"), "", True)
    with pytest.raises(UnfitRequest, match=r"\(t5\).*choose all-minilm-l6-v2"):
        await embedder.describe()
    # There is nothing to let go of.
    await embedder.aclose()
