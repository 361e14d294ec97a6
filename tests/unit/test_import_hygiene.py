"""The first frame and `--help` come before anything heavy is loaded; no file is too long."""

import subprocess
import sys
from pathlib import Path

import lwd_tui

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "scipy",
    "numba",
    "xllamacpp",
    "huggingface_hub",
    "gguf",
    "ollama",
    "openai",
    "textual",
    "plotext",
)


def loaded(code):
    script = f"import sys\n{code}\nprint(*sorted(name.partition('.')[0] for name in sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(result.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded("import lwd_tui") & {*HEAVY, "numpy", "pydantic"}


def test_help_loads_nothing_heavy():
    code = """
from lwd_tui.cli.main import app
sys.argv = ["lwd-tui", "--help"]
try:
    app()
except SystemExit:
    pass
"""
    assert not loaded(code) & {*HEAVY, "numpy", "pydantic", "sqlite3"}


def test_a_session_on_scripted_models_loads_nothing_heavy():
    code = "import lwd_tui.run.session, lwd_tui.backends.scripted, lwd_tui.store.run"
    assert not loaded(code) & set(HEAVY)


def test_the_explorer_is_on_its_way_before_typer_or_anything_heavy():
    code = "import lwd_tui.__main__, lwd_tui.cli.explore, lwd_tui.tui.app"
    heavy = set(HEAVY) - {"textual"}
    assert not loaded(code) & {*heavy, "numpy", "pydantic", "typer", "sqlite3"}


def test_no_file_is_over_four_hundred_lines():
    package = Path(lwd_tui.__file__).parent
    lengths = {path: len(path.read_text().splitlines()) for path in package.rglob("*.py")}
    assert [path.name for path, length in lengths.items() if length > 400] == []
