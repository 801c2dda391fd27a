"""Keys that people write who know other tools, and how that is written here."""

from __future__ import annotations

from collections.abc import Collection

_KEYS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("from", "input", "inputs", "pre", "consume", "consumes", "take", "source"), ("in", "the tokens taken are 'in'")),
    **dict.fromkeys(("to", "output", "outputs", "post", "produce", "produces", "put", "target"), ("out", "the tokens put are 'out'")),
    **dict.fromkeys(("read", "reads", "requires"), ("test", "tokens that must be there and stay are 'test'")),
    **dict.fromkeys(("inhibitor", "inhibitors"), ("inhibit", "tokens that must not be there are 'inhibit'")),
    **dict.fromkeys(("flush", "empty", "clear"), ("reset", "places that are emptied are 'reset'")),
    **dict.fromkeys(("condition", "enabled", "predicate"), ("guard", "a condition is the 'guard'")),
    **dict.fromkeys(("rate", "lambda", "mean", "mttf", "mttr"), ("delay", "write 'delay: exponential(rate=...)' or 'delay: exponential(mean=...)'")),
    **dict.fromkeys(("distribution", "time", "duration", "timing", "dist"), ("delay", "the distribution of the delay is its 'delay'")),
    **dict.fromkeys(("tokens", "marking", "marks", "init", "value", "M0"), ("initial", "the tokens at the start are 'initial'")),
    **dict.fromkeys(("count", "copies", "replicas", "number", "times", "repeat"), ("module", "so many instances are 'for: k in 1..n'")),
    **dict.fromkeys(("params", "arguments", "args"), ("with", "parameters are given under 'with'")),
    **dict.fromkeys(("mean_time", "time_to_failure", "until_first"), ("first_passage", "a mean time to failure is 'first_passage: CONDITION'")),
    **dict.fromkeys(("throughput", "frequency"), ("rate", "firings per second are 'rate: TRANSITION'")),
    **dict.fromkeys(("expected", "expectation", "mean_value"), ("average", "a mean over time is 'average: EXPRESSION'")),
    **dict.fromkeys(("rewards", "reward", "results", "metrics"), ("measures", "what is to be found out are 'measures'")),
    **dict.fromkeys(("arcs", "edges"), ("transitions", "arcs are written at their transition, as 'in' and 'out'")),
    **dict.fromkeys(("constants", "variables", "definitions"), ("parameters", "values with a name are 'parameters'")),
    **dict.fromkeys(("version", "spn_version"), ("spn", "a model starts with 'spn: 1'")),
}
_OF_MEASURES = {"mttf": "a mean time to failure is 'first_passage: CONDITION'"}


def of_key(key: str, known: Collection[str]) -> str | None:
    """How what a key stands for elsewhere is written where these keys are known."""
    if "first_passage" in known and key in _OF_MEASURES:
        return _OF_MEASURES[key]
    target, hint = _KEYS.get(key, ("", ""))
    return hint if target in known else None
