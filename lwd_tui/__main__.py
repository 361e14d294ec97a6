"""Where `lwd-tui` and `python -m lwd_tui` begin."""

import os
import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded is no traceback either."""
    _one_thread()
    try:
        # A shell that completes a line asks by a variable, without options.
        if sys.argv[1:] or "_LWD_TUI_COMPLETE" in os.environ:
            from lwd_tui.cli.main import main as command_line

            command_line()
        else:
            # Without options Typer isn't needed, which takes as long to load as Textual.
            from lwd_tui.cli.explore import explore
            from lwd_tui.cli.outcome import leave

            leave(explore)
    except KeyboardInterrupt:
        sys.exit(130)


def _one_thread() -> None:
    """Keep NumPy, which isn't loaded yet, to one thread, whatever the environment says.

    Several threads sum in another order, and the last digits of a run would depend on the machine.
    The matrices are small, too: with models at work beside them, threads that wait for each other
    take four times the time.
    """
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1"}


if __name__ == "__main__":
    main()
