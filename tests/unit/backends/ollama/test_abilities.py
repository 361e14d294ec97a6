"""What a model can do is read from what says so: recorded servers, and each line of the table."""

import json

import pytest
from support.engine import StandInModel, WordEngine
from support.ollama_server import OllamaStandIn
from support.recorded import FOLDER, ReplayServer, exchange
from support.requests import answers, ollama, wish

from lwd_tui.backends.ollama.abilities import abilities
from lwd_tui.backends.ollama.doctor import doctor
from lwd_tui.backends.ollama.embedder import OllamaEmbedder
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
    "ministral": ("generate", "chat", "no-system"),
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
        (
            {"told": ["completion", "tools"], "template": "{{ .Prompt }}"},
            ("generate", "chat", "no-system"),
        ),
        ({"told": ["completion"], "modelfile": "FROM x\nPARSER olmo3\n"}, ("generate", "chat")),
        (
            {"told": ["completion"], "modelfile": "PARSER olmo3", "template": "{{ .Prompt }}"},
            ("generate", "chat", "no-system"),
        ),
        (
            {
                "told": ["completion"],
                "modelfile": "RENDERER olmo3\nPARSER olmo3",
                "template": "{{ .Prompt }}",
            },
            ("generate", "chat"),
        ),
        ({"told": ["completion"], "modelfile": "# RENDERER x"}, ("generate",)),
        ({"told": None, "template": "{{ .System }} {{ .Prompt }}"}, ("generate", "chat")),
        ({"told": None, "template": "{{.Prompt}}"}, ("generate",)),
        (
            {"told": ["completion", "thinking"], "family": "gptoss"},
            ("generate", "chat", "thinking", "always-thinking"),
        ),
        # A live 0.33 refuses it a bare prompt: "raw mode does not support template, system".
        ({"told": ["completion"], "remote": True}, ("generate", "chat", "remote")),
    ],
)
def test_each_line_of_the_table(facts: dict, can: tuple) -> None:
    assert abilities(facts.pop("told"), **facts) == can


USER = '{{ range .Messages }}{{ if eq .Role "user" }}<u>{{ .Content }}</u>'
SYSTEM = {
    "### Instruction: {{ .Prompt }}\n### Response: {{ .Response }}": False,
    "{{ if .System }}<s>{{ .System }}</s>{{ end }}<u>{{ .Prompt }}</u>": True,
    "{{ range $i, $_ := .Messages }}{{ $.System }}{{ .Content }}{{ end }}": True,
    "{{- range .Messages }}<|{{ .Role }}|>{{ .Content }}{{ end }}": True,
    "{{- range $m := .Messages }}<|{{- $m.Role }}|>{{ $m.Content }}{{ end }}": True,
    "{{ range .Messages }}{{ .Content }}{{ end }}": True,
    USER + "{{ end }}{{ end }}": False,
    USER + "{{ else }}{{ .Content }}{{ end }}{{ end }}": True,
    USER + "{{ end }}{{ if eq .Role `system` }}{{ .Content }}{{ end }}{{ end }}": True,
    USER.replace('"user"', '"user" "system"') + "{{ end }}{{ end }}": True,
    # As a live 0.33 shows it of Qwen2.5-Coder: the file's own, in Jinja.
    "{%- if messages[0]['role'] == 'system' %}{{- messages[0]['content'] }}{%- endif %}": True,
}


@pytest.mark.parametrize("template", SYSTEM)
def test_a_template_without_a_place_for_a_system_text_is_known(template: str) -> None:
    can = abilities(["completion"], template=template)
    assert ("no-system" not in can) is SYSTEM[template]


@pytest.mark.parametrize("template", ["<u>{{ .Prompt }}</u>", "<s>{{ .System }}</s>{{ .Prompt }}"])
async def test_a_system_text_reaches_a_model_that_has_no_place_for_it(template: str) -> None:
    model = StandInModel("plain:1b", template=template)
    async with OllamaStandIn(models=[model], engine=WordEngine()) as server:
        generator = ollama(server.url)
        await answers(generator, wish("plain:1b"))
        await generator.aclose()
        report = (await doctor([server.url]))[0]
    turns = [(turn["role"], turn["content"]) for turn in server.asked("/api/chat")[0]["messages"]]
    said = [finding.sentence for finding in report.findings if "system text" in finding.sentence]
    if "System" in template:
        assert turns == [("system", "You are concise."), ("user", "Name a colour.")]
        assert said == []
    else:
        assert turns == [("user", "You are concise.\n\nName a colour.")]
        assert "plain:1b" in said[0]


async def test_odd_lines_of_a_list_do_not_spoil_it() -> None:
    good = StandInModel("good:1b")

    class Odd(OllamaStandIn):
        async def _tags(self, request, reply):
            whole = self._listed(good)
            lines = [None, 7, {}, {"model": 3}, whole | {"size": "huge"}, {"name": "older:1b"}]
            # One that is there twice is one model.
            again = [whole | {"capabilities": None}, {"model": "Older:1B"}]
            await reply.send(200, {"models": [*lines, *again]})

    async with Odd(models=[good], engine=WordEngine()) as server:
        found = await list_models(server.url)
    # Older servers had the name under another key.
    assert [model.name for model in found] == ["good:1b", "older:1b"]


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


ODD_FIELDS = {
    "modified_at": "garbage",
    "size": "huge",
    "digest": 7,
    "details": 3,
    "capabilities": "chat",
    "remote_model": {"odd": 1},
}


@pytest.mark.parametrize("field", ODD_FIELDS)
async def test_an_odd_field_never_hides_that_a_model_is_remote(field: str) -> None:
    here, away = StandInModel("here:1b"), StandInModel("away:1t", remote="https://far.example")

    class Odd(OllamaStandIn):
        async def _tags(self, request, reply):
            line = self._listed(away) | {"remote_host": away.remote, field: ODD_FIELDS[field]}
            await reply.send(200, {"models": [self._listed(here), line]})

    async with Odd(models=[here, away], engine=WordEngine()) as server:
        found = {model.name: model for model in await list_models(server.url)}
        assert await choose_models(server.url) == ["here:1b"]
    assert "remote" in found["away:1t"].capabilities
    # The fault in showing it doesn't take the place of what matters more.
    assert "what it is asked leaves this one" in found["away:1t"].odd
    assert "ollama cloud is disabled" in found["away:1t"].odd


async def test_a_remote_model_is_known_by_what_is_shown_of_it_too() -> None:
    class Shown(OllamaStandIn):
        async def _show(self, request, reply):
            told = {"remote_host": "https://far.example", "capabilities": ["completion", "tools"]}
            await reply.send(200, {"model_info": {}, **told})

    async with Shown(models=[StandInModel("away:1t")], engine=WordEngine()) as server:
        (model,) = await list_models(server.url)
    assert "remote" in model.capabilities
    assert "https://far.example" in model.odd


@pytest.mark.parametrize("sent", ['{"template": ', "[1, 2]", "7", "null", '{"model_info": 3}'])
async def test_one_model_that_is_shown_wrongly_does_not_spoil_the_host(sent: str) -> None:
    class Odd(OllamaStandIn):
        async def _show(self, request, reply):
            if request.body["model"] == "odd:1b":
                await reply.send(200, sent, "application/json")
            else:
                await super()._show(request, reply)

    models = [StandInModel("good:1b"), StandInModel("odd:1b")]
    async with Odd(models=models, engine=WordEngine()) as server:
        found = {model.name: model for model in await list_models(server.url)}
        assert await choose_models(server.url) == ["good:1b"]
    assert found["odd:1b"].odd
    assert found["good:1b"].capabilities == ("generate", "chat")


@pytest.mark.parametrize(
    "sent",
    [{"models": [{"name": "good:1b", "expires_at": "never"}]}, {"models": None}, {"models": [7]}],
)
async def test_odd_lines_of_what_is_loaded_do_not_spoil_the_host(sent: dict) -> None:
    class Odd(OllamaStandIn):
        async def _ps(self, request, reply):
            await reply.send(200, sent)

    async with Odd(models=[StandInModel("good:1b")], engine=WordEngine()) as server:
        assert await choose_models(server.url) == ["good:1b"]


def test_text_within_a_modelfile_is_no_instruction() -> None:
    text = 'FROM x\nLICENSE """terms\nPARSER of licences\n"""\nSYSTEM "be\nRENDERER x"\n'
    assert abilities(["completion"], modelfile=text) == ("generate",)
    assert abilities(["completion"], modelfile=text + "RENDERER y\n") == ("generate", "chat")


async def test_a_text_whose_vector_is_no_number_is_found_and_marked() -> None:
    class Odd(OllamaStandIn):
        async def _embed(self, request, reply):
            if any("odd" in text for text in request.body["input"]):
                told = "failed to encode response: json: unsupported value: NaN"
                await reply.send(500, {"error": told})
            else:
                await super()._embed(request, reply)

    model = StandInModel("phi:1b", embeds=True)
    async with Odd(models=[model], engine=WordEngine()) as server:
        embedder = OllamaEmbedder("phi:1b", "", True, [server.url], first_delay=0.01)
        found = await embedder.embed(["one", "an odd one", "two"])
        await embedder.aclose()
    assert found.missing == (False, True, False)
