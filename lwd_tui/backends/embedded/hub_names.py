"""Which file of a repository on the Hugging Face Hub a name means: hf.co/USER/REPO:QUANT."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from lwd_tui.experiment.backend import ModelMissing
from lwd_tui.text import clean_line

_PREFIX = re.compile(r"(https?://)?(hf\.co|huggingface\.co)/", re.IGNORECASE)
_WHERE = re.compile(r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(?::(?P<tag>[^:/\\]+))?/?", re.ASCII)
_QUANTISATION = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q\d\w*|TQ\d_\d|MXFP4\w*|BF16|F(?:P)?16|F(?:P)?32))$", re.IGNORECASE
)
_SPLIT = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$|$)", re.IGNORECASE)
# Beside the weights of language models lie those of image encoders and matrices for quantising.
_NO_MODEL = re.compile(r"mmproj|imatrix", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HubName:
    """A name on the Hub, taken apart.

    Attributes
    ----------
    repo : str
        "USER/REPO".
    tag : str
        A quantisation or a file's name; "" where none is given.
    """

    repo: str
    tag: str

    def __str__(self) -> str:
        return f"hf.co/{self.repo}" + (f":{self.tag}" if self.tag else "")


def is_on_hub(model: str) -> bool:
    """Say whether a name begins with the Hub's, so that it can mean nothing else."""
    return _PREFIX.match(model) is not None


def read_hub_name(model: str) -> HubName | None:
    """Take a name apart; None if it isn't one of the Hub.

    ``USER/REPO`` alone may as well be a path: only with the Hub's name before it or a
    quantisation behind it is it taken for a repository.

    Raises
    ------
    ModelMissing
        If it begins with the Hub's name and goes on as no repository does.
    """
    prefix = _PREFIX.match(model)
    found = _WHERE.fullmatch(model[prefix.end() :] if prefix else model)
    if prefix and found is None:
        raise ModelMissing(
            f"{model} names no repository on the Hub; write hf.co/USER/REPO:QUANT, "
            "such as hf.co/bartowski/SmolLM2-360M-Instruct-GGUF:Q4_K_M"
        )
    if found is None or not (prefix or found["tag"]):
        return None
    return HubName(found["repo"], found["tag"] or "")


def pick(name: HubName, files: Sequence[str]) -> str:
    """Return the file of a repository that a name means.

    Parameters
    ----------
    name : HubName
    files : sequence of str
        Paths in the repository.

    Raises
    ------
    ModelMissing
        If none is meant, or several are, or it is split; with what there is.
    """
    weights = sorted(file for file in files if _is_weights(file))
    if not weights:
        raise ModelMissing(
            f"hf.co/{name.repo} has no GGUF file of a language model; look for a repository whose "
            "name ends in GGUF"
        )
    tag = name.tag.casefold()
    meant = [file for file in weights if not tag or tag in _tags_of(file)]
    whole = [file for file in meant if not _SPLIT.search(file)]
    if len(whole) == 1:
        return whole[0]
    if meant and not whole:
        raise ModelMissing(
            f"{name} is split into files such as {clean_line(meant[0])}, which can't be used; "
            "choose a smaller quantisation, or join them with `llama-gguf-split --merge` and give "
            "the path of the result"
        )
    wrong = "has several models" if whole else f"has no {clean_line(name.tag)}"
    listed = dict.fromkeys(_shortest(file, weights) for file in weights)
    raise ModelMissing(
        f"hf.co/{name.repo} {wrong}; write hf.co/{name.repo}:QUANT with one of "
        f"{clean_line(', '.join(listed))}"
    )


def _is_weights(file: str) -> bool:
    return file.lower().endswith(".gguf") and not _NO_MODEL.search(PurePosixPath(file).name)


def _quantisation(file: str) -> str:
    found = _QUANTISATION.search(_SPLIT.sub("", PurePosixPath(file).stem))
    return found[1].upper() if found else ""


def _tags_of(file: str) -> set[str]:
    """Return what means a file: its quantisation, its name and its path, in any case."""
    return {tag.casefold() for tag in (_quantisation(file), PurePosixPath(file).name, file)}


def _shortest(file: str, files: Sequence[str]) -> str:
    """Return the quantisation if it means this file only, or all parts of one; else its name."""
    kind = _quantisation(file)
    if _SPLIT.search(file):
        return f"{kind or _SPLIT.sub('', PurePosixPath(file).stem)} (split)"
    alone = sum(_quantisation(other) == kind for other in files) == 1
    return kind if kind and alone else PurePosixPath(file).name
