"""A stored run as pandas frames: the tables that an export writes, without the files."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lwd_tui.analysis.arrays import Responses
from lwd_tui.experiment.gmm import GmmRun, GmmSpec
from lwd_tui.experiment.llm import Experiment
from lwd_tui.store.errors import StoreError
from lwd_tui.store.export import plain
from lwd_tui.store.folder import reference
from lwd_tui.store.gmm import GMM_TABLES, gmm_rows, read_gmm_run
from lwd_tui.store.run import RunStore
from lwd_tui.store.tables import Column, table_rows, tables_of, wanted_tables
from lwd_tui.text import clean_line
from lwd_tui.types import Step

if TYPE_CHECKING:
    from pandas import DataFrame


class Run:
    """A stored run, read when it is asked for; `lwd_tui.load_run` finds one.

    What was read is kept: of a run that is still being written, load it again to see more. A number
    that isn't defined is NaN, a whole number that isn't there ``<NA>``. Texts are as models wrote
    them, and hold whatever a model may write.

    Attributes
    ----------
    path : Path
        Of its file, which is open only while something is read of it.
    query : int
        Of a run that asks several queries: whose answers `step`, `answers` and `embeddings` give,
        from 1; 0: the replicates of all together. The frames have all, with a column `query`.

    Examples
    --------
    >>> import lwd_tui as lwd
    >>> run = lwd.run("quickstart", {"steps": 2}, backend="scripted", notice=lambda _: None)
    >>> run.steps[["t", "k", "size"]]
       t  k  size
    0  0  2     4
    1  1  3     6
    2  2  4     8
    """

    def __init__(self, path: Path, query: int = 0) -> None:
        self.path = path
        self.query = query

    def __repr__(self) -> str:
        with RunStore.open(self.path) as store:
            run = store.summary()
        name = clean_line(reference(self.path))
        return f"<Run {name}: {run.status}, {run.done} of {run.steps} steps>"

    @cached_property
    def experiment(self) -> Experiment | GmmSpec:
        """What was run: with its participants chosen, or of a network of mixtures."""
        with RunStore.open(self.path) as store:
            return store.ran

    @cached_property
    def record(self) -> dict[str, Any]:
        """What it was made with, as JSON values: versions, models, embedder, hosts, notes."""
        with RunStore.open(self.path) as store:
            return store.record

    # Frames

    def table(self, name: str) -> DataFrame:
        """Return a table of `lwd-tui runs export` by its name.

        Parameters
        ----------
        name : str
            posts, prompts, draws, responses, attempts, distances, dispersions, steps or events; of
            a run of mixtures steps, norms, weights or lifted.

        Raises
        ------
        StoreError
            If there is no such table, or pandas isn't installed.
        """
        if name not in self._tables:
            names = ", ".join(self._tables)
            raise StoreError(f"run {reference(self.path)} has no table {name!r}; it has {names}")
        return self._tables[name]

    @property
    def posts(self) -> DataFrame:
        """A post a row: id, step (the first t that can draw it), origin, author, label, text."""
        return self.table("posts")

    @property
    def draws(self) -> DataFrame:
        """A draw a row: who read which posts (a list of their ids) at which t."""
        return self.table("draws")

    @property
    def responses(self) -> DataFrame:
        """An answer a row, as it stands: its text, tokens, seconds, its place x, y in the scatter.

        Where `problem` isn't "", it couldn't be used.
        """
        return self.table("responses")

    @property
    def steps(self) -> DataFrame:
        """A whole step a row: t, k, size, norm, norm_debiased, noise_floor and more."""
        return self.table("steps")

    @property
    def distances(self) -> DataFrame:
        """A pair of participants a row: t, their names a and b, and D_ab(t)."""
        return self.table("distances")

    @cached_property
    def embeddings(self) -> DataFrame:
        """A usable answer a row, indexed by t, participant and response; p columns of float32.

        All at once: use `answers` where a run is larger than the memory.
        """
        pandas = _pandas()
        with self._of_models() as store:
            done = store.finished()
            keys = [place for *place, _ in store.usable_texts(0, done)]
            steps = [vectors for _, vectors in store.embeddings(0, done) if len(vectors)]
        names = ["t", "participant", "response"]
        index = pandas.MultiIndex.from_arrays(np.array(keys, dtype=np.int64).reshape(-1, 3).T)
        vectors = np.concatenate(steps) if steps else np.empty((0, 0), dtype=np.float32)
        frame: DataFrame = pandas.DataFrame(vectors, index=index.set_names(names))
        return frame

    @cached_property
    def _tables(self) -> dict[str, DataFrame]:
        pandas = _pandas()
        with RunStore.open(self.path) as store:
            mixtures = store.kind == "gmm"
            whole = GMM_TABLES if mixtures else tables_of(store)
            tables = wanted_tables(whole, content_only=False, embeddings=False)
            del tables["run"]
            cells: dict[str, dict[str, list[Any]]] = {
                table: {column.name: [] for column in columns} for table, columns in tables.items()
            }
            rows = table_rows(store, content_only=False, embeddings=False)
            for table, values in gmm_rows(store) if mixtures else rows:
                for name, column in cells.get(table, {}).items():
                    column.append(values[name])
        return {
            table: pandas.DataFrame(
                {each.name: _series(pandas, cells[table][each.name], each) for each in columns}
            )
            for table, columns in tables.items()
        }

    # Records

    def step(self, t: int) -> Step:
        """Return a whole step, with its draws, answers, vectors and geometry."""
        with self._of_models() as store:
            return store.step(t)

    def answers(self, t: int) -> Responses:
        """Return the embedded, usable answers of a step, as `lwd_tui.statistics` takes them."""
        with self._of_models() as store:
            step, n = store.step(t), len(store.experiment.cast)
        return Responses.of(step.embeddings, step.owners, n)

    def mixtures(self) -> GmmRun:
        """Return the weights of a run of mixtures.

        Raises
        ------
        StoreError
            If it is one of language models.
        """
        with RunStore.open(self.path) as store:
            if store.kind != "gmm":
                raise StoreError(f"run {reference(self.path)} is of language models, not mixtures")
            return read_gmm_run(store)

    def _of_models(self) -> RunStore:
        store = RunStore.open(self.path)
        if store.kind == "gmm":
            store.close()
            raise StoreError(f"run {reference(self.path)} is of mixtures, which give no answers")
        try:
            return store.look_at(self.query)
        except StoreError:
            store.close()
            raise


def _series(pandas: Any, values: list[Any], column: Column) -> Any:
    match column.kind:
        case "int":
            return pandas.array(values, dtype="Int64" if None in values else "int64")
        case "float":
            return np.array(values, dtype=np.float64)
        case "text":
            return [plain(value, column) for value in values]
        case _:
            return pandas.Series(values, dtype=object)


def _pandas() -> Any:
    """Return pandas, which has no types of its own."""
    try:
        return import_module("pandas")
    except ImportError:
        raise StoreError(
            "frames need pandas, which isn't installed: pip install 'lwd-tui[notebook]'"
        ) from None
