"""The Set up page: from a preset to the first curve, and every way to get there wrong."""

import asyncio

import pytest
from support.recorded import ReplayServer
from support.tui import focus, scripted, shown, until
from textual import events
from textual.widgets import Button

from lwd_tui.experiment.files import load_preset
from lwd_tui.store.files import save_preset
from lwd_tui.tui.app import Explorer
from lwd_tui.tui.pages.setup.cost_line import CostLine
from lwd_tui.tui.pages.setup.draft_panel import DraftPanel
from lwd_tui.tui.pages.setup.experiment_panel import ExperimentPanel
from lwd_tui.tui.pages.setup.internet_panel import Seeds
from lwd_tui.tui.pages.setup.models import Models
from lwd_tui.tui.pages.setup.models_panel import ModelsPanel
from lwd_tui.tui.pages.setup.participant import EditParticipant
from lwd_tui.tui.parts.dialog import AskLine
from lwd_tui.tui.parts.editor import Editor
from lwd_tui.tui.parts.form import Form, FormRow
from lwd_tui.tui.parts.question import Question


@pytest.fixture
def preset(tmp_path):
    path = tmp_path / "rehearsal.toml"
    save_preset(scripted(steps=3), path)
    return path


async def settled(pilot):
    """Wait until the page has asked what is offered, and said what it costs."""
    await until(pilot, lambda: type(pilot.app.screen).__name__ == "SetupPage")
    await until(pilot, lambda: "responses" in shown(pilot.app))


async def write(pilot, text):
    """Paste into the field that has the focus: keys one by one would take seconds."""
    pilot.app.post_message(events.Paste(str(text)))
    await pilot.pause()


async def take(pilot, path):
    """Begin with a preset by its path."""
    await pilot.press("o")
    await pilot.press("tab")
    await write(pilot, str(path))
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.screen.name == "setup")
    await settled(pilot)


def row(app, path):
    return next(row for row in app.screen.query(FormRow) if row.field.path == path)


def complaint(app):
    return "".join(str(words.render()) for words in app.screen.query("#how"))


def sentence(app):
    return str(app.screen.query_one(CostLine).query_one("Words").render())


async def test_from_a_preset_to_the_first_curve(preset):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await take(pilot, preset)
        assert "48 responses to 12 prompts" in sentence(app)
        await pilot.press("b")
        await until(pilot, lambda: app.progress.phase == "done")
        assert app.screen.name == "live"
        assert [numbers.t for numbers in app.controller.numbers] == [0, 1, 2, 3]
        assert app.controller.experiment == load_preset(str(preset))


async def test_the_first_page_of_a_new_user():
    app = Explorer()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert app.screen.name == "setup"
        assert "smollm2-135m" in shown(app)


async def test_a_wrong_beta_is_said_and_marked(preset):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await take(pilot, preset)
        beta = row(app, "beta").control
        await focus(pilot, beta)
        await pilot.press("end", "backspace", "backspace", "backspace", "3")
        await until(pilot, lambda: "must be at most 1" in sentence(app))
        assert "! beta = 3" in sentence(app)
        assert row(app, "beta").has_class("-wrong")
        assert "! beta" in shown(app)
        assert app.screen.query_one("#begin", Button).disabled
        await pilot.press("escape", "b")
        await pilot.pause()
        assert app.controller is None
        assert app.focused is beta
        await pilot.press("backspace", "0", ".", "2")
        await until(pilot, lambda: "responses" in sentence(app))
        assert not row(app, "beta").has_class("-wrong")


async def test_k_follows_as_beta_is_typed(preset):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await take(pilot, preset)
        # Six posts; three more are written at each of three steps.
        assert "|A(0)| = 6 · k_0 = 3 · k_3 = 7" in shown(app)
        await focus(pilot, row(app, "beta").control)
        await pilot.press("end", "backspace", "backspace", "backspace", "1")
        await until(pilot, lambda: "k_0 = 6 · k_3 = 15" in shown(app))


async def test_what_is_wrong_in_a_fold_is_found(preset):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        page.query_one(ExperimentPanel).draft.set("posts_each", 0)
        page._check()
        await until(pilot, lambda: "posts_each = 0" in sentence(app))
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: app.focused is not None)
        assert app.focused is row(app, "posts_each").control


async def test_pasting_posts():
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        before = len(app.screen._draft.posts("posts"))
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.focused, Editor))
        app.focused.load_text("One is here.\n\n  Two is \x1b]0;x\x07there.\nThree.")
        await pilot.press("tab")
        await write(pilot, "mine")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.name == "setup")
        posts = app.screen._draft.posts("posts")
        assert posts[before].text == "One is here."
        assert {post.label for post in posts[before:]} == {"mine"}
        assert len(posts) == before + 3
        await until(pilot, lambda: f"|A(0)| = {before + 3}" in shown(app))
        await pilot.press("u")
        assert len(app.screen._draft.posts("posts")) == before


async def test_posts_are_written_edited_and_deleted():
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        seeds = page.query_one(Seeds)
        await focus(pilot, seeds)
        first = page._draft.posts("posts")[0]
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.focused, Editor))
        app.focused.load_text("Rewritten.")
        await pilot.press("tab", "end", *["backspace"] * len(first.label), "x", "enter")
        await until(pilot, lambda: app.screen is page)
        assert page._draft.posts("posts")[0].text == "Rewritten."
        assert page._draft.posts("posts")[0].label == "x"
        count = seeds.count
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.focused, Editor))
        await pilot.press("tab", "enter")
        assert "text = '': must not be blank" in shown(app)
        await pilot.press("shift+tab", "N", "e", "w", "tab", "enter")
        await until(pilot, lambda: app.screen is page)
        assert page._draft.posts("posts")[-1].text == "New"
        await pilot.press("d")
        assert seeds.count == count


async def test_importing_posts(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("text,label\nFirst of file,good\nSecond of file,bad\n")
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        before = page._draft.posts("posts")
        await pilot.press("i")
        await write(pilot, str(path))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is page and "Second of file" in shown(app))
        assert [post.label for post in page._draft.posts("posts")[len(before) :]] == ["good", "bad"]
        await pilot.press("i")
        await write(pilot, str(tmp_path / "none.csv"))
        await pilot.press("enter")
        await until(pilot, lambda: "there is no such file" in complaint(app))
        assert app.focused.value == str(tmp_path / "none.csv")
        app.focused.value = "a whole post that was pasted here " * 9 + ".csv"
        await pilot.press("enter")
        await until(pilot, lambda: "File name too long" in complaint(app))
        app.focused.value = str(tmp_path / "none.csv")
        path.rename(tmp_path / "none.csv")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is page)
        assert len(page._draft.posts("posts")) == len(before) + 4


async def test_importing_posts_of_another_column(tmp_path):
    path = tmp_path / "threads.csv"
    path.write_text("id;Body\n1;First of file\n2;\n3;Second of file\n")
    app = Explorer(page="setup")
    async with app.run_test(size=(160, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        before = page._draft.posts("posts")
        await pilot.press("i")
        await write(pilot, str(path))
        await pilot.press("enter")
        await until(pilot, lambda: "there are id, body" in complaint(app))
        assert "posts_column" in complaint(app)
        assert page._draft.posts("posts") == before
        await pilot.press("tab")
        await write(pilot, "bodies")
        await pilot.press("enter")
        await until(pilot, lambda: "'bodies'" in complaint(app))
        await pilot.press("tab")
        await pilot.press("end", *["backspace"] * 3, "y")
        await pilot.press("enter")
        await until(pilot, lambda: "1 blank row was passed over" in app.notice)
        added = page._draft.posts("posts")[len(before) :]
        assert [post.text for post in added] == ["First of file", "Second of file"]


async def test_saved_and_begun_with_again(tmp_path, preset):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await take(pilot, preset)
        await focus(pilot, row(app, "seed").control)
        await pilot.press("end", "1", "escape", "w")
        await until(pilot, lambda: app.screen.name != "setup")
        await pilot.press("end", "ctrl+u")
        await write(pilot, str(preset))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "is there already" in shown(app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, AskLine))
        assert app.focused.value == str(preset)
        assert load_preset(str(preset)).seed == 7
        await pilot.press("enter", "y")
        await until(pilot, lambda: "saved as" in shown(app))
        assert load_preset(str(preset)).seed == 71


async def test_a_preset_that_could_not_be_saved_is_asked_for_again(tmp_path, preset):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await take(pilot, preset)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, AskLine))
        await pilot.press("end", "ctrl+u")
        await write(pilot, str(tmp_path / "new" / "mine.toml"))
        await pilot.press("enter")
        await until(pilot, lambda: "there is no folder" in complaint(app))
        assert app.focused.value == str(tmp_path / "new" / "mine.toml")
        app.focused.value = str(tmp_path / ("a whole post " * 30) / "mine.toml")
        await pilot.press("enter")
        await until(pilot, lambda: "File name too long" in complaint(app))
        app.focused.value = str(tmp_path / "new" / "mine.toml")
        (tmp_path / "new").mkdir()
        await pilot.press("enter")
        await until(pilot, lambda: "saved as" in shown(app))
        assert load_preset(str(tmp_path / "new" / "mine.toml")) == load_preset(str(preset))


async def test_models_are_chosen_copied_and_left():
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        await focus(pilot, page.query_one("Servers Choice"))
        await pilot.press("right")
        await until(pilot, lambda: page.query_one(Models).count == 6)
        models = page.query_one(Models)
        await focus(pilot, models)
        await pilot.press("space")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        await until(pilot, lambda: len(page._draft.cast) == 3)
        await pilot.press("down", "space", "plus", "down", "enter")
        assert [who.model for who in page._draft.cast[2:]] == ["ada", "ben", "ben", "cleo"]
        await pilot.press("space", "up", "minus")
        # Keys that come faster than they are heard mean the line that they were pressed on.
        models.action_choose()
        models.action_move(1)
        await pilot.pause()
        assert [who.model for who in page._draft.cast[2:]] == ["ada"]
        await pilot.press("up", "space")
        assert [who.model for who in page._draft.cast[2:]] == ["ada", "ben"]
        await pilot.press("slash")
        await write(pilot, "do")
        assert models.count == 1
        await pilot.press("enter", "space")
        assert page._draft.cast[-1].model == "dora"


async def test_a_persona_and_sampling_are_edited(preset):
    app = Explorer(page="setup")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await take(pilot, preset)
        page = app.screen
        page.choose("participants")
        await pilot.press("c", "e")
        await until(pilot, lambda: isinstance(app.screen, EditParticipant))
        app.screen.query_one(Editor).load_text("You are terse.")
        await focus(pilot, row(app, "sampling.temperature").control)
        await pilot.press("end", "9", "9", "backspace", "backspace", "backspace", "9")
        await pilot.pause()
        app.screen.query_one(Form).reach("sampling.top_p")
        await pilot.press("end", "9", "home", "9")
        await until(pilot, lambda: "sampling.top_p" in shown(app))
        await pilot.press("enter")
        assert isinstance(app.screen, EditParticipant)
        await pilot.press("home", "delete", "enter")
        await until(pilot, lambda: app.screen is page)
        who = page._draft.cast[1]
        assert (who.name, who.system, who.sampling.temperature) == ("ada #2", "You are terse.", 0.9)


async def test_a_server_fills_the_table(monkeypatch):
    async with ReplayServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        app = Explorer(page="setup")
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            await until(pilot, lambda: app.screen.query_one(Models).count == 3)
            await focus(pilot, app.screen.query_one("Servers Choice"))
            await pilot.press("right")
            await until(pilot, lambda: "OPENAI_BASE_URL" in shown(app))
            await pilot.press("left")
            await until(pilot, lambda: "in memory:" in shown(app))
            assert "in RAM" in shown(app)
            assert "gemma3:270m" in shown(app)


async def test_a_server_that_answers_is_found_and_offered_first(monkeypatch):
    async with ReplayServer({"/api/tags": "301-tags-renderers"}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        app = Explorer(page="setup")
        async with app.run_test(size=(160, 45)) as pilot:
            await settled(pilot)
            await until(pilot, lambda: f"answers at {server.url}" in app.notice)
            assert app.screen.query_one("Servers").backend == "ollama"
            # What would be begun is what it was, until somebody chooses.
            assert {who.backend for who in app.screen._draft.cast} == {"embedded"}
            page = shown(app)
            assert "remote" in page
            assert "thinks" in page
            assert "base" in page
            # The key that is named does what is said.
            await pilot.press("space")
            await until(pilot, lambda: isinstance(app.screen, Question))


async def test_a_server_that_is_found_takes_no_focus_from_a_field(monkeypatch):
    async with ReplayServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
        app = Explorer(page="setup")
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            field = app.screen.query_one("#filter")
            await focus(pilot, field)
            monkeypatch.setenv("OLLAMA_HOST", server.url)
            app.screen.query_one(ModelsPanel).find_server()
            await until(pilot, lambda: f"answers at {server.url}" in app.notice)
            assert app.screen.focused is field


@pytest.mark.parametrize("answer", ["y", "n"])
async def test_whether_a_servers_model_replaces_the_others_is_asked(monkeypatch, answer):
    async with ReplayServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        app = Explorer(page="setup")
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            await until(pilot, lambda: app.screen.query_one(Models).count == 3)
            page = app.screen
            await focus(pilot, page.query_one(Models))
            await pilot.press("space")
            await until(pilot, lambda: isinstance(app.screen, Question))
            assert "All 2 participants are of the backend embedded" in shown(app)
            await pilot.press(answer)
            await until(pilot, lambda: app.screen is page and page.query_one(Models)._copies[0])
            backends = [who.backend for who in page._draft.cast]
            assert backends == (["ollama"] if answer == "y" else ["embedded"] * 2 + ["ollama"])
            # The second one is not asked about.
            await pilot.press("down", "plus", "minus")
            await until(pilot, lambda: len(page._draft.cast) == len(backends))
            assert app.screen is page


async def test_a_draft_of_last_time_keeps_its_own_backend(monkeypatch):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        app.screen._draft.set("steps", 5)
        app.screen.query_one(Models).post_message(DraftPanel.Edited())
        await pilot.pause()
    async with ReplayServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        app = Explorer(page="setup")
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            assert app.screen._draft.get("steps") == 5
            assert app.screen.query_one("Servers").backend == "embedded"
            assert server.requests == []


async def test_a_server_that_is_not_there(monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await focus(pilot, app.screen.query_one("Servers Choice"))
        await pilot.press("left", "left")
        await until(pilot, lambda: "not reachable" in shown(app))
        assert "no Ollama server answers" in shown(app)


async def test_the_time_is_measured(preset):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await take(pilot, preset)
        assert "m measures the time" in sentence(app)
        await pilot.press("m")
        await until(pilot, lambda: "tokens, about 0." in sentence(app))
        await until(pilot, lambda: "; noise floor about " in sentence(app))
        # Of other participants nothing is known.
        app.screen._draft.participants = app.screen._draft.participants[:1]
        app.screen._check()
        await until(pilot, lambda: "noise floor" not in sentence(app))


async def test_who_takes_part_is_found_out_where_a_preset_leaves_it_open(tmp_path, monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("o", "down", "enter")
        await until(pilot, lambda: len(app.screen._draft.cast) == 2)
        assert app.screen._draft.get("name") == "bitcoin"
        assert "the small embedded models take part instead" in app.notice


async def test_another_run_is_not_stopped_unasked(preset):
    app = Explorer(experiment=scripted(scripted__tokens_per_second=50, steps=40))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.busy)
        await pilot.press("1")
        await settled(pilot)
        assert app.screen._draft.get("name") == "rehearsal"
        await pilot.press("m")
        await until(pilot, lambda: "a run is under way" in shown(app))
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, Question))
        run = app.controller
        await pilot.press("n")
        await until(pilot, lambda: app.screen.name == "live")
        assert app.controller is run


HOSTILE = "\x1b]52;c;aGk=\x07[/][@click=app.quit]x[/]‮​\x9b31m" + "long " * 20_000


async def test_hostile_text_is_shown_harmlessly_and_kept_whole(tmp_path, preset):
    experiment = scripted(
        posts=[{"text": HOSTILE, "label": HOSTILE, "author": HOSTILE}],
        description=HOSTILE,
        query=HOSTILE,
        template__system=HOSTILE,
        embedder__host=HOSTILE,
        participants__0__system=HOSTILE,
        participants__0__model=HOSTILE,
    )
    path = tmp_path / "hostile.toml"
    # As a stranger writes it: a host with an @ in it isn't saved here.
    path.write_text(experiment.to_toml(), encoding="utf-8")
    app = Explorer(page="setup")
    async with app.run_test(size=(200, 60)) as pilot:
        await settled(pilot)
        await take(pilot, path)
        await pilot.pause()
        assert not {"\x1b", "\x07", "\x9b", "‮"} & set(shown(app))
        for form in (Seeds, "Cast"):
            await focus(pilot, app.screen.query_one(form))
            await pilot.press("e")
            await pilot.pause()
            assert not {"\x1b", "\x07", "\x9b", "‮"} & set(shown(app))
            await pilot.press("escape")
        await until(pilot, lambda: app.screen.name == "setup")
        assert app.screen._draft.check().value == experiment


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (300, 80)])
async def test_resizing_loses_nothing(size):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for _ in range(3):
            await pilot.resize_terminal(*size)
            await pilot.resize_terminal(120, 40)
        await settled(pilot)
        assert "quickstart" in shown(app)


async def test_a_run_is_begun_while_the_time_is_measured(tmp_path):
    path = tmp_path / "slow.toml"
    save_preset(scripted(steps=3, scripted__tokens_per_second=0.5), path)
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await take(pilot, path)
        await pilot.press("m")
        await until(pilot, lambda: "measuring the time" in sentence(app))
        await pilot.press("escape")
        await until(pilot, lambda: "m measures the time" in sentence(app))
        await pilot.press("m")
        await until(pilot, lambda: "measuring the time" in sentence(app))
        await pilot.press("b")
        await until(pilot, lambda: app.screen.name == "live" and app.controller is not None)
        await pilot.press("x")


async def test_an_unfinished_draft_is_there_again(still):
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert app.notice == ""
        await focus(pilot, row(app, "beta").control)
        await pilot.press("end", "x")
        page = app.screen
        page.query_one("#query", Editor).load_text("What of the sea?")
        page._draft.hosts["ollama"] = ("box:1", "http://me:hush@box:2")
        await focus(pilot, page.query_one(Seeds))
        await pilot.press("d")
        await until(pilot, lambda: len(page._draft.posts("posts")) == 3)
    assert "hush" not in (still / "draft.json").read_text()
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "beta = '0.5x'" in shown(app))
        page = app.screen
        assert page.query_one("#query", Editor).text == "What of the sea?"
        assert len(page._draft.posts("posts")) == 3
        assert page._draft.hosts["ollama"] == ("box:1",)
        assert "o begins with a preset instead" in app.notice
        await pilot.press("o", "enter")
        await settled(pilot)
        assert page._draft.check().value == load_preset("quickstart")
        assert app.notice == ""
    assert not (still / "draft.json").exists()


async def test_an_unfinished_draft_does_not_give_way_to_a_run():
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await focus(pilot, app.screen.query_one(Seeds))
        await pilot.press("d")
        await until(pilot, lambda: "|A(0)| = 3" in shown(app))
    app = Explorer(experiment=scripted(steps=1))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.progress.phase == "done")
        await pilot.press("1")
        await settled(pilot)
        assert app.screen._draft.get("name") == "quickstart"
        assert "|A(0)| = 3" in shown(app)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"fields": 3}', "\x00\udcff"])
async def test_a_damaged_draft_is_said(still, text):
    still.mkdir(exist_ok=True)
    (still / "draft.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "can't be read" in app.notice
        assert app.screen._draft.check().value == load_preset("quickstart")


@pytest.mark.parametrize("embedder", ["", "mine"])
async def test_what_is_edited_while_it_is_settled_who_takes_part_stays(monkeypatch, embedder):
    asked = asyncio.Event()

    async def choose(experiment, wishes, note):
        del wishes, note
        await asked.wait()
        with_cast = experiment.replaced({"participants": scripted().to_dict()["participants"]})
        return with_cast.replaced({"embedder": scripted().to_dict()["embedder"]})

    monkeypatch.setattr("lwd_tui.tui.pages.setup.page.choose_cast", choose)
    app = Explorer(page="setup")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        page = app.screen
        page._draft.take(scripted().replaced({"participants": "auto", "embedder.model": "words-8"}))
        page._show_draft()
        row(app, "responses").control.focus()
        await pilot.press("end", "7")
        if embedder:
            row(app, "embedder.model").control.focus()
            await write(pilot, embedder)
        asked.set()
        await until(pilot, lambda: page._draft.participants != "auto")
        assert page._draft.get("responses") == 47
        assert row(app, "responses").control.value == "47"
        assert [who.name for who in page._draft.cast] == ["ada", "ben", "cleo"]
        model = page._draft.get("embedder.model")
        assert model == (f"words-8{embedder}" if embedder else "words-64")
