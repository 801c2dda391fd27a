"""The verbs `compare` and `sensitivity` of the Python interface: several nets simulated together. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spn import api

if TYPE_CHECKING:
    from spn.api import ModelLike
    from spn.estimate.comparison import Claim
    from spn.net.types import Measure, Net
    from spn.study import Progress
    from spn.study.comparison import Comparison
    from spn.study.sensitivity import Sensitivities
    from spn.text.problems import Problem


def compare(
    first: ModelLike,
    second: ModelLike | None = None,
    parameters: Mapping[str, Any] | None = None,
    *,
    against: Mapping[str, Any] | None = None,
    measure: str | tuple[str, str] = "",
    claim: float | None = None,
    independent: bool = False,
    precision: float = 0.05,
    confidence: float = 0.95,
    seed: int | None = None,
    engine: str = "auto",
    max_firings: int | None = None,
    max_seconds: float | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Comparison:
    """Simulate two models with common random numbers until the ratio of their unavailabilities has the relative half-width `precision`.

    `parameters` go to whichever of the two knows them; `against` to the second alone, which is the first again if it is not given:
    ``compare("sip_transport", parameters={"limit": 3}, against={"limit": 5})``. `measure` names the availability of both, or of each (default: the
    first). The result's `claim` says whether U / U is at least `claim`; `independent` gives the second model random numbers of its own. The other
    settings are those of `simulate`. Raises what `simulate` raises, and `spn.study.comparison.NotComparable` (a ValueError).
    """
    from spn.estimate.comparison import Claim
    from spn.study.comparison import NotComparable

    if second is None and not against:
        raise NotComparable("there is one model only: name another, or the parameters that it is to be compared with (against)")
    names = (measure, measure) if isinstance(measure, str) else measure
    nets, measures, _ = comparable((first, first if second is None else second), parameters or {}, against or {}, names)
    claimed = None if claim is None else Claim(float(claim))
    return compare_nets(
        nets,
        measures,
        claim=claimed,
        independent=independent,
        precision=precision,
        confidence=confidence,
        seed=seed,
        engine=engine,
        max_firings=max_firings,
        max_seconds=max_seconds,
        workers=workers,
        progress=progress,
        notice=notice,
    )


def comparable(
    models: tuple[ModelLike, ModelLike], parameters: Mapping[str, Any], against: Mapping[str, Any], measures: tuple[str, str]
) -> tuple[tuple[Net, Net], tuple[Measure, Measure], list[Problem]]:
    """Both nets, each with the `parameters` that it knows (one that neither knows is left in, so that it is reported), the second with those of
    `against`; their availabilities of those names; warnings.
    """
    from spn.study.comparison import availability_of

    readings = [api.load_with_warnings(model) for model in models]
    known = [set(net.origin) for net, _ in readings]
    for own, model in enumerate(models):
        given = {name: value for name, value in parameters.items() if name in known[own] or not any(name in other for other in known)}
        given |= against if own else {}
        if given:
            readings[own] = api.load_with_warnings(model, given)
    (first, of_first), (second, of_second) = readings
    found = availability_of(first, measures[0]), availability_of(second, measures[1])
    return (first, second), found, list(dict.fromkeys([*of_first, *of_second]))


def compare_nets(
    nets: tuple[Net, Net],
    measures: tuple[Measure, Measure],
    *,
    claim: Claim | None,
    independent: bool,
    precision: float,
    confidence: float,
    seed: int | None,
    engine: str,
    max_firings: int | None,
    max_seconds: float | None,
    workers: int | None,
    progress: Callable[[Progress], None] | None,
    notice: Callable[[str], None] | None,
) -> Comparison:
    """As `compare`, of nets and their measures."""
    from spn import study
    from spn.engine.engines import find_engine
    from spn.study import comparison

    return comparison.compare(
        nets,
        measures,
        find_engine(engine, _once(notice)),
        seed,
        precision=precision,
        confidence=confidence,
        max_firings=max_firings,
        max_seconds=max_seconds,
        common=not independent,
        claim=claim,
        workers=study.cores() if workers is None else workers,
        progress=progress,
        digests=(api.digest(nets[0]), api.digest(nets[1])),
    )


def sensitivity(
    model: ModelLike,
    *names: str,
    parameters: Mapping[str, Any] | None = None,
    measure: str = "",
    precision: float = 0.05,
    confidence: float = 0.95,
    seed: int | None = None,
    engine: str = "auto",
    max_firings: int | None = None,
    max_seconds: float | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Sensitivities:
    """d ln U / d ln p for the parameters of those `names` (default: all that have a derivative), each with its interval, the greatest first.

    A parameter that is a distribution is one scale of its delay; ``failure.sigma`` is one argument of it. `measure` is the measure whose
    dependence is asked for (default: the first availability, else the first measure); of availabilities U counts. `precision` is the half-width of an
    elasticity, relative to the greater of 1 and its absolute value. The other settings are those of `simulate`.
    Raises what `simulate` raises, and `spn.sweeps.varied.NoDerivative` (a ValueError).
    """
    from spn import study
    from spn.engine.engines import find_engine
    from spn.study import sensitivity as studying
    from spn.sweeps import varied

    reading = api.read(model, parameters)
    net = reading.net
    chosen = varied.measure_of(net, measure)
    changes, left_out = varied.changes(reading, chosen, names)
    return studying.sensitivity(
        varied.alone(net, chosen),
        chosen,
        changes,
        find_engine(engine, _once(notice)),
        seed,
        precision=precision,
        confidence=confidence,
        max_firings=max_firings,
        max_seconds=max_seconds,
        workers=study.cores() if workers is None else workers,
        progress=progress,
        digest=api.digest(net),
        left_out=left_out,
    )


def _once(notice: Callable[[str], None] | None) -> Callable[[str], None] | None:
    """Tells nothing twice: several nets can need the same kernel."""
    if notice is None:
        return None
    told: set[str] = set()
    tell = notice

    def once(text: str) -> None:
        if text not in told:
            told.add(text)
            tell(text)

    return once
