"""The page of a run of mixtures."""

from __future__ import annotations

from lwd_tui.analysis.frames import stride
from lwd_tui.analysis.weights import norms, quantile_band
from lwd_tui.report.gmm_figures import gmm_figures
from lwd_tui.report.page import MOST_ROWS, beyond_the_paper, command, filled, shown_toml, thinned
from lwd_tui.report.recorded import recorded
from lwd_tui.run.mixtures import NEAR_ZERO, sizes, summarise, theory
from lwd_tui.run.recorded import stored_mixtures
from lwd_tui.store.run import RunStore

MOST_REPLICATES = 40


def gmm_page(store: RunStore) -> str:
    """Return the page."""
    run = stored_mixtures(store)
    spec, summary = run.spec, summarise(run)
    curves = norms(run.weights)
    steps = list(
        zip(
            range(curves.shape[1]),
            *(part.tolist() for part in sizes(run)),
            *quantile_band(curves).tolist(),
            theory(run).tolist(),
            strict=True,
        )
    )
    numbered = zip(run.replicates, summary.rows(), strict=True)
    replicates = [(number, *row) for number, row in numbered]
    values = {
        "run": store.summary(),
        "spec": spec,
        "beyond": beyond_the_paper(spec),
        "record": recorded(store),
        "steps": steps,
        "rows": thinned(steps),
        "stride": stride(len(steps), MOST_ROWS),
        "replicates": replicates,
        "shown_replicates": replicates[:MOST_REPLICATES],
        "summary": summary,
        "near_zero": NEAR_ZERO,
        "near": int((summary.norm_last < NEAR_ZERO).sum()),
        "toml": shown_toml(spec),
        "sha256": spec.sha256,
        "command": command(("gmm", "--preset", "experiment.toml"), ()),
    }
    return filled("gmm.html", values, gmm_figures(run))
