"""What several files of tests share."""

import sys

import pytest

from lwd_tui.cli.main import main


@pytest.fixture
def lwd(monkeypatch, capsys):
    """Run the command line; return its exit code, stdout and stderr."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["lwd-tui", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        written = capsys.readouterr()
        return left.value.code or 0, written.out, written.err

    return run
