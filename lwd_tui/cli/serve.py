"""`lwd-tui serve`: the explorer in a browser."""

from __future__ import annotations

import importlib.util
import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

import typer

from lwd_tui.errors import LwdError

_WARNING = (
    "warning: {url} can be reached from other machines. There is no password and no encryption: "
    "whoever opens it can run models, and read and write files, as you. Stay on 127.0.0.1 and use "
    "an SSH tunnel instead (ssh -L {port}:127.0.0.1:{port} this-machine), unless all who can "
    "reach it may do that."
)


def serve(
    bind: Annotated[
        str, typer.Option(help="Address to listen on; this machine alone unless you say so.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    public_url: Annotated[
        str | None, typer.Option(help="What browsers call it, such as http://box:8000.")
    ] = None,
) -> None:
    """Open the explorer to a browser; each tab gets one of its own."""
    if importlib.util.find_spec("textual_serve") is None:
        raise LwdError("this needs textual-serve: pip install 'lwd-tui[serve]'")
    url = public_url.rstrip("/") if public_url else own_url(bind, port)
    if not _is_address(url):
        raise LwdError(f"--public-url {url}: write it as a URL, such as http://box:{port}")
    if not is_this_machine(bind):
        typer.echo(_WARNING.format(url=url, port=port), err=True)

    from lwd_tui.cli.web import serve_explorer

    def announce(address: str) -> None:
        typer.echo(f"the explorer is at {address} (Ctrl-C ends it)", err=True)

    serve_explorer(bind, port, url, announce)


def _is_address(url: str) -> bool:
    """Whether a browser can open it: http or https, and a name."""
    try:
        return url.startswith(("http://", "https://")) and bool(urlsplit(url).hostname)
    except ValueError:  # Of brackets that don't match.
        return False


def is_this_machine(bind: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return bind == "localhost" or ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return False


def own_url(bind: str, port: int) -> str:
    """Return what browsers call an address.

    Raises
    ------
    LwdError
        If it stands for all addresses, which no browser can open.
    """
    if bind in ("0.0.0.0", "::", ""):  # noqa: S104 (compared, not bound)
        raise LwdError(
            f"--bind {bind or repr(bind)} listens on every address: say with --public-url what "
            f"browsers call this machine, such as http://box:{port}"
        )
    name = f"[{bind}]" if ":" in bind else bind
    return f"http://{name}" if port == 80 else f"http://{name}:{port}"
