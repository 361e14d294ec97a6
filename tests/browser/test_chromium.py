"""What others wrote, in a real browser: a report is a page, and `serve` a terminal in one.

`make browser` runs it where Chromium is installed (Debian: the package `chromium`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.chromium import PROGRAM, Page, browser
from support.hostile import HOSTILE
from support.tui import handmade_run

from lwd_tui.report.write import write_report
from lwd_tui.store.run import RunStore

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")

# A script, a picture that fails and a link each leave a trace if the browser takes them for what
# they say.
TRACES = (
    "<script>window.caught.push(['script'])</script>",
    "<img src='http://127.0.0.1:9/x.png' onerror=\"window.caught.push(['image'])\">",
    "</style></title></textarea><svg onload=\"window.caught.push(['svg'])\"></svg>",
    "<iframe src='javascript:parent.caught.push([1])'></iframe>",
    "<meta http-equiv='refresh' content='0;url=http://127.0.0.1:9/away'>",
    "<base href='http://127.0.0.1:9/'><link rel=stylesheet href=x.css>",
)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with browser(tmp_path / "profile") as page:
        yield page


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Make a run whose every text is hostile."""
    texts = [*TRACES, *HOSTILE.values()]
    changes = {"name": TRACES[0]}
    for i in range(3):
        changes[f"participants__{i}__name"] = texts[i][:60].strip()
    for i in range(6):
        changes[f"posts__{i}__text"] = texts[i]
        changes[f"posts__{i}__author"] = changes[f"posts__{i}__label"] = texts[-i - 1]
    path = tmp_path / "home" / "runs" / "hostile.sqlite"
    path.parent.mkdir(parents=True)
    return handmade_run(path, stop_after=3, texts=texts, **changes)


@pytest.fixture
async def served(hostile: Path) -> AsyncIterator[str]:
    """Serve the explorer whose only run is hostile; return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lwd_tui", "serve", "--port", str(port)),
        env=os.environ | {"LWD_HOME": str(hostile.parent.parent)},
        stderr=asyncio.subprocess.PIPE,
    )
    assert serving.stderr is not None
    try:
        assert b"the explorer is at" in await asyncio.wait_for(serving.stderr.readline(), 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        serving.terminate()
        await serving.wait()


def test_the_traps_catch(tmp_path: Path) -> None:
    """The same texts, put into a page as they are, do what they say."""

    async def caught() -> tuple[list, list[str]]:
        bare = tmp_path / "bare.html"
        bare.write_text(f"<title>bare</title>{TRACES[0]}{TRACES[1]}")
        async with browser(tmp_path / "profile") as page:
            await page.go(bare.as_uri())
            await page.until("window.caught.length === 2")
            return await page.value("window.caught"), [*page.requests.values()]

    traces, requests = asyncio.run(caught())
    assert sorted(traces) == [["image"], ["script"]]
    assert any(":9/x.png" in address for address in requests)


async def test_a_report_runs_nothing_and_asks_for_nothing(page, hostile, tmp_path):
    path = tmp_path / "report.html"
    with RunStore.open(hostile) as store:
        write_report(store, path)
    await page.go(path.as_uri())
    assert await page.value("window.caught") == []
    assert await page.value("document.title.includes('window.caught.push')")
    assert (
        await page.value("document.querySelectorAll('script, iframe, base, [onload]').length") == 0
    )
    assert await page.value("document.body.innerText.includes('<script>')")
    asked = [address for address in page.requests.values() if not address.startswith("data:")]
    assert asked == [path.as_uri()]
    assert page.opened == []


async def test_the_explorer_in_a_browser_obeys_no_text(page, served):
    await page.go(served)
    await page.until(
        "document.querySelector('.xterm-screen') && !document.querySelector('.-loading')"
    )
    title = await page.value("document.title")
    seen = await page.at_rest()
    await page.click(600, 300)
    # Runs, the run, and each page of it.
    for key, code in {"6": 54, "Enter": 13, "3": 51, "4": 52, "5": 53, "1": 49, "2": 50}.items():
        await page.press(key, code)
        seen = await page.at_rest(other_than=seen)
    assert await page.value("window.caught") == []
    assert await page.value("document.title") == title
    assert page.opened == []
    own = served.partition("//")[2]
    asked = [address for address in page.requests.values() if not address.startswith("data:")]
    assert {address.partition("//")[2].partition("/")[0] for address in asked} <= {own}


async def test_a_page_of_another_site_reaches_no_explorer(page, served, tmp_path):
    """Another port of this machine is another site, to a browser as to us."""
    other = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert other.stdout is not None
    try:
        port = (await asyncio.wait_for(other.stdout.readline(), 60)).split()[5].decode()
        await page.go(f"http://127.0.0.1:{port}/")
        socket_of = served.replace("http", "ws", 1) + "/ws"
        ended = await page.value(
            f"""new Promise(told => {{
                const socket = new WebSocket({socket_of!r});
                socket.onopen = () => told("open");
                socket.onerror = () => told("refused");
            }})"""
        )
        assert ended == "refused"
        read = await page.value(f"fetch({served!r}).then(() => 'read', () => 'refused')")
        assert read == "refused"
    finally:
        other.terminate()
        await other.wait()
