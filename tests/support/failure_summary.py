"""What a test suite's output says of its failures, for a list at the end of a long log."""

import re

LINES_MAX = 12  # of one failure
FAILURES_MAX = 20  # of one suite
TAIL_LINES = 20

# The line that names a failed test, and the lines after it that belong to it.
FORMATS = (
    # Check: "tests/unit/x.c:12:F:case:test:0: message", and more lines of the message.
    (re.compile(r"^\S+\.[ch]:\d+:[FE]:"), re.compile(r"^(?!\S+\.[ch]:\d+:[FEP]:|\d+%: |Running suite|=)")),
    # pytest: "____ test ____", lines of source code, "E   message", "file:12: AssertionError".
    (re.compile(r"^_{3,} .+ _{3,}$"), re.compile(r"^(E  |\S+\.py:\d+: |worker )")),
    # Failed allocations: "-- test:0, allocation 1 at place 0123456789abcdef: signal 11", and output.
    (re.compile(r"^-- .+, allocation \d+ at place "), re.compile(r"^(?!-- |\d+ passed, )")),
    # A suite of unit tests that crashed, hung, or ended with a report of a sanitizer.
    (re.compile(r"^unit suite \S+: exit status"), re.compile(r".")),
    # Sanitizers, in whatever program.
    (re.compile(r"(WARNING|ERROR): \w+Sanitizer: |: runtime error: "), re.compile(r"^(E\s)?\s+\S|SUMMARY: ")),
)
NODE_FAILURES = "✖ failing tests:\n"


def sections(text):
    """Each failure with the first of its lines."""
    current, belongs = None, None
    for line in text.splitlines():
        for starts, continues in FORMATS:
            if starts.search(line):
                if current:
                    yield current
                current, belongs = [line], continues
                break
        else:
            if current and len(current) < LINES_MAX and belongs.search(line):
                current.append(line)
    if current:
        yield current


def node_sections(text):
    """Node repeats the failed tests at the end: "test at FILE:12:3", name, message, an empty line."""
    return [part.strip("\n").splitlines()[:LINES_MAX] for part in text.split("\n\n") if part.strip()]


def describe(output):
    """The failed tests with the first lines of their messages; without any, the last lines."""
    _, found, listed = output.partition(NODE_FAILURES)
    failures = node_sections(listed) if found else list(sections(output))
    if not failures:
        failures = [output.splitlines()[-TAIL_LINES:]]
    lines = [line for failure in failures[:FAILURES_MAX] for line in failure]
    if len(failures) > FAILURES_MAX:
        lines.append(f"and {len(failures) - FAILURES_MAX} more")
    return "\n".join(lines)
