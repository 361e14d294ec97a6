"""What a notebook is offered: light to import, its names, and every example of it, executed.

``NOTEBOOKS=keep`` writes what the cells of docs/notebook.ipynb show now into it.
"""

import ast
import doctest
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from support.notebooks import Notebook, figures

import lwd_tui
from lwd_tui import statistics

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "notebook.md"
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    mpl.use("Agg")


def test_the_names_that_types_are_given_for_are_those_that_are_there():
    tree = ast.parse((ROOT / "lwd_tui" / "__init__.pyi").read_text(encoding="utf-8"))
    typed = {name.asname for node in tree.body if isinstance(node, ast.ImportFrom)
             for name in node.names}  # fmt: skip
    assert typed | {"__version__"} == set(lwd_tui.__all__) == set(dir(lwd_tui))
    assert all(getattr(lwd_tui, name) is not None for name in lwd_tui.__all__)
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        lwd_tui.rum  # noqa: B018


@pytest.mark.parametrize("first", ["lwd.run", "import lwd_tui.run.session"])
def test_run_can_be_called_whatever_was_imported_before(first):
    code = f"import lwd_tui as lwd\n{first}\nlwd.run('no-such-preset')"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "no preset is called 'no-such-preset'" in told.stderr


def test_the_page_names_all_statistics_and_no_others():
    page = PAGE.read_text(encoding="utf-8")
    table = page.partition("## Statistics")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) | {"UnfitData"}
    assert named == set(statistics.__all__)
    assert all(hasattr(statistics, name) for name in named)


def test_every_example_on_the_page_runs(capsys):
    blocks = re.findall(r"^```python ?(\w*)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    notebook = Notebook()
    for number, (needs, block) in enumerate(blocks):
        if not needs or importlib.util.find_spec(needs):
            notebook.run(block, f"{PAGE.name}, block {number}")
    assert len(notebook.names["norms"]) == 21
    assert [t for t, _, _ in notebook.names["rows"]] == list(range(7))


@pytest.mark.parametrize("name", ["lwd_tui.run.notebook", "lwd_tui.store.frames"])
def test_every_example_in_a_docstring_runs(name, capsys):
    module = importlib.import_module(name)
    found = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted
    assert not found.failed


def test_the_notebook_shows_what_stands_in_it():
    data = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    notebook = Notebook()
    keep = os.environ.get("NOTEBOOKS") == "keep"
    cells = [cell for cell in data["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, 1):
        text = notebook.run("".join(cell["source"]), f"cell {number}")
        drawn = figures()
        if keep:
            cell["execution_count"], cell["outputs"] = number, _outputs(text, drawn)
        stored = [each for each in cell["outputs"] if each["output_type"] == "stream"]
        assert "".join("".join(each["text"]) for each in stored) == text, f"cell {number}"
        assert len(cell["outputs"]) - len(stored) == len(drawn)
    if keep:
        NOTEBOOK.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _outputs(text, drawn):
    written = {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}
    pictures = [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": f"{picture}\n"}}
        for picture in drawn
    ]
    return ([written] if text else []) + pictures
