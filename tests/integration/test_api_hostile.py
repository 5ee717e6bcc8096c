"""Malformed API requests: each gets a JSON response, and the daemon keeps serving."""

import json
import random

import pytest

from support.announce import connect, exchange, get, parse_reply, random_hash, Peer
from support.api import DESCRIPTION, Api
from support.skepd import free_port

CONFIG = ("probe = { enabled = false; }; http = { upload_max = 100000; };"
          f"dht = {{ enabled = true; port = {free_port()}; }};")
WORDS = ["torrents", "peers", "addresses", "bans", "passkeys", "history", "file", "status", "..",
         ".", "", "%2e%2e", "%2F", "%00", "%", "%zz", "*", "{info_hash}", "a" * 200, "ä", "0" * 40,
         "f" * 40, "127.0.0.1", "::1", "1.2.3.0%2F24", "session", "qr.svg", "openapi.json"]
NAMES = ["search", "sort", "order", "offset", "limit", "show", "after", "range", "text", "passkey",
         "%73earch", "", "x"]
VALUES = ["", "0", "-1", "1", "18446744073709551615", "9" * 40, "name", "desc", "all", "%", "%00",
          "%c3%28", "a+b", "%2b", "a" * 5000, "null", "1e9", "hour", "é", "'; DROP TABLE listed;--",
          "<script>", "\x7f", "&&", "=="]
SCALARS = [None, True, 0, -1, 1e300, 2 ** 63, "", "x", "x" * 10_000, "\0", "\ud83d\ude00",
           "192.0.2.1", "0" * 40, [], {}, [[]], {"a": {}}]


@pytest.fixture(scope="module")
def api(daemon):
    Peer(daemon.port, bytes(20), left=0).start()
    return Api(daemon.port)


@pytest.fixture(autouse=True)
def still_serves(daemon, api):
    yield
    assert daemon.running()
    assert api.get("/status")["totals"]["peers"] >= 1
    assert Peer(daemon.port, random_hash()).start().failure is None


def assert_sound(reply):
    """JSON with an error object for an error status; never a 500."""
    assert reply.status in (200, 400, 404, 405, 414, 415, 431), reply
    kind = reply.headers.get("content-type") or reply.headers.get("Content-Type")
    if reply.status < 400 or kind == "application/json":
        assert kind in ("application/json", "image/svg+xml"), kind
    if kind == "application/json":
        assert ("error" in json.loads(reply.body)) == (reply.status >= 400)


def chosen(seed):
    return random.Random(seed)


@pytest.mark.parametrize("seed", range(20))
def test_random_paths_and_queries_are_answered(daemon, seed):
    dice = chosen(seed)
    for _ in range(20):
        path = "/".join(dice.choices(WORDS, k=dice.randint(1, 4)))
        query = "&".join(f"{dice.choice(NAMES)}={dice.choice(VALUES)}"
                         for _ in range(dice.randint(0, 6)))
        target = f"/api/v1/{path}?{query}".replace(" ", "%20")
        head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        answer = exchange(daemon.port, head.encode())
        assert answer == b"" or b"\r\n\r\n" in answer
        if answer:
            assert_sound(parse_reply(answer))


@pytest.mark.parametrize("seed", range(10))
def test_random_bytes_in_a_target_are_answered(daemon, seed):
    dice = chosen(seed)
    for _ in range(20):
        noise = bytes(dice.choice([byte for byte in range(256) if byte not in b" \r\n\t"])
                      for _ in range(dice.randint(1, 100)))
        raw = b"GET /api/v1/torrents" + dice.choice([b"/", b"?", b"?search="]) + noise
        answer = exchange(daemon.port, raw + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        if answer:
            reply = parse_reply(answer)
            assert reply.status < 500, reply


def random_json(dice, depth=3):
    if depth == 0 or dice.random() < 0.4:
        return dice.choice(SCALARS)
    names = ["info_hash", "name", "label", "network", "reason", "for_s", "x"]
    return {dice.choice(names): random_json(dice, depth - 1) for _ in range(dice.randint(0, 5))}


@pytest.mark.parametrize("seed", range(10))
def test_random_bodies_are_answered(api, seed):
    dice = chosen(seed)
    for _ in range(15):
        path = dice.choice(["/torrents", "/passkeys", "/bans", "/torrents/" + "0" * 40])
        body = json.dumps(random_json(dice)).encode()
        if dice.random() < 0.3:
            body = body[:dice.randint(0, len(body))]
        method = "PATCH" if path.count("/") == 2 else "POST"
        answer = api.call(method, path, body, "application/json")
        assert answer.status in (201, 400, 404, 409), answer


@pytest.mark.parametrize("body", [
    b"[" * 100_000, b'{"a":' * 16_000, b'"' + b"\\u0000" * 1000 + b'"', b"\xff" * 1000,
    b'{"label":"\xed\xa0\x80"}', b'{"label":"a\\u0000b"}', b"\0" * 1000, b" " * 100_000,
    b'{"label":' + b"9" * 50_000 + b"}", b'{"for_s":1e999,"network":"192.0.2.1"}'])
def test_absurd_body_is_refused(api, body):
    for path in ("/passkeys", "/bans", "/torrents"):
        status = api.call("POST", path, body, "application/json").status
        assert status == (400 if len(body) <= 65536 else 413)


def test_labels_with_every_kind_of_character_make_the_round_trip(api):
    for label in ("announce", "scrape.php", "a/b", "a+b", "a b", "%41", "ä€😀", "..", "'; DROP TABLE passkey;--", "*"):
        assert api.post("/passkeys", {"label": label}).status == 201
        assert label in [item["label"] for item in api.get("/passkeys")["items"]]
        quoted = "".join(f"%{byte:02x}" for byte in label.encode())
        assert api.delete("/passkeys/" + quoted).status == 204, label


def test_half_a_body_delays_no_other_client(daemon, api):
    head = (b"POST /api/v1/torrents HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    with connect(daemon.port) as one, connect(daemon.port) as other:
        one.sendall(head)
        other.sendall(head)
        assert api.get("/session")["role"] == "admin"


def test_answer_to_a_strange_name_splits_no_header(daemon, api):
    info_hash = random_hash().hex()
    api.post("/torrents", {"info_hash": info_hash, "name": 'x"; evil="1'})
    reply = get(daemon.port, f"/api/v1/torrents/{info_hash}/file%0d%0aX-Evil:1")
    assert reply.status == 404 and reply.headers["X-Evil"] is None


def test_every_call_may_be_made_many_times_at_once(daemon):
    """Responses built from the same snapshot do not disturb each other."""
    from concurrent.futures import ThreadPoolExecutor
    paths = [path for path, methods in DESCRIPTION["paths"].items()
             if "get" in methods and "{" not in path and path != "/qr.svg"]
    with ThreadPoolExecutor(8) as pool:
        api = Api(daemon.port)
        answers = pool.map(lambda number: api.get(paths[number % len(paths)]), range(100))
        assert all(answers)
