"""What a model can do is read from what says so: recorded servers, and each line of the table."""

import json

import pytest
from support.engine import StandInModel, WordEngine
from support.ollama_server import OllamaStandIn
from support.recorded import FOLDER, ReplayServer, exchange
from support.requests import answers, ollama, wish

from lwd_tui.backends.ollama.abilities import abilities
from lwd_tui.backends.ollama.models import choose_models, list_models
from lwd_tui.experiment.backend import BackendError, GenerateRequest, UnfitRequest
from lwd_tui.experiment.llm import Sampling
from lwd_tui.llm.reasoning import split_reasoning

RENDERERS = {
    "qwen3-coder": ("generate", "chat"),
    "qwen3-vl-thinking": ("generate", "chat", "thinking", "always-thinking"),
    "qwen3.5": ("generate", "chat", "thinking"),
    "deepseek3.1": ("generate", "chat"),
    "olmo3-think": ("generate", "chat", "thinking", "always-thinking"),
    "nemotron-3-nano": ("generate", "chat", "thinking"),
    "gemma4": ("generate", "chat", "thinking"),
    "glm-4.7": ("generate", "chat", "thinking"),
    "lfm2-thinking": ("generate", "chat", "thinking", "always-thinking"),
    "cohere": ("generate", "chat", "thinking"),
    "cogito": ("generate", "chat", "thinking"),
    "ministral": ("generate", "chat"),
}
OTHERS = {
    "smollm2:135m": ("generate", "chat"),
    "gemma3:270m": ("generate", "chat"),  # The recorded server gives it a template.
    "all-minilm:l6": ("embed",),
    "gpt-oss:120b-cloud": ("generate", "chat", "thinking", "always-thinking", "remote"),
}
CHATS = sorted(path.stem for path in FOLDER.glob("*-chat-renderer-*.json"))
THINK = {"none": None, "false": "off", "true": "on", "low": "low"}


async def test_a_recorded_list_of_models_that_the_server_renders_itself() -> None:
    async with ReplayServer({"/api/tags": "301-tags-renderers"}) as server:
        found = {model.name: model for model in await list_models(server.url)}
        chosen = await choose_models(server.url, 3)
    assert len(found) == 19
    for name, can in RENDERERS.items():
        assert found[f"r-{name}:135m"].capabilities == can, name
    for name, can in OTHERS.items():
        assert found[name].capabilities == can, name
    # One that can't be shown is listed with what the list tells, and what is odd is said.
    assert "ollama cloud is disabled" in found["gpt-oss:120b-cloud"].odd
    assert "gpt-oss:120b-cloud" not in chosen
    assert all("chat" in found[name].capabilities for name in chosen)


@pytest.mark.parametrize("name", CHATS)
async def test_a_recorded_chat_is_an_answer_or_a_refusal(name: str) -> None:
    _, _, rest = name.partition("-chat-renderer-")
    model, _, think = rest.rpartition("-think-")
    recorded = exchange(name)
    async with ReplayServer(
        {"/api/tags": "301-tags-renderers", "/api/ps": "096-ps-numctx-over", "/api/chat": name}
    ) as server:
        generator = ollama(server.url, parallel=1)
        plain = wish(f"r-{model}:135m", context=8192, max_tokens=24)
        said = THINK[think] or "auto"
        request = GenerateRequest(
            plain.model, plain.prompt, plain.seeds, Sampling(max_tokens=24), 8192, said, 0
        )
        if recorded["status"] == 400:
            with pytest.raises(UnfitRequest, match="does not support thinking"):
                await answers(generator, request)
        else:
            (answer,) = await answers(generator, request)
            lines = [
                json.loads(line) for line in recorded.get("ndjson_lines") or [recorded["raw_body"]]
            ]
            parts = [line["message"] for line in lines]
            assert answer.text == "".join(part.get("content") or "" for part in parts)
            assert answer.thinking == "".join(part.get("thinking") or "" for part in parts)
            assert answer.finish_reason == lines[-1]["done_reason"]
            # What was thought is never part of what would be posted.
            text, _ = split_reasoning(answer.text)
            assert not answer.thinking or answer.thinking.strip() not in text
        await generator.aclose()
    sent = server.asked("/api/chat")[0]
    if "thinking" not in RENDERERS[model] and said in ("auto", "off"):
        assert "think" not in sent
    else:
        assert sent["think"] == {"auto": False, "off": False, "on": True, "low": "low"}[said]


@pytest.mark.parametrize(
    ("facts", "can"),
    [
        ({"told": ["embedding"]}, ("embed",)),
        (
            {
                "told": ["completion"],
                "details": {"general.architecture": "bert", "bert.pooling_type": 1},
            },
            ("embed",),
        ),
        ({"told": ["image"], "template": "{{ .System }}"}, ()),
        ({"told": ["completion", "tools"], "template": "{{ .Prompt }}"}, ("generate", "chat")),
        ({"told": ["completion"], "modelfile": "FROM x\nPARSER olmo3\n"}, ("generate", "chat")),
        ({"told": ["completion"], "modelfile": "# RENDERER x"}, ("generate",)),
        ({"told": None, "template": "{{ .System }} {{ .Prompt }}"}, ("generate", "chat")),
        ({"told": None, "template": "{{.Prompt}}"}, ("generate",)),
        (
            {"told": ["completion", "thinking"], "family": "gptoss"},
            ("generate", "chat", "thinking", "always-thinking"),
        ),
        ({"told": ["completion"], "remote": True}, ("generate", "remote")),
    ],
)
def test_each_line_of_the_table(facts: dict, can: tuple) -> None:
    assert abilities(facts.pop("told"), **facts) == can


async def test_odd_lines_of_a_list_do_not_spoil_it() -> None:
    good = StandInModel("good:1b")

    class Odd(OllamaStandIn):
        async def _tags(self, request, reply):
            whole = self._listed(good)
            lines = [None, 7, {}, {"model": 3}, whole | {"size": "huge"}, {"name": "nameless"}]
            await reply.send(200, {"models": [*lines, whole | {"capabilities": None}]})

    async with Odd(models=[good], engine=WordEngine()) as server:
        found = await list_models(server.url)
    assert {model.name for model in found} == {"good:1b"}


async def test_a_remote_model_is_asked_without_probes_and_never_chosen() -> None:
    class Shown(OllamaStandIn):
        async def _show(self, request, reply):
            await reply.send(200, {"capabilities": ["completion", "tools"], "model_info": {}})

    away = StandInModel("big:1t-cloud", remote="https://far.example")
    async with Shown(models=[away], engine=WordEngine()) as server:
        generator = ollama(server.url)
        info = await generator.describe(away.name)
        assert "another machine runs it (https://far.example)" in info.odd
        assert await generator.count_tokens(away.name, "some words") is None
        await generator.prepare({away.name: 512}, 1)
        (answer,) = await answers(generator, wish(away.name))
        assert answer.text
        assert server.asked("/api/generate") == []
        await generator.aclose()
        with pytest.raises(BackendError, match="no model that generates text"):
            await choose_models(server.url)
