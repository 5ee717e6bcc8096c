"""The request limit of an address holds for pages, the API and guesses of the token, but not for
admins."""

import pytest

from support.announce import Peer, get, random_hash
from support.api import Api
from support.skepd import Skepd

TOKEN = "a-token-that-is-long-enough"
CONFIG = f"""
http = {{ admins = [ "127.0.0.2" ]; admin_token = "{TOKEN}"; public_stats = true; }};
limits = {{ loopback = true; address_requests_per_s = 1; address_requests_burst = 20; }};
"""


@pytest.fixture(scope="module")
def limited():
    with Skepd(CONFIG) as daemon:
        yield daemon


def statuses(daemon, path, source, count, **headers):
    return [get(daemon.port, path, source=source, headers=headers).status for _ in range(count)]


@pytest.mark.parametrize("number, path", enumerate(["/", "/assets/app/app.js", "/nothing", "/health", "/api/v1/status",
                                                    "/api/v1/nothing", "/metrics"]))
def test_every_path_is_limited_for_strangers(limited, number, path):
    source = f"127.0.1.{number + 1}"
    answers = statuses(limited, path, source, 60)
    assert answers.count(429) >= 20 and 429 not in answers[:20]
    assert get(limited.port, path, source=source).headers["Retry-After"] == "1"
    assert "rate limit" in Peer(limited.port, random_hash(), source=source).start().failure
    assert statuses(limited, path, "127.0.0.2", 60).count(429) == 0


def test_guesses_of_the_token_are_limited_counted_and_logged(limited):
    wrong = {"Authorization": "Bearer " + TOKEN[::-1]}
    right = {"Authorization": "Bearer " + TOKEN}
    answers = statuses(limited, "/api/v1/bans", "127.0.2.1", 60, **wrong)
    assert answers[0] == 401 and answers.count(429) >= 20
    assert 429 in statuses(limited, "/api/v1/bans", "127.0.2.1", 3, **right)
    assert statuses(limited, "/api/v1/bans", "127.0.2.2", 60, **right) == [200] * 60
    metrics = get(limited.port, "/metrics", source="127.0.0.2").body.decode()
    counted = [line for line in metrics.splitlines() if line.startswith("skep_http_wrong_tokens_total ")]
    assert counted == ["skep_http_wrong_tokens_total 60"]
    assert limited.log().count("wrong admin token from 127.0.2.1") == 1
    assert TOKEN[::-1] not in limited.log()


def test_qr_codes_are_for_admins(limited):
    assert Api(limited.port, source="127.0.3.1").call("GET", "/qr.svg", text="x").status == 403
    assert Api(limited.port, source="127.0.0.2").call("GET", "/qr.svg", text="x").status == 200
