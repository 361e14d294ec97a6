"""Each widget of the Inspect page alone."""

from dataclasses import replace

import numpy as np
import pytest
from support.tui import NAMES, SENTENCES, Host, focus, handmade_step, heard, holds, shown
from textual import events
from textual.content import Content

from lwd_tui.analysis.differences import differences
from lwd_tui.findings.lineage import Descendant, Following
from lwd_tui.store.records import Reading as Read
from lwd_tui.store.records import StepNumbers
from lwd_tui.tui.pages.inspect.answer import Answer
from lwd_tui.tui.pages.inspect.finder import Finder, Hits
from lwd_tui.tui.pages.inspect.followed import Followed
from lwd_tui.tui.pages.inspect.outline import Outline
from lwd_tui.tui.pages.inspect.reading import Reading
from lwd_tui.tui.pages.inspect.sheets import Place, answer_at, sheet_at
from lwd_tui.tui.parts.line import Line
from lwd_tui.tui.parts.passage import LONGEST, Passage, capped
from lwd_tui.tui.parts.posts import Posts
from lwd_tui.types import Attempt, Draw, Message, Post, Prompt, Response

AUTHORS = {name: i for i, name in enumerate(NAMES)}
NUMBERS = [StepNumbers.of(handmade_step(t)) for t in range(1000)]


async def test_the_tree_opens_the_viewed_step_only():
    outline, messages = Outline(), []
    async with Host(outline).run_test(size=(50, 20), message_hook=messages.append) as pilot:
        outline.show_run(NAMES, NUMBERS)
        outline.show_step(handmade_step(500), 1, 2)
        await pilot.pause()
        # The first and the last of four answers are equal.
        assert outline.count == 1000 + 3 + 2 * 3
        entry = outline.entry(outline.cursor)
        assert (entry.t, entry.participant, entry.response.index) == (500, 1, 2)
        assert "▾ t 500" in shown(pilot.app)
        assert outline.entry(outline.count - 1).t == 999
        line = outline.cursor - outline.top
        outline.show_step(handmade_step(900), 1, 2)
        await pilot.pause()
        # What is looked at stays on its line, and the steps move past it.
        assert outline.cursor - outline.top == line
        await focus(pilot, outline)
        await pilot.press("left")
        assert outline.entry(outline.cursor) == (900, 1, ())
        await pilot.press("left")
        assert outline.entry(outline.cursor) == (900, None, ())
        await pilot.press("k", "enter")
        assert [message.t for message in heard(messages, Outline.Opened)] == [899]


async def test_every_line_of_the_tree_stands_for_one_thing():
    outline = Outline()
    async with Host(outline).run_test(size=(50, 20)) as pilot:
        outline.show_run(NAMES, NUMBERS[:5])
        outline.show_step(handmade_step(2), 2, 0)
        await pilot.pause()
        entries = [outline.entry(row) for row in range(outline.count)]
        assert len(set(map(repr, entries))) == len(entries)
        assert [entry.t for entry in entries] == sorted(entry.t for entry in entries)
        # Open are the first participant, as ever, and the one that was asked for.
        found = [(e.participant, e.response.index) for e in entries if e.response]
        assert found == [(i, index) for i in (0, 2) for index in range(3)]


def with_texts(step, participant, *texts):
    """Give a participant other answers; None stands for one that failed."""
    responses = [each for each in step.responses if each.participant != participant]
    for index, text in enumerate(texts):
        attempt = Attempt(text or "", index, "stop", 9, 9, 0.1, "" if text else "blank")
        responses.insert(4 * participant + index, Response(step.t, participant, index, (attempt,)))
    return replace(step, responses=tuple(responses))


async def test_equal_answers_are_one_line_with_their_count():
    step = with_texts(handmade_step(2), 1, "It falls.", None, "It falls.", "It rises.", None)
    outline = Outline()
    async with Host(outline).run_test(size=(50, 30)) as pilot:
        outline.show_run(NAMES, NUMBERS[:5])
        outline.show_step(step, 1, 2)
        await pilot.pause()
        entries = [outline.entry(row) for row in range(outline.count)]
        ben = [[each.index for each in e.alike] for e in entries if e.participant == 1 and e.alike]
        # Failures have ways of their own, and stay apart.
        assert ben == [[0, 2], [1], [3], [4]]
        assert [each.index for each in outline.entry(outline.cursor).alike] == [0, 2]
        lines = shown(pilot.app).split("\n")
        assert [line.count("It falls.") for line in lines].count(1) == 1
        assert any("It falls." in line and "×2" in line for line in lines)
        assert not any("It rises." in line and "×" in line for line in lines)


async def test_how_many_answers_differ_is_said_without_opening_them():
    step = with_texts(handmade_step(2), 1, *["It falls."] * 3, "It rises.")
    outline = Outline()
    async with Host(outline).run_test(size=(50, 30)) as pilot:
        outline.show_run(NAMES, NUMBERS[:5])
        outline.show_step(step)
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        (ben,) = [line for line in lines if "ben" in line]
        assert ben.split()[-3:] == ["2", "of", "4"]


async def test_an_answer_says_which_others_have_its_text():
    step = with_texts(handmade_step(2), 1, "It falls.", "It falls.", None, "It falls.")
    step = with_texts(step, 2, "It rises.", "It falls.")
    step = replace(step, embeddings=step.embeddings[:9])
    answer = Answer()
    async with Host(answer).run_test(size=(80, 40)) as pilot:
        answer.show_sheet(sheet_at(step, Place(2, 1, 1), AUTHORS))
        await pilot.pause()
        assert "same text   answers 0, 3 of ben" in shown(pilot.app)
        assert "same text   answer 1 of cleo" in shown(pilot.app)
        answer.show_sheet(sheet_at(step, Place(2, 2, 0), AUTHORS))
        await pilot.pause()
        assert "same text" not in shown(pilot.app)


async def test_a_norm_that_is_not_defined_is_said_to_be_none():
    outline = Outline()
    async with Host(outline).run_test(size=(30, 5)):
        outline.show_run(NAMES, [replace(NUMBERS[0], norm=np.nan)])
        await holds(lambda: "none" in shown(outline.app))


async def test_synthetic_posts_are_dimmer_the_older_they_are():
    posts = [Post(i, f"text {i}", "ada", "synthetic", i) for i in range(9)]
    posts += [Post(9, "text 9", "press", "human", 0)]
    listed = Posts("nothing")
    async with Host(listed).run_test(size=(60, 12)) as pilot:
        listed.show_posts(posts, AUTHORS, 8)
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        assert lines[8].startswith("○ new  text 8")
        assert lines[0].startswith("○   8  text 0")
        assert lines[9].startswith("·   8  human: text 9")

        def light(post):
            return sum(listed._text_ink(post).color.get_truecolor())

        inks = [light(post) for post in posts]
        assert inks[:9] == sorted(inks[:9])
        assert inks[0] < inks[8] == inks[9]


async def test_what_was_read_is_shown_whole_under_the_list():
    reading, messages = Reading(), []
    posts = [Post(i, SENTENCES[i], NAMES[i % 3], "synthetic", i, "calm") for i in range(3)]
    async with Host(reading).run_test(size=(80, 24), message_hook=messages.append) as pilot:
        reading.show_posts(posts, AUTHORS, 5, "read by ada")
        await pilot.pause()
        assert "post 0 · ○ ada · synthetic, there from the start, 5 steps old · calm" in shown(
            pilot.app
        )
        reading.point(2)
        await pilot.pause()
        assert "post 2 · △ cleo · synthetic, since t 2, 3 steps old" in shown(pilot.app)
        await focus(pilot, pilot.app.query_one(Posts))
        await pilot.press("enter")
        assert [message.post.id for message in heard(messages, Reading.Followed)] == [2]
        reading.unfold(True)
        reading.show_prompt(Prompt("chat", (Message("system", "Be brief."), Message("user", "Q?"))))
        await pilot.pause()
        assert "Be brief." in shown(pilot.app)
        assert "chat, 11 characters" in shown(pilot.app)
        reading.show_posts((), AUTHORS, 0, "read by ada")
        await pilot.pause()
        assert "too little to draw from" in shown(pilot.app)


async def test_an_answer_tells_its_way_and_its_place():
    rejected = Attempt("Sure:", 1, "stop", None, 2, 0.1, problem="only a preamble")
    stands = Attempt("It will rise.", 2, "stop", 1234, 5, 61, "", "hm, well", "http://a", ("503",))
    step = handmade_step(3)
    response = replace(step.responses[4], attempts=(rejected, stands))
    step = replace(step, responses=(*step.responses[:4], response, *step.responses[5:]))
    sheet = sheet_at(step, Place(3, 1, 0), AUTHORS)
    assert sheet.post == step.posted[1].id
    answer = Answer()
    async with Host(answer).run_test(size=(80, 40)) as pilot:
        answer.show_sheet(sheet)
        await pilot.pause()
        text = shown(pilot.app)
        told = ["answer 0 of ben · t = 3", "5 new, 1,234 read", "1 m 1 s on http://a", "503"]
        told += ["2, the last one stands", "attempt 1: only a preamble", "Sure:", "hm, well"]
        told += [f"as post {sheet.post}", f"{sheet.distances[1]:.3f}  ben, its own"]
        for words in told:
            assert words in text
        answer.show_nothing("answer", "open a run")
        await pilot.pause()
        assert "open a run" in shown(pilot.app)


async def test_differing_words_are_marked_without_colour_too():
    step = handmade_step(0)
    sheet = sheet_at(step, Place(0, 0, 0), AUTHORS)
    found = differences(sheet.response.text, "Steady builders may shape open markets this year.")
    answer = Answer()
    async with Host(answer).run_test(size=(80, 20)) as pilot:
        answer.show_sheet(sheet, found.one)
        await pilot.pause()
        marked = [
            segment.text
            for line in pilot.app.screen._compositor.render_strips()
            for segment in line
            if segment.style and segment.style.underline
        ]
        assert marked == ["will"]


async def test_what_was_too_long_to_compare_is_shown_and_said():
    step = handmade_step(0)
    long = replace(step.responses[0].attempts[0], text="alike " * 5 + "the end")
    step = replace(step, responses=(replace(step.responses[0], attempts=(long,)),))
    step = replace(step, embeddings=step.embeddings[:1])
    sheet = sheet_at(step, Place(0, 0, 0), AUTHORS)
    answer = Answer()
    async with Host(answer).run_test(size=(80, 20)) as pilot:
        answer.show_sheet(sheet, differences("alike " * 5, "alike").one)
        await pilot.pause()
        assert "[not compared:] the end" in shown(pilot.app)


def test_the_place_of_a_failed_answer_has_no_distance():
    step = handmade_step(1)
    failed = replace(step.responses[0], attempts=(Attempt("", 1, "stop", 1, 0, 0, "blank"),))
    step = replace(step, responses=(failed, *step.responses[1:]), embeddings=step.embeddings[1:])
    assert sheet_at(step, Place(1, 0, 0), AUTHORS).distances is None
    second = sheet_at(step, Place(1, 0, 1), AUTHORS)
    mean = step.embeddings[:3].mean(axis=0)
    expected = np.linalg.norm(step.embeddings[0] - mean)
    assert second.distances[0] == pytest.approx(expected, rel=1e-6)
    assert sheet_at(step, Place(1, 0, 9), AUTHORS) is None
    assert answer_at(step, Place(1, 7, 0)) is None


def test_the_draw_of_a_response_that_draws_for_itself():
    draws = (Draw(0, 0, (1,), 0), Draw(0, 0, (2,), 1), Draw(0, 1, (3,)))
    step = replace(handmade_step(0), draws=draws)
    assert step.draw_for(0, 1) == draws[1]
    assert step.draw_for(1, 5) == draws[2]
    assert step.draw_for(2, 0) is None


async def test_what_became_of_a_post_is_gone_to():
    answers = handmade_step(4).responses
    found = Following(
        Post(7, "the post", "ada", "synthetic", 2),
        answers[0],
        (Read(3, 1, None), Read(4, 2, 3)),
        "embedding",
        (Descendant(answers[5], 0.25, True), Descendant(answers[6], 0.5, False)),
    )
    followed, messages = Followed(), []
    async with Host(followed).run_test(size=(80, 30), message_hook=messages.append) as pilot:
        followed.show_post(found.post, AUTHORS, 4)
        await pilot.pause()
        assert "looking for who read it" in shown(pilot.app)
        followed.show_following(found, AUTHORS)
        await pilot.pause()
        text = shown(pilot.app)
        assert "read 2 times" in text
        assert "t 4     ○ ada wrote it, answer 0" in text
        assert "t 4     △ cleo, for answer 3" in text
        assert " 0.250 r t 4    □ " in text
        await focus(pilot, followed.query_one("#readers"))
        # The cursor stands on the first reader; above it is the answer that the post was.
        await pilot.press("j", "enter", "k", "k", "enter")
        await focus(pilot, followed.query_one("#descendants"))
        await pilot.press("enter")
        gone = [(m.t, m.participant, m.index) for m in heard(messages, Followed.Left)]
        assert gone == [(4, 2, 3), (4, 0, 0), (4, 1, 1)]
        followed.show_following(replace(found, measure="words", readings=()), AUTHORS)
        await pilot.pause()
        assert "not read" in shown(pilot.app)
        assert "ada wrote it" in shown(pilot.app)
        assert "25% r" in shown(pilot.app)


async def test_a_hit_is_shown_from_where_the_words_are():
    hits = Hits()
    late = Post(3, f"{'padding ' * 50}needle here", "", "injected", 6)
    async with Host(hits).run_test(size=(50, 6)) as pilot:
        hits.show_hits([late, handmade_step(1).responses[4]], AUTHORS, "needle sAvers")
        await pilot.pause()
        lines = shown(pilot.app).split("\n")
        assert "   6 · by hand: … dding padd" not in lines[0]
        assert "needle here" in lines[0]
        assert lines[1].startswith("   1 □ 0  ")


async def test_the_finder_searches_and_comes_back():
    finder, messages = Finder(), []
    async with Host(finder).run_test(size=(60, 20), message_hook=messages.append) as pilot:
        finder.outline.show_run(NAMES, NUMBERS[:3])
        finder.search()
        await pilot.press(*"ab", "space")
        assert [message.words for message in heard(messages, Finder.Searched)] == ["a", "ab", "ab"]
        assert "looking" in shown(pilot.app)
        finder.show_hits([], AUTHORS, "old words", 5)
        assert "looking" in shown(pilot.app)
        finder.show_hits([handmade_step(0).responses[0]] * 9, AUTHORS, "ab", 5)
        await pilot.press("enter", "enter")
        assert "found more than 5" in shown(pilot.app)
        (found,) = heard(messages, Finder.Found)
        assert found.hit == handmade_step(0).responses[0]
        await pilot.press("escape")
        await pilot.pause()
        assert "▸ t 2" in shown(pilot.app)
        assert finder.outline.has_focus


def test_long_texts_are_cut_and_say_so():
    assert capped("short") == "short"
    assert capped("x" * LONGEST) == "x" * LONGEST
    assert capped("x" * 100_000).endswith("[the first 20,000 of 100,000 characters]")
    assert "\x1b" not in capped("\x1b]0;evil\x07" * 9999)


async def test_a_passage_scrolls_by_the_keys_of_vi():
    passage = Passage()
    async with Host(passage).run_test(size=(30, 6)) as pilot:
        passage.put(Content("\n".join(map(str, range(50)))))
        await focus(pilot, passage)
        await holds(lambda: passage.has_focus and passage.max_scroll_y == 44)
        for key, line in (("j", 1), ("j", 2), ("k", 1), ("ctrl+d", 7), ("ctrl+u", 1)):
            await pilot.press(key)
            await holds(lambda line=line: passage.scroll_y == line)


async def test_another_answer_is_shown_from_its_beginning():
    step, answer = handmade_step(2), Answer()
    async with Host(answer).run_test(size=(40, 6)) as pilot:
        passage = pilot.app.query_one(Passage)
        one, other = (sheet_at(step, Place(2, 0, index), AUTHORS) for index in range(2))
        answer.show_sheet(one)
        await holds(lambda: passage.max_scroll_y > 3)
        passage.scroll_to(y=3, animate=False)
        await holds(lambda: passage.scroll_y == 3)
        answer.show_sheet(one, remark="compared")
        await pilot.pause()
        assert passage.scroll_y == 3
        answer.show_sheet(other)
        await holds(lambda: passage.scroll_y == 0)


async def test_what_is_pasted_into_a_line_is_cleaned():
    line = Line()
    async with Host(line).run_test(size=(40, 5)) as pilot:
        await focus(pilot, line)
        await pilot.pause()
        line.post_message(events.Paste("a\x1b]52;c;eA==\x07b\nc\u202e" + "d" * 5000))
        await holds(lambda: line.value.startswith("ab cd"))
        assert len(line.value) <= 2000


async def test_words_that_changed_while_hidden_have_the_room_they_need():
    followed = Followed()
    async with Host(followed).run_test(size=(40, 20)) as pilot:
        followed.show_post(Post(1, "short", "ada", "synthetic", 2), AUTHORS, 4)
        await pilot.pause()
        followed.display = False
        await pilot.pause()
        followed.show_post(Post(2, "a word and another " * 6 + "last", "", "human", 0), AUTHORS, 4)
        followed.display = True
        await holds(lambda: "last" in shown(pilot.app))
