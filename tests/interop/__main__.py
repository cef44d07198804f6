"""Writes docs/interoperation.md: the exchanges that pass between us and each peer, and the reasons for the others.

Run as `python -m tests.interop`. A test fails if the page is out of date.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.support.peers import ours
from tests.support.peers.by_name import PEERS
from tests.support.peers.peer import MAKES, READS, Gaps
from tests.support.peers.rows import ENCRYPTIONS, READ_ONLY_ENCRYPTIONS, SIGNINGS, EncryptingRow, SigningRow
from tests.support.peers.thunderbird import Thunderbird
from tests.support.project import ROOT

PAGE: Final = ROOT / "docs" / "interoperation.md"
_NAMES: Final = {
    "openssl": "openssl cms",
    "gpgsm": "gpgsm",
    "nss": "NSS cmsutil",
    "bouncy-castle": "Bouncy Castle",
    "pkijs": "PKI.js",
    "thunderbird": "Thunderbird",
}
_HEAD: Final = """# Interoperation
The tests in `tests/interop` start each peer and pass structures both ways. **both**: each side reads the other's
structures; **we read**, **it reads**: only one way; **–**: neither, for a reason below. The tests also pass altered
signatures and authenticated encryption, which the other side must refuse.

Thunderbird gets whole messages and gives its own verdict; we read its own messages (RSA, AES-128-CBC). It
keeps both verdicts on a message with protected headers (RFC 9788), whose hidden Subject it shows only as a copy in the
text (153).

Webmails are tested as a person uses them, with the extension (`tests/extension/webmails`): Roundcube and SOGo,
both from Debian. SnappyMail is in no package registry (Debian, npm, PyPI) and was not tried.

The other structures pass too: EncryptedData with openssl, NSS and Bouncy Castle; DigestedData with openssl and Bouncy
Castle; CompressedData, AuthenticatedData (read) and countersignatures with Bouncy Castle; certificates-only messages
with openssl, NSS and Bouncy Castle; signed receipts, carried CRLs, added signers, added
recipients and streams of any size with openssl; PKCS#12 files with openssl, NSS, Java and GnuTLS.
"""


def build_page() -> str:
    """The page's Markdown."""
    peers: dict[str, Gaps] = {**{name: kind.gaps for name, kind in PEERS.items()}, "thunderbird": Thunderbird.gaps}
    parts = [
        _HEAD,
        "## Signatures\n" + _table(SIGNINGS, peers, we_make=True),
        _read_section("Odd signatures of others"),
        _read_section("Odd mails and files of others"),
        _read_section("Reports of other projects"),
        "## Encryption\n" + _table(ENCRYPTIONS, peers, we_make=True),
        "## Encryption that we only read\n" + _table(READ_ONLY_ENCRYPTIONS, peers, we_make=False),
        "## Reasons\n"
        + "".join(_reasons(_NAMES[peer], gaps) for peer, gaps in peers.items())
        + _reasons("Sealwax", ours.gaps),
        _read_section("Keys of rare forms"),
        _read_section("Each form of our mail in Thunderbird"),
        _read_section("What survives which relay"),
    ]
    return "\n".join(parts)


def _read_section(title: str) -> str:
    """A part of the page that nothing here writes, as it is."""
    before = f"## {title}\n"
    text = PAGE.read_text().split(before)[1].partition("\n## ")[0]
    return before + text


def _table(rows: Sequence[SigningRow] | Sequence[EncryptingRow], peers: dict[str, Gaps], *, we_make: bool) -> str:
    shown = [peer for peer in peers if we_make or peer != "thunderbird"]
    lines = ["| | " + " | ".join(_NAMES[peer] for peer in shown) + " |", "|---" * (len(shown) + 1) + "|"]
    lines += [
        f"| {row.name} | " + " | ".join(_cell(row.name, peer, peers[peer], we_make) for peer in shown) + " |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _cell(row: str, peer: str, gaps: Gaps, we_make: bool) -> str:
    # Thunderbird chooses the form of its messages itself, so it cannot make a certain row for us.
    we_read = peer != "thunderbird" and (MAKES, row) not in gaps and (READS, row) not in ours.gaps
    it_reads = we_make and (READS, row) not in gaps and (MAKES, row) not in ours.gaps
    if we_read and it_reads:
        return "both"
    return "we read" if we_read else "it reads" if it_reads else "–"


def _reasons(name: str, gaps: Gaps) -> str:
    by_reason: dict[str, dict[str, None]] = {}
    for (_, row), reason in gaps.items():
        by_reason.setdefault(reason, {})[row] = None
    return f"\n{name}:\n\n" + "".join(f"- {reason}: {', '.join(rows)}\n" for reason, rows in by_reason.items())


if __name__ == "__main__":
    PAGE.write_text(build_page())
