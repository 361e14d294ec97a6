"""A headless Chromium, driven over its DevTools protocol, that reports what pages get it to do."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,800",
    "--remote-debugging-port=0",
)
# What a page may not reach for by itself, set before any script of it runs.
_TRAPS = """
window.caught = [];
for (const name of ["alert", "confirm", "prompt", "open", "print"])
    window[name] = (...said) => { window.caught.push([name, ...said.map(String)]); };
if (navigator.clipboard)
    navigator.clipboard.writeText = async (text) => { window.caught.push(["clipboard", text]); };
"""


class Page:
    """One tab.

    Attributes
    ----------
    requests : dict of str to str
        Addresses that were asked for, by the browser's names; those that the page's policy
        forbade before they left are out.
    opened : list of str
        Further tabs.
    """

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.requests: dict[str, str] = {}
        self.opened: list[str] = []
        self._socket = socket
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._listening = asyncio.create_task(self._listen())

    async def go(self, address: str) -> None:
        """Open an address, and wait until it is loaded."""
        await self.call("Page.navigate", url=address)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def value(self, script: str) -> Any:
        """Return what an expression, or what it promises, comes to on the page."""
        answer = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str, seconds: float = 60) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(seconds):
            while not await self.value(f"Boolean({script})"):  # noqa: ASYNC110 (another process)
                await asyncio.sleep(0.05)

    async def press(self, key: str, code: int) -> None:
        """Press a key that has a key code of its own."""
        text = key if len(key) == 1 else ("\r" if key == "Enter" else "")
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    async def click(self, x: int, y: int) -> None:
        """Click where the pixel is."""
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def picture(self) -> bytes:
        """Return what is seen, as a PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    async def at_rest(self, other_than: bytes = b"") -> bytes:
        """Return the picture once it is another one and stays for a second."""
        same, last = 0, other_than
        async with asyncio.timeout(60):
            while same < 5 or last == other_than:
                await asyncio.sleep(0.2)
                now = await self.picture()
                same, last = (same + 1 if now == last else 0), now
        return last

    async def call(self, method: str, **params: Any) -> Any:
        """Call a method of the protocol."""
        number = len(self._answers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        return await asyncio.wait_for(self._answers[number], 60)

    async def _listen(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._answers[said["id"]].set_result(said.get("result", said))
                continue
            what = said["params"]
            if said["method"] == "Network.requestWillBeSent":
                self.requests[what["requestId"]] = what["request"]["url"]
            elif said["method"] == "Network.webSocketCreated":
                self.requests[what["requestId"]] = what["url"]
            elif said["method"] == "Network.loadingFailed" and what.get("blockedReason") == "csp":
                del self.requests[what["requestId"]]
            elif said["method"] == "Page.windowOpen":
                self.opened.append(what["url"])


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """Start a browser with an empty profile in a folder, and return its first tab."""
    assert PROGRAM is not None
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *_QUIET,
        f"--user-data-dir={folder}",
        "about:blank",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(60):
            said = folder / "DevToolsActivePort"
            while not (said.exists() and said.read_text().count("\n") == 1):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        port = said.read_text().partition("\n")[0]
        async with ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                tabs = await answer.json()
            address = next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Page", "Network", "Runtime"):
                    await page.call(f"{domain}.enable")
                await page.call("Page.addScriptToEvaluateOnNewDocument", source=_TRAPS)
                yield page
    finally:
        process.kill()
        await process.wait()
