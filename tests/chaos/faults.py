"""Faults of the nodes of a cluster, of its two engines, and of the network between them."""

import dataclasses
import os
import signal
import subprocess
import time

PAUSE_S = 1.0, 3.0  # between two faults
LASTS_S = 0.3, 6.0
SETTLE_S = 4  # after a fault, until what waited has been sent and read
DEATHS = "kill", "stop"  # of a process


@dataclasses.dataclass
class Fault:
    kind: str
    node: int | None  # None: of the engine, so of all nodes
    began: float
    ends: float  # when it will be, or was, repaired
    repair: object
    repaired: bool = False
    logged: tuple = 0, 0  # begin and end of what the node has logged after the start that followed

    def touches(self, node):
        return self.node in (None, node)


def address_of(node):
    """Of the engines, as this node reaches them."""
    return f"10.70.0.{node + 1}"


def link(node, up):
    subprocess.run(["ip", "addr", "add" if up else "del", f"{address_of(node)}/32", "dev", "lo"], check=True)


class Faults:
    """`engines` are a master and its replica."""

    def __init__(self, chance, nodes, engines):
        self.chance = chance
        self.nodes = nodes
        self.master, self.replica = engines
        self.all = []

    # What they did.

    def continued(self, node):
        """When this node last continued or started after a fault; None: it does not run."""
        last = 0
        for fault in list(self.all):
            if fault.node != node or fault.kind == "cut":
                continue
            if not fault.repaired:
                return None
            last = max(last, fault.ends)
        return last

    def risk_ends(self, node, when):
        """Until when a record that `node` made at `when` may be with this node only."""
        end = when + SETTLE_S
        for fault in self.all:  # in the order of their beginning
            if fault.touches(node) and fault.kind not in DEATHS and fault.began <= end and fault.ends + SETTLE_S > end:
                end = fault.ends + SETTLE_S
        return end

    def deaths(self, node=None):
        """Kills and stops."""
        return [fault for fault in self.all if fault.kind in DEATHS and node in (None, fault.node)]

    def joined_alone(self):
        """Those after which the node joined without a snapshot."""
        return [death for death in self.deaths()
                if "joined without" in self.nodes[death.node].log()[slice(*death.logged)]]

    def died_with(self, node, when):
        """Whether a record that `node` made at `when` may have died with it."""
        return any(when - 1 <= death.began <= self.risk_ends(node, when) for death in self.deaths(node))

    def any_between(self, begin, end):
        return any(fault.began <= end and fault.ends + SETTLE_S >= begin for fault in self.all)

    def describe(self, begin, end):
        """Those around this time, with seconds before its end."""
        return [f"{fault.kind} {fault.node} {fault.began - end:.2f} to {fault.ends - end:.2f}" for fault in self.all
                if fault.began <= end + 2 * SETTLE_S and fault.ends + 2 * SETTLE_S >= begin]

    def counts(self):
        kinds = [fault.kind for fault in self.all]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}

    # What they do.

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._begin_one()
            until = min(end, time.monotonic() + self.chance.uniform(*PAUSE_S))
            while time.monotonic() < until:
                self._repair_due(time.monotonic())
                time.sleep(0.05)
        self._repair_due(float("inf"))

    def _repair_due(self, now):
        for fault in self.all:
            if not fault.repaired and fault.ends <= now:
                fault.repair(fault)
                fault.ends = time.monotonic()
                fault.repaired = True

    def _begin_one(self):
        """At most one of the engine, and one of each of two nodes, at a time."""
        present = [fault for fault in self.all if not fault.repaired]
        engine = [self._kill_engine, self._empty_engine, self._pause_engine, self._promote, self._kill_and_promote]
        node = [self._kill, self._stop, self._pause, self._cut]
        if self.chance.random() < 0.4:
            if not any(fault.node is None for fault in present):
                self._note(self.chance.choice(engine), None)
            return
        touched = {fault.node for fault in present} - {None}
        if len(touched) < 2:
            free = [number for number in range(len(self.nodes)) if number not in touched]
            self._note(self.chance.choice(node), self.chance.choice(free))

    def _note(self, begin, node):
        now = time.monotonic()
        fault = Fault(begin.__name__.strip("_"), node, now, now + self.chance.uniform(*LASTS_S), None)
        self.all.append(fault)
        fault.repair = begin() if node is None else begin(node)

    def _kill(self, number):
        self.nodes[number].kill()
        return self._start_later(number)

    def _stop(self, number):
        self.nodes[number].stop()
        return self._start_later(number)

    def _start_later(self, number):
        node = self.nodes[number]
        logged = len(node.log())
        for past in self.deaths(number)[:-1]:
            past.logged = past.logged[0], past.logged[1] or logged

        def start(fault):
            fault.logged = logged, None
            node.start()
        return start

    def _pause(self, number):
        os.kill(self.nodes[number].pid, signal.SIGSTOP)
        return lambda _: os.kill(self.nodes[number].pid, signal.SIGCONT)

    def _cut(self, number):
        link(number, up=False)
        return lambda _: link(number, up=True)

    def _kill_engine(self):
        self.master.kill()
        return lambda _: self.master.start()

    def _empty_engine(self):
        self.master.kill()
        self.master.forget()
        return lambda _: self.master.start()

    def _pause_engine(self):
        self.master.pause()
        return lambda _: self.master.resume()

    def _swap(self):
        self.replica.promote()
        self.master, self.replica = self.replica, self.master

    def _promote(self):
        """As by hand: the old master takes writes until it becomes a replica."""
        self._swap()
        return lambda _: self.replica.follow(self.master)

    def _kill_and_promote(self):
        self.master.kill()
        self._swap()

        def return_as_replica(_):
            self.replica.start()
            self.replica.follow(self.master)
        return return_as_replica
