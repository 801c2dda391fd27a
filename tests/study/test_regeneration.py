"""The long run in whole cycles: which nets are known to forget, and that what is observed between two visits of the initial marking is right."""

import json
import random

import pytest

import spn
from spn.cli.main import main
from spn.engine.compiled import CompiledEngine
from spn.engine.reference.engine import ReferenceEngine
from spn.net.types import Until
from spn.observation import Task
from spn.study import NotRegenerative, OutOfTime, simulate
from spn.study.batches import Conversation
from spn.study.regeneration import home, until_home
from spn.text.source import Source

HEAD = "spn: 1\n"

RENEWAL = """
places: {up: 1, down: 0}
transitions:
  fail:   {in: up, out: down, delay: "lognormal(mean=100 s, sigma=0.8)"}
  repair: {in: down, out: up, delay: "uniform(2 s, 6 s)"}
measures:
  system: {availability: up == 1}
"""

QUEUE = """
parameters: {room: 4}
places: {waiting: 0}
transitions:
  arrive: {out: waiting, delay: exponential(rate=0.8 / s), guard: waiting < room}
  serve:  {in: waiting, delay: exponential(rate=1 / s)}
measures:
  full:   {availability: waiting < room}
  length: {average: waiting}
  served: {rate: serve}
"""

TWO = """
places: {up: 2, down: 0}
transitions:
  fail:   {in: up, out: down, delay: LIFE, servers: infinite}
  repair: {in: down, out: up, delay: "uniform(1 s, 2 s)"}
measures:
  system: {availability: up >= 1}
"""


def net(text, **parameters):
    return spn.resolve(Source("net.yaml", HEAD + text), {name: str(value) for name, value in parameters.items()})


def why_not(text):
    with pytest.raises(NotRegenerative) as problem:
        home(net(text))
    return str(problem.value)


@pytest.mark.parametrize(
    "model",
    ["two_state", "monolithic", "shocked_process", "rejuvenation", "teaching/hot_standby", "teaching/mm1k", "teaching/mg1_fifo"],
)
def test_models_that_begin_anew(model):
    home(spn.resolve(model))


@pytest.mark.parametrize(
    ("model", "clock"),
    [
        ("actor_tree", "the clock of transition top.fail"),  # the top lives on while a child restarts
        ("sip_transport", "the clock of transition supervisor.fail"),
        ("teaching/cluster", "fail may have been running before"),
        ("teaching/storage", "keeps its age (memory age)"),
        ("sip_server", "more ways lead there"),
    ],
)
def test_models_of_which_it_is_not_known(model, clock):
    with pytest.raises(NotRegenerative) as problem:
        home(spn.resolve(model))
    assert clock in str(problem.value)


def test_one_of_two_that_age_is_old_when_the_other_comes_back():
    assert "the clock of transition fail may have been running before" in why_not(TWO.replace("LIFE", '"weibull(scale=50 s, shape=2)"'))
    home(net(TWO.replace("LIFE", "exponential(mean=50 s)")))


def test_a_clock_that_goes_on_through_markings_without_time_is_old():
    """What takes the token and gives it back at once leaves the clock running; what gives it back later, be it at the same time, does not."""
    text = """
places: {up: 1, hit: 0}
transitions:
  fail:  {in: up, out: up, delay: 70 s}
  shock: {out: hit, delay: exponential(mean=50 s)}
  pass:  {in: hit}
measures: {hits: {rate: pass}}
"""
    assert "the clock of transition fail" in why_not(text)
    assert "the clock of transition fail" in why_not(text.replace("pass:  {in: hit}", "pass:  {in: [hit, up], out: up}"))
    home(net(text.replace("hit: 0", "hit: 0, off: 0").replace("pass:  {in: hit}", "pass:  {in: [hit, up], out: off}\n  rise:  {in: off, out: up}")))


def test_two_clocks_of_one_binding_are_told_apart():
    """One of two fires, and the other is old; with one server the one that fires is drawn anew."""
    text = 'places: {p: 2}\ntransitions: {t: {in: p, out: p, delay: "uniform(1 s, 2 s)", servers: SERVERS}}\nmeasures: {r: {rate: t}}'
    assert "the clock of transition t" in why_not(text.replace("SERVERS", "infinite"))
    home(net(text.replace("SERVERS", "1")))


def test_what_depends_on_the_time_is_not_known():
    assert why_not(QUEUE.replace("waiting < room}\n  serve", "waiting < room and now < 1 h}\n  serve")) == "transition arrive depends on the time"
    assert why_not(QUEUE.replace("average: waiting", "average: 'waiting * now / 1 s'")) == "measure length depends on the time"


def test_times_that_tokens_carry_may_be_tallied_but_not_decide():
    text = """
colours: {job: {since: time}}
places: {line: {colour: job, order: fifo}}
transitions:
  arrive: {out: line(since=now), delay: exponential(mean=2 s)}
  serve:  {in: line(j), delay: exponential(mean=1 s)}
measures: {response: {tally: now - j.since, on: serve}}
"""
    home(net(text))
    assert "depends on real numbers of tokens (j)" in why_not(text.replace("mean=1 s", "mean=1 s + 0 * j.since"))


def test_a_first_marking_by_chance_is_not_known():
    text = """
places: {start: 1, left: 0, right: 0}
transitions:
  a: {in: start, out: left}
  b: {in: start, out: right}
  c: {in: left, out: right, delay: exponential(mean=1 s)}
  d: {in: right, out: left, delay: exponential(mean=1 s)}
measures: {m: {average: left}}
"""
    assert why_not(text) == "chance decides in which marking it begins"
    home(net(text.replace("  b: {in: start, out: right}\n", "")))


COLOURED = """
colours: {kind: [x, y, z], room: 1..3, both: room * kind}
places:
  pool: {colour: kind, initial: {x: 2, y: 1}}
  used: {colour: kind}
  each: {over: room, initial: 1}
  lost: {over: room}
  pair: {colour: both, initial: ['(2, z)']}
  gone: {colour: both}
transitions:
  take: {in: pool(k), out: used(k), delay: exponential(mean=1 s)}
  give: {in: used(k), out: pool(z if k == x else x if k == z else y), delay: exponential(mean=0.3 s)}
  lose: {for: r in room, in: each(r), out: lost(r), delay: exponential(mean=3 s)}
  find: {for: r in room, in: lost(r), out: each(1 if r == 3 else r + 1), delay: exponential(mean=0.3 s)}
  move: {in: pair(p), out: gone(p), delay: exponential(mean=3 s)}
  back: {in: gone(p), out: pair(p), delay: exponential(mean=0.3 s)}
measures: {m: {average: pool}}
"""


def run(engine, found, key, firings=10_000):
    measures = tuple(measure.name for measure in found.measures)
    return engine.prepare(found).run(Task(7, key, measures, max_firings=firings, controlled=True))


@pytest.mark.parametrize("text", [RENEWAL, QUEUE, TWO.replace("LIFE", "exponential(mean=5 s)")])
def test_both_engines_come_home_at_the_same_time(text):
    plain = net(text)
    changed = until_home(plain, home(plain), 50.0, plain.measures)
    assert all(isinstance(measure.window, Until) for measure in changed.measures)
    for number in range(20):
        one, other = (run(engine, changed, (0, 1, number, 0)) for engine in (ReferenceEngine(), CompiledEngine()))
        assert one.time == other.time >= 50.0
        for name in one.observations:
            assert one.observations[name].tolist() == other.observations[name].tolist()


def test_it_ends_in_the_initial_marking_and_not_before():
    """By hand: the queue is empty after as many services as arrivals; of the first such time after 50 s the end is known to the last bit."""
    from spn.engine.reference.simulation import Simulation

    plain = net(QUEUE)
    changed = until_home(plain, home(plain), 50.0, plain.measures)
    for number in range(20):
        simulation = Simulation(plain, 7, (0, 1, number, 0))
        while True:
            simulation.step()
            if simulation.now >= 50.0 and simulation.marking.counts[0][0] == 0:
                break
        assert run(ReferenceEngine(), changed, (0, 1, number, 0)).time == simulation.now


def covered(text, truths, runs, sampling="regenerative", **options):
    """In how many of the runs each interval missed."""
    found, missed = net(text), dict.fromkeys(truths, 0)
    for seed in range(runs):
        result = simulate(found, CompiledEngine(), seed, sampling=sampling, **options)
        (course,) = result.experiments
        assert course.sampling == sampling and course.warmup_s == 0.0
        for name, truth in truths.items():
            estimate = result.measures[name]
            interval = estimate.unavailability if hasattr(estimate, "unavailability") else estimate.interval
            missed[name] += not interval.low <= truth <= interval.high
    return missed


def test_whole_cycles_hold_the_truth_as_often_as_they_say():
    """Of 100 intervals of 95 % more than 13 miss with a probability of 1e-3."""
    u = 4.0 / 104.0
    assert max(covered(RENEWAL, {"system": u}, 100, precision=0.05).values()) <= 13
    p = [0.8**n for n in range(5)]
    total = sum(p)
    truths = {"full": p[4] / total, "length": sum(n * p[n] for n in range(5)) / total, "served": 1.0 - 1.0 / total}
    missed = covered(QUEUE, truths, 100, precision=0.1)
    assert max(missed.values()) <= 13, missed


def test_without_controls_and_with_quantiles():
    text = """
places: {line: 0}
transitions:
  arrive: {out: line, delay: exponential(mean=2.5 s)}
  serve:  {in: line, delay: exponential(mean=1 s)}
measures: {seen: {tally: line, on: arrive, quantiles: [70 %, 95 %]}}
"""
    result = simulate(net(text), CompiledEngine(), 3, sampling="regenerative", precision=0.02, controls=False)
    found = result.measures["seen"]
    assert result.converged and found.assessment.variance_reduction is None
    assert found.interval.low <= 2.0 / 3.0 <= found.interval.high  # what arrivals see in the mean
    assert {p: part.estimate for p, part in found.quantiles.items()} == {0.7: 1.0, 0.95: 3.0}  # P(n <= k) = 1 - 0.4^(k + 1)


def test_the_bits_do_not_depend_on_the_order_of_batches():
    def scrambled(dialogue, batch):
        rng, talk = random.Random(7), Conversation(dialogue)
        while talk.request is not None:
            plan, block = talk.request.plan, list(talk.take(12, ahead=True))
            rng.shuffle(block)
            for index in block:
                talk.put(plan, index, batch(plan, index))
        return talk.result()

    def data(**options):
        found = simulate(net(QUEUE), CompiledEngine(), 5, sampling="regenerative", precision=0.05, **options).to_dict()
        found.pop("elapsed_s")
        return json.dumps(found, sort_keys=True)

    assert data() == data(drive=scrambled) == data(workers=2)


def test_a_net_that_seldom_comes_home_has_windows_after_warm_ups():
    text = QUEUE.replace("room: 4", "room: 30").replace("rate=0.8 / s", "rate=2 / s")
    result = simulate(net(text), CompiledEngine(), 5, sampling="regenerative", precision=0.05, max_firings=3_000_000)
    (course,) = result.experiments
    assert course.sampling == "replications" and course.warmup_s > 0.0
    assert result.warnings == ("the net seldom comes back to its initial marking: windows after warm-ups take the place of whole cycles",)
    assert result.measures["full"].unavailability.estimate == pytest.approx(0.5, rel=0.1)  # full half of the time


def test_a_net_that_dies_says_so():
    text = RENEWAL.replace("in: down, out: up", "in: down, out: up, guard: up > 1")
    result = simulate(net(text), CompiledEngine(), 5, sampling="regenerative")
    assert "dead marking" in result.warnings[0] and not result.converged


def test_other_measures_are_observed_as_ever():
    text = RENEWAL + "  first: {first_passage: down == 1}\n"
    result = simulate(net(text), CompiledEngine(), 5, sampling="regenerative", precision=0.05)
    assert [course.experiment for course in result.experiments] == ["steady", "terminating"]
    assert [course.sampling for course in result.experiments] == ["regenerative", None]
    assert result.measures["first"].interval.estimate == pytest.approx(100.0, rel=0.2)
    only = net(RENEWAL.replace("system: {availability: up == 1}", "first: {first_passage: down == 1}"))
    alone, whatever = (simulate(only, CompiledEngine(), 5, precision=0.05, sampling=sampling) for sampling in ("auto", "regenerative"))
    assert alone.measures == whatever.measures


def test_the_command_line_says_why_not(capsys):
    assert main(["run", "actor_tree", "--sampling", "regenerative", "--seed", "1"]) == 2
    error = capsys.readouterr().err
    assert "spn run: --sampling regenerative: the clock of transition top.fail may have been running before" in error
    assert main(["run", "two_state", "--sampling", "regenerative", "--seed", "1", "--precision", "10 %"]) == 0
    page = capsys.readouterr().out
    assert "from the initial marking to its return (regenerative: no warm-up)" in page
    assert "repeat: spn run two_state --precision 0.1 --sampling regenerative --seed 1" in page


def test_a_limit_of_time_ends_the_search():
    """The clock has gone on by a minute each time that it is read."""
    minutes = iter(range(1_000_000))
    with pytest.raises(OutOfTime):
        simulate(spn.resolve("sip_server"), CompiledEngine(), 1, sampling="regenerative", max_seconds=100.0, clock=lambda: 60.0 * next(minutes))


def test_an_unknown_way_of_sampling_is_refused():
    with pytest.raises(ValueError, match="sampling must be one of auto, replications, batch-means, regenerative, not cycles"):
        simulate(net(RENEWAL), CompiledEngine(), 1, sampling="cycles")


def test_the_initial_marking_is_told_from_all_others():
    """Each element and each value of tokens counts."""
    plain = net(COLOURED)
    found = home(plain)
    from spn.engine.reference.prepared import PreparedNet
    from spn.engine.reference.simulation import Simulation

    prepared = PreparedNet(plain)
    holds = prepared.function(found.condition)
    simulation = Simulation(prepared, 3)
    first = simulation.marking.key((0, 1, 4, 5))
    seen = {True: 0, False: 0}
    for _ in range(20_000):
        at_home = simulation.marking.key((0, 1, 4, 5)) == first
        simulation.state.variables = {}
        assert bool(holds(simulation.state)) == at_home
        seen[at_home] += 1
        simulation.step()
    assert min(seen.values()) > 50
