"""What the Set up page looks like, at three sizes and in the themes."""

import pytest
from support.snapshots import compare
from support.tui import until

from lwd_tui.backends.available import Offer
from lwd_tui.experiment.files import load_preset
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.setup.cost_line import CostLine
from lwd_tui.tui.paging import PageEntry
from lwd_tui.types import ModelInfo

SIZES = [(80, 24), (120, 40), (200, 60)]
MODELS = tuple(
    ModelInfo(
        name,
        "ollama",
        parameters="7.2B",
        quantisation="Q4_K_M",
        size=4_400_000_000,
        context_length=length,
        capabilities=("generate", "chat"),
        loaded=share is not None,
        gpu_share=share,
    )
    for name, length, share in (
        ("deepseek-llm:7b-chat", 4096, None),
        ("llama3.1:8b-instruct-q4_K_M", 131072, 1.0),
        ("qwen2.5:7b", 32768, 0.4),
    )
)


@pytest.fixture
def look(tmp_path, monkeypatch):
    async def offered(backend, hosts):
        words = "Ollama 0.32.15, 3 models, in memory: llama3.1:8b-instruct-q4_K_M (100% on the GPU)"
        return (
            Offer("ollama", "http://box:11434", True, words, MODELS),
            Offer("ollama", "attic", False, "no Ollama server answers at http://attic:11434"),
        )

    monkeypatch.setattr(
        "lwd_tui.tui.app.PAGES", (PageEntry("setup", "Set up", "setup.page:SetupPage"),)
    )
    monkeypatch.setattr("lwd_tui.tui.pages.setup.models_panel.look", offered)
    monkeypatch.setattr("lwd_tui.tui.pages.setup.page.load_preset", lambda _: experiment())

    def experiment():
        # Without its posts and many responses: only what is set here may change the pictures.
        return load_preset("bitcoin-paper").replaced(
            {"posts": [{"text": f"Post {i}.", "label": "neutral"} for i in range(20)]}
        )

    async def look(name, size, theme, *keys):
        app = Explorer(page="setup")
        app.theme = theme
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.screen.name == "setup")
            await until(pilot, lambda: app.screen_stack[0].query(CostLine) and "box" in text(app))
            for key in keys:
                await pilot.press(key)
            await until(pilot, lambda: "responses" in foot(app) or "!" in foot(app))
            await compare(app, pilot, name, tmp_path)

    return look


def text(app):
    return str(app.screen_stack[0].query_one("#state").render())


def foot(app):
    return str(app.screen_stack[0].query_one(CostLine).query_one("Words").render())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["lwd-dark", "lwd-light"])
async def test_setup(look, size, theme):
    await look(f"setup-{size[0]}x{size[1]}-{theme}", size, theme)


async def test_setup_in_high_contrast(look):
    await look("setup-120x40-lwd-contrast", (120, 40), "lwd-contrast")


@pytest.mark.parametrize("stops", [4, 7, 20])
async def test_each_panel_alone_on_a_small_terminal(look, stops):
    await look(f"setup-80x24-stop-{stops}", (80, 24), "lwd-dark", *["tab"] * stops)


@pytest.mark.parametrize(
    ("name", "key"), [("paste", "v"), ("import", "i"), ("save", "w"), ("help", "question_mark")]
)
async def test_dialogs(look, name, key):
    await look(f"setup-{name}", (80, 24), "lwd-dark", key)


async def test_a_participant(look):
    await look("setup-participant", (120, 40), "lwd-dark", "shift+tab", "e")
