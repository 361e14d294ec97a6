"""One participant is at no distance from anybody: no command shows a number in the place of one."""

import json
import sqlite3

import numpy as np
import pytest
from support.statistics_samples import clouds, handmade

from lwd_tui.store.run import RunStore

NORMS = ("norm", "norm_debiased", "noise_floor")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture(params=["now", "earlier"])
def alone(request, tmp_path):
    """A run of one participant, as it is stored now, or with the zeros of earlier versions."""
    path = tmp_path / "alone.sqlite"
    steps = [{"vectors": clouds([0], 6, seed=t)} for t in range(7)]
    handmade(path, steps).close()
    if request.param == "earlier":
        with sqlite3.connect(path) as file:
            file.execute("UPDATE steps SET norm = 0.0, norm_debiased = 0.0, noise_floor = 0.0")
        file.close()
    return path


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_stored_run_has_no_norms_but_a_dispersion(alone):
    with RunStore.open(alone) as store:
        for numbers in store.numbers():
            assert all(np.isnan(getattr(numbers, name)) for name in NORMS)
            assert numbers.dispersion[0] > 0
        assert all(np.isnan(getattr(store.step(0).geometry, name)) for name in NORMS)
        summary = store.summary()
    assert np.isnan([summary.norm_first, summary.norm_last]).all()


def test_no_command_shows_a_norm(lwd, alone):
    _, out, _ = lwd("runs", "show", alone)
    row = next(line for line in out.splitlines() if line.split()[:1] == ["0"])
    assert row.split()[3:6] == ["–", "–", "–"]
    *steps, summary = lines(lwd("runs", "show", alone, "--json")[1])
    assert {step[name] for step in steps for name in NORMS} == {None}
    assert summary["norm_first"] is summary["norm_last"] is None
    *steps, _ = lines(lwd("stats", alone, "--json")[1])
    for step in steps:
        assert {step[name] for name in NORMS} == {None}
        assert step["interval"] == [None, None]
        assert step["upper_bound"] is step["between_share"] is step["pseudo_f"] is None
        assert step["vendi"] >= 1
    code, out, _ = lwd("stats", alone)
    assert code == 0
    assert "nan" not in out
    assert "0.000" not in next(line for line in out.splitlines() if line.split()[:1] == ["0"])
    *_, summary = lines(lwd("compare", alone, "--json")[1])
    assert summary["summary"]
    code, _, err = lwd("compare", alone, "--margin", 1)
    assert code == 2
    assert "alone has one participant only, which is at no distance" in err
    code, _, err = lwd("replay", alone, "--pace", 0)
    assert "norm –" in err


def test_a_mixture_alone_has_no_norm(lwd, tmp_path):
    path = tmp_path / "alone.sqlite"
    given = ["gmm", "--set", "participants=1", "--steps", 6, "--replicates", 2]
    code, out, _ = lwd(*given, "--out", path)
    assert code == 0
    assert "‖D(t)‖F" not in out
    assert "a mixture alone has no norm" in out
    assert "norm over the last half of the steps: –; predicted noise floor: –" in out
    *steps, summary = lines(lwd(*given, "--json")[1])
    assert all(step["norm"] == [None, None] and step["theory"] is None for step in steps)
    assert summary["norm_last"] == [None, None]
    assert summary["near_zero"] is summary["floor_measured"] is None
    assert "median norm –" in lwd("replay", path, "--pace", 0)[2]
    assert lwd("report", path, "--out", tmp_path / "alone.html")[0] == 0
    page = (tmp_path / "alone.html").read_text()
    assert "nan" not in page
    assert "<td>–</td>" in page
    for name in ("csv", "jsonl"):
        code, *_ = lwd("runs", "export", path, "--format", name, "--out", tmp_path / name)
        assert code == 0
        assert "nan" not in "".join(file.read_text() for file in (tmp_path / name).rglob("*.*"))
