"""What the user's environment may spoil of a connection: proxies and certificates, in words.

No sentence here quotes a proxy's address or an error of the client: either may hold a password.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator

from lwd_tui.backends.hosts import proxy_variable
from lwd_tui.experiment.backend import BackendError, ServerMissing
from lwd_tui.text import clean_line, shorten

# What OpenSSL calls an answer that is no TLS; other faults of a handshake may pass.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def unopened(error: Exception, url: str) -> BackendError:
    """Say why a client for a URL can't even be made.

    Parameters
    ----------
    error : exception
        What making it raised.
    url : str
    """
    if isinstance(error, ImportError):
        return BackendError(
            f"{proxy_variable(url) or 'a variable'} names a SOCKS proxy, which needs another "
            'package; install it with: pip install "lwd-tui[socks]"'
        )
    if isinstance(error, OSError):
        named = next((name for name in _CERTIFICATES if os.environ.get(name)), "")
        if named:
            place = shorten(clean_line(os.environ[named]), 200)
            return BackendError(
                f"{named} names {place}, from which no certificates can be read; mend it, or "
                "unset it"
            )
    if name := proxy_variable(url):
        return BackendError(
            f"no client can be made for {url}: {name} is no address of a proxy such as "
            "http://proxy:3128; mend it, or unset it"
        )
    return BackendError(f"no client can be made for {url}: {type(error).__name__}")


def untrusted(error: BaseException, url: str) -> BackendError | None:
    """Say what is wrong with a server's certificate, or with speaking TLS to it at all.

    Returns
    -------
    BackendError or None
        None if that isn't why the connection failed.
    """
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return BackendError(
                f"the certificate of {url} can't be trusted ({cause.verify_message}); if it is "
                "your own, put its authority's certificate into a file, and that file's name "
                "into SSL_CERT_FILE"
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return ServerMissing(f"{url} doesn't speak TLS; its address begins with http://")
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and what led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
