"""`make requirements`: a line per requirement with its id, the number of proving tests and their names, or `unproven`.

Exit code 0, or 1 when a mark names an id that the list does not have or the tests cannot be collected.
"""

from __future__ import annotations

import contextlib
import io
import sys

import pytest

from tests.tools.requirements import Collector, requirements, unknown


def main() -> int:
    collector, noise = Collector(), io.StringIO()
    with contextlib.redirect_stdout(noise):
        outcome = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider"], plugins=[collector])
    if outcome != pytest.ExitCode.OK:
        sys.stderr.write(noise.getvalue())
        return 1
    known = requirements()
    width = max(len(requirement.id) for requirement in known)
    for requirement in known:
        tests = collector.proofs.get(requirement.id, [])
        names = " ".join(tests) or "unproven"
        print(f"{requirement.id:<{width}} {len(tests):>3} {names}")
    proven = sum(requirement.id in collector.proofs for requirement in known)
    print(f"{proven} of {len(known)} requirements are named by a test")
    for stray in unknown(collector.proofs):
        sys.stderr.write(f"{stray}: marked by {' '.join(collector.proofs[stray])}, but not in tests/requirements.csv\n")
    return 1 if unknown(collector.proofs) else 0


if __name__ == "__main__":
    raise SystemExit(main())
