"""The list of posts: what it shows, and what stays in sight while it grows."""

from support.tui import NAMES, Host, focus, shown, until
from textual import events

from lwd_tui.palette import marker
from lwd_tui.tui.pages.live.feed import Feed
from lwd_tui.types import Post


def posts(count, injected=()):
    return [
        Post(
            i,
            f"post number {i}",
            NAMES[i % 3],
            "injected" if i in injected else "synthetic",
            i // 3,
        )
        for i in range(count)
    ]


async def test_the_feed_shows_the_newest_first_and_only_what_was_there():
    feed = Feed()
    async with Host(feed).run_test(size=(50, 10)) as pilot:
        feed.show_posts(posts(30, injected={29}), {name: i for i, name in enumerate(NAMES)})
        await pilot.pause()
        assert "by hand: post number 29" in shown(pilot.app).split("\n")[0]
        feed.show_until(3)
        await pilot.pause()
        first = shown(pilot.app).split("\n")[0]
        assert "post number 14" in first
        assert marker(2) in first


async def test_the_cursor_of_the_feed_stays_on_its_post():
    feed = Feed()
    several = posts(30)
    async with Host(feed).run_test(size=(50, 10)) as pilot:
        feed.show_posts(several, {})
        await focus(pilot, feed)
        await pilot.press("j", "j", "down", "k")
        assert feed.chosen.id == 27
        several += posts(33)[30:]
        feed.show_until(None)
        assert feed.chosen.id == 27
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown", "pagedown")
        assert feed.chosen.id == 0
        await pilot.press("pageup", *["k"] * 40)
        assert feed.chosen.id == 32


async def test_what_the_wheel_brought_into_sight_stays_there_while_posts_come_in():
    feed = Feed()
    several = posts(30)
    async with Host(feed).run_test(size=(50, 10)) as pilot:
        feed.show_posts(several, {})
        feed.post_message(events.MouseScrollDown(feed, 3, 3, 0, 3, 0, False, False, False))
        await until(pilot, lambda: "post number 26" in shown(pilot.app).split("\n")[0])
        several += posts(33)[30:]
        feed.show_until(None)
        await pilot.pause()
        assert "post number 26" in shown(pilot.app).split("\n")[0]
        assert feed.chosen.id == 32


async def test_the_feed_tells_which_post_was_chosen():
    heard = []
    feed = Feed()
    async with Host(feed).run_test(size=(50, 10), message_hook=heard.append) as pilot:
        feed.show_posts(posts(30), {})
        await pilot.click(Feed, offset=(20, 4), times=2)
        await pilot.pause()
        assert any(isinstance(message, Feed.Chosen) for message in heard)
        assert feed.chosen.id == 25


async def test_a_hundred_thousand_posts_are_shown_at_once():
    feed = Feed()
    long = "x" * 100_000
    many = [Post(i, "short" if i % 1000 else long, "ada", "human", 0) for i in range(100_000)]
    async with Host(feed).run_test(size=(50, 10)) as pilot:
        feed.show_posts(many, {})
        await focus(pilot, feed)
        await pilot.press("pagedown", "pagedown")
        assert feed.chosen.id == 99_999 - 18


async def test_noise_is_not_called_human():
    feed = Feed()
    async with Host(feed).run_test(size=(40, 4)) as pilot:
        feed.show_posts(
            [Post(0, "old the keys", "", "noise", 1), Post(1, "hi", "", "human", 1)], {}
        )
        await pilot.pause()
        assert "noise: old the keys" in shown(pilot.app)
        assert "human: hi" in shown(pilot.app)
