#!/usr/bin/env python3
"""The promises of order and of no loss, in a model of the daemon (daemon_model.py).

    tests/model/order_model_test.py            seconds: what CI runs
    tests/model/order_model_test.py --long     a few minutes: more interleavings of everything
    tests/model/order_model_test.py -v NAME    one test, as unittest has it

With all conditions every walk ends well. Without one of them some walk does not: it prints which.
"""
import sys
import unittest
from dataclasses import replace

from daemon_model import World
from explore import every_interleaving, finish, random_walks
from memories import FUTURE, PAST, Conditions, Event, Scenario, Time, Violation

LONG = "--long" in sys.argv
WALKS = 6000 if LONG else 250            # with all conditions, for each scenario
WALKS_TO_FIND = 20000 if LONG else 6000  # without one: the first violation ends them
STATES_MAX = 1_000_000


def at(lane, publisher, *names, after=(), stamp=None):
    """Events that one publisher puts into one lane, one after the other; the first after `after`."""
    return [Event(name, lane, after if name == names[0] else (), stamp, publisher) for name in names]


def hand_overs(count, lanes):
    """A token goes around: each event is published when the one before has returned, in the next lane."""
    return tuple(Event(f"e{n}", n % lanes, (f"e{n - 1}",) if n else (), None, n % lanes) for n in range(count))


TWO_LANES = Scenario((*at(0, 0, "a", "a2"), *at(1, 1, "b", "b2", after=("a2",)), *at(0, 0, "c", after=("b2",))), rounds=6)
CUT_OFF = replace(TWO_LANES, copied=1, rounds=8)
FEW_AT_A_TIME = replace(TWO_LANES, consumed=1, rounds=8)
OTHER_LOOK_ORDER = replace(CUT_OFF, look_order=(1, 0))
LATE_LANE = Scenario((*at(0, 0, "a"), *at(1, 1, "b", after=("a",)), *at(0, 0, "c", after=("b",)),
                      *at(1, 1, "d", after=("c",))), late=(1,), rounds=5)
CLOSING_LANES = Scenario((*at(0, 0, "a"), *at(1, 1, "b", "b2", after=("a",))), leaves=(0, 1), rounds=6)
HOSTILE = Scenario((*at(0, 0, "a"), *at(1, 1, "b", after=("a",)), *at(0, 0, "a2", after=("b",)),
                    *at(2, 2, "h", stamp=FUTURE), *at(2, 2, "h2", stamp=PAST), *at(2, 2, "h3", stamp=FUTURE)),
                   lanes=3, leaves=(2,), rounds=6)
HOSTILE_CUT_OFF = replace(HOSTILE, copied=1, rounds=9)
DEATHS = Scenario(hand_overs(6, 2), capacity=2, chunk=1, chunks=3, rounds=6, deaths=2)
DEATHS_ONE_LANE = Scenario(hand_overs(6, 1), lanes=1, capacity=2, chunk=2, chunks=3, rounds=8, deaths=2)
DEATHS_SMALL = Scenario((*hand_overs(5, 2), *at(0, 5, "x")), capacity=1, chunk=1, chunks=2, rounds=8, deaths=2, window=1)
DEATHS_UNORDERED = Scenario((*at(0, 0, "a", "a2"), *at(1, 1, "x", "x2")), chunks=3, rounds=4, deaths=2)
DEATHS_TINY = Scenario((*at(0, 0, "a"), *at(1, 1, "x")), chunk=1, chunks=3, rounds=2, deaths=2)
DEATHS_LAGGING = replace(DEATHS_UNORDERED, own_chunks=(1,), chunk=2, chunks=4)
DEATHS_AND_LATE = replace(LATE_LANE, deaths=1, chunk=1, chunks=3, rounds=4)
DEATHS_AND_HOSTILE = replace(HOSTILE_CUT_OFF, deaths=2, chunk=2, chunks=4)

SCENARIOS = {name: value for name, value in dict(globals()).items() if isinstance(value, Scenario)}

# Small enough for every interleaving in seconds.
EXHAUSTIVE = {
    "a lane after the other": Scenario((*at(0, 0, "a"), *at(1, 1, "b", after=("a",))), rounds=2),
    "cut off": Scenario((*at(0, 0, "a", "a2"), *at(1, 1, "b", after=("a2",))), rounds=2, copied=1),
    "a late lane": Scenario((*at(0, 0, "b", after=("c",)), *at(1, 1, "c")), late=(1,), rounds=2),
    "one death": Scenario((*at(0, 0, "a"), *at(1, 1, "b", after=("a",))), rounds=1, deaths=1, window=1),
}
EXHAUSTIVE_LONG = {
    "both lanes, twice": Scenario((*at(0, 0, "a", "a2"), *at(1, 1, "b", "b2", after=("a2",))), rounds=2, copied=1),
    "a full lane and a death": Scenario(tuple(at(0, 0, "a", "a2")), lanes=1, capacity=1, chunk=1, chunks=2, window=1,
                                        rounds=2, deaths=1),
    "a hostile lane": Scenario((*at(0, 0, "a"), *at(1, 1, "b", after=("a",)), *at(2, 2, "h", stamp=FUTURE)), lanes=3,
                               rounds=2),
}

# What is taken away: the scenario that shows it, and words of the violation.
TAKEN_AWAY = [
    (dict(cut=False), TWO_LANES, "order"),
    (dict(clock_before_tails=False), TWO_LANES, "order"),
    (dict(registered_before_given=False), LATE_LANE, "order"),
    (dict(registered_between_rounds=False), LATE_LANE, "order"),
    (dict(bound="none"), CUT_OFF, "order"),
    (dict(clamp="T"), TWO_LANES, "order"),
    (dict(clamp="none"), HOSTILE, "never arrives"),
    (dict(copied_once=False), HOSTILE, "never arrives"),
    (dict(stamps_never_fall=False), HOSTILE, "does not go by stamp and lane"),
    (dict(raised="T2"), TWO_LANES, "order"),
    (dict(raised_if_unseen=False), CUT_OFF, "order"),
    (dict(fine_clock=False), TWO_LANES, "order"),
    (dict(looked_at_after_the_end=False), CLOSING_LANES, "never arrives"),
    (dict(commit_before_release=False), DEATHS, "order|never arrives"),
    (dict(commit_before_hand_over=False), DEATHS_UNORDERED, "identity"),
    (dict(only_committed=False), DEATHS, "identity"),
    (dict(wiped=False), DEATHS_TINY, "identity"),
    (dict(next_sequence_from_commit=False), DEATHS, "identity"),
    (dict(sorted_by_sequence=False), DEATHS, "order"),
    (dict(position="journal"), DEATHS, "twice"),
    (dict(position="arena"), DEATHS, "overwritten|twice"),
    (dict(stored_before_hand_over=False), DEATHS_TINY, "twice"),
    (dict(handed_again=False), DEATHS_UNORDERED, "order|never arrives"),
]
# What the model shows to be needless by itself, and why, stands in README.md.
NEEDLESS = [(dict(journal_before_board=False), scenario) for scenario in (DEATHS, DEATHS_TINY, DEATHS_SMALL)]


class AllConditions(unittest.TestCase):
    def test_every_interleaving_of_small_scenarios(self):
        for name, scenario in {**EXHAUSTIVE, **(EXHAUSTIVE_LONG if LONG else {})}.items():
            with self.subTest(name):
                result = every_interleaving(scenario, Conditions(), STATES_MAX)
                self.assertIsNone(result.violation, result)
                print(f"every interleaving of \"{name}\": {result}")

    def test_random_walks(self):
        for name, scenario in SCENARIOS.items():
            with self.subTest(name):
                result = random_walks(scenario, Conditions(), WALKS, seed=name)
                self.assertIsNone(result.violation, result)
                self.assertGreater(result.states, 10 * WALKS)
                print(f"{WALKS} walks through {name}: {result}")


class OneConditionTakenAway(unittest.TestCase):
    def test_each_is_needed(self):
        for taken, scenario, words in TAKEN_AWAY:
            with self.subTest(str(taken)):
                result = random_walks(scenario, replace(Conditions(), **taken), WALKS_TO_FIND)
                self.assertIsNotNone(result.violation, f"without {taken} nothing is found")
                self.assertRegex(str(result.violation), words)
                print(f"without {taken}: {result.violation}, after {len(result.trace)} steps")

    def test_needless_ones(self):
        for taken, scenario in NEEDLESS:
            with self.subTest(str(taken)):
                result = random_walks(scenario, replace(Conditions(), **taken), WALKS)
                self.assertIsNone(result.violation, result)


def rounds_until_honest_events_arrive(conditions, hostile_stamp, rounds_max=60, **budget):
    """A hostile lane that is full whenever the drainer looks, beside an honest one. None: they do not arrive."""
    flood = [Event(f"h{n}", 1, (), hostile_stamp, 1) for n in range(4 * rounds_max)]
    honest = at(0, 0, "a", "a2", "a3")
    world = World(Scenario((*honest, *flood), rounds=rounds_max, **budget), conditions)
    while True:
        actions = [action for action in world.actions() if action[0] != "a round begins"]
        calls = [action for action in actions if action[0].endswith((": stamp", ": tail"))]
        # Whatever a client can do it has done before the daemon's next step; the hostile one first.
        name, method, arguments = (calls[-1:] or actions[:1] or [(None, None, None)])[0]
        if name is None:
            if {event.name for event in honest} <= {event for _, event in world.log}:
                return world.daemon.rounds
            if world.daemon.rounds == rounds_max:
                return None
            method, arguments = world.begin_round, ()
        method(*arguments)


class Starvation(unittest.TestCase):
    """A lane that is kept full must not keep the others from their turn."""
    FULL = dict(copied=2, capacity=6)

    def arrive(self, stamp, **taken):
        return rounds_until_honest_events_arrive(replace(Conditions(), **taken), stamp, **self.FULL)

    def test_whatever_the_stamps_all_arrive(self):
        for stamp in (None, PAST, FUTURE, Time(1)):
            with self.subTest(stamp):
                self.assertIsNotNone(self.arrive(stamp))

    def test_old_stamps_starve_others_if_they_are_not_raised(self):
        self.assertIsNone(self.arrive(PAST, raised="none"))

    def test_equal_stamps_stop_everybody_if_the_bound_is_a_stamp_alone(self):
        self.assertIsNone(self.arrive(PAST, bound="stamp"))

    def test_a_future_stamp_that_is_believed_never_comes(self):
        world = World(Scenario(tuple(at(0, 0, "h", stamp=FUTURE)), lanes=1, rounds=3), replace(Conditions(), clamp="none"))
        world.begin(world.scenario.events[0], False)
        world.publish(world.scenario.events[0])
        with self.assertRaises(Violation):
            finish(world)


if __name__ == "__main__":
    unittest.main(argv=[argument for argument in sys.argv if argument != "--long"])
