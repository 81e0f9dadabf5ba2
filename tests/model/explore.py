"""Walks through a World: every interleaving of a small scenario, or many random ones of a larger."""
import random

from daemon_model import World
from memories import Violation

ROUNDS_TO_FINISH = 60  # far more than a drainer needs that nobody disturbs


class Result:
    def __init__(self, states, violation=None, trace=()):
        self.states, self.violation, self.trace = states, violation, trace

    def __str__(self):
        if self.violation is None:
            return f"no violation in {self.states} states"
        return f"{self.violation}: {' > '.join(self.trace)}"


def every_interleaving(scenario, conditions, states_max):
    """Depth first, each state once. Raises OverflowError where there are more than states_max."""
    start = World(scenario, conditions)
    seen = {start.key()}
    stack = [(start, ())]
    while stack:
        world, trace = stack.pop()
        names = [(name, method.__name__, arguments) for name, method, arguments in world.actions()]
        if is_end(world, names):
            try:
                finish(world.clone())
            except Violation as violation:
                return Result(len(seen), violation, as_list(trace) + ["and then nothing disturbs it"])
        for name, method, arguments in names:
            following = world.clone()
            try:
                getattr(following, method)(*arguments)
            except Violation as violation:
                return Result(len(seen), violation, as_list((trace, name)))
            key = following.key()
            if key not in seen:
                seen.add(key)
                if len(seen) > states_max:
                    raise OverflowError(f"more than {states_max} states")
                stack.append((following, (trace, name)))
    return Result(len(seen))


def as_list(trace):
    names = []
    while trace:
        trace, name = trace
        names.append(name)
    return names[::-1]


def is_end(world, actions):
    """Publishers are done, and what is left could go on for ever in the same way."""
    return all(not name.endswith((": stamp", ": tail")) for name, _, _ in actions) and \
        (world.daemon is None or world.daemon.phase == "idle")


def random_walks(scenario, conditions, walks, seed=0):
    """Each a run from the beginning to an end where nothing more can happen. Returns at the first violation."""
    steps = 0
    for walk in range(walks):
        chance = random.Random(f"{seed}/{walk}")
        world, trace = World(scenario, conditions), []
        # Some walks favour the drainer, some the publishers, some neither; and deaths come early or late.
        drainer, death = chance.choice((0.3, 1, 3)), chance.choice((0.02, 0.1, 0.5))
        try:
            while actions := list(world.actions()):
                weights = [death if name == "DEATH" else 1 if ":" in name else drainer for name, _, _ in actions]
                name, method, arguments = chance.choices(actions, weights)[0]
                trace.append(name)
                method(*arguments)
                steps += 1
            finish(world)
        except Violation as violation:
            return Result(steps, violation, trace)
    return Result(steps)


def finish(world):
    """Nothing disturbs the daemon any more: all that was accepted has to reach Kafka, and lanes that are done with to be
    forgotten. (Calls that no thread came to end go on, too.)"""
    scenario = world.scenario
    rounds_so_far = world.daemon.rounds if world.daemon else 0
    world.scenario = type(scenario)(**{**scenario.__dict__, "rounds": rounds_so_far + ROUNDS_TO_FINISH, "deaths": 0,
                                       "successor_drains": True})
    turn = 0
    idle_rounds = 0
    while idle_rounds < 4:
        actions = [action for action in world.actions() if action[0] != "DEATH"]
        others = [action for action in actions if action[0] != "a round begins"]
        before = (world.returned, world.log, world.daemon and world.daemon.next.next_sequence)
        name, method, arguments = others[turn % len(others)] if others else actions[0] if actions else (None, None, None)
        if name is None:
            break
        turn += 1
        method(*arguments)
        if name == "a round begins":
            idle_rounds += 1
        elif before != (world.returned, world.log, world.daemon and world.daemon.next.next_sequence):
            idle_rounds = 0
    arrived = {event for _, event in world.log}
    missing = [name for name in world.returned if name not in arrived]
    if missing:
        raise Violation(f"{missing[0]} was accepted and never arrives")
    for number in scenario.leaves:
        if world.lanes[number].gone and not world.lanes[number].forgotten:
            raise Violation(f"lane {number} is never forgotten")
