"""What is read beside the screen: one reading after the other, the last one of what is newest."""

import asyncio

from support.tui import Host, holds

from lwd_tui.tui.state.rereader import Rereader


async def test_what_is_asked_for_meanwhile_is_read_once_more_and_never_beside_it():
    wanted, read, inside = [], [], 0
    goes_on = asyncio.Event()

    async def reading():
        nonlocal inside
        inside += 1
        assert inside == 1
        found = list(wanted)
        await goes_on.wait()
        read.append(found)
        inside -= 1

    app = Host()
    async with app.run_test():
        reader = Rereader(app, reading)
        for each in "abc":
            wanted.append(each)
            reader.ask()
        await holds(lambda: inside)
        for each in "def":
            wanted.append(each)
            reader.ask()
        goes_on.set()
        await holds(lambda: len(read) == 2)
        assert list(map("".join, read)) == ["abc", "abcdef"]
        await holds(lambda: not app.workers)
        reader.ask()
        await holds(lambda: len(read) == 3)


async def test_it_rests_until_it_is_not_asked_any_more():
    read = []

    async def reading():
        read.append(1)

    app = Host()
    async with app.run_test():
        reader = Rereader(app, reading, rest=0.2)
        for _ in range(6):
            reader.ask()
            await asyncio.sleep(0.05)
        await holds(lambda: read)
        await asyncio.sleep(0.3)
        assert len(read) < 3
