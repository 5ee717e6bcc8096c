"""Runs failed tests once more, alone, when the other tests have ended.

A machine that is busy with the other tests can be too slow for one of them. A test that passes
alone is reported as such; it counts as passed. A sanitizer's report is never given a second run,
and neither are many failures, which have a cause in common.
"""

import os
import re
import sys

FAILURES_MAX = 5
SANITIZER_REPORT = re.compile(r"\w+Sanitizer: |: runtime error: ")
UNIT_FAILURE = re.compile(r"^\S+\.[ch]:\d+:[FE]:([^:]+):", re.M)
PYTEST_FAILURE = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py::[^\s\[]+(?:\[.*?\])?)(?= - |$)", re.M)
NODE_FAILURE = re.compile(r"^test at (\S+\.test\.mjs):\d+:\d+$", re.M)


def unit_commands(build, output):
    """A run for each test case with a failure: Check cannot run a single test. Fails if it runs none."""
    cases = sorted(set(UNIT_FAILURE.findall(output)))
    return [["env", f"CK_RUN_CASE={case}", str(build / "unit-tests")] for case in cases]


def pytest_commands(_, output):
    tests = sorted(set(PYTEST_FAILURE.findall(output)))
    return [[sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]] if tests else []


def web_commands(_, output):
    files = sorted({os.path.relpath(file) for file in NODE_FAILURE.findall(output)})
    return [["node", "--test", "--test-reporter=spec", "--test-timeout=240000", "--test-force-exit", file]
            for file in files]


COMMANDS = {"unit": unit_commands, "web": web_commands, "integration": pytest_commands,
            "smoke": pytest_commands, "clients": pytest_commands, "systemd": pytest_commands,
            "chaos": pytest_commands}


def passes(suite, build, output, failed, run):
    """Whether the failed tests of this output pass alone. `run` takes a command and returns its output
    and exit status."""
    if suite not in COMMANDS or failed > FAILURES_MAX or SANITIZER_REPORT.search(output):
        return False
    commands = COMMANDS[suite](build, output)
    for command in commands:
        print(f"== again: {' '.join(command)}", flush=True)
        again, status = run(command)
        if status != 0 or SANITIZER_REPORT.search(again):
            return False
    return bool(commands)
