"""Where a server is: addresses read as Ollama reads them, and which of them are this machine.

The rules for Ollama are those of its own `envconfig` (OLLAMA_HOST), so that one value means the
same to the server and to us.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from lwd_tui.experiment.addresses import secret_in
from lwd_tui.experiment.backend import ServerMissing, UnfitRequest
from lwd_tui.text import clean_line, shorten

OLLAMA_PORT = 11434
CONNECT_SECONDS = 10.0
# Many servers close idle connections after 5 s; a request on one of those is lost.
KEEP_SECONDS = 2.0
TELL_SECONDS = 60.0
"""Limit on what a server knows without any work, such as its models; a busy one takes seconds."""
_SCHEME_PORTS = {"http": 80, "https": 443}
_WILDCARDS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (dialled, not bound)


def parse_host(text: str, *, strict: bool = False) -> str:
    """Read an Ollama address: bare host, port, scheme, IPv6 with or without brackets, path.

    Without a scheme the port is 11434 unless given, with one it is the scheme's own. An address
    that a server listens on, such as 0.0.0.0, is dialled on this machine.

    Parameters
    ----------
    text : str
    strict : bool
        True refuses a port that is none. Ollama's own rule is to use the default port instead,
        which is right for OLLAMA_HOST, since the server does the same, and wrong for a typo.

    Returns
    -------
    str
        scheme://host:port, and the path if there is one, without a slash at the end.

    Raises
    ------
    UnfitRequest
        If the scheme isn't http or https, if there is a secret in the address, or a port that is
        none where `strict`.
    """
    refuse_secret(text)
    bare = text.strip().strip("\"'").strip()
    scheme, sign, rest = bare.partition("://")
    if not sign:
        scheme, rest = "http", bare
    scheme = scheme.lower()
    if scheme not in _SCHEME_PORTS:
        raise UnfitRequest(f"host {_shown(text)}: the scheme must be http or https")
    if bare == "ollama.com":
        return "https://ollama.com:443"
    default = _SCHEME_PORTS[scheme] if sign else OLLAMA_PORT
    place, _, path = rest.partition("/")
    if re.search("[?#]", rest):
        raise UnfitRequest(f"host {_shown(place)}: the address of an Ollama server has no query")
    host, port = _split_port(place)
    number = default if port is None else _port(port)
    if number is None:
        if strict:
            raise UnfitRequest(f"host {_shown(text)}: {_shown(port or '')} is not a port")
        number = default
    host = _WILDCARDS.get(host, host).lower()
    if ":" in host:
        host = f"[{host}]"
    path = path.rstrip("/")
    url = f"{scheme}://{host}:{number}" + (f"/{path}" if path else "")
    try:
        urlsplit(url)
    except ValueError:
        raise UnfitRequest(f"host {_shown(text)}: {_shown(place)} is no name or number") from None
    return url


def ollama_hosts(given: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses asked for, else OLLAMA_HOST, else this machine; each once, in order."""
    asked = [parse_host(host, strict=True) for host in given if host.strip()]
    return tuple(dict.fromkeys(asked or [parse_host(os.environ.get("OLLAMA_HOST", ""))]))


def openai_urls(given: Sequence[str]) -> tuple[str, ...]:
    """Return the base URLs asked for, else OPENAI_BASE_URL, else OpenAI's own; each once.

    A URL without a path gets ``/v1``, where such servers have their interface; a query is kept.

    Raises
    ------
    UnfitRequest
        If an address isn't a URL with http or https, or holds a user, a password or a key.
    """
    asked = [host for host in given if host.strip()]
    asked = asked or [os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"]
    return tuple(dict.fromkeys(_base_url(url.strip()) for url in asked))


def refuse_secret(host: str) -> None:
    """Raise UnfitRequest if an address holds a secret, which a run would record with it."""
    if complaint := secret_in(host):
        raise UnfitRequest(complaint)


def redirected(url: str, status: int, place: str) -> ServerMissing:
    """Say that a server wants to be asked elsewhere, which would turn a POST into a GET.

    What may be a key or a password isn't shown: what stands before an @, or behind a question mark
    or a hash.
    """
    place = shorten(re.sub(r"//[^/]*@", "//", re.split("[?#]", place)[0]), 200)
    return ServerMissing(
        f"{url} redirects to {place or 'another address'} (HTTP {status}); give the address that "
        "it redirects to"
    )


def is_loopback(url: str) -> bool:
    """Whether a URL is this machine, which no proxy can reach for us."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_direct(url: str) -> bool:
    """Whether a URL is reached without a proxy: it is this machine, or in a network of NO_PROXY.

    Names in NO_PROXY are left to the clients, which read them themselves; networks, such as
    10.0.0.0/8, are not read by all of them.
    """
    if is_loopback(url):
        return True
    try:
        address = ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    listed = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return any(address in network for network in _networks(listed))


def proxy_variable(url: str) -> str:
    """Return the variable that sets a proxy for a URL; "" if none does."""
    scheme = urlsplit(url).scheme
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "ALL_PROXY", "all_proxy")
    found = next((name for name in names if os.environ.get(name)), "")
    return "" if is_direct(url) else found


def proxy_hint(url: str) -> str:
    """Return a clause naming the proxy that may have answered in the server's place, or ""."""
    name = proxy_variable(url)
    if not name:
        return ""
    return f" ({name} is set: if the proxy isn't meant for it, add the host to NO_PROXY)"


def _split_port(place: str) -> tuple[str, str | None]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", place)
    if bracketed:
        return bracketed[1], bracketed[2]
    if place.count(":") > 1:
        return place, None
    host, sign, port = place.partition(":")
    return host, port if sign else None


def _port(text: str) -> int | None:
    number = int(text) if re.fullmatch(r"\d{1,6}", text) else -1
    return number if 0 <= number <= 65535 else None


def _base_url(text: str) -> str:
    refuse_secret(text)
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        fit = parts.scheme in _SCHEME_PORTS and parts.hostname and parts.port != 0
    except ValueError:  # Of brackets that don't match, or a port that is none.
        fit = False
    if not fit:
        raise UnfitRequest(
            f"host {_shown(text.partition('?')[0])}: write it as a URL, such as http://box:8000/v1"
        )
    path = parts.path.rstrip("/") or "/v1"
    return f"{parts.scheme}://{parts.netloc.lower()}{path}" + (
        f"?{parts.query}" if parts.query else ""
    )


def _shown(text: str) -> str:
    return repr(clean_line(text)[:200])


def _networks(listed: str) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for entry in listed.split(","):
        try:
            yield ipaddress.ip_network(entry.strip().strip("[]"), strict=False)
        except ValueError:  # A name.
            continue
