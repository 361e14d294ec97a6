"""`python -m lwd_tui`."""

from lwd_tui.cli.main import main

main()
