"""API client that validates every response against the OpenAPI description."""

import http.client
import json
import urllib.parse

import jsonschema

from support.announce import connect
from support.skepd import ROOT
from support.waiting import WAIT_S

DESCRIPTION = json.loads((ROOT / "src/web/api/openapi.json").read_text())
PREFIX = "/api/v1"


class Answer:
    """.status, .headers, .body; .json if the body is JSON."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"Answer({self.status}, {self.body[:300]!r})"

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The code of an error response."""
        return self.json["error"]["code"]


def operation(method, path):
    """The operation of a call in the description, or None."""
    parts = path.split("/")
    for template, operations in DESCRIPTION["paths"].items():
        wanted = template.split("/")
        if len(wanted) == len(parts) and all(
                w == p or (w.startswith("{") and p) for w, p in zip(wanted, parts)):
            if method in operations:
                return operations[method]
    return None


def resolve(schema):
    """Resolves a reference within the description."""
    while "$ref" in schema:
        target = DESCRIPTION
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return schema


def check(schema, value):
    """Validates the value against a schema of the description."""
    referred = {"components": DESCRIPTION["components"]}
    jsonschema.Draft202012Validator({**schema, **referred}).validate(value)


def check_answer(method, path, answer):
    described = operation(method.lower(), path)
    if described is None:
        assert answer.status in (404, 405), answer
        check({"$ref": "#/components/schemas/Error"}, answer.json)
        return
    responses = described["responses"]
    if answer.status == 429:  # any operation
        check({"$ref": "#/components/schemas/Error"}, answer.json)
        return
    assert str(answer.status) in responses, f"{method} {path} answers {answer}, which is not described"
    content = resolve(responses[str(answer.status)]).get("content")
    if content is None:
        assert answer.body == b""
        return
    kind = answer.headers["Content-Type"]
    assert kind in content, f"{method} {path} answers with {kind}, which is not described"
    if kind == "application/json":
        check(content[kind]["schema"], answer.json)


class Api:
    """Calls from the address `source`; with a `token` if one is given. Checks each response
    against the description."""

    def __init__(self, port, source="127.0.0.1", token=None):
        self.port = port
        self.source = source
        self.token = token

    def call(self, method, path, body=None, kind=None, headers=None, **query):
        target = PREFIX + path
        if query:
            target += "?" + urllib.parse.urlencode(query)
        headers = {"Host": f"127.0.0.1:{self.port}", "Connection": "close", **(headers or {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if isinstance(body, (dict, list)):
            body, kind = json.dumps(body).encode(), kind or "application/json"
        if kind:
            headers["Content-Type"] = kind
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        connection.sock = connect(self.port, self.source)
        try:
            connection.request(method, target, body, headers)
            reply = connection.getresponse()
            answer = Answer(reply.status, reply.headers, reply.read())
        finally:
            connection.close()
        check_answer(method, path, answer)
        return answer

    def get(self, path, **query):
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path, body, kind=None):
        return self.call("POST", path, body, kind)

    def patch(self, path, body):
        return self.call("PATCH", path, body)

    def delete(self, path):
        return self.call("DELETE", path)

    def torrent(self, info_hash):
        return self.get("/torrents/" + info_hash.hex())

    def peers(self, info_hash, **query):
        return self.get(f"/torrents/{info_hash.hex()}/peers", **query)["items"]


def part(text):
    """A part of a path."""
    return urllib.parse.quote(text, safe="")
