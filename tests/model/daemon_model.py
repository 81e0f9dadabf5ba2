"""A model of Ringpost from a publisher's clock to Kafka's log: lanes, the drainer's rounds, the arena and its commit, the
journal, the board, hand-over, and a daemon that may die between any two of its steps.

What is one step here is one store or load of shared memory there, or something that nobody else can see. Memory is
sequentially consistent: fences are the C++ code's business, what is modelled is which step comes before which. All events
have one key. README.md says which line of the code each condition stands for.
"""
from dataclasses import fields, replace

from memories import DONE, HANDED, WAITING, Chunk, Commit, Daemon, Feed, Lane, Time, Violation, before


class World:
    def __init__(self, scenario, conditions):
        self.scenario, self.conditions = scenario, conditions
        count = scenario.lanes
        self.clock = 1
        self.lanes = [Lane([None] * scenario.capacity) for _ in range(count)]
        for number, lane in enumerate(self.lanes):
            lane.registered = lane.given = number not in scenario.late
        self.chunks = [Chunk(slots=[None] * scenario.chunk) for _ in range(scenario.chunks)]
        self.commit = Commit()
        self.daemon = Daemon(feeds=[Feed() for _ in range(count)], free=list(reversed(range(scenario.chunks))))
        self.started = {}       # event: stamp, for calls under way
        self.returned = ()      # names, in the order of their returning
        self.producers = [([], 0)]  # of each daemon: what it was handed, and how much of it has reached Kafka
        self.log = ()           # Kafka's: (sequence, event name), as a consumer keeps it: the first of each sequence
        self.deaths = 0

    # ------------------------------------------------------------------ copying and comparing

    def clone(self):
        twin = object.__new__(World)
        twin.__dict__ = dict(self.__dict__)
        twin.lanes = [lane.clone() for lane in self.lanes]
        twin.chunks = [chunk.clone() for chunk in self.chunks]
        twin.daemon = self.daemon.clone() if self.daemon else None
        twin.started = dict(self.started)
        twin.producers = [(list(handed), arrived) for handed, arrived in self.producers]
        return twin

    def key(self):
        """The same for two worlds that differ in nothing but the values of clock readings."""
        def parts(value):
            if isinstance(value, (list, tuple)):
                return tuple(parts(each) for each in value)
            if isinstance(value, dict):
                return tuple(sorted((name, parts(each)) for name, each in value.items()))
            if isinstance(value, (Lane, Feed, Chunk, Daemon)):
                return tuple(parts(getattr(value, each.name)) for each in fields(value))
            if isinstance(value, Time):
                readings.add(value)
            return value

        def ranked(value):
            if isinstance(value, tuple):
                return tuple(ranked(each) for each in value)
            return ("t", ranks[value]) if isinstance(value, Time) else value

        readings = set()
        whole = parts((self.lanes, self.chunks, self.daemon, self.started, self.producers))
        ranks = {value: rank for rank, value in enumerate(sorted(readings))}
        return ranked(whole), self.commit, self.returned, self.log, self.deaths

    def read_clock(self, again=False):
        """`again`: a coarse clock may give what it gave before."""
        if not again:
            self.clock += 1
        return Time(self.clock)

    # ------------------------------------------------------------------ what can happen next

    def actions(self):
        """(name, method, arguments) of everything that can be the next step."""
        yield from self.publisher_actions()
        yield from self.control_actions()
        yield from self.kafka_actions()
        daemon = self.daemon
        if daemon is None:
            yield "successor starts", self.start_successor, ()
            return
        yield from self.daemon_actions()
        if self.deaths < self.scenario.deaths:
            yield "DEATH", self.die, ()

    def publisher_actions(self):
        waiting = set()
        for event in self.scenario.events:
            if event.name in self.returned or event.publisher in waiting:
                continue
            waiting.add(event.publisher)
            if event.name in self.started:
                yield f"{event.name}: tail", self.publish, (event,)
            elif self.may_begin(event):
                yield f"{event.name}: stamp", self.begin, (event, False)
                if not self.conditions.fine_clock and event.stamp is None:
                    yield f"{event.name}: equal stamp", self.begin, (event, True)

    def may_begin(self, event):
        lane = self.lanes[event.lane]
        claimed = any(other.lane == event.lane for other in self.scenario.events if other.name in self.started)
        return (lane.given and not claimed and all(name in self.returned for name in event.after)
                and lane.tail - lane.board < self.scenario.capacity)

    def begin(self, event, again):
        self.started[event.name] = self.read_clock(again) if event.stamp is None else event.stamp

    def publish(self, event):
        lane = self.lanes[event.lane]
        lane.slots[lane.tail % self.scenario.capacity] = (event.name, self.started.pop(event.name), lane.tail)
        lane.tail += 1
        self.returned += (event.name,)

    def control_actions(self):
        """Lanes that open and close. Registering is the drainer's own step, between two rounds."""
        first_given = not self.conditions.registered_before_given
        for number in self.scenario.late:
            lane = self.lanes[number]
            if not lane.given and (lane.registered or first_given):
                yield f"lane {number}: given", self.give, (number,)
            if not lane.registered and (lane.given or not first_given) and self.daemon:
                if self.daemon.phase == "idle" or not self.conditions.registered_between_rounds:
                    yield f"lane {number}: registered", self.register, (number,)
        for number in self.scenario.leaves:
            lane = self.lanes[number]
            if not lane.gone and all(e.name in self.returned for e in self.scenario.events if e.lane == number):
                yield f"lane {number}: its client goes", self.leave, (number,)

    def give(self, number):
        self.lanes[number].given = True

    def register(self, number):
        self.lanes[number].registered = True

    def leave(self, number):
        lane = self.lanes[number]
        lane.gone = True
        feed = self.daemon.feeds[number] if self.daemon else None
        # Without another look "empty" is what the last round knew.
        if not self.conditions.looked_at_after_the_end and feed and not feed.held and feed.parsed == feed.seen:
            lane.forgotten = True

    # ------------------------------------------------------------------ a round: daemon/instance/drain.cpp, intake.cpp

    def daemon_actions(self):
        daemon = self.daemon
        if daemon.phase == "idle":
            if daemon.rounds < self.scenario.rounds and self.may_drain():
                yield "a round begins", self.begin_round, ()
            if daemon.handed < len(daemon.queue) - daemon.uncommitted and daemon.handed < self.scenario.window:
                yield "hand over", self.hand_over, ()
            if daemon.queue and daemon.handed and self.is_acknowledged(daemon.queue[0][0]):
                yield "acknowledged", self.finish, ()
            return
        if daemon.phase == "appended" and not self.conditions.commit_before_hand_over and \
                daemon.handed < len(daemon.queue) and daemon.handed < self.scenario.window:
            yield "hand over, uncommitted", self.hand_over, ()
        yield daemon.phase, getattr(self, "step_" + daemon.phase), ()

    def may_drain(self):
        return self.scenario.successor_drains or self.deaths == 0

    def begin_round(self):
        daemon = self.daemon
        daemon.rounds += 1
        daemon.listed = tuple(number for number, lane in enumerate(self.lanes) if lane.registered and not lane.forgotten)
        order = self.scenario.look_order or range(len(self.lanes))
        daemon.todo = [number for number in order if number in daemon.listed]
        daemon.phase = "clock" if self.conditions.clock_before_tails else "look"

    def step_clock(self):
        daemon = self.daemon
        daemon.cut = self.read_clock()
        daemon.phase = "look" if self.conditions.clock_before_tails else "clock2"
        if daemon.phase == "look" and not daemon.todo:
            daemon.phase = "clock2"

    def step_look(self):
        daemon = self.daemon
        if daemon.todo:
            number = daemon.todo.pop(0)
            daemon.feeds[number].seen = self.lanes[number].tail
        if not daemon.todo:
            daemon.phase = "clock2" if self.conditions.clock_before_tails else "clock"

    def step_clock2(self):
        self.daemon.now = self.read_clock()
        self.daemon.phase = "take"

    def step_take(self):
        """Copies, stamps, merges and appends. Nobody else sees any of it before the commit."""
        daemon, scenario = self.daemon, self.scenario
        bounds = []
        for number in daemon.listed:
            feed = daemon.feeds[number]
            feed.consumed_in_round = 0
            self.take(number, feed, scenario.copied - len(feed.held))
            if feed.parsed < feed.seen:
                bounds.append((max(feed.last_stamp, feed.floor), number))
            self.raise_floor(feed)
        self.merge(min(bounds, default=None))
        daemon.phase = "appended" if self.conditions.commit_before_release else "release"
        if daemon.phase == "release":
            daemon.todo = list(daemon.listed)
            self.step_release(all_at_once=True)

    def take(self, number, feed, budget):
        conditions, daemon = self.conditions, self.daemon
        if not conditions.copied_once:  # read again, from where it was not consumed
            feed.parsed -= len(feed.held)
            feed.held.clear()
            budget = self.scenario.copied
        while feed.parsed < feed.seen and budget > 0:
            slot = self.lanes[number].slots[feed.parsed % self.scenario.capacity]
            if slot is None or slot[2] != feed.parsed:
                raise Violation(f"lane {number} was overwritten before it was taken")
            if feed.later_floor and feed.parsed >= feed.later_floor[0]:
                feed.floor, feed.later_floor = max(feed.floor, feed.later_floor[1]), None
            stamp = max(slot[1], feed.floor)
            if conditions.stamps_never_fall:
                stamp = max(stamp, feed.last_stamp)
            if conditions.clamp != "none":
                stamp = min(stamp, daemon.now if conditions.clamp == "T2" else daemon.cut)
            feed.last_stamp = stamp
            feed.held.append((slot[0], stamp, feed.parsed))
            feed.parsed += 1
            budget -= 1

    def raise_floor(self, feed):
        raised = {"T": self.daemon.cut, "T2": self.daemon.now}.get(self.conditions.raised)
        if raised is None:
            return
        if feed.parsed == feed.seen or not self.conditions.raised_if_unseen:
            feed.floor, feed.later_floor = raised, None
        elif feed.later_floor is None:
            feed.later_floor = (feed.seen, raised)

    def merge(self, bound):
        """By (stamp, lane), within a lane by position; ends at the bound, at the budget, or where there is no room."""
        daemon, conditions = self.daemon, self.conditions
        last = None
        for _ in range(self.scenario.consumed):
            heads = [(daemon.feeds[number].held[0][1], number) for number in daemon.listed if daemon.feeds[number].held]
            heads = [head for head in heads if head[0] <= daemon.cut or not conditions.cut]
            if not heads:
                break
            head = min(heads)
            if bound and conditions.bound == "stamp, lane" and head[1] != bound[1] and bound < head:
                break
            if bound and conditions.bound == "stamp" and head[0] >= bound[0]:
                break
            if not self.has_room(head[1]):
                break
            if last and head < last:
                raise Violation("a round does not go by stamp and lane")
            last = head
            feed = daemon.feeds[head[1]]
            event, _, position = feed.held.pop(0)
            feed.position = position + 1
            feed.consumed_in_round += 1
            self.append(event, head[1], feed.position)

    # ------------------------------------------------------------------ the arena: daemon/instance/arena.cpp

    def filling_of(self, lane):
        return lane if lane in self.scenario.own_chunks else "all"

    def has_room(self, lane):
        chunk = self.daemon.filling.get(self.filling_of(lane))
        return (chunk is not None and self.chunks[chunk].end < self.scenario.chunk) or bool(self.daemon.free)

    def append(self, event, lane, position):
        daemon = self.daemon
        number = daemon.filling.get(self.filling_of(lane))
        if number is None or self.chunks[number].end == self.scenario.chunk:
            daemon.filling.pop(self.filling_of(lane), None)
            if number is not None and not self.is_pinned(number):
                self.free_chunk(number)
            number = daemon.filling[self.filling_of(lane)] = daemon.free.pop()
            daemon.next = replace(daemon.next, opened=daemon.next.opened + 1)
            self.chunks[number].opened, self.chunks[number].end = daemon.next.opened, 0
        chunk = self.chunks[number]
        chunk.slots[chunk.end] = (daemon.next.next_sequence, event, lane, position, WAITING)
        daemon.queue.append((daemon.next.next_sequence, event, number, chunk.end))
        chunk.end += 1
        daemon.uncommitted += 1
        daemon.next = replace(daemon.next, next_sequence=daemon.next.next_sequence + 1)

    def is_pinned(self, number):
        return number in self.daemon.filling.values() or any(entry[2] == number for entry in self.daemon.queue)

    def free_chunk(self, number):
        """Commits, because totals are taken over; in the middle of a round that makes a part of it count."""
        self.commit = self.daemon.next
        self.chunks[number].opened = 0
        self.daemon.free.append(number)

    def step_appended(self):
        daemon = self.daemon
        self.commit = daemon.next
        daemon.uncommitted = 0
        daemon.todo = list(daemon.listed) if self.conditions.commit_before_release else []
        daemon.phase = "release" if daemon.todo else "forget"

    def step_release(self, all_at_once=False):
        """One lane: the journal, then the board. Nothing but the order of these two can be seen of a death in between."""
        daemon = self.daemon
        while daemon.todo:
            if not self.store_position(daemon.todo[0]):
                daemon.todo.pop(0)
            elif not all_at_once:
                return
        daemon.phase = "appended" if daemon.uncommitted else "forget"

    def store_position(self, number):
        """The journal's or the board's word, whichever is next. False: both are right."""
        lane, position = self.lanes[number], self.daemon.feeds[number].position
        for word in ("journal", "board") if self.conditions.journal_before_board else ("board", "journal"):
            if getattr(lane, word) != position:
                setattr(lane, word, position)
                return True
        return False

    def step_forget(self):
        for number in self.daemon.listed:
            lane, feed = self.lanes[number], self.daemon.feeds[number]
            if lane.gone and not feed.held and feed.parsed == feed.seen:
                lane.forgotten = feed.seen == lane.tail or lane.forgotten
        self.daemon.phase = "idle"

    # ------------------------------------------------------------------ Kafka: daemon/instance/delivery.cpp, kafka/

    def hand_over(self):
        daemon = self.daemon
        sequence, event, chunk, slot = daemon.queue[daemon.handed]
        self.mark(chunk, slot, HANDED)
        self.producers[daemon.producer][0].append((sequence, event))
        daemon.handed += 1

    def mark(self, chunk, slot, state):
        self.chunks[chunk].slots[slot] = self.chunks[chunk].slots[slot][:4] + (state,)

    def kafka_actions(self):
        """A producer's records arrive in the order of their hand-over, those of a dead daemon's too, and late."""
        for number, (handed, arrived) in enumerate(self.producers):
            if arrived < len(handed):
                yield f"kafka: {handed[arrived][1]} of producer {number}", self.arrive, (number,)

    def arrive(self, number):
        handed, arrived = self.producers[number]
        self.producers[number] = (handed, arrived + 1)
        sequence, event = handed[arrived]
        known = dict(self.log)
        if known.get(sequence, event) != event:
            raise Violation(f"identity {sequence} is {known[sequence]}'s and {event}'s: a consumer drops the second")
        if sequence in known:
            return  # a duplicate that a consumer drops
        if event in known.values():
            raise Violation(f"{event} twice, with two identities")
        for other in self.scenario.events:
            if other.name == event:
                missing = [name for name in before(self.scenario, other) if name not in known.values()]
                if missing:
                    raise Violation(f"order: {event} before {missing[0]}")
        self.log += ((sequence, event),)

    def is_acknowledged(self, sequence):
        handed, arrived = self.producers[self.daemon.producer]
        return any(each == sequence for each, _ in handed[:arrived])

    def finish(self):
        daemon = self.daemon
        _, _, chunk, slot = daemon.queue.pop(0)
        daemon.handed -= 1
        self.mark(chunk, slot, DONE)
        if not self.is_pinned(chunk):
            self.free_chunk(chunk)

    # ------------------------------------------------------------------ death and successor: ipc/arena_layout.hpp

    def die(self):
        self.daemon = None
        self.deaths += 1

    def living(self):
        """(chunk, slot) of the records that a successor takes for accepted."""
        for number, chunk in enumerate(self.chunks):
            if chunk.opened == 0:
                continue
            if self.conditions.only_committed and chunk.opened > self.commit.opened:
                continue
            for slot in range(chunk.end):
                if chunk.slots[slot][0] < self.commit.next_sequence or not self.conditions.only_committed:
                    yield number, slot

    def start_successor(self):
        conditions = self.conditions
        living = list(self.living())
        records = {place: self.chunks[place[0]].slots[place[1]] for place in living}
        if conditions.wiped:
            for number, chunk in enumerate(self.chunks):
                chunk.end = sum(place[0] == number for place in living)  # within a chunk sequence numbers rise
        places = sorted(living, key=lambda place: records[place][0]) if conditions.sorted_by_sequence else living
        waiting = [place for place in places if records[place][4] != DONE]
        if not conditions.handed_again:
            waiting = [place for place in waiting if records[place][4] != HANDED]
        queue = [(records[place][0], records[place][1], *place) for place in waiting]
        pinned = {place[0] for place in waiting}
        daemon = Daemon(feeds=[Feed() for _ in self.lanes], queue=queue, next=self.commit, unstored=True,
                        producer=len(self.producers), free=[n for n in range(len(self.chunks)) if n not in pinned])
        if not conditions.next_sequence_from_commit:
            largest = max((record[0] for record in records.values() if record[4] != DONE), default=0)
            daemon.next = replace(daemon.next, next_sequence=largest + 1)
        for number, feed in enumerate(daemon.feeds):
            in_arena = max((record[3] for record in records.values() if record[2] == number), default=0)
            in_journal = self.lanes[number].journal
            feed.position = {"larger": max(in_arena, in_journal), "journal": in_journal, "arena": in_arena}[
                conditions.position]
            feed.parsed = feed.seen = feed.position
        self.daemon = daemon
        self.producers.append(([], 0))
        daemon.todo = [number for number in range(len(self.lanes)) if conditions.stored_before_hand_over]
        daemon.listed = tuple(daemon.todo)
        daemon.phase = "recover"

    def step_recover(self):
        """Stores where the lanes stand, then frees what is done and begins."""
        daemon = self.daemon
        while daemon.todo:
            if self.store_position(daemon.todo[0]):
                return
            daemon.todo.pop(0)
        if self.conditions.wiped:
            for number in daemon.free:
                self.chunks[number].opened = 0
        daemon.phase = "idle"
