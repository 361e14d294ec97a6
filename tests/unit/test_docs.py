"""What the documents point to is there: files, modules and headings."""

import re
import tomllib
from pathlib import Path

import pytest

from lwd_tui import __version__

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
NAMED = {
    path.name
    for room in ("lwd_tui", "benchmarks", "tests")
    for path in ROOT.glob(f"{room}/**/*.py")
}
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
_MODULE = re.compile(r"`([\w/]+\.py)`")


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for place, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / place if place else page
        assert target.exists(), place
        assert not anchor or anchor in anchors(target), f"{place}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_is_named_is_there(page):
    named = _MODULE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if name.rsplit("/", 1)[-1] not in NAMED] == []


def test_the_version_is_the_same_wherever_it_is_written():
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    newest = re.search(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert {said["version"], cited[1], newest[1]} == {__version__}
