"""Compiled functions, and the folder in which their machine code is kept."""

import importlib
import os
import stat
from pathlib import Path

import numba
import numpy as np
import pytest

from lwd_tui.gmm import compiled as module
from lwd_tui.gmm.update import share_out


def loaded_with(monkeypatch, folder):
    """Load the module as if the user's own folder were here; return where Numba keeps code."""
    with monkeypatch.context() as patched:
        patched.delenv("NUMBA_CACHE_DIR", raising=False)
        patched.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(folder))
        passing = importlib.reload(module)._passing
        return Path(os.environ["NUMBA_CACHE_DIR"]), passing


def test_the_folder_is_the_users_own_and_closed_to_others(monkeypatch, tmp_path):
    for _ in range(2):
        kept, passing = loaded_with(monkeypatch, tmp_path / "own")
        assert kept.is_relative_to(tmp_path / "own")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o700
        assert passing is None


def test_where_there_can_be_no_folder_of_ones_own_the_code_is_kept_until_the_end(
    monkeypatch, tmp_path
):
    (tmp_path / "file").touch()
    kept, passing = loaded_with(monkeypatch, tmp_path / "file")
    assert kept == Path(passing.name)
    assert kept.is_dir()
    passing.cleanup()
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda *_: False)
        kept, passing = loaded_with(monkeypatch, tmp_path / "closed")
    assert kept == Path(passing.name)
    passing.cleanup()


def test_a_folder_that_was_named_is_left_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    importlib.reload(module)
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="NUMBA_DISABLE_JIT: nothing is compiled")
def test_the_code_is_kept_and_runs_beside_others_and_divides_as_numpy():
    values = np.array([-np.inf, -np.inf])
    # 0 / 0: nothing is raised.
    share_out(values, 0.0)
    assert np.isnan(values).all()
    assert share_out.targetoptions["nogil"]
    assert Path(share_out._cache.cache_path).is_dir()
