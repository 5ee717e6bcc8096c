"""Which peers are given to which clients."""

import concurrent.futures

from support.announce import Peer, scrape, scraped
from support.skepd import Skepd
from support.udp import COMPLETED, STOPPED, UdpClient


def test_two_leechers_and_a_seeder_see_each_other(peer):
    first, second, seeder = peer(), peer(), peer(left=0)
    for one in (first, second, seeder):
        one.start()
    assert first.announce().peers == sorted([second.endpoint, seeder.endpoint])
    assert second.announce().peers == sorted([first.endpoint, seeder.endpoint])
    assert seeder.announce().peers == sorted([first.endpoint, second.endpoint])
    assert first.announce().counts == (1, 2, 0)


def test_seeders_are_not_given_to_seeders(peer):
    seeders = [peer(left=0) for _ in range(5)]
    leecher = peer()
    for one in (*seeders, leecher):
        one.start()
    for seeder in seeders:
        assert seeder.announce().peers == [leecher.endpoint]


def test_client_never_gets_itself(peer):
    swarm = [peer(left=number % 3) for number in range(12)]
    for one in swarm:
        one.start()
    for one in swarm:
        for numwant in (1, 2, 11, 12, 200):
            assert one.endpoint not in one.announce(numwant=numwant).peers


def test_torrents_stay_apart(daemon):
    first, second = (Peer(daemon.port, end + bytes(19)) for end in (b"\1", b"\2"))
    first.start()
    assert second.start().peers == []


def test_every_peer_has_a_chance(peer):
    client, others = peer(), [peer() for _ in range(12)]
    for one in (client, *others):
        one.start()
    met = {client.announce(numwant=1).peers[0] for _ in range(300)}
    assert met == {other.endpoint for other in others}


def test_second_announce_from_one_endpoint_is_the_same_peer(daemon, torrent, peer, leecher):
    leecher.start()
    leecher.announce()
    peer(port=leecher.port).start()
    assert scraped(daemon.port, torrent) == (0, 1, 0)


def test_same_port_at_another_address_is_another_peer(peer, leecher):
    leecher.start()
    other = peer(source="127.0.0.2", port=leecher.port)
    other.start()
    assert peer().start().peers == sorted([leecher.endpoint, other.endpoint])


def test_moved_peer_takes_its_old_place(peer, leecher):
    leecher.start()
    for move in ({"port": 7777}, {"source": "127.0.0.3"}):
        vars(leecher).update(move)
        leecher.announce()
        assert peer(port=9999).start().peers == [leecher.endpoint]


def test_same_peer_id_with_another_key_does_not_displace(peer, leecher):
    leecher.start()
    impostor = peer(peer_id=leecher.peer_id, source="127.0.0.66")
    impostor.start()
    assert peer().start().peers == sorted([leecher.endpoint, impostor.endpoint])


def test_moved_seeder_is_counted_once(daemon, torrent, seeder):
    seeder.start()
    seeder.port = 7779
    seeder.announce()
    assert scraped(daemon.port, torrent) == (1, 0, 0)


# Leaving

def test_stopped_peer_leaves_the_swarm(daemon, torrent, peer, leecher):
    leecher.start()
    leecher.stop()
    assert scraped(daemon.port, torrent) == (0, 0, 0)
    assert peer().start().peers == []


def test_stopped_removes_only_its_sender(peer):
    swarm = [peer(left=number % 2) for number in range(9)]
    for one in swarm:
        one.start()
    for gone in (swarm[0], swarm[3], swarm[8]):
        gone.stop()
    client = swarm[1]
    left = {swarm[number].endpoint for number in (2, 4, 5, 6, 7)}
    assert set(client.announce().peers) == left


def test_stopped_peer_may_come_back(peer, leecher):
    leecher.start()
    leecher.stop()
    leecher.start()
    assert peer().start().peers == [leecher.endpoint]


def test_stranger_cannot_stop_a_peer_by_its_peer_id(peer, leecher):
    leecher.start()
    peer(peer_id=leecher.peer_id, source="127.0.0.66").stop()
    peer(peer_id=leecher.peer_id, source="127.0.0.66").stop(key=None)
    assert peer().start().peers == [leecher.endpoint]


def test_stranger_cannot_displace_a_peer_that_has_no_key(peer, leecher):
    leecher.start(key=None)
    stranger = peer(peer_id=leecher.peer_id, source="127.0.0.66")
    stranger.start(key=None)
    assert leecher.endpoint in peer().start().peers


# Completing

def test_completed_turns_a_leecher_into_a_seeder_and_counts(daemon, torrent, leecher):
    leecher.start()
    assert leecher.complete().counts == (1, 0, 1)
    assert scraped(daemon.port, torrent) == (1, 0, 1)


def test_completed_counts_once_for_a_client(daemon, torrent, leecher):
    leecher.start()
    for _ in range(3):
        leecher.complete()
    leecher.announce()
    leecher.start()
    leecher.complete()
    assert scraped(daemon.port, torrent) == (1, 0, 1)


def test_completed_counts_once_for_a_client_that_leaves_in_between(torrent):
    with Skepd(udp=True) as daemon:
        v4 = Peer(daemon.port, torrent)
        v6 = Peer(daemon.port, torrent, source="::1", peer_id=v4.peer_id, key=v4.key)
        with UdpClient(daemon.port) as client:
            for _ in range(5):
                for peer in v4, v6:
                    peer.complete()
                    peer.stop()
                for event in COMPLETED, STOPPED:
                    client.announce(torrent, v4.port, left=0, event=event, peer_id=v4.peer_id,
                                    key=int(v4.key, 16))
        assert scraped(daemon.port, torrent) == (0, 0, 1)
        v4.complete()
        daemon.restart()
        v4.stop()
        v6.complete()
        assert scraped(daemon.port, torrent) == (1, 0, 1)


def test_completed_counts_once_for_a_client_that_moves(daemon, torrent, leecher):
    leecher.start()
    leecher.complete()
    leecher.port = 7778
    leecher.complete()
    assert scraped(daemon.port, torrent) == (1, 0, 1)


def test_completed_counts_for_each_client(daemon, torrent, peer):
    for _ in range(4):
        peer().complete()
    assert scraped(daemon.port, torrent) == (4, 0, 4)


def test_seeder_that_starts_is_no_download(seeder):
    assert seeder.start().counts == (1, 0, 0)


def test_downloads_stay_counted_without_peers(daemon, torrent, leecher):
    leecher.complete()
    leecher.stop()
    assert scraped(daemon.port, torrent) == (0, 0, 1)


def test_seeder_may_become_a_leecher_again(peer, seeder):
    seeder.start()
    seeder.left = 7
    assert seeder.announce().counts == (0, 1, 0)


# Partial seeds (BEP 21)

def test_partial_seed_counts_as_incomplete_but_downloads_nothing(daemon, torrent, peer):
    peer(left=500).announce("paused")
    peer().start()
    entry = scrape(daemon.port, torrent)["files"][torrent]
    assert (entry[b"complete"], entry[b"incomplete"], entry[b"downloaders"]) == (0, 2, 1)


def test_partial_seed_is_offered_to_leechers_and_gets_no_seeders(peer):
    seeder, leecher, partial = peer(left=0), peer(), peer(left=500)
    seeder.start(), leecher.start()
    assert partial.announce("paused").peers == [leecher.endpoint]
    assert partial.endpoint in leecher.announce().peers


# Many at once

def test_swarm_is_right_after_many_announces_at_once(daemon, torrent):
    swarm = [Peer(daemon.port, torrent, left=number % 2, port=11000 + number)
             for number in range(160)]

    def live(one):
        one.start(), one.announce(), one.complete()
        return one.stop() if one.port % 4 == 0 else one.announce()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(live, swarm))
    assert all(reply.failure is None for reply in replies)
    assert scraped(daemon.port, torrent) == (120, 0, 160)
