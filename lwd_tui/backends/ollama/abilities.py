"""What a model of an Ollama server can do, read from what says so, in this order.

========================================  ====================================================
what is told                              what follows
========================================  ====================================================
`embedding` among the capabilities, or    it embeds, and does nothing else: servers have been
states that are pooled into one vector    seen to list such models as able to complete
capabilities without `completion`         it does nothing that a run could use
`tools` or `thinking` among them          it takes turns: neither goes without a chat format
RENDERER or PARSER in the modelfile       it takes turns: the server has the format built in
a template other than the bare prompt     it takes turns
`remote_model` beside its name            another machine runs it, and takes turns: what it is
                                          made of isn't shown, and a bare prompt is refused
none of these                             a base model, which goes on from a text
no RENDERER, and a template that has no   a system text doesn't reach it: the server drops it
place for a system text                   without a word
`thinking` among the capabilities         it can think before it answers
... and it is named in `_ALWAYS`          it thinks whatever it is told
========================================  ====================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Templates that pass the bare prompt on: the model was not taught to take turns.
_NO_TEMPLATE = ("", "{{ .Prompt }}", "{{.Prompt}}")
# Text between quotes, such as a licence, may hold anything.
_QUOTED = re.compile(r'"""[\s\S]*?"""|"[^"]*"')
_BUILT_IN = re.compile(r"^(RENDERER|PARSER)[ \t]+(\S+)", re.MULTILINE)
# A template that asks for roles by their names, and what lets others through.
_ASKS_ROLE = re.compile(r"\beq\s+\$?\w*\.Role\b")
_ANY_ROLE = re.compile(r"\{\{-?\s*\$?\w*\.Role\b|\belse\b|[\"`]system[\"`]")
# Renderers, and families of models, that can't be told to be quiet: recorded, or documented.
_ALWAYS = re.compile(r"(?:-think(?:ing)?|gpt-?oss|harmony)$")


def abilities(
    told: Sequence[str] | None,
    *,
    template: str = "",
    modelfile: str = "",
    family: str = "",
    details: Mapping[str, Any] | None = None,
    remote: bool = False,
) -> tuple[str, ...]:
    """Say what a model can do.

    Parameters
    ----------
    told : sequence of str or None
        The server's list of capabilities; servers from before there was one have it empty.
    template, modelfile, family : str
        As the server shows them; "" where it shows none.
    details : mapping, optional
        The fields of the model's file.
    remote : bool
        Whether the server only passes requests on to another machine.

    Returns
    -------
    tuple of str
        Of "generate", "chat", "no-system", "thinking", "always-thinking", "embed", "remote".
    """
    capabilities = set(told or ())
    architecture = str((details or {}).get("general.architecture", ""))
    away = ("remote",) if remote else ()
    if "embedding" in capabilities or f"{architecture}.pooling_type" in (details or {}):
        return ("embed", *away)
    if capabilities and "completion" not in capabilities:
        return away
    built_in = _BUILT_IN.findall(_QUOTED.sub("", modelfile))
    turns = (
        remote
        or bool(capabilities & {"tools", "thinking"})
        or bool(built_in)
        or template.strip() not in _NO_TEMPLATE
    )
    found = ["generate", *(["chat"] if turns else [])]
    renders = "RENDERER" in (line for line, _ in built_in)
    # Of one that isn't shown nothing is known.
    if turns and template and not renders and _drops_system(template):
        found.append("no-system")
    if "thinking" in capabilities:
        found.append("thinking")
        if any(
            _ALWAYS.search(name.lower())
            for name in (*(name for _, name in built_in), family, architecture)
        ):
            found.append("always-thinking")
    return (*found, *away)


def _drops_system(template: str) -> bool:
    """Whether a template surely has no place for a system text."""
    # Current servers show the file's own Jinja template where they use that; it isn't read here.
    if ".System" in template or "{%" in template:
        return False
    if ".Messages" not in template:
        return True
    return bool(_ASKS_ROLE.search(template)) and not _ANY_ROLE.search(template)
