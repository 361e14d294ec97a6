"""The explorer without the command line around it, as `lwd-tui serve` starts one a browser."""

from __future__ import annotations

import sys

from lwd_tui.tui.app import run_app

if __name__ == "__main__":
    sys.exit(run_app())
