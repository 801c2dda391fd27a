"""The verdict on the published tables is made from numbers: with the known answers it says what is known, with others it says something else.

The numbers are those that quadrature and renewal equations give for the readings (docs/models.md), with intervals of one per cent.
"""

import pytest

from spn.estimate.comparison import ratio_interval
from spn.estimate.intervals import Interval
from spn.reproduction import published
from spn.reproduction.pages import tables
from spn.reproduction.readings import READINGS, Findings
from spn.reproduction.verdict import verdict

KNOWN = {
    "own": 5.41476865e-7,
    "together": 4.15671792e-7,
    "process": 2.10472800e-5,
    "slow_own": 9.95272550e-5,
    "slow_together": 6.85815541e-5,
    "six_renewed": 3.61402103e-5,
    "five_renewed": 3.45773063e-5,
    "six_ageing": 1.24531591e-4,
    "five_ageing": 1.03778480e-4,
    "limit_5": 5.41476865e-7,
}
STANDARD = [key for key in KNOWN if key.startswith(("six_", "five_"))]


def interval(value, width=0.01):
    return Interval(value, value * (1 - width), value * (1 + width), 0.95, "Student")


def found(values=None, by_hours=None, width=0.01):
    """Findings from U at 2208 h; at the other E(X) inversely proportional, but for what `by_hours` says."""
    known = KNOWN | (values or {})
    u = {(key, hours): value * 2208 / hours for key, value in known.items() for hours in published.HOURS} | (by_hours or {})
    made = {place: interval(value, width) for place, value in u.items()}
    ratios = {
        (of, to, hours): ratio_interval(made[of, hours], made[to, hours])
        for of in STANDARD
        for to in known
        if to not in STANDARD
        for hours in published.HOURS
    }
    against = {("limit_5", 2208): interval(u["limit_5", 2208] / u["own", 2208], 0.001)}
    return Findings(made, ratios, against, 0.01, {("own", 2208): 79227})


def sentence(findings, start):
    """The sentence that begins so; None, if there is none."""
    return next((each for each in verdict(findings) if each.startswith(start)), None)


def test_nothing_printed_follows_from_the_parameters():
    said = sentence(found(), "None of the 6 printed availabilities follows")
    assert "18.2 min to 1.09 h a year" in said and "not 4 d 15 h: 102 to 369 times less" in said
    assert "13.1 s to 52.3 min a year" in said and "not 5 h 41 min: 6.52 to 1,560 times less" in said


def test_a_value_that_does_follow_is_named():
    printed = published.unavailability("standard", 1104)
    said = verdict(found(by_hours={("six_ageing", 1104): printed}))[0]
    assert said.startswith("Printed values that follow") and "standard at 1104 h (6 sections, ageing); the other 5 of 6 follow from none" in said
    pairs = (("actors", "own"), ("standard", "six_renewed"))
    every = {(key, hours): published.unavailability(system, hours) for system, key in pairs for hours in published.HOURS}
    said = verdict(found(by_hours=every))[0]
    assert "follow from none" not in said and said.count("at 2208 h") == 2


def test_a_system_that_is_down_longer_than_printed_is_said_to_be_so():
    more = dict.fromkeys(STANDARD, 0.05)
    said = sentence(found(more), "None")
    assert "3.92 times more" in said and "times less" in said


def test_the_law_names_the_column_that_breaks_it():
    said = sentence(found(), "Halving E(X)")
    assert "the printed standard column obeys that within a factor of 1.17" in said
    assert "the printed actor column misses it by a factor of 9.02" in said and "noise" in said


def test_the_law_is_not_held_against_the_printed_columns_if_the_simulation_breaks_it():
    assert sentence(found(by_hours={("own", 552): KNOWN["own"]}), "Halving") is None


def test_the_law_accuses_nobody_where_both_columns_obey_it(monkeypatch):
    lawful = {system: {hours: 1 - 1e-3 * 2208 / hours for hours in published.HOURS} for system in ("actors", "standard")}
    monkeypatch.setattr("spn.reproduction.published.AVAILABILITY", lawful)
    monkeypatch.setattr("spn.reproduction.verdict.AVAILABILITY", lawful)
    said = sentence(found(), "Halving")
    assert said.count("obeys that within a factor of 1") == 2 and "noise" not in said


def test_the_standard_column_is_a_hundred_times_the_ageing_model():
    said = sentence(found(), "The printed standard column")
    assert "102, 106 and 90.3 times U of 6 sections, ageing, 100 within 9.7 %" in said and "percentage" in said


def test_without_a_power_of_ten_between_them_nothing_is_suggested():
    assert sentence(found({"six_ageing": 2.5e-4, "five_ageing": 3e-4}), "The printed standard column") is None
    said = sentence(found({"six_ageing": 1.2453e-3}), "The printed standard column")
    assert "10 within" in said and "percentage" not in said


def test_two_orders_of_magnitude_are_not_in_table_one():
    said = sentence(found(), '"Two orders of magnitude"')
    assert "is not what Table 1 itself says" in said and "19.6" in said and "148 and 156" in said
    assert "66.74 [" in said
    assert "the factor is 133.5 [" in sentence(found({"six_renewed": 2 * KNOWN["six_renewed"]}), '"Two orders')


def test_the_advantage_is_a_ratio_of_restart_times():
    said = sentence(found(), "U of the actors grows")
    # 0.67 and 0.87 s with renewed clocks, 2.3 and 3.0 s with ageing ones; break-even a hundred times later
    assert "restarts in 0.67 to 3 s" in said and "break even at 67 to 300 s" in said
    twice = sentence(found({key: 2 * KNOWN[key] for key in STANDARD}), "U of the actors grows")
    assert "restarts in 1.3 to 6 s" in twice


def test_without_proportionality_there_is_no_break_even():
    assert sentence(found({"slow_own": 3e-4}), "U of the actors grows") is None


BETTER = [(1.0, "the standard system is the better one"), (3.0, "the actors are"), (2.0, "depends")]


@pytest.mark.parametrize(("factor", "better"), BETTER)
def test_equal_restart_times_name_the_better_system(factor, better):
    said = sentence(found({"six_renewed": factor * KNOWN["six_renewed"]}), "At equal restart times").split(";")[0]
    assert better in said
    if factor == 1.0:
        assert "0.3631 [" in said and "0.5270 [" in said


def test_systems_that_cannot_be_told_apart_are_not():
    same = {"six_renewed": KNOWN["slow_own"], "slow_together": KNOWN["slow_own"]}
    assert "cannot be told apart" in sentence(found(same), "At equal restart times").split(";")[0]


def test_a_precision_of_a_says_nothing_of_a_small_u():
    said = sentence(found(), "A known to")
    assert "18,500 times the actors' U" in said and "3.65 d a year" in said and "79,227 firings" in said
    assert sentence(found({"own": 0.02, "limit_5": 0.02}), "A known to") is None


def test_a_limit_that_matters_is_not_called_indifferent():
    assert "the same numbers to the last bit" in sentence(found(), "It makes no difference")
    assert sentence(found({"limit_5": 4e-7}), "It makes no difference") is None


def test_values_near_a_reading_are_admitted():
    said = sentence(found(), "Printed U within 15 %")
    assert "at 1104 h (0.895 times" in said and "at 552 h (1.05 times" in said and "no reading is near all three" in said
    near = {(key, hours): 1.1 * published.unavailability("actors", hours) for key in ("own",) for hours in published.HOURS}
    assert "all three lie near" in sentence(found(by_hours=near), "Printed U within 15 %")


def test_nothing_is_said_of_nothing():
    assert verdict(Findings({}, {})) == [] and tables(Findings({}, {})) == []


def test_of_systems_that_were_never_seen_to_fail_nothing_is_said():
    made = {(reading.key, hours): Interval(0.0, 0.0, 1e-3, 0.95, "bound") for reading in READINGS for hours in published.HOURS}
    assert verdict(Findings(made, {})) == []
    assert all(row[-1] in ("-", "") for row in tables(Findings(made, {}))[0].rows)


def test_a_wide_interval_is_no_agreement():
    assert [said.split(":")[0] for said in verdict(found(width=0.6))] == ["It makes no difference that matters here"]  # of paired ratios


def test_the_tables_have_both_numbers():
    first, second, ratios = tables(found())
    rows = {row[0].strip(): row[1:] for row in first.rows}
    assert rows["actors, as printed"] == ("0.9993507", "5 h 41 min", "")
    default = next(row for title, row in rows.items() if title.endswith("(default)") and title.startswith("6 sections"))
    assert default[0].startswith("0.99996386  [") and default[1] == "19.01  [18.82, 19.20] min" and default[2] == "353"
    assert len(second.rows) == 3 * len(first.rows)
    assert "as printed: 19.6" in ratios.title and ratios.rows[0][1].startswith("66.74")
