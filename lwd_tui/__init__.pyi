from lwd_tui import statistics as statistics
from lwd_tui.lessons.recorded import load_run as load_run
from lwd_tui.run.notebook import Mixtures as Mixtures
from lwd_tui.run.notebook import fork as fork
from lwd_tui.run.notebook import load_experiment as load_experiment
from lwd_tui.run.notebook import mixtures as mixtures
from lwd_tui.run.notebook import run as run
from lwd_tui.run.notebook import stream as stream
from lwd_tui.store.frames import Run as Run

__version__: str
