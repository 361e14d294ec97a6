"""Whom this process speaks to: every address that Python's sockets are told, by an audit hook."""

import sys
from contextlib import contextmanager

_EVENTS = ("socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo",
           "socket.gethostbyname")  # fmt: skip
_listeners = []


def _hear(event, args):
    if event in _EVENTS and _listeners:
        # Of sockets the address comes second; looking up begins with the name.
        address = args[:2] if event.startswith("socket.get") else args[1]
        for heard in _listeners:
            heard.append((event, address))


sys.addaudithook(_hear)


@contextmanager
def heard():
    """Yield a list that each address is added to."""
    found = []
    _listeners.append(found)
    try:
        yield found
    finally:
        _listeners.remove(found)
