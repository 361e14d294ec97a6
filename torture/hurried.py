"""The command line with clients that wait for seconds, where a run would wait for minutes."""

from __future__ import annotations

import sys

from lwd_tui.backends.ollama import client as ollama_client
from lwd_tui.backends.ollama.embedder import OllamaEmbedder
from lwd_tui.backends.ollama.generator import OllamaGenerator
from lwd_tui.backends.openai import client as openai_client
from lwd_tui.backends.openai.generator import OpenAIGenerator

FIRST_SECONDS, IDLE_SECONDS = 4.0, 2.0
_GENERATORS = {"first_seconds": FIRST_SECONDS, "idle_seconds": IDLE_SECONDS, "first_delay": 0.01}


def main() -> None:
    """Shorten the limits, and leave everything else as it is."""
    for generator in (OllamaGenerator, OpenAIGenerator):
        generator.__init__.__kwdefaults__.update(_GENERATORS)
    ollama_client.TELL_SECONDS = openai_client.TELL_SECONDS = FIRST_SECONDS
    OllamaEmbedder.__init__.__kwdefaults__.update(seconds=FIRST_SECONDS, first_delay=0.01)
    from lwd_tui.cli.main import main as lwd

    sys.argv[0] = "lwd-tui"
    lwd()


if __name__ == "__main__":
    main()
