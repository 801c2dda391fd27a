"""What a supervisor decides, in traces derived by hand from deterministic times to failure. Nothing here is left to chance.

Unless told otherwise a start takes 1 s, and `s` is a supervisor that its environment restarts.
"""

import pytest

from spn.engine.reference import Simulation
from tests.models.model_runs import NEVER, Watched, actor, actors, at, family, happened, only, shipped, written

DECISIONS = ("restart_child", "restart_child_later", "escalate", "give_up")


def once(*times: float, supervisor: dict[str, object]):
    """A supervisor whose children fail once each at these times (their restart takes an hour)."""
    return family([f"deterministic({time} s); restart_time=1 h" for time in times], **{"window": "30 s", **supervisor})


def decisions(net, until: float) -> list[tuple[float, str]]:
    """Time and name of the supervisor's decisions, up to the first that is no restart."""
    found = []
    for time, label in only(happened(net, until), *DECISIONS):
        name = label.split(".")[1].split("(")[0]
        found.append((time, name))
        if not name.startswith("restart"):
            break
    return found


SCHEDULE = (10, 30, 45, 65, 76, 77, 78)
"""Failures under a limit of 2 restarts in 30 s.

leaky    10: 1, clock to 40.  30: 2.  40: one is forgotten, 1, clock to 70.  45: 2.  65: still 2, beyond the limit.
sliding  10: {10}.  30: {10, 30}.  40: {30}.  45: {30, 45}.  60: {45}.  65: {45, 65}.  75: {65}.  76: {65, 76}.  77: beyond the limit.
fixed    10: open to 40, 1.  30: 2.  40: 0.  45: open to 75, 1.  65: 2.  75: 0.  76: open to 106, 1.  77: 2.  78: beyond the limit.
"""


@pytest.mark.parametrize(("counting", "escalation"), [("leaky", 65), ("sliding", 77), ("fixed", 78)])
def test_the_three_kinds_of_window_escalate_at_different_failures(counting, escalation):
    found = decisions(once(*SCHEDULE, supervisor={"counting": counting, "limit": 2}), until=100)
    assert found == [*((time, "restart_child") for time in SCHEDULE if time < escalation), (escalation, "escalate")]


@pytest.mark.parametrize("counting", ["leaky", "sliding", "fixed"])
def test_a_restart_is_forgotten_when_it_is_exactly_a_window_old(counting):
    found = decisions(once(10, 40, 41, supervisor={"counting": counting, "limit": 1}), until=100)
    assert found == [(10, "restart_child"), (40, "restart_child"), (41, "escalate")]


def test_a_burst_drains_from_the_leaky_counter_one_by_one():
    # Three restarts at 10, 11, 12 go at 40, 70 and 100; from an exact window they go at 40, 41, 42.
    net = once(10, 11, 12, supervisor={"limit": 3})
    assert [at(net, time)["s.restart_count(1)"] for time in (39, 40, 69, 70, 99, 100)] == [3, 2, 2, 1, 1, 0]
    net = once(10, 11, 12, supervisor={"limit": 3, "counting": "sliding"})
    assert [at(net, time)["s.restart_count(1)"] for time in (39, 40, 41, 42)] == [3, 2, 1, 0]
    net = once(10, 11, 12, supervisor={"limit": 3, "counting": "fixed"})
    assert [at(net, time)["s.restart_count(1)"] for time in (39, 40)] == [3, 0]


def test_each_child_has_its_own_count_unless_they_are_pooled():
    fails_again = ["deterministic(10 s)", "deterministic(12 s)"]  # at 10, 21, 32 and at 12, 25
    assert decisions(family(fails_again, limit=1), 40) == [(10, "restart_child"), (12, "escalate")]
    assert decisions(family(fails_again, limit=1, pooled="false"), 40) == [(10, "restart_child"), (12, "restart_child"), (21, "escalate")]


def test_a_limit_of_zero_escalates_every_failure():
    for pooled in "true", "false":
        assert decisions(once(10, supervisor={"limit": 0, "pooled": pooled}), 20) == [(10, "escalate")]


def test_a_failed_child_is_restarted_and_its_siblings_go_on():
    assert happened(family(["deterministic(10 s)", "deterministic(20 s)"]), 20) == [
        (10, "c1.fail"),
        (10, "s.note_failure(c=1)"),
        (10, "s.restart_child(c=1)"),
        (11, "c1.start"),
        (20, "c2.fail"),
        (20, "s.note_failure(c=2)"),
        (20, "s.restart_child(c=2)"),
    ]


def test_all_for_one_restarts_the_siblings_too():
    net = family(["deterministic(10 s)", "deterministic(20 s); restart_time=3 s"], scope="all_for_one")
    assert happened(net, 14) == [
        (10, "c1.fail"),
        (10, "s.note_failure(c=1)"),
        (10, "c2.stop"),
        (10, "s.restart_child(c=1)"),
        (11, "c1.start"),
        (13, "c2.start"),
    ]
    assert at(net, 14) == {"s.idle": 1, "c1.idle": 1, "c2.idle": 1, "s.restart_count(1)": 1}
    assert (20, "c2.fail") not in happened(net, 20)  # it was new at 13


def test_an_escalation_restarts_the_supervisor_and_then_its_children():
    assert happened(family(["deterministic(10 s)", NEVER], limit=0), 12) == [
        (10, "c1.fail"),
        (10, "s.note_failure(c=1)"),
        (10, "s.escalate(c=1)"),
        (10, "c2.stop"),
        (10, "s.start_by_environment"),
        (11, "s.start"),
        (12, "c1.start_afresh"),
        (12, "c2.start_afresh"),
    ]


def test_children_that_need_no_start_run_as_soon_as_their_supervisor_does():
    net = family(["deterministic(10 s)"], limit=0, children_need_start="false")
    assert happened(net, 12)[-2:] == [(11, "s.start"), (11, "c1.start_at_once")]


def test_failures_at_the_same_instant_are_decided_one_after_the_other():
    found = happened(family(["deterministic(10 s)", "deterministic(10 s)"], limit=1), 10)
    assert found == [
        (10, "c1.fail"),
        (10, "s.note_failure(c=1)"),
        (10, "s.restart_child(c=1)"),
        (10, "c2.fail"),
        (10, "s.note_failure(c=2)"),
        (10, "s.escalate(c=2)"),
        (10, "c1.stop"),  # takes the token with which it was to start
        (10, "s.start_by_environment"),
    ]


def test_a_child_does_not_fail_at_the_instant_of_its_supervisors_failure():
    found = happened(family(["deterministic(10 s)"], failure="deterministic(10 s)"), 10)
    assert found == [(10, "s.fail"), (10, "c1.stop"), (10, "s.start_by_environment")]


def test_a_resumed_child_goes_on_and_nobody_hears_of_it():
    net = family(["deterministic(10 s); directive=resume"], limit=0)
    assert happened(net, 20) == [(10, "c1.fail_and_resume"), (20, "c1.fail_and_resume")]


def test_a_resumed_supervisor_keeps_its_children():
    net = actors(
        actor("s", {"failure": NEVER, "children": 1}),
        actor("m", {"failure": "deterministic(10 s)", "directive": "resume", "children": 1}, "s", 1),
        actor("c", {"failure": "deterministic(15 s)"}, "m", 1),
    )
    assert happened(net, 19) == [
        (10, "m.fail_and_resume"),
        (15, "c.fail"),
        (15, "m.note_failure(c=1)"),
        (15, "m.restart_child(c=1)"),
        (16, "c.start"),
    ]


def test_failures_of_resumed_children_count_if_asked_to():
    resumed = ["deterministic(10 s); directive=resume; resumes_count=true", NEVER]
    found = happened(family(resumed, limit=2, window="100 s"), 30)
    assert found[:4] == [(10, "c1.fail_and_resume"), (10, "s.note_resume(c=1)"), (20, "c1.fail_and_resume"), (20, "s.note_resume(c=1)")]
    assert found[4:6] == [(30, "c1.fail_and_resume"), (30, "s.escalate_resumed(c=1)")]
    assert sorted(found[6:8]) == [(30, "c1.stop"), (30, "c2.stop")] and found[8:] == [(30, "s.start_by_environment")]
    net = family(resumed, limit=2, window="100 s", beyond_limit="stop")
    assert happened(net, 100)[-3:] == [(30, "c1.fail_and_resume"), (30, "s.give_up_resumed(c=1)"), (30, "c1.stop")]
    assert at(net, 100) == {"s.idle": 1, "c2.idle": 1, "s.restart_count(1)": 2}


def test_an_actor_at_the_top_that_resumes_and_counts_is_not_started_twice():
    net = shipped("actor", supervised="false", directive="resume", resumes_count="true", failure="deterministic(10 s)")
    assert at(net, 15) == {"idle": 1}


def test_a_stopped_child_comes_back_with_its_supervisor():
    net = family(["deterministic(10 s); directive=stop", NEVER], failure="deterministic(30 s)")
    assert happened(net, 29) == [(10, "c1.fail"), (10, "s.note_stop(c=1)")]
    assert at(net, 29) == {"s.idle": 1, "c2.idle": 1}
    assert at(net, 32) == {"s.idle": 1, "c1.idle": 1, "c2.idle": 1}


def test_a_child_that_stops_takes_its_siblings_along_if_one_stands_for_all():
    net = family(["deterministic(10 s); directive=stop", NEVER], scope="all_for_one")
    assert happened(net, 50) == [(10, "c1.fail"), (10, "s.note_stop(c=1)"), (10, "c2.stop")]


def test_a_child_beyond_the_limit_stays_stopped_if_the_supervisor_gives_up():
    net = family(["deterministic(10 s)", NEVER], limit=1, beyond_limit="stop")  # fails at 10 and 21
    assert decisions(net, 100) == [(10, "restart_child"), (21, "give_up")]
    assert at(net, 100) == {"s.idle": 1, "c2.idle": 1}
    assert at(family(["deterministic(10 s)", NEVER], limit=1, beyond_limit="stop", scope="all_for_one"), 100) == {"s.idle": 1}


def test_an_escalating_child_makes_its_supervisor_fail():
    assert happened(family(["deterministic(10 s); directive=escalate", NEVER], limit=9), 12) == [
        (10, "c1.fail"),
        (10, "s.note_escalation(c=1)"),
        (10, "c2.stop"),
        (10, "s.start_by_environment"),
        (11, "s.start"),
        (12, "c1.start_afresh"),
        (12, "c2.start_afresh"),
    ]


def test_an_actor_that_escalates_is_restarted_even_if_its_own_failures_are_resumed():
    net = actors(
        actor("s", {"failure": NEVER, "children": 1}),
        actor("m", {"failure": NEVER, "directive": "resume", "children": 1, "limit": 0}, "s", 1),
        actor("c", {"failure": "deterministic(10 s)"}, "m", 1),
    )
    assert only(happened(net, 12), "escalate", "restart_child", "start", "start_afresh") == [
        (10, "m.escalate(c=1)"),
        (10, "s.restart_child(c=1)"),
        (11, "m.start"),
        (12, "c.start_afresh"),
    ]


def test_backoff_doubles_with_each_restart_in_the_count_up_to_its_limit():
    # Fails 10 s after each start, which takes 1 s: waits 2, 4, then 5 (not 8) s.
    net = family(["deterministic(10 s)"], backoff="2 s", backoff_limit="5 s", limit=9, window="1000 s")
    assert only(happened(net, 60), "fail", "restart_child_later", "start") == [
        (10, "c1.fail"),
        (12, "s.restart_child_later(c=1)"),
        (13, "c1.start"),
        (23, "c1.fail"),
        (27, "s.restart_child_later(c=1)"),
        (28, "c1.start"),
        (38, "c1.fail"),
        (43, "s.restart_child_later(c=1)"),
        (44, "c1.start"),
        (54, "c1.fail"),
        (59, "s.restart_child_later(c=1)"),
        (60, "c1.start"),
    ]


def test_jitter_spreads_the_backoff_over_its_share():
    net = family(["deterministic(10 s)"], backoff="2 s", backoff_jitter="0.5", limit=9)
    waits = [only(happened(net, 20, seed), "restart_child_later")[0][0] - 10 for seed in range(50)]
    assert 2 <= min(waits) < 2.2 < 2.8 < max(waits) <= 3  # (1 - 0.2)^50 each: chance errs once in 35,000; the seeds are fixed


def test_siblings_are_down_while_one_that_stands_for_all_waits():
    net = family(["deterministic(10 s)", "deterministic(12 s)"], scope="all_for_one", backoff="5 s")
    assert happened(net, 16) == [
        (10, "c1.fail"),
        (10, "s.note_failure(c=1)"),
        (10, "c2.stop"),
        (15, "s.restart_child_later(c=1)"),
        (16, "c1.start"),
        (16, "c2.start"),
    ]
    assert at(net, 12) == {"s.idle": 1, "c1.pending": 1}


def test_a_child_waiting_beyond_the_limit_escalates_when_a_sibling_uses_it_up():
    # The first waits from 10 to 15, the second from 11 to 16; the first restart is the only one granted.
    net = family(["deterministic(10 s)", "deterministic(11 s)"], backoff="5 s", limit=1)
    assert decisions(net, 20) == [(15, "restart_child_later"), (15, "escalate")]


def test_a_supervisor_that_is_stopped_forgets_the_restart_it_had_pending():
    # At 10 the child of m fails and waits until 15; at 12 m's sibling fails, and all stands for one.
    net = actors(
        actor("s", {"failure": NEVER, "children": 2, "scope": "all_for_one"}),
        actor("m", {"failure": NEVER, "children": 1, "backoff": "5 s"}, "s", 1),
        actor("c", {"failure": "deterministic(10 s)"}, "m", 1),
        actor("x", {"failure": "deterministic(12 s)"}, "s", 2),
    )
    assert at(net, 11) == {"s.idle": 1, "m.idle": 1, "x.idle": 1, "c.pending": 1}
    assert at(net, 12) == {"s.idle": 1, "m.start": 1, "x.start": 1, "s.restart_count(1)": 1}
    assert at(net, 20) == {"s.idle": 1, "m.idle": 1, "x.idle": 1, "c.idle": 1, "s.restart_count(1)": 1}
    assert only(happened(net, 20), "restart_child_later") == []


STATES = {
    "running": (15, {}),
    "starting": (10.5, {}),  # after its failure at 10
    "waiting": (10.5, {"backoff": "5 s"}),
}


@pytest.mark.parametrize("state", STATES)
def test_stopping_takes_everything_the_child_is_about(state):
    # The supervisor itself fails while its child, a supervisor of two, is in that state; nothing but the supervisor's start is left.
    time, more = STATES[state]
    net = actors(
        actor("s", {"failure": f"deterministic({time} s)", "children": 1, "restart_time": "100 s", **more}),
        actor("m", {"failure": "deterministic(10 s)", "children": 2}, "s", 1),
        actor("c1", {"failure": NEVER}, "m", 1),
        actor("c2", {"failure": NEVER}, "m", 2),
    )
    left = at(net, time)
    assert left.pop("s.restart_count(1)", 0) == (0 if state == "waiting" else 1)
    assert left == {"s.start": 1}


@pytest.mark.parametrize("counting", ["leaky", "sliding", "fixed"])
def test_a_restarted_supervisor_forgets_its_count_only_if_told_so(counting):
    # The child fails at 9 and runs again at 10; the supervisor fails at 12 and runs at 13, the child at 14, to fail at 23.
    given = {"failure": "deterministic(12 s)", "limit": 1, "window": "100 s", "counting": counting}
    children = ["deterministic(9 s)"]
    kept, forgotten = family(children, forgets="false", **given), family(children, forgets="true", **given)
    assert only(happened(kept, 23), "restart_child", "escalate") == [(9, "s.restart_child(c=1)"), (23, "s.escalate(c=1)")]
    assert only(happened(forgotten, 23), "restart_child", "escalate") == [(9, "s.restart_child(c=1)"), (23, "s.restart_child(c=1)")]


def test_a_supervisor_that_forgets_its_count_forgets_the_open_window_too():
    # Opened at 9, forgotten at 13, opened anew at 23.
    net = family(["deterministic(9 s)"], failure="deterministic(12 s)", counting="fixed", forgets="true", limit=5)
    assert at(net, 12)["s.window_open(1)"] == 1
    assert at(net, 14) == {"s.idle": 1, "c1.idle": 1}
    assert at(net, 24) == {"s.idle": 1, "c1.idle": 1, "s.restart_count(1)": 1, "s.window_open(1)": 1}


def test_a_restart_that_takes_no_time_takes_no_time():
    net = family(["deterministic(10 s); restart_time=0 s", NEVER + "; restart_time=0 s"], limit=0, restart_time="0 s")
    found = happened(net, 10)
    assert found[:5] == [(10, "c1.fail"), (10, "s.note_failure(c=1)"), (10, "s.escalate(c=1)"), (10, "c2.stop"), (10, "s.start_by_environment")]
    assert found[5] == (10, "s.start_at_once") and sorted(found[6:]) == [(10, "c1.start_at_once"), (10, "c2.start_at_once")]


MAIL = """
spn: 1
modules: {actor: actor.yaml}
colours: {message: {sent: time, number: int}}
places: {line: 4, done: {colour: message, order: fifo}, between: {colour: message, order: fifo}, post: {colour: message, order: fifo}}
instances:
  first:
    module: actor
    with: {supervised: false, data: true, failure: deterministic(2.5 s), restart_time: 1 s, service: deterministic(0.25 s)}
    connect: {inbox(1): post, outbox(1): between}
  second:
    module: actor
    with: {supervised: false, data: true, failure: deterministic(1e9 s), service: deterministic(0.5 s)}
    connect: {inbox(1): between, outbox(1): done}
transitions:
  send: {in: line, out: 'post(sent=now, number=1)', delay: 1 s}
"""


def test_a_message_waits_while_the_actor_is_down():
    # Sent at 1, 2, 3, 4. The first actor is down from 2.5 to 3.5 and serves at 1.25, 2.25, 3.75 and 4.25; the second half a second later.
    found = only(happened(written(MAIL), 5), "process")
    assert [time for time, label in found if label.startswith("first")] == [1.25, 2.25, 3.75, 4.25]
    assert [time for time, label in found if label.startswith("second")] == [1.75, 2.75, 4.25, 4.75]


def test_messages_of_a_stopped_actor_are_lost():
    net = written(
        """
spn: 1
modules: {actor: actor.yaml}
colours: {message: {sent: time, number: int}}
places: {line: 3, post: {colour: message, order: fifo}}
instances:
  top: {module: actor, with: {supervised: false, children: 1, failure: deterministic(2.5 s), restart_time: 100 s}}
  below:
    module: actor
    with: {data: true, failure: deterministic(1e9 s), service: deterministic(50 s)}
    connect: {start: top.restart(1), stop: top.poison_pill(1), fail: top.failed(1), pending: top.restarting(1), inbox(1): post}
transitions:
  send: {in: line, out: 'post(sent=now, number=1)', delay: 1 s}
"""
    )
    assert at(net, 2.4)["below.inbox(1)"] + at(net, 2.4)["post"] == 2
    assert at(net, 2.6) == {"top.start": 1, "line": 1}


def test_transport_is_a_tree_of_five_and_of_six():
    assert sum(at(shipped("sip_transport"), 0).values()) == 5
    assert sum(at(shipped("sip_transport", transactions="1"), 0).values()) == 6


def test_transport_is_restarted_by_its_environment_or_by_its_supervisor_never_by_both():
    def starters(net):
        simulation = Simulation(net)
        kinds = simulation.net.net.transitions
        return [
            simulation.net.transition_label(number, index)
            for number, kind in enumerate(kinds)
            for index in range(kind.size)
            if "start_by_environment" in simulation.net.transition_label(number, index)
        ]

    assert starters(shipped("sip_transport")) == ["supervisor.start_by_environment"]
    assert starters(shipped("sip_server")) == ["server.start_by_environment"]


def test_the_whole_server_has_its_actors_where_the_thesis_puts_them():
    marking = at(shipped("sip_server", sessions="3", transactions="2"), 0)
    names = ["server", "registrar_router", "location_manager", "session_router", "session(1)", "session(2)", "session(3)"]
    inside = ["supervisor", "udp_receiver", "udp_sender", "sip_parser", "transaction_router", "transaction(1)", "transaction(2)"]
    assert marking == {f"{name}.idle": 1 for name in [*names, *(f"transport.{name}" for name in inside)]}


def test_a_failure_of_the_transport_supervisor_is_handled_by_the_sip_server():
    net = shipped("sip_server", sessions="0", failure="deterministic(10 s)", restart_time="1 s", root_restart="1 s")
    watched = Watched(Simulation(net))
    assert watched["server.idle"] == 1
    # All fail at 10 s; the server is first in the order and stops the rest; then levels start one after the other.
    found = happened(net, 13)
    assert only(found, "start", "start_afresh")[0] == (11, "server.start")
    level = [label for time, label in only(found, "start_afresh") if time == 12]
    assert sorted(level) == [f"{name}.start_afresh" for name in ("location_manager", "registrar_router", "session_router", "transport.supervisor")]
    assert sum(time == 13 for time, _ in only(found, "start_afresh")) == 4
