"""The widgets of the Set up page, each alone in a small app."""

import pytest
from support.tui import Host, focus, shown, until
from textual import events

from lwd_tui.backends.available import Offer
from lwd_tui.experiment.llm import Participant, SeedPost
from lwd_tui.tui.pages.setup.cast_panel import Cast
from lwd_tui.tui.pages.setup.draft_panel import EditedRows
from lwd_tui.tui.pages.setup.experiment_panel import Fold
from lwd_tui.tui.pages.setup.internet_panel import Seeds
from lwd_tui.tui.pages.setup.models import Models
from lwd_tui.tui.pages.setup.servers import Servers
from lwd_tui.tui.parts.choice import Choice
from lwd_tui.tui.parts.editor import LONGEST, Editor
from lwd_tui.tui.parts.form import Field, Form, FormRow
from lwd_tui.types import ModelInfo

HOSTILE = "\x1b]0;owned\x07[/][@click=app.quit]x\x9b31m\u202e" + "y" * 100_000
FIELDS = (
    Field("name", "name", kind="text"),
    Field("size", "size", "how many"),
    Field("way", "way", kind="choice", choices=("one", "two", "three")),
    Field("on", "on", kind="yes/no"),
    Field("stop", "stop", kind="list"),
    Field("long", "long", kind="prose"),
)
VALUES = {"name": "ada", "size": 3, "way": "two", "on": True, "stop": ["\n"], "long": "a\nb"}


def told(kind):
    """Return a list that messages of a kind come to, and the hook that brings them."""
    heard = []
    return heard, lambda message: heard.append(message) if isinstance(message, kind) else None


async def test_a_choice_by_keys_and_by_mouse():
    choice = Choice(("one", "two", "three"), "one")
    heard, hook = told(Choice.Changed)
    async with Host(choice).run_test(size=(40, 3), message_hook=hook) as pilot:
        await focus(pilot, choice)
        await pilot.press("right", "l", "space", "left")
        await pilot.click(Choice, offset=(7, 0))  # the second word begins at column 6
        await pilot.pause()
    told_words = [message.chosen for message in dict.fromkeys(heard)]
    assert told_words == ["two", "three", "one", "three", "two"]


async def test_a_choice_without_room_shows_the_chosen_word():
    async with Host(Choice(("embedded", "sentence-transformers"), "embedded")).run_test(
        size=(20, 3)
    ) as pilot:
        await pilot.pause()
        assert "‹ embedded ›" in shown(pilot.app)
        await pilot.click(Choice)
        await pilot.pause()
        assert "sentence-trans" in shown(pilot.app)


@pytest.fixture
def values():
    return dict(VALUES)


async def test_a_form_shows_what_it_is_given_and_tells_what_is_typed(values):
    form = Form(FIELDS, values.__getitem__)
    heard, hook = told(Form.Changed)
    async with Host(form).run_test(size=(70, 10), message_hook=hook) as pilot:
        await pilot.pause()
        assert "ada" in shown(pilot.app)
        assert '["\\n"]' in shown(pilot.app)
        assert not heard, "showing is not typing"
        form.reach("size")
        await pilot.press("end", "x")
        form.reach("stop")
        await pilot.press("ctrl+u", *'["a"]')
        form.reach("on")
        await pilot.press("right")
        await pilot.pause()
    last = {message.path: message.value for message in heard}
    assert last == {"size": "3x", "stop": ["a"], "on": False}


async def test_a_form_marks_one_field_in_words_too(values):
    form = Form(FIELDS, values.__getitem__)
    async with Host(form).run_test(size=(70, 10)) as pilot:
        form.mark("stop[0]")
        await pilot.pause()
        assert "! stop" in shown(pilot.app)
        assert sum(row.has_class("-wrong") for row in form.query(FormRow)) == 1
        form.mark("")
        await pilot.pause()
        assert "!" not in shown(pilot.app)


async def test_a_field_too_long_to_be_shown_cannot_lose_its_rest(values):
    values["name"] = HOSTILE
    form = Form(FIELDS, values.__getitem__)
    heard, hook = told(Form.Changed)
    async with Host(form).run_test(size=(70, 10), message_hook=hook) as pilot:
        form.reach("name")
        await pilot.press("x")
        await pilot.pause()
        assert "name" not in [message.path for message in heard]
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown(pilot.app))


async def test_a_fold_makes_what_is_in_it_when_it_is_opened(values):
    made = []

    def make():
        made.append(Form(FIELDS, values.__getitem__))
        return made[0]

    fold = Fold("beyond", make)
    async with Host(fold).run_test(size=(70, 12)) as pilot:
        assert not made
        await pilot.click("Heading")
        await until(pilot, lambda: made and "ada" in shown(pilot.app))
        await pilot.click("Heading")
        await until(pilot, lambda: "ada" not in shown(pilot.app))
        assert len(made) == 1


def models(*names, **facts):
    return [ModelInfo(name, "ollama", **facts) for name in names]


async def test_models_are_filtered_by_all_words():
    table = Models()
    async with Host(table).run_test(size=(70, 8)) as pilot:
        offered = models("llama3.1:8b", "llama3.2:1b", "mistral:7b", quantisation="Q4_K_M")
        table.show_models(offered, {"mistral:7b"}, "none")
        table.show_copies([0, 2, 1])
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        assert lines[1].startswith("2 llama3.2:1b")
        assert lines[2].startswith("✓ mistral:7b")
        assert "to be fetched" in lines[2]
        # What a model that isn't here can do is not known.
        assert ["base" in line for line in lines[:3]] == [True, True, False]
        table.filter("LLAMA 1b")
        assert table.chosen is offered[1]
        table.filter("q4 nothing")
        await pilot.pause()
        assert table.chosen is None
        assert "none" in shown(pilot.app)


@pytest.mark.parametrize("make", ["models", "cast", "seeds", "servers"])
async def test_hostile_text_stays_text(make):
    if make == "models":
        widget = Models()
    elif make == "cast":
        widget = Cast()
    elif make == "seeds":
        widget = Seeds()
    else:
        widget = Servers("ollama", ())
    async with Host(widget).run_test(size=(100, 10)) as pilot:
        match widget:
            case Models():
                facts = {"parameters": HOSTILE, "quantisation": HOSTILE, "family": HOSTILE}
                widget.show_models(models(HOSTILE, **facts), (), HOSTILE)
            case Cast():
                who = Participant(
                    name=HOSTILE[:60], backend="ollama", model=HOSTILE, system=HOSTILE
                )
                widget.show_cast([who], "", {0})
            case Seeds():
                widget.show_posts([SeedPost(text=HOSTILE, label=HOSTILE, author=HOSTILE)])
            case Servers():
                widget.show_state([Offer("ollama", HOSTILE, True, HOSTILE)])
                widget.put("ollama", (HOSTILE[:60],))
        await pilot.pause()
        seen = shown(pilot.app)
        assert "[@click=app.quit]" in seen or "[/]" in seen
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(seen)


async def test_what_is_wanted_of_a_line_is_told():
    seeds = Seeds()
    heard, hook = told(EditedRows.Asked)
    async with Host(seeds).run_test(size=(60, 6), message_hook=hook) as pilot:
        await focus(pilot, seeds)
        await pilot.press("e", "d", "a")
        seeds.show_posts([SeedPost(text="One."), SeedPost(text="Two.")])
        await pilot.press("j", "enter", "c", "delete")
        await pilot.pause()
    verbs = [message.verb for message in dict.fromkeys(heard)]
    assert verbs == ["add", "edit", "copy", "delete"]


async def test_hosts_are_told_when_the_typing_pauses():
    servers = Servers("embedded", ())
    heard, hook = told(Servers.Changed)
    async with Host(servers).run_test(size=(60, 6), message_hook=hook) as pilot:
        assert not servers.query_one("#host-line").display
        await focus(pilot, servers.query_one(Choice))
        await pilot.press("right", "right", "right")
        await until(pilot, lambda: servers.backend == "openai")
        assert servers.query_one("#host-line").display
        await focus(pilot, servers.query_one("#host"))
        await pilot.press(*"box", "comma", *" b2", "enter")
        await pilot.pause()
    assert heard[-1].backend == "openai"
    assert heard[-1].hosts == ("box", "b2")


async def test_a_text_that_is_too_long_to_be_edited_stays_whole_whatever_is_pasted():
    long, short = "word " * LONGEST, "a\x1b[31m b"
    async with Host(Editor(long, id="long"), Editor(short, id="short")).run_test() as pilot:
        for name, given in (("#long", long), ("#short", short)):
            editor = pilot.app.query_one(name, Editor)
            assert editor.written == given
            await focus(pilot, editor)
            editor.select_all()
            editor.post_message(events.Paste("pasted"))
            await pilot.pause()
            assert editor.written == (given if name == "#long" else "pasted")
