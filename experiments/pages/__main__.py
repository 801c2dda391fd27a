"""`python -m experiments.pages`: writes docs/thesis.md and its pictures. Results are kept in a folder and found again, as `spn sweep` does.
With `--consoles` instead what the consoles of README.md and docs show is printed anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.pages.consoles import renew_all
from experiments.pages.page import curve_of_fig_21, pictures, text
from experiments.pages.sections import SECTIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> None:
    """Sweep, answer, draw, write."""
    import spn

    parser = argparse.ArgumentParser(prog="python -m experiments.pages", description=__doc__)
    parser.add_argument("-o", "--output", default="results", help="the folder of the results files (default: results)")
    parser.add_argument("--workers", type=int, help="how many work at a time (default: as many as there are cores)")
    parser.add_argument("--consoles", action="store_true", help="only run the consoles of the pages anew")
    arguments = parser.parse_args()
    if arguments.consoles:
        print(f"changed: {', '.join(renew_all()) or 'nothing'}")
        return
    reproduction = spn.reproduce("thesis", arguments.output, workers=arguments.workers, told=print)
    studies = {section.study: spn.sweep(section.study, arguments.output, workers=arguments.workers, told=print) for section in SECTIONS}
    for name, picture in pictures(studies).items():
        path = DOCS / "thesis" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture)
    (DOCS / "thesis" / "fig_21.csv").write_text(curve_of_fig_21())
    (DOCS / "thesis.md").write_text(text(reproduction, studies))
    print(f"written: {DOCS / 'thesis.md'}")


if __name__ == "__main__":
    main()
