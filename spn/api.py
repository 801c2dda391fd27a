"""The verbs of the Python interface: load, check, draw, simulate and what the command line needs besides. Nothing is computed here.

Whatever takes long to import is imported by the function that needs it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spn.engine.engines import find_engine
from spn.text.problems import ModelError, Problem
from spn.text.source import Source

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from spn.drawing import Drawing
    from spn.net.types import Net
    from spn.resolver.resolve import Reading
    from spn.study import Progress, Result
    from spn.tables.results import Results


MOST_LOOKED_AT = 20_000_000
"""Bytes of a file in which is looked for what it is; larger ones are not read anyway."""


def load(model: str | Path | Source, parameters: Mapping[str, Any] | None = None) -> Net:
    """The net of a model: a path, the name of a shipped model, or a `Source` holding its text.

    `parameters` gives parameters other values, as texts in the language of models or as numbers.
    Raises `ModelError` with all problems, and `FileNotFoundError`.
    """
    return load_with_warnings(model, parameters)[0]


def load_with_warnings(model: str | Path | Source, parameters: Mapping[str, Any] | None = None) -> tuple[Net, list[Problem]]:
    """As `load`, and the warnings about the model."""
    reading = _read(model, parameters)
    return reading.net, reading.warnings


def _read(model: str | Path | Source, parameters: Mapping[str, Any] | None) -> Reading:
    from spn.library import find_model, models_folder
    from spn.resolver import resolve

    given = {name: _text(value) for name, value in (parameters or {}).items()}
    if isinstance(model, Source):
        return resolve.read_reading(model.text, given, model.name, models_folder())
    found = find_model(model) if isinstance(model, str) else model
    if found is None:
        raise FileNotFoundError(f"no model '{model}': neither a file nor a shipped model")
    return resolve.load_reading(found, given, models_folder())


def check(model: str | Path | Source, parameters: Mapping[str, Any] | None = None) -> list[Problem]:
    """All problems of a model, or of a study at all its points: errors and warnings; none, if it is right."""
    found: list[Problem] = []
    try:
        if not parameters and not isinstance(model, Source) and is_study(model):
            from spn.sweeps.outlook import outlook
            from spn.sweeps.reading import load_study

            outlook(load_study(model), told=found.append)
            return found
        return load_with_warnings(model, parameters)[1]
    except ModelError as error:
        return error.problems


def is_study(path: str | Path) -> bool:
    """Whether a file is a study and not a model."""
    try:
        with Path(path).open("rb") as file:
            if b"study" not in file.read(MOST_LOOKED_AT):
                return False
    except (OSError, ValueError):
        return False
    from spn.sweeps import reading

    return reading.is_study(path)


def draw(
    model: str | Path | Source,
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
    model: str | Path | Source,
    parameters: Mapping[str, Any] | None = None,
    *,
    module: str | None = None,
    unfold: bool = False,
    inside: bool = False,
) -> tuple[Drawing, list[Problem]]:
    """As `draw`, and the warnings about the model."""
    from spn import drawing

    reading = _read(model, parameters)
    return drawing.draw(reading, module=module, unfold=unfold, inside=inside), reading.warnings


def simulate(
    model: str | Path | Source | Net,
    parameters: Mapping[str, Any] | None = None,
    *,
    precision: float = 0.05,
    confidence: float = 0.95,
    seed: int | None = None,
    engine: str = "auto",
    max_firings: int | None = None,
    max_seconds: float | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Result:
    """Simulate until each measure's interval has the relative half-width `precision`, or until a limit.

    Precision is asked of the unavailability U of availabilities. Ctrl-C ends it with what was found until then.

    `engine` is ``auto`` (begin at once on the reference engine, go on compiled where that pays), ``reference`` or ``compiled`` (compile first), and
    `workers` the number of threads on which compiled replications run (None: as many as there are cores); the numbers are the same for all of these,
    to the last bit. The result's `engine` says what was used. `notice` is called with a line of text when a kernel has to be compiled.
    Raises `ModelError`, `spn.study.NotSupported`, and `RunError` if the net cannot go on.
    """
    from spn import study
    from spn.net.types import Net

    net = model if isinstance(model, Net) else load(model, parameters)
    return study.simulate(
        net,
        find_engine(engine, notice),
        seed,
        precision=precision,
        confidence=confidence,
        max_firings=max_firings,
        max_seconds=max_seconds,
        workers=study.cores() if workers is None else workers,
        progress=progress,
        digest=digest(net),
        parameters=net.origin,
    )


def trace(
    net: Net, *, seed: int, firings: int, until: float | None = None, engine: str = "auto", notice: Callable[[str], None] | None = None
) -> Iterator[str]:
    """The events of one run, a line each. Every engine gives the same; ``auto`` is the reference engine. Raises `spn.study.NotSupported`."""
    from spn.engine import trace as tracing

    end = math.inf if until is None else until
    if engine != "compiled":
        return tracing.trace(net, seed, until=end, firings=firings)
    from spn.engine.compiled import CompiledEngine
    from spn.study import NotSupported

    compiled = CompiledEngine(notice, aside=True)
    if reasons := compiled.supports(net):
        raise NotSupported(engine, reasons)
    return tracing.compiled_trace(compiled.prepare(net), seed, until=end, firings=firings)


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
    from spn.model.types import Model

    return Model.model_json_schema()


def study_schema() -> dict[str, Any]:
    """The JSON Schema of study files."""
    from spn.sweeps.types import StudyFile

    return StudyFile.model_json_schema()


def sweep(
    study: str | Path,
    output: str | Path = "results",
    *,
    workers: int | None = None,
    executor: str | Executor = "process",
    told: Callable[[str], None] | None = None,
) -> Results:
    """Simulate all points of a study file that are not finished, and give the results of all.

    They are kept in a file in the folder `output`, in which a sweep that was interrupted goes on. `workers` work at a time (default: as many as
    there are cores; 1: in this process); `executor` is ``process``, ``thread``, ``dask:ADDRESS``, ``mpi``, or any `concurrent.futures.Executor`.
    `told` is called with what is worth knowing meanwhile. Raises `ModelError`, `spn.sweeps.store.StoreError` and
    `spn.sweeps.executors.ExecutorError`.
    """
    from spn.sweeps.executors import workers as found
    from spn.sweeps.reading import load_study
    from spn.sweeps.run import Sweep, results_path
    from spn.sweeps.store import Store
    from spn.tables.results import Results

    definition = load_study(study)
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


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
