"""What the model is made of: the conditions that are modelled, a scenario, shared memory, and a daemon's private one."""
from dataclasses import dataclass, field, replace
from functools import cache

FUTURE = 10**9  # a stamp that no clock reaches
PAST = 0


class Violation(Exception):
    """A promise is broken; the message says which."""


class Time(int):
    """A reading of the clock. Of readings only their order matters: World.key() numbers them anew."""


@dataclass(frozen=True)
class Conditions:
    """What has to be so for the promises to hold. A test takes them away one by one."""
    # order across lanes
    cut: bool = True                        # only what is stamped before the round's clock is consumed
    clock_before_tails: bool = True         # T is read before the first tail
    registered_before_given: bool = True    # a lane is in the drainer's list before its client may write it
    registered_between_rounds: bool = True  # and gets there between two rounds, never inside of one
    bound: str = "stamp, lane"              # a round ends at the first record left behind: "stamp, lane", "stamp", "none"
    clamp: str = "T2"                       # the latest stamp that is believed: "T2", "T", "none"
    copied_once: bool = True                # a stamp that was clamped stays as it is
    stamps_never_fall: bool = True          # within a lane
    raised: str = "T"                       # records that a round did not see are stamped no earlier: "T", "T2", "none"
    raised_if_unseen: bool = True           # and only those
    fine_clock: bool = True                 # two readings that follow each other differ
    looked_at_after_the_end: bool = True    # a lane is forgotten only if it is empty after its client's end
    # a daemon that dies
    commit_before_release: bool = True      # of the lanes
    journal_before_board: bool = True
    commit_before_hand_over: bool = True
    only_committed: bool = True             # a successor takes no record for one that the commit does not cover
    wiped: bool = True                      # and wipes what it does not take, before it writes anything
    next_sequence_from_commit: bool = True  # not from the largest record that lives
    sorted_by_sequence: bool = True
    position: str = "larger"                # where a lane stands: "larger" of "journal" and "arena"
    stored_before_hand_over: bool = True    # a successor stores the lanes' positions before it hands anything over
    handed_again: bool = True               # a successor sends what its predecessor had handed over


@dataclass(frozen=True)
class Event:
    name: str
    lane: int
    after: tuple = ()      # names: its call begins when theirs have returned
    stamp: object = None   # None: an honest one, the clock's
    publisher: int = 0


@dataclass(frozen=True)
class Scenario:
    events: tuple                   # each publisher's in order
    lanes: int = 2
    late: tuple = ()                # lanes that open while the others are in use
    leaves: tuple = ()              # lanes whose clients go when they have published all
    capacity: int = 3               # records in a lane
    chunk: int = 2                  # records in a chunk
    chunks: int = 4
    copied: int = 9                 # budget of a round: records copied of a lane
    consumed: int = 9               # ... and consumed of all
    own_chunks: tuple = ()          # lanes whose events are of a topic that lags: they fill chunks of their own
    window: int = 2                 # records inside of the producer
    rounds: int = 3                 # of each daemon, while publishers are at work
    deaths: int = 0
    look_order: tuple = ()          # of the lanes; by number where it is not said
    successor_drains: bool = True


@dataclass
class Lane:
    """Shared memory, and what others know of one lane."""
    slots: list                 # (event, stamp, position) or None
    tail: int = 0
    registered: bool = False    # in the drainer's list
    given: bool = False         # its descriptor is with the client
    gone: bool = False          # its client's connection is at its end
    forgotten: bool = False
    journal: int = 0            # up to where it was taken, for a successor
    board: int = 0              # the same for the client: it may write again

    def clone(self):
        return replace(self, slots=list(self.slots))


@dataclass
class Feed:
    """LaneFeed: what the drainer holds of a lane privately."""
    held: list = field(default_factory=list)  # (event, stamp, position), copied and not consumed
    position: int = 0                         # behind the last consumed record
    parsed: int = 0                           # behind the last copied one
    seen: int = 0                             # the tail as of the last look
    last_stamp: int = 0
    floor: int = 0
    later_floor: tuple = None                 # (position, stamp): holds from there on
    consumed_in_round: int = 0

    def clone(self):
        return replace(self, held=list(self.held))


@dataclass
class Chunk:
    opened: int = 0     # number of this opening; 0: free
    end: int = 0        # behind its last record
    slots: list = field(default_factory=list)  # (sequence, event, lane, position behind it, state)

    def clone(self):
        return replace(self, slots=list(self.slots))


@dataclass(frozen=True)
class Commit:
    """What one store of the arena's selector makes true."""
    next_sequence: int = 1
    opened: int = 0     # chunks so far


WAITING, HANDED, DONE = range(3)


@dataclass
class Daemon:
    """What dies with the process."""
    phase: str = "idle"
    feeds: list = None
    listed: tuple = ()                            # the lanes of this round
    todo: list = field(default_factory=list)      # lanes still to look at, or to release
    cut: int = 0
    now: int = 0                                  # T2
    tails_before_clock: bool = False
    next: Commit = Commit()
    filling: dict = field(default_factory=dict)   # the chunk that is being filled, for all or for one lane
    free: list = field(default_factory=list)
    queue: list = field(default_factory=list)     # (sequence, event, chunk, slot): accepted, not acknowledged
    handed: int = 0                               # of the queue's front
    uncommitted: int = 0                          # of the queue's end
    rounds: int = 0
    producer: int = 0
    unstored: bool = False                        # a successor that has not stored the positions yet

    def clone(self):
        return replace(self, feeds=[feed.clone() for feed in self.feeds], todo=list(self.todo), free=list(self.free),
                       queue=list(self.queue), filling=dict(self.filling))


@cache
def before(scenario, event):
    """The names of the events whose publish has returned before this one's began, whatever the interleaving."""
    own = [other for other in scenario.events if other.publisher == event.publisher]
    direct = {*event.after, *(other.name for other in own[:own.index(event)][-1:])}
    further = [before(scenario, other) for other in scenario.events if other.name in direct]
    return sorted(direct.union(*further))
