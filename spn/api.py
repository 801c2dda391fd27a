"""The verbs of the Python interface: load, check, resolve, draw, simulate, sweep, plot and what the command line needs besides.

Nothing is computed here. Whatever takes long to import is imported by the function that needs it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from spn.text.problems import ModelError, Problem
from spn.text.source import Source

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from typing import TypeAlias

    from spn.building import Model
    from spn.drawing import Drawing
    from spn.engine.reference import Event
    from spn.engine.reference.prepared import PreparedNet
    from spn.estimate.stopping import Criterion
    from spn.model.types import MeasureDeclaration, RareDeclaration
    from spn.net.types import Net
    from spn.plots.picture import Picture
    from spn.rare import Method, Question, RareResult
    from spn.reports.page import Report
    from spn.reproduction.reproduction import Reproduction
    from spn.resolver.resolve import Reading
    from spn.study import Progress, Result
    from spn.study.pilot import Sampling
    from spn.sweeps.definition import Definition
    from spn.tables.figures import Look, Options
    from spn.tables.results import Results

    ModelLike: TypeAlias = str | Path | Source | Model
    """A path, the name of a shipped model, the text of one, or a model built in code."""

MOST_LOOKED_AT = 20_000_000
"""Bytes of a file in which is looked for what it is; larger ones are not read anyway."""


def load(model: str | Path | Source) -> Model:
    """A model that can be looked at, changed and saved: of a path, the name of a shipped model, or a `Source` holding its text.

    Raises `ModelError` if it is no YAML that models are written in, and `FileNotFoundError`. What else is wrong, `check` tells, and whoever uses it.
    """
    from spn.building import Model

    return Model.read(model) if isinstance(model, Source) else Model.load(_found(model))


def resolve(model: ModelLike, parameters: Mapping[str, Any] | None = None) -> Net:
    """The net of a model: of a path, the name of a shipped model, a `Source` holding its text, or a model built in code.

    `parameters` gives parameters other values, as texts in the language of models or as numbers.
    Raises `ModelError` with all problems, and `FileNotFoundError`.
    """
    return load_with_warnings(model, parameters)[0]


def load_with_warnings(model: ModelLike, parameters: Mapping[str, Any] | None = None) -> tuple[Net, list[Problem]]:
    """As `resolve`, and the warnings about the model."""
    reading = read(model, parameters)
    return reading.net, reading.warnings


def read(
    model: ModelLike, parameters: Mapping[str, Any] | None = None, further: Mapping[str, MeasureDeclaration] | None = None
) -> Reading:
    """As `load_with_warnings`, with what the net was made from. `further` are measures beside those of the model."""
    from spn.library import models_folder
    from spn.resolver import resolve as resolving

    if not isinstance(model, str | Path | Source):
        return model.reading(parameters, further)
    given = {name: value if isinstance(value, str) else _text(value) for name, value in (parameters or {}).items()}
    if isinstance(model, Source):
        return resolving.read_reading(model, given, library=models_folder(), further=further)
    return resolving.load_reading(_found(model), given, models_folder(), further)


def _found(model: str | Path) -> Path:
    from spn.library import find_model

    found = find_model(model) if isinstance(model, str) else model
    if found is None:
        raise FileNotFoundError(f"no model '{model}': neither a file nor a shipped model")
    return found


def check(model: ModelLike, parameters: Mapping[str, Any] | None = None) -> list[Problem]:
    """All problems of a model, or of a study at all its points: errors and warnings; none, if it is right."""
    found: list[Problem] = []
    try:
        if not parameters and isinstance(model, str | Path) and is_study(model):
            from spn.sweeps.outlook import outlook
            from spn.sweeps.reading import load_study

            outlook(load_study(model), told=found.append)
            return found
        return load_with_warnings(model, parameters)[1]
    except ModelError as error:
        return error.problems


def is_study(path: str | Path) -> bool:
    """Whether a file is a study and not a model. What is no plain file (a pipe would block) is not opened."""
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            if b"study" not in file.read(MOST_LOOKED_AT):
                return False
    except (OSError, ValueError):
        return False
    from spn.sweeps import reading

    return reading.is_study(path)


def draw(
    model: ModelLike,
    parameters: Mapping[str, Any] | None = None,
    *,
    module: str | None = None,
    unfold: bool = False,
    inside: bool = False,
) -> Drawing:
    """A drawing of a model: `dot` is its DOT text, ``picture("svg")`` the content of a picture file (extra ``draw``).

    Folded: a node for each class, with its index space, and a box for each instance; `inside` draws what is in those boxes, `module` one module
    as it is written, `unfold` each place and transition of a small net by itself.
    Raises `ModelError`, `FileNotFoundError` and `spn.drawing.NotDrawable`.
    """
    return draw_with_warnings(model, parameters, module=module, unfold=unfold, inside=inside)[0]


def draw_with_warnings(
    model: ModelLike,
    parameters: Mapping[str, Any] | None = None,
    *,
    module: str | None = None,
    unfold: bool = False,
    inside: bool = False,
) -> tuple[Drawing, list[Problem]]:
    """As `draw`, and the warnings about the model."""
    from spn import drawing

    reading = read(model, parameters)
    return drawing.draw(reading, module=module, unfold=unfold, inside=inside), reading.warnings


def simulate(
    model: ModelLike | Net,
    parameters: Mapping[str, Any] | None = None,
    *,
    precision: float = 0.05,
    confidence: float = 0.95,
    seed: int | None = None,
    engine: str = "auto",
    max_firings: int | None = None,
    max_seconds: float | None = None,
    max_time: float | None = None,
    stop: Criterion | None = None,
    measures: Sequence[str] | None = None,
    sampling: Sampling = "auto",
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Result:
    """Simulate until each measure's interval has the relative half-width `precision`, or until a limit.

    Precision is asked of the unavailability U of availabilities. Ctrl-C ends it with what was found until then. The limits are firings, seconds of
    wall
    time, and `max_time` seconds in the net, in all replications together. `stop` says when it is enough instead of the precision, by criteria that
    combine: ``Precision(0.02) & Events(1000)`` from `spn.estimate`. `measures` names those that are simulated; all, without it.
    The long run is sampled by windows of independent "replications", by "batch-means", several windows of each, or by whole cycles without a warm-up
    ("regenerative"), where the net is known to forget (`sampling`; "auto" chooses among the first two).

    `engine` is ``auto`` (begin at once on the reference engine, go on compiled where that pays), ``reference`` or ``compiled`` (compile first), and
    `workers` the number of threads on which compiled replications run (None: as many as there are cores); the numbers are the same for all of these,
    to the last bit. The result's `engine` says what was used. `notice` is called with a line of text when a kernel has to be compiled.
    Raises `ModelError`, `spn.study.NotSupported`, `spn.study.NotRegenerative`, `RunError` if the net cannot go on, `spn.study.OutOfTime` if
    `max_seconds` were over before there was anything to say, ValueError (a setting out of range, nothing to simulate for) and KeyError (no such
    measure).
    """
    from spn import study
    from spn.engine.engines import find_engine
    from spn.net.types import Net

    net = model if isinstance(model, Net) else resolve(model, parameters)
    return study.simulate(
        net,
        find_engine(engine, notice),
        seed,
        precision=precision,
        confidence=confidence,
        max_firings=max_firings,
        max_seconds=max_seconds,
        max_time=max_time,
        stop=stop,
        measures=measures,
        sampling=sampling,
        workers=study.cores() if workers is None else workers,
        progress=progress,
        digest=digest(net),
        parameters=net.origin,
    )


def rare_event(
    model: ModelLike | Net,
    condition: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    until: str | None = None,
    within: str | None = None,
    importance: str | None = None,
    method: Method | None = None,
    precision: float = 0.1,
    confidence: float = 0.95,
    seed: int | None = None,
    max_firings: int | None = None,
    max_seconds: float | None = None,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
    warned: Callable[[Problem], None] | None = None,
) -> RareResult:
    """How probable, or how frequent, it is that a condition comes true that plain simulation never sees: ``rare_event("m", "failed == 2")``.

    `condition`, `until`, `within` (a time, ``"30 d"``) and `importance` are texts in the language of models, or names of measures of the model, whose
    condition or expression is meant (of an availability, that it does not hold). `condition` may also be the name of a rare event that the model
    declares (section ``rare``), with what that says of the other three; those that are given count instead. With `until` or `within` it is the
    probability that the condition comes true in a life, which begins with the initial marking and ends in the first marking in which `until` holds
    (or when `within` is over); without, the rate and the share of time in the long run. `importance` grows on the way to the condition; it is needed
    only where the way cannot be found. `method` is ``forcing``, ``splitting``, ``restart``, ``plain`` or None, to choose. `precision` is the relative
    half-width to reach. More than one of `workers` are processes, for which a script has to guard its main module (``if __name__ == "__main__":``);
    the numbers do not depend on them. `warned` is called with warnings about the model.

    Raises `ModelError`, `spn.rare.Refused` if there is no answer, `RunError` if the net cannot go on, and `spn.study.OutOfTime` if `max_seconds` were
    over before there was one.
    """
    from spn import rare
    from spn.study.run import new_seed

    event, question, net, warnings = _question(model, parameters, condition, until, within, importance)
    for warning in warnings if warned is not None else ():
        warned(warning)  # type: ignore[misc]
    about = "the long run"
    if question.has_lives:
        ends = [f"ends {word} {text}" for word, text in (("when", event.until), ("after", event.within)) if text is not None]
        about = "a life from the initial marking that " + ", or ".join(ends)
    settings = rare.Settings(
        seed=new_seed() if seed is None else seed,
        precision=precision,
        confidence=confidence,
        method=method,
        max_firings=rare.MAX_FIRINGS if max_firings is None else max_firings,
        max_seconds=max_seconds,
        workers=workers,
    )
    asked = rare.Study(question, settings, str(event.condition), about, progress, digest=digest(net), parameters=net.origin)
    return asked.answer()


def _question(
    model: ModelLike | Net,
    parameters: Mapping[str, Any] | None,
    condition: str,
    until: str | None,
    within: str | None,
    importance: str | None,
) -> tuple[RareDeclaration, Question, Net, list[Problem]]:
    """What is asked as text and as a question, the net without it, and the warnings about the model.

    The question's texts become measures of the model for a moment, so that names and types are those of the model.
    """
    import json
    from dataclasses import replace

    from spn.model.types import Name, RareDeclaration, Text
    from spn.net.types import Average, FirstPassage, Net
    from spn.rare import Question
    from spn.text.source import Span

    if isinstance(model, Net):
        model = Source(model.name, json.dumps(net_to_dict(model)))
    declared = read(model, parameters).library.model

    def text(option: str, given: str | None) -> Text | None:
        return None if given is None else Text(given, Span(Source(f"<--{option}>", given), 0, len(given)), value=given)

    parts = {"condition": text("rare", condition), "until": text("until", until), "within": text("within", within)}
    parts["importance"] = text("importance", importance)
    named = declared.rare.get(Name(condition.strip()))
    if named is not None:
        parts = {key: getattr(named, key) if key == "condition" or given is None else given for key, given in parts.items()}
    event = RareDeclaration(**parts)  # type: ignore[arg-type]
    further: dict[str, MeasureDeclaration] = {Name(f"--{key}"): part for key, part in event.parts(declared.measures).items()}
    reading = read(model, parameters, further)
    asked = reading.net
    found = {measure.name: measure.quantity for measure in asked.measures}
    net = replace(asked, measures=tuple(measure for measure in asked.measures if measure.name not in further))
    passed, ended, near = found["--condition"], found.get("--until"), found.get("--importance")
    assert isinstance(passed, FirstPassage)
    question = Question(
        replace(net, measures=()),
        passed.condition,
        ended.condition if isinstance(ended, FirstPassage) else None,
        passed.within[0] if passed.within else None,
        near.expression if isinstance(near, Average) else None,
    )
    return event, question, net, reading.warnings


def events(
    net: Net, *, seed: int, until: float | None = None, engine: str = "auto", notice: Callable[[str], None] | None = None
) -> tuple[PreparedNet, Iterator[Event]]:
    """The events of one run up to time `until` (seconds), and the net made ready, which names them.

    Every engine gives the same; ``auto`` is the reference engine. Raises `spn.study.NotSupported`.
    """
    end = math.inf if until is None else until
    if engine != "compiled":
        from spn.engine.reference import ReferencePrepared
        from spn.engine.trace import reference_events

        prepared = ReferencePrepared(net)
        return prepared, reference_events(prepared, seed, until=end)
    from spn.engine.compiled import CompiledEngine
    from spn.engine.compiled.events import events as compiled_events
    from spn.study import NotSupported

    compiled = CompiledEngine(notice, aside=True)
    if reasons := compiled.supports(net):
        raise NotSupported(engine, reasons)
    plan = compiled.prepare(net)
    return plan.plan.prepared, compiled_events(plan, seed, until=end)


def kernel_source(net: Net) -> str:
    """The source of the net's kernel. Raises `spn.study.NotSupported`, if there is something that the compiled engine cannot do."""
    from spn.engine.compiled import source_of
    from spn.study import NotSupported

    found, reasons = source_of(net)
    if reasons:
        raise NotSupported("compiled", reasons)
    return found


def digest(net: Net) -> str:
    """A number that identifies the net's meaning."""
    from spn.net.text import digest as made

    return made(net)


def net_to_dict(net: Net) -> dict[str, Any]:
    """The net as JSON-able data, which is itself a model."""
    from spn.net.text import to_dict

    return to_dict(net)


def schema() -> dict[str, Any]:
    """The JSON Schema of model files."""
    from spn.model.types import model_schema

    return model_schema()


def study_schema() -> dict[str, Any]:
    """The JSON Schema of study files."""
    from spn.sweeps.types import study_schema as made

    return made()


def sweep(
    study: str | Path,
    output: str | Path = "results",
    *,
    workers: int | None = None,
    executor: str | Executor = "process",
    told: Callable[[str], None] | None = None,
) -> Results:
    """Simulate all points of a study (a file, or the name of a shipped study) that are not finished, and give the results of all.

    They are kept in a file in the folder `output`, in which a sweep that was interrupted goes on. `workers` work at a time (default: as many as
    there are cores; 1: in this process); `executor` is ``process``, ``thread``, ``dask:ADDRESS``, ``mpi``, or any `concurrent.futures.Executor`.
    `told` is called with what is worth knowing meanwhile. Raises `ModelError`, `spn.sweeps.store.StoreError` and
    `spn.sweeps.executors.ExecutorError`.
    """
    from spn.library import find_study
    from spn.sweeps.reading import load_study

    return _swept(load_study((find_study(study) if isinstance(study, str) else study) or study), output, workers, executor, told)


def _swept(
    definition: Definition, output: str | Path, workers: int | None, executor: str | Executor, told: Callable[[str], None] | None
) -> Results:
    from spn.sweeps.executors import workers as found
    from spn.sweeps.run import Sweep, results_path
    from spn.sweeps.store import Store
    from spn.tables.results import Results

    with Store.write(results_path(Path(output), definition)) as store:
        pool = found(executor, workers)
        done = False
        try:
            Sweep(definition, store, pool, told or (lambda text: None)).run()
            done = True
        finally:
            pool.close(now=not done)
        return Results.of(store)


def results(path: str | Path) -> Results:
    """The results of a study from its file, also while it is being simulated. Raises `spn.sweeps.store.StoreError`."""
    from spn.tables.results import Results

    return Results.read(path)


def plot(results: Results | str | Path, **options: Unpack[Options]) -> Picture:
    """A figure (of matplotlib's) of a study's results, which a notebook shows; ``savefig("u.pdf")`` writes it.

    Of a `measure` (default: the first availability) the `quantity` (``unavailability``, ``availability``, ``downtime``, ``nines``, ``failures``,
    ``mean_up``, ``mean_down``; of other measures the estimate, or ``quantile 0.95``), or the `ratio` of a comparison (``""``: of the first), or with
    `convergence` the half-width of intervals against firings.
    It goes along the axis `x`; the values of the axes `by` are series, those of `panels` columns and rows of panels. ``model`` stands for the models,
    ``time`` for the times of a curve. `only` keeps of an axis one value, or those of a list. `log`: ``x``, ``y``, ``xy`` or ``none``.
    What is not said is chosen by what there is. `width` (``column``, ``middle``, ``page`` or millimetres), `height` (millimetres), `grey` and `bare`
    are as on the command line.
    Raises `spn.plots.types.NotPlottable`, and `spn.sweeps.store.StoreError`.
    """
    from spn.tables import figures
    from spn.tables.results import Results

    return figures.plot(results if isinstance(results, Results) else Results.read(results), **options)


def report(results: Results | str | Path, path: str | Path | None = None) -> Report:
    """All that is known of a study as one page of HTML (`html`), which is written to `path` if one is given. Raises `spn.sweeps.store.StoreError`."""
    from spn.reports import page
    from spn.tables.results import Results

    made = page.report(results if isinstance(results, Results) else Results.read(results))
    if path is not None:
        made.save(path)
    return made


def plot_delays(
    *delays: str,
    model: ModelLike | Net | None = None,
    parameters: Mapping[str, Any] | None = None,
    results: Results | str | Path | None = None,
    function: str = "hazard",
    until: str | None = None,
    **look: Unpack[Look],
) -> Picture:
    """A figure of the `function` (``hazard``, ``density``, ``survival`` or ``cdf``) of distributions, up to the time `until` (``"10000 h"``).

    `delays` are distributions as models write them, or parameters of a `model`, or of the points in the `results` of a study; without any, all
    parameters that are distributions. `look` as in `plot`. Raises `ModelError`, and `spn.plots.types.NotPlottable`.
    """
    from spn.net.types import Net
    from spn.plots.delays import FUNCTIONS, delays_plot
    from spn.plots.types import NotPlottable, listed
    from spn.tables import delays as reading
    from spn.tables import figures
    from spn.tables.results import Results

    if function not in FUNCTIONS:
        raise NotPlottable(f"there is no function '{function}'; there are {listed(list(FUNCTIONS))}")
    if results is not None:
        found = reading.of_points(results if isinstance(results, Results) else Results.read(results), delays)
    elif model is not None:
        net = model if isinstance(model, Net) else resolve(model, parameters)
        found = reading.of_parameters(net.name, net.origin, delays)
    else:
        found = reading.written_out(delays)
    return figures.drawn(delays_plot(found, function, None if until is None else reading.until(until)), **look)


def reproduce(
    name: str = "thesis",
    output: str | Path = "results",
    *,
    precision: float | None = None,
    workers: int | None = None,
    told: Callable[[str], None] | None = None,
) -> Reproduction:
    """Simulate a publication's numbers anew: `tables` has both, `verdict` what they say of each other. As `sweep` it goes on where it was.

    `precision` is the relative half-width to reach, of U; by default that of the study, 0.01.
    Raises `FileNotFoundError` for a name that is not known, and what `sweep` raises.
    """
    from spn.library import shipped_studies
    from spn.reproduction.reproduction import REPRODUCED, Reproduction
    from spn.sweeps.reading import load_study

    if name not in REPRODUCED:
        raise FileNotFoundError(f"no published results are known by the name '{name}'")
    definition = load_study(shipped_studies()[name])
    asked = definition if precision is None else replace(definition, precision=precision)
    return Reproduction(_swept(asked, output, workers, "process", told))


def _text(value: Any) -> str:
    """A parameter's value as text; numbers and truth values are all that most need."""
    from spn.building.model import parameter_text

    return parameter_text(value)
