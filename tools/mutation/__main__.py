"""`python -m tools.mutation [MODULE...]`: removes each check in turn, and prints those whose removal no test notices.

A module is named by its path below `smime_core`, as in `cms/signed_data`, `ess` or `pkix/path`. Without arguments, the
program takes all modules that verify or decrypt. The results are also written to build/mutation.json. The program ends
with status 1 if any mutant survived.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from tests.support.project import ROOT
from tools.mutation.equivalent import find_reason
from tools.mutation.mutants import find_mutants
from tools.mutation.page import write_page
from tools.mutation.session import MutationSession, Outcome, source_files

RESULTS: Final = ROOT / "build" / "mutation.json"
MODULES: Final = (
    "cms/signer_info", "cms/signed_data", "cms/signed_attributes", "cms/attributes", "cms/countersignature",
    "verdict/signers", "verdict/walk", "cms/enveloped_data", "cms/recipients/content_keys", "cms/content_encryption",
    "cms/encrypted_content", "cms/recipients/ktri", "cms/recipients/kari", "cms/recipients/kemri",
    "cms/recipients/kekri", "cms/recipients/key_wrap", "cms/recipients/pwri", "cms/recipients/recipient_info",
    "cms/compressed_data", "cms/digested_data", "cms/authenticated_data", "cms/later_recipients",
    "mail/header_protection", "cms/layers", "cms/nested_parts", "cms/signed_frame", "ess",
    "identity/pkcs12/integrity", "identity/pkcs12/reading",
    "identity/passphrase", "pkix/path", "pkix/path_building", "pkix/path_validation", "pkix/policies",
    "pkix/name_constraints", "pkix/constrained_names", "pkix/purposes", "asn1/distinguished_name", "own_content",
    "parcels", "stream", "cms/content_info", "cms/certificates_only", "asn1/der", "pkix/revocation", "pkix/crl_check",
    "pkix/ocsp_check", "pkix/statements", "pkix/freshness", "pkix/evidence", "x509/ocsp", "x509/revocation_list",
    "x509/revoked_entries", "x509/distribution_points", "verdict/signer_trust", "trust/contacts",
    "trust/recipient_choice", "trust/decisions", "trust/people_files", "timestamp", "cades", "ca",
)  # fmt: skip
# Test modules that are left out: they test no checks of the core, or take long and notice few additional mutants.
LEFT_OUT: Final = (
    "test_architecture", "test_bit_flips", "test_native_wycheproof", "test_mime_hostile", "test_arithmetic",
    "test_webcrypto_provider", "test_native_rsa_steps", "test_python_fallbacks", "test_keys_post_quantum",
    "test_encrypted_vectors", "test_signed_vectors", "test_pkcs12_vectors", "test_encrypted_with_openssl", "test_musts",
)  # fmt: skip


def main() -> int:
    """Run the mutants of the modules named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--workers", type=int, default=2, help="mutants at the same time")
    parser.add_argument("--seconds", type=float, default=20, help="of tests for one mutant at most")
    parser.add_argument("--tests", nargs="*", default=["tests/core"], help="the files or folders of the tests")
    parser.add_argument("--page", type=Path, help="only write the table of what was found so far into this page")
    options = parser.parse_args()
    if options.page:
        write_page(options.page, RESULTS)
        return 0
    started = time.monotonic()
    mutants = [
        mutant
        for path in source_files(options.modules, ROOT / "smime_core")
        for mutant in find_mutants(path, path.read_text(encoding="utf-8"))
    ]
    print(f"{len(mutants)} mutants", flush=True)
    outcomes: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) % 20 == 0:
            _write(outcomes)  # so that a stopped run keeps its results
        if not outcome.noticed:
            mutant = outcome.mutant
            reason = find_reason(_short(mutant.path), mutant.source, mutant.change)
            why = f" [{reason}]" if reason else "" if outcome.tests else " [no test comes here]"
            print(f"survived: {_short(mutant.path)}:{mutant.line} {mutant.change}: {mutant.source}{why}", flush=True)

    session = MutationSession(mutants, options.workers, report, options.seconds)
    ignored = [f"--ignore-glob=*{name}.py" for name in LEFT_OUT]
    arguments = ["-q", "-p", "no:cacheprovider", "--no-header", "--no-summary", *ignored, *options.tests]
    pytest.main(arguments, plugins=[session])
    _write(outcomes)
    survivors = [trial for trial in outcomes if not trial.noticed]
    unexplained = [survivor for survivor in survivors if not _reason(survivor)]
    print(
        f"{len(outcomes)} mutants, {len(outcomes) - len(survivors)} noticed, {len(survivors) - len(unexplained)} "
        f"change nothing that matters, {len(unexplained)} survived; {time.monotonic() - started:.0f} s"
    )
    return 1 if unexplained else 0


def _reason(outcome: Outcome) -> str | None:
    return find_reason(_short(outcome.mutant.path), outcome.mutant.source, outcome.mutant.change)


def _write(outcomes: list[Outcome]) -> None:
    # The file has one entry for each module. The entries of modules that only earlier runs examined are kept.
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for module in {_short(outcome.mutant.path) for outcome in outcomes}:
        mine = [outcome for outcome in outcomes if _short(outcome.mutant.path) == module]
        survivors = [trial for trial in mine if not trial.noticed]
        results[module] = {
            "mutants": len(mine),
            "noticed": len(mine) - len(survivors),
            "equivalent": sum(1 for survivor in survivors if _reason(survivor)),
            "survived": [
                f"{trial.mutant.change}: {trial.mutant.source}"
                for trial in sorted(survivors, key=lambda survivor: survivor.mutant.line)
                if not _reason(trial)
            ],
        }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(dict(sorted(results.items())), indent=1) + "\n", encoding="utf-8")


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT / "smime_core"))


if __name__ == "__main__":
    sys.exit(main())
