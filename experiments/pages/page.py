"""The page docs/thesis.md as text, and its pictures. What is said in it is computed in `sections` and in `spn.reproduction`."""

from __future__ import annotations

from collections.abc import Mapping

import spn
from experiments.pages.sections import SECTIONS, Section
from spn.reproduction.hazard import fig_21, highest
from spn.reproduction.reproduction import Reproduction
from spn.reproduction.words import count
from spn.tables.forms import markdown_tables
from spn.tables.results import Results

FIG_21 = "lognormal(mu=15.81, sigma=0.4)"

INTRODUCTION = """\
# The thesis

The models that ship with spn come from a thesis on the availability of SIP servers built of actors (its chapter 5). This page says what its
tables become when they are simulated anew, and answers what it left open. Everything below the headings is computed from simulations, with 95 %
intervals in brackets; this writes it again:

    python -m experiments.pages
"""


def text(reproduction: Reproduction, studies: Mapping[str, Results]) -> str:
    """The whole page."""
    parts = [INTRODUCTION, _reproduction(reproduction), _hazard(), *(_section(section, studies[section.study]) for section in SECTIONS)]
    return "\n".join(parts)


def _reproduction(made: Reproduction) -> str:
    first, second, ratios = made.tables
    return "\n".join(
        [
            "## Tables 1 and 2",
            "",
            "    spn reproduce thesis",
            "",
            "In every reading of the text ([models](models.md) says which there are); the printed values have no intervals.",
            "",
            *(f"{number}. {sentence}" for number, sentence in enumerate(made.verdict, 1)),
            "",
            markdown_tables([first, ratios]),
            "",
            "<details><summary>Table 2</summary>",
            "",
            markdown_tables([second]),
            "",
            "</details>",
            "",
        ]
    )


def _hazard() -> str:
    age, rate = highest()
    return "\n".join(
        [
            "## Fig. 21: the hazard rate of a section or an actor",
            "",
            f'    spn plot --hazard "{FIG_21}" -o hazard.svg',
            "",
            (f"It rises to {rate:.4g} per second after {count(age / 86400)} d, longer than the mean time to failure of 92 d, and then falls "
            f"slowly: most"),
            "parts fail while they age. The curve as numbers: [fig_21.csv](thesis/fig_21.csv).",
            "",
            "![The hazard rate](thesis/fig_21.svg)",
            "",
        ]
    )


def _section(section: Section, results: Results) -> str:
    lines = [f"## {section.title}", "", section.question, "", f"    spn sweep {section.study}", "", section.how, ""]
    lines += [f"- {sentence}" for sentence in section.answer(results)]
    for name in section.pictures:
        lines += ["", f"![{section.title}](thesis/{name})"]
    if not results.converged:
        lines += ["", "Not every point has reached its precision."]
    return "\n".join([*lines, ""])


def pictures(studies: Mapping[str, Results]) -> dict[str, bytes]:
    """Each picture by its file's name."""
    found = {"fig_21.svg": spn.plot_delays(FIG_21).content("svg")}
    for section in SECTIONS:
        for name, options in section.pictures.items():
            found[name] = spn.plot(studies[section.study], **options).content("svg")
    return found


def curve_of_fig_21() -> str:
    """CSV with every digit."""
    return "\n".join(["time_s,hazard_per_s", *(f"{age!r},{rate!r}" for age, rate in zip(*(each.tolist() for each in fig_21()), strict=True)), ""])
