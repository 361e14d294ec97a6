"""What goes wrong with the Hugging Face Hub, in sentences of ours.

None of them holds what the library or the server says: either may quote the request, and with it
the token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lwd_tui.backends.embedded.hub_names import HubName
from lwd_tui.experiment.backend import BackendError, ModelMissing, ServerMissing, WeightsError
from lwd_tui.text import clean_line

_HOW = "set HF_TOKEN to a token of such an account, or run `hf auth login`"


@contextmanager
def told(name: HubName) -> Iterator[None]:
    """Raise what the library, its connection or the disk raises as an error to be read.

    Parameters
    ----------
    name : HubName
        What is asked for.
    """
    import httpx2
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.HfHubHTTPError as error:
        raise _refusal(name, error) from None
    except errors.OfflineModeIsEnabled:
        raise ModelMissing(
            f"{name} isn't in the cache ({constants.HF_HUB_CACHE}), and HF_HUB_OFFLINE forbids to "
            "ask the Hub; unset it, or use a model that is here"
        ) from None
    except (httpx2.TransportError, errors.LocalEntryNotFoundError):
        raise ServerMissing(
            f"the Hub at {_place()} can't be reached for {name}; check the network and "
            "HF_ENDPOINT, then try again: what has arrived is kept"
        ) from None
    except errors.HFValidationError:
        raise ModelMissing(f"{name.repo} can't be a repository on the Hub") from None
    except (errors.FileMetadataError, httpx2.InvalidURL, ValueError, KeyError, TypeError):
        raise ServerMissing(f"what answers at {_place()} isn't a Hub; check HF_ENDPOINT") from None
    except OSError as error:
        raise WeightsError(
            f"{name} can't be kept in {constants.HF_HUB_CACHE}: {error.strerror}; make room "
            "there, or set HF_HOME to a folder that you may write to"
        ) from None


def _refusal(name: HubName, error: Exception) -> BackendError:
    import huggingface_hub as hub
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", "an error")
    has_token = hub.get_token() is not None
    match error:
        case errors.GatedRepoError():
            why = "the token's account hasn't been let in" if has_token else "no token is set"
            return ModelMissing(
                f"{name} is gated, and {why}: accept its terms at "
                f"https://huggingface.co/{name.repo}, and {_HOW}"
            )
        case errors.RepositoryNotFoundError():
            why = "the token's account may not see it" if has_token else "it is private"
            more = "" if has_token else f" ({_HOW})"
            return ModelMissing(
                f"the Hub at {_place()} has no repository {name.repo}, or {why}{more}"
            )
        case errors.EntryNotFoundError():
            return ModelMissing(f"{name} has just gone from the Hub at {_place()}; try again")
    if status in (401, 403) and has_token:
        return ModelMissing(
            f"the Hub at {_place()} doesn't take the token for {name}; check HF_TOKEN, "
            "or run `hf auth login`"
        )
    slow = "; wait some minutes, or set HF_TOKEN" if status == 429 else "; try again later"
    return ServerMissing(f"the Hub at {_place()} answered {status} for {name}{slow}")


def _place() -> str:
    """Return the Hub's host, without a password that the address may hold."""
    from huggingface_hub import constants

    return clean_line(constants.ENDPOINT.partition("://")[2].rpartition("@")[2]) or "HF_ENDPOINT"
