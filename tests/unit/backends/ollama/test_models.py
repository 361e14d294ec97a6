"""What a server has, what it is told to get, and what the doctor says of it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from support import ollama_faults as faulty
from support.engine import StandInModel, WordEngine
from support.ollama_server import OllamaStandIn

from lwd_tui.backends.ollama.doctor import doctor
from lwd_tui.backends.ollama.embedder import OllamaEmbedder
from lwd_tui.backends.ollama.models import (
    _stops,
    canonical,
    choose_models,
    list_models,
    pull_model,
)
from lwd_tui.experiment.backend import BackendError, ModelMissing, ServerMissing, UnfitRequest

SMALL = StandInModel("small:1b", family="llama", size=100)
OTHER = StandInModel("other:1b", family="gemma", size=200)
LARGE = StandInModel("large:70b", family="llama", size=900)
BASE = StandInModel("base:1b", family="qwen", size=50, template="{{ .Prompt }}")
NOMIC = StandInModel("nomic:v1.5", family="nomic-bert", context_length=20, embeds=True)


def stand_in(*models: StandInModel, **settings: Any) -> OllamaStandIn:
    return OllamaStandIn(models=list(models), **settings)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        # As Go's fmt.Sprintf("%#v") has them.
        (r'"\nUser:"', "\nUser:"),
        (r'"<|im_end|>"', "<|im_end|>"),
        (r'"\"é\" \\n"', '"é" \\n'),
        (r'"\a\b\f\n\r\t\v\x00\x7f"', "\a\b\f\n\r\t\v\0\x7f"),
        (r'"\u200b\u2028\U000e0001"', "\u200b\u2028\U000e0001"),
        # Not as Go has it: what can't be read stays.
        ("</s>", "</s>"),
        (r'"a"b\q\ud800\U00110000\"', r'a"b\q\ud800\U00110000' + "\\"),
    ],
)
def test_stop_texts_are_read_as_the_server_quotes_them(written: str, text: str) -> None:
    parameters = f'num_ctx   2048\nstop      {written}\nstop "x"\ntop_k 1'
    assert _stops(parameters) == [text, "x"]


async def test_the_choice_is_of_different_families_small_ones_first_and_no_embedders() -> None:
    async with stand_in(LARGE, NOMIC, OTHER, SMALL, BASE) as server:
        # A base model only goes on from a text: it comes after all that take turns.
        assert await choose_models(server.url) == ["small:1b", "other:1b", "large:70b"]
        assert await choose_models(server.url, 4) == [
            "small:1b", "other:1b", "large:70b", "base:1b",
        ]  # fmt: skip
    async with stand_in(NOMIC) as server:
        with pytest.raises(ModelMissing, match="no model that generates"):
            await choose_models(server.url)


async def test_one_that_always_thinks_is_chosen_after_those_that_can_be_quiet() -> None:
    thinker = StandInModel(
        "a-thinker:1b", "qwen3", size=10, thinks=True, renderer="qwen3-vl-thinking"
    )
    quiet = StandInModel("quiet:4b", "qwen3", size=400, thinks=True, renderer="qwen3.5")
    async with stand_in(thinker, quiet, OTHER) as server:
        assert await choose_models(server.url, 2) == ["other:1b", "quiet:4b"]
        assert await choose_models(server.url, 3) == ["other:1b", "quiet:4b", "a-thinker:1b"]


async def test_a_model_is_pulled_with_its_progress() -> None:
    async with stand_in() as server:
        seen: list[tuple[str, int | None, int | None]] = []
        await pull_model(server.url, "new", lambda *part: seen.append(part))
        assert [model.name for model in await list_models(server.url)] == ["new:latest"]
    assert ("pulling 0a1b", 50, 100) in seen
    assert seen[-1][0] == "success"


async def test_a_model_that_is_not_to_be_had_is_said() -> None:
    async with stand_in() as server:
        with pytest.raises(BackendError, match="can't pull nope: pull model manifest"):
            await pull_model(server.url, "nope", lambda *_: None)


@pytest.mark.parametrize(
    ("name", "filed"),
    [
        ("Llama3.2", "llama3.2:latest"),
        ("smollm2:135M", "smollm2:135m"),
        ("hf.co/Org/Model-GGUF:Q4_K_M", "hf.co/org/model-gguf:q4_k_m"),
        ("localhost:5000/team/model", "localhost:5000/team/model:latest"),
    ],
)
def test_names_are_compared_as_the_server_files_them(name: str, filed: str) -> None:
    assert canonical(name) == filed


async def test_raw_vectors_keep_their_length_and_point_where_the_unit_ones_point() -> None:
    async with stand_in(NOMIC) as server:
        raw = OllamaEmbedder(NOMIC.name, "clustering: ", False, [server.url])
        units = OllamaEmbedder(NOMIC.name, "clustering: ", True, [server.url])
        await raw.describe()
        found = (await raw.embed(["one", "two"])).vectors
        expected = [
            await WordEngine().embed(NOMIC, f"clustering: {text}") for text in ("one", "two")
        ]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        np.testing.assert_allclose(
            (await units.embed(["one", "two"])).vectors, found / lengths, atol=1e-6
        )
        await raw.aclose()
        await units.aclose()


async def test_a_text_over_the_window_is_cut_and_marked() -> None:
    async with stand_in(NOMIC) as server:
        embedder = OllamaEmbedder(NOMIC.name, "", True, [server.url])
        long = "word " * 30
        found = await embedder.embed(["short", long, "brief"])
        assert found.truncated == (False, True, False)
        cut = await embedder.embed(["word " * 20])
        np.testing.assert_allclose(found.vectors[1], cut.vectors[0])
        await embedder.aclose()


async def test_a_server_whose_endpoints_disagree_gives_no_raw_vectors() -> None:
    class Forgetful(WordEngine):
        calls = 0

        async def embed(self, model: StandInModel, text: str) -> list[float]:
            self.calls += 1
            return await super().embed(model, f"{text} {self.calls}")

    async with stand_in(NOMIC, engine=Forgetful()) as server:
        embedder = OllamaEmbedder(NOMIC.name, "", False, [server.url])
        with pytest.raises(UnfitRequest, match="disagree"):
            await embedder.describe()
        await embedder.aclose()


async def test_embedding_is_tried_again_after_a_fault() -> None:
    async with stand_in(NOMIC) as server:
        embedder = OllamaEmbedder(NOMIC.name, "", True, [server.url], first_delay=0.01)
        server.faults.extend([faulty.reset, faulty.error_body, faulty.web_page])
        found = await embedder.embed(["one"])
        assert found.vectors.shape == (1, 16)
        await embedder.aclose()


async def test_many_texts_go_in_batches_and_come_back_in_order() -> None:
    texts = [f"text {number}" for number in range(70)]
    async with stand_in(NOMIC) as server:
        embedder = OllamaEmbedder(NOMIC.name, "", True, [server.url])
        found = await embedder.embed(texts)
        single = [(await embedder.embed([text])).vectors[0] for text in texts[::23]]
        np.testing.assert_allclose(found.vectors[::23], single)
        await embedder.aclose()
    assert [len(body["input"]) for body in server.asked("/api/embed")][:3] == [32, 32, 6]


async def test_a_blank_text_is_refused() -> None:
    async with stand_in(NOMIC) as server:
        embedder = OllamaEmbedder(NOMIC.name, "", True, [server.url])
        with pytest.raises(UnfitRequest, match="blank"):
            await embedder.embed(["one", " "])
        await embedder.aclose()


# What is on the GPU may be said to be more than all of it, or less than nothing.
@pytest.mark.parametrize(("said", "share"), [(0.4, 0.4), (0, 0), (1, 1), (1.5, 1), (-1, 0)])
async def test_the_gpu_holds_a_share_of_what_is_loaded(said: float, share: float) -> None:
    async with stand_in(SMALL, OTHER, gpu_share=said) as server:
        server.hold(OTHER.name, 512)
        small, other = sorted(await list_models(server.url), key=lambda model: model.size or 0)
    assert (other.loaded, other.gpu_share) == (True, share)
    assert (small.loaded, small.gpu_share) == (False, None)


async def test_the_doctor_tells_of_slots_swaps_and_the_gpu() -> None:
    engine = WordEngine(0.005, words=30)
    async with stand_in(SMALL, OTHER, room=1, slots=1, gpu_share=0.4, engine=engine) as server:
        (report,) = await doctor([server.url], {SMALL.name: 512, OTHER.name: 512})
        # It leaves the server as it found it.
        assert not server.loaded
    told = " ".join(finding.sentence for finding in report.findings)
    assert report.slots == {SMALL.name: 1, OTHER.name: 1}
    assert report.together is False
    assert report.well
    assert "OLLAMA_NUM_PARALLEL" in told
    assert "don't fit into its memory at once" in told
    assert "40% of other:1b sits on a GPU" in told
    json.dumps(report.to_dict())


@pytest.mark.parametrize(("slots", "counted"), [(4, 4), (8, 6)])
async def test_the_doctor_is_content_with_a_good_server(slots: int, counted: int) -> None:
    engine = WordEngine(0.005, words=30)
    async with stand_in(SMALL, OTHER, room=3, slots=slots, engine=engine) as server:
        (report,) = await doctor([server.url], {SMALL.name: 512, OTHER.name: 512})
    assert report.slots == {SMALL.name: counted, OTHER.name: counted}
    assert report.together is True
    assert {finding.level for finding in report.findings} == {"good"}


async def test_the_doctor_warns_of_silent_cuts_and_contexts_that_do_not_fit() -> None:
    async with stand_in(SMALL, OTHER, refuses=False, engine=WordEngine(0.005, 30)) as server:
        (report,) = await doctor([server.url], {SMALL.name: 512})
        assert any("cuts prompts that are too long" in found.sentence for found in report.findings)
        (report,) = await doctor([server.url], {SMALL.name: 9000})
    assert not report.well
    assert any("8192 tokens of context" in found.sentence for found in report.findings)


async def test_the_doctor_tries_only_what_is_loaded_unless_told() -> None:
    async with stand_in(SMALL, OTHER, engine=WordEngine(0.005, 30)) as server:
        (idle,) = await doctor([server.url])
        assert server.loads == []
        assert "no model is loaded" in idle.findings[-1].sentence


async def test_the_doctor_loads_a_model_once() -> None:
    # A server of today loads one anew when a request differs in what it was loaded by.
    async with stand_in(SMALL, engine=WordEngine(0.005, words=30)) as server:
        await doctor([server.url], {SMALL.name: 512})
        assert server.loads == [SMALL.name]


async def test_the_doctor_tries_each_model_at_what_it_can() -> None:
    away = StandInModel("big:cloud", remote="https://elsewhere")
    engine = WordEngine(0.005, words=30)
    async with stand_in(NOMIC, away, SMALL, engine=engine) as server:
        wanted = dict.fromkeys((NOMIC.name, "nobody:1b", away.name, SMALL.name), 512)
        (report,) = await doctor([server.url], wanted)
        generated = {body["model"] for body in server.asked("/api/generate")}
    told = [(found.level, found.sentence) for found in report.findings]
    assert any(level == "good" and "nomic:v1.5 embeds" in said for level, said in told)
    assert any(level == "problem" and "no model 'nobody:1b'" in said for level, said in told)
    assert any(level == "advice" and "big:cloud" in said for level, said in told)
    assert any("all 2 models fit" in said for _, said in told)
    # What is wrong with one doesn't hide the others, and nothing is tried on another machine.
    assert report.slots == {SMALL.name: 1}
    assert away.name not in generated


async def test_the_doctor_tells_that_no_server_answers() -> None:
    server = stand_in()
    await server.start()
    await server.stop()
    (report,) = await doctor([server.url])
    assert not report.well
    assert "no Ollama server answers" in report.findings[0].sentence
    with pytest.raises(ServerMissing):
        await list_models(server.url)
