"""What the tests reach of each folder, in branches; `make coverage` measures and calls it.

``--missing`` lists what they don't: a line, and where nothing goes on from it.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import coverage


def main() -> None:
    """Print a table of the folders, and if asked for the branches that nothing reached."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "branches.json"
        measured = coverage.Coverage()
        measured.load()
        measured.json_report(outfile=str(out))
        files = json.loads(out.read_text(encoding="utf-8"))["files"]
    there, reached = Counter[str](), Counter[str]()
    missing = []
    for name, found in sorted(files.items()):
        path = Path(name)
        folder = path.parts[path.parts.index("lwd_tui") + 1]
        there[folder] += found["summary"]["num_branches"]
        reached[folder] += found["summary"]["covered_branches"]
        for line, to in found["missing_branches"]:
            missing.append(f"{name}:{line} to {'the end' if to < 0 else to}")
    lines = ["| folder | branches | reached | % |", "|---|---|---|---|"]
    for folder, count in sorted(there.items()):
        if count:
            share = 100 * reached[folder] / count
            lines.append(f"| `{folder}` | {count:,} | {reached[folder]:,} | {share:.1f} |")
    if "--missing" in sys.argv:
        lines += missing
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
