import subprocess
import sys
from pathlib import Path

import pytest

from lwd_tui.store.errors import StoreError, opening

# A file that was copied while it was written, or whose writer was killed, says in its header that
# there is a log beside it. On a medium that can't be written SQLite alone wouldn't open it.
SCRIPT = """
import shutil, subprocess, sys
from pathlib import Path
from support.store_samples import assert_same_step, experiment, simple_step, write
from lwd_tui.store.run import RunStore

disk, home = Path(sys.argv[1]), Path(sys.argv[2])
if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)]).returncode:
    sys.exit("no mount")
with RunStore.create(home / "tiny.sqlite", experiment(), {}) as store:
    write(store, simple_step(0))
with RunStore.open(home / "tiny.sqlite", write=True):
    shutil.copy(home / "tiny.sqlite", disk)
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
assert (disk / "tiny.sqlite").read_bytes()[18:20] == bytes([2, 2]), "the header names no log"
with RunStore.open(disk / "tiny.sqlite") as store:
    assert_same_step(store.step(0), simple_step(0))
"""


def test_a_run_is_read_on_a_medium_that_cannot_be_written(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n" + SCRIPT
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", sys.executable, "-c", script, disk, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    if "no mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("this machine doesn't let a test mount a disk")
    assert done.returncode == 0, done.stderr


def test_what_the_system_says_of_a_file_is_told(tmp_path):
    path = tmp_path / "a.sqlite"
    told = r"run a can't be opened: Input/output error \(.*a.sqlite\)"
    with pytest.raises(StoreError, match=told), opening(path):
        raise OSError(5, "Input/output error")
