"""axe-core, from npm, for tests that can do without."""

from __future__ import annotations

import browser_npm

PACKAGE = "axe-core@4.14.1"
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => done(violations.map(
    ({ id, help, nodes }) =>
        `${id}: ${help}: ${nodes.map((one) => one.target.join(" ")).join(", ")}`)),
    (error) => done([String(error)]));
"""


def fetch() -> str | None:
    """axe-core's source, or None where there is neither a copy nor a way to get one."""
    modules = browser_npm.fetch(PACKAGE)
    return (modules / "axe-core" / "axe.min.js").read_text() if modules else None
