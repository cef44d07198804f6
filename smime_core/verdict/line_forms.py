"""Detached signatures over the same text with other line ends (RFC 8551 section 3.1.1, RFC 5652 section 5.2).

Some programs sign text in its canonical form, but deliver the original text. Others sign lines that end in LF, and mail
servers replace these line ends. Others sign the line end before a boundary, although it belongs to the boundary (RFC
2046 section 5.1.1). Some mail stores add a line end there. If a signature does not fit the received content, the
content is tried in each of these forms. The form that fits is the signed one, so it is shown and written instead of the
received form. Leaves out opaque signatures, which contain their content.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from smime_core.algorithms import parse_digest_identifier
from smime_core.cms.attributes import MESSAGE_DIGEST
from smime_core.cms.signed_content import SignedContent
from smime_core.cms.signed_data import SignedData
from smime_core.cms.signer_info import SignerInfo, check_message_digest
from smime_core.errors import SmimeError
from smime_core.mime.line_ends import LineEnds, LineForm, OneLessLineEnd, OneMoreLineEnd
from smime_core.report.reasons import reason
from smime_core.report.report import SignerReport, State
from smime_core.verdict.examiner import Examiner
from smime_core.verdict.signers import judge_signers, with_doubt, with_note
from smime_core.x509.certificate import Certificate

_TEXT_HEADER: Final = b"Content-Type: text/plain\r\n\r\n"  # `openssl cms -sign -text` signs this before the text.
LINE_FORMS: Final[tuple[Callable[[], LineForm], ...]] = (
    lambda: LineEnds(b"\r\n"),
    lambda: LineEnds(b"\n"),
    lambda: LineEnds(b"\r\n", _TEXT_HEADER),
    OneMoreLineEnd,
    OneLessLineEnd,
)
"""The forms that are tried, in this order. Each makes a transform."""
# Control characters that occur in no text. ESC is part of ISO-2022-JP.
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_MISFIT: Final = ("message-digest-mismatch", "signature-mismatch")


def may_fit_otherwise(signers: Sequence[SignerReport]) -> bool:
    """Whether other line ends may explain why no signature fits."""
    return bool(signers) and all(
        signer.state is State.INVALID and signer.reasons[0].code in _MISFIT for signer in signers
    )


async def judge_line_form(
    form: SignedContent,
    signed_data: SignedData,
    examiner: Examiner,
    known: tuple[Certificate, ...],
    blocks: AsyncIterator[memoryview],
) -> tuple[SignerReport, ...] | None:
    """The verdict on the signers for another form of the content, or None if no signature fits it.

    `blocks` are the received bytes. Only in text do line ends not matter. So a signature that fits other content with
    changed line ends is not verified.
    """
    if not await _may_fit(signed_data, form):
        return None
    signers = await judge_signers(signed_data, form, examiner, known)
    if any(signer.state is State.INVALID for signer in signers) or all(signer.info is None for signer in signers):
        return None
    if await _is_text(blocks):
        return tuple(with_note(signer, reason("signed-with-other-line-ends")) for signer in signers)
    return tuple(with_doubt(signer, reason("signed-other-bytes")) for signer in signers)


async def _may_fit(signed_data: SignedData, content: SignedContent) -> bool:
    # The cheap comparison of digests comes first. If no digest fits, the signatures are not judged again.
    for info in signed_data.signer_infos:
        if not isinstance(info, SignerInfo):
            continue
        if MESSAGE_DIGEST not in info.attributes:
            return True
        try:
            check_message_digest(info, await content.digest(parse_digest_identifier(info.digest_algorithm_der)))
        except SmimeError:
            continue
        return True
    return False


async def _is_text(blocks: AsyncIterator[memoryview]) -> bool:
    async for block in blocks:
        if _NO_TEXT.search(block):
            return False
    return True
