"""kill -9 at random moments under load: all changes that were answered more than one flush interval
earlier must be in the database, and the database must be intact. Time in which the writer thread
waited for a CPU is added to the interval.

SKEPD_KILLS sets the number of kills (default 4)."""

import collections
import os
import pathlib
import random
import time

from support.announce import scraped
from support.database import StoredSwarms, is_sound, stored_counts
from support.load import ABSENT, AFTER, LEECHER, SEEDER, Load
from support.skepd import Skepd

KILLS = int(os.environ.get("SKEPD_KILLS", "4"))
FLUSH_S = 1.0
RUN_S = (0.2, 1.8)
CONFIG = f"""
log_level = "warning";
announce = {{ interval_min_s = 3600; interval_max_s = 3600; }};
store = {{ flush_interval_ms = {int(FLUSH_S * 1000)}; }};
"""


def stored_states(file):
    return {place: LEECHER if peer.left else SEEDER for place, peer in StoredSwarms(file).peers.items()}


def group_by_place(journal):
    groups = collections.defaultdict(list)
    for operation in journal:
        groups[operation.client.place].append(operation)
    return groups


class Past:
    """The database's content when the load began."""

    def __init__(self, states, counts):
        self.states, self.counts = states, counts

    def lost(self, journal, states):
        """The first operation at each place that is missing in the database. If several states match,
        the latest is assumed."""
        groups = group_by_place(journal)
        for place in self.states.keys() | states.keys() | groups.keys():
            history = [self.states.get(place, ABSENT), *(AFTER[one.event] for one in groups[place])]
            state = states.get(place, ABSENT)
            assert state in history, f"{state}, but it was {history}"
            known = len(history) - 1 - history[::-1].index(state)
            yield from groups[place][known:known + 1]

    def wrong_counts(self, journal, counts, safe):
        completed = [operation for operation in journal if operation.event == "completed"]
        sent = collections.Counter(one.client.info_hash for one in completed)
        safely = collections.Counter(one.client.info_hash for one in completed
                                     if one.was_acked_by(safe))
        for info_hash in self.counts.keys() | counts.keys() | sent.keys():
            before, after = self.counts.get(info_hash, 0), counts.get(info_hash, 0)
            if not before + safely[info_hash] <= after <= before + sent[info_hash]:
                yield info_hash, before, safely[info_hash], sent[info_hash], after


def starved_s(pid):
    """How long the store writer thread has waited for a CPU, in seconds."""
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (thread / "comm").read_text() == "store writer\n":
            return int((thread / "schedstat").read_text().split()[1]) / 1e9
    raise AssertionError("there is no store writer thread")


def random_moments():
    """KILLS moments, spread over RUN_S, in random order."""
    shortest, longest = RUN_S
    width = (longest - shortest) / KILLS
    moments = [shortest + width * (number + random.random()) for number in range(KILLS)]
    return random.sample(moments, KILLS)


def run_and_kill(daemon, load, after_s):
    """Returns the time of the kill, and the time before which all answered changes must be stored."""
    load.start(daemon.port)
    time.sleep(after_s)
    starved = starved_s(daemon.pid)
    killed = time.monotonic()
    daemon.kill()
    load.join()
    return killed, killed - FLUSH_S - starved


def check(daemon, load, past, killed, safe):
    """Returns the database's content, the number of responses, and the age of the oldest answered
    change that is missing."""
    states, counts = stored_states(daemon.database), stored_counts(daemon.database)
    journal = load.journal
    assert is_sound(daemon.database)
    lost = [one.acked for one in past.lost(journal, states) if one.acked]
    assert min(lost, default=killed) > safe, (killed - min(lost), killed - safe)
    assert list(past.wrong_counts(journal, counts, safe)) == []
    answered = sum(one.acked is not None for one in journal)
    return Past(states, counts), answered, killed - min(lost, default=killed)


def assert_restored(daemon, past):
    for info_hash in random.sample(sorted(past.counts), min(5, len(past.counts))):
        roles = [state for place, state in past.states.items() if place[0] == info_hash]
        expected = roles.count(SEEDER), roles.count(LEECHER), past.counts[info_hash]
        assert scraped(daemon.port, info_hash) == expected


def test_kills_lose_at_most_one_flush_interval():
    load, past = Load(), Past({}, {})
    answers, losses = 0, []
    with Skepd(CONFIG, udp=True) as daemon:
        for moment in random_moments():
            killed, safe = run_and_kill(daemon, load, moment)
            past, answered, loss = check(daemon, load, past, killed, safe)
            answers += answered
            losses.append(loss)
            load.take_over(past.states)
            daemon.start()
            assert_restored(daemon, past)
    print(f"{KILLS} kills, {answers} answers, {len(past.states)} peers at the end; the oldest "
          f"answer lost was {max(losses) * 1000:.0f} ms old, {sum(losses) / KILLS * 1000:.0f} ms "
          f"on average")
    assert answers > KILLS * 10
