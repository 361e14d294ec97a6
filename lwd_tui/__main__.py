"""Where `lwd-tui` and `python -m lwd_tui` begin."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded is no traceback either."""
    try:
        if sys.argv[1:]:
            from lwd_tui.cli.main import main as command_line

            command_line()
        else:
            # Without options Typer isn't needed, which takes as long to load as Textual.
            from lwd_tui.cli.explore import explore
            from lwd_tui.cli.outcome import leave

            leave(explore)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
