"""The user's own keys, from keys.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable

from textual.binding import BindingsMap

from lwd_tui.text import suggestion
from lwd_tui.tui.state.memory import folder

FILE = "keys.toml"
WIDGETS = (
    *("choice", "crowd", "feed", "finder", "fold", "models", "outline"),
    *("passage", "plot", "rows", "weights"),
)
"""What the ids of widgets' keys begin with; a widget is imported with the page that has it."""


def read_keymap(bindings: BindingsMap, pages: Iterable[str]) -> tuple[dict[str, str], str]:
    """Return the user's keys by the ids of their actions, and what is wrong with the file.

    The file looks like this, and lies in the folder of settings::

        [keys]
        "run.step" = "n"
        "view.back" = "left,h"

    Several keys of one action are separated by commas. Ids are looked for among the app's own
    bindings; what starts with the name of a page is that page's business. The complaint is one
    sentence, or "" if all is well.
    """
    path = folder("config") / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8")).get("keys", {})
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"{path} can't be read: {error.strerror}; the usual keys are in force"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, f"{path} is not valid TOML: {error}; the usual keys are in force"
    if not isinstance(data, dict):
        return {}, f"{path}: keys must be a table; the usual keys are in force"
    known = dict.fromkeys(binding.id for _, binding in bindings if binding.id)
    prefixes = tuple(f"{owner}." for owner in (*pages, *WIDGETS))
    keymap: dict[str, str] = {}
    for name, key in data.items():
        if name not in known and not name.startswith(prefixes):
            return keymap, f"{path}: no action is called {name!r}; {suggestion(name, known)}"
        if not isinstance(key, str) or not key.strip():
            return keymap, f'{path}: {name} must be a key, or several as in "left,h"'
        keymap[name] = key
    return keymap, ""
