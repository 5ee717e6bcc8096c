"""Reads skepd's metrics as Prometheus does, and validates them with promtool."""

import json
import re
import subprocess

from support.announce import get

LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
HISTOGRAM_PART = re.compile(r"_(?:bucket|sum|count)$")


def labels_of(text):
    """{label: value}; every byte of the text must belong to one."""
    assert "".join(found.group(0) for found in LABEL.finditer(text)) == text, text
    return {name: re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), value)
            for name, value in LABEL.findall(text)}


class Metrics:
    """All values of one scrape of /metrics: found("skep_peers", role="seeder") is the value with exactly
    these labels."""

    def __init__(self, text):
        self.text = text
        self.types = {}
        self.values = {}
        helped = set()
        for line in text.splitlines():
            if line.startswith("# HELP "):
                assert line.split()[2] not in helped, line
                helped.add(line.split()[2])
            elif line.startswith("# TYPE "):
                self.types[line.split()[2]] = line.split()[3]
            else:
                name, labels, number = LINE.match(line).groups()
                family = name if name in self.types else HISTOGRAM_PART.sub("", name)
                assert family in helped and family == list(self.types)[-1], line
                key = name, frozenset(labels_of(labels or "").items())
                assert key not in self.values, line
                self.values[key] = float(number)

    def __call__(self, name, **labels):
        return self.values[name, frozenset(labels.items())]

    def sum(self, name, **labels):
        """Sum over all values with these labels and any others."""
        return sum(value for (found, has), value in self.values.items()
                   if found == name and labels.items() <= dict(has).items())

    def names(self):
        return {name for name, _ in self.values}

    def label_values(self, name, label):
        return {dict(labels).get(label) for found, labels in self.values if found == name}

    def labels(self, name):
        return {label for found, labels in self.values if found == name for label, _ in labels}

    def histograms(self):
        """(name, labels) of each."""
        return {(name.removesuffix("_count"), labels) for name, labels in self.values
                if self.types.get(name.removesuffix("_count")) == "histogram" and name.endswith("_count")}


def read_metrics(daemon, source="127.0.0.1"):
    reply = get(daemon.port, "/metrics", source)
    assert reply.status == 200, reply.body
    assert reply.headers["Content-Type"].startswith("text/plain")
    return Metrics(reply.body.decode())


def promtool(*arguments, stdin=""):
    """Its exit status and output."""
    done = subprocess.run(["promtool", *map(str, arguments)], input=stdin, text=True,
                          capture_output=True, timeout=30)
    return done.returncode, (done.stdout + done.stderr).strip()


def check_expressions(expressions, folder):
    """Checks the syntax of each expression with promtool."""
    rules = [{"record": f"checked:{number}", "expr": expression}
             for number, expression in enumerate(expressions)]
    file = folder / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "checked", "rules": rules}]}))
    status, said = promtool("check", "rules", file)
    assert status == 0, said
    assert f"{len(rules)} rules found" in said
