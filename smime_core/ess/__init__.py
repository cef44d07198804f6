"""Enhanced Security Services: receipts, labels, mailing lists and hints (RFC 2634; signing certificates: RFC 5035).

All functions read signed attributes. Verify the signature before you trust their results. As `verified`, pass only
signers whose signatures were verified.
"""

from smime_core.asn1.general_names import GeneralName, GeneralNames, directory_name, mail_name
from smime_core.ess.hints import (
    ContentHints,
    ContentReference,
    build_content_hints,
    build_content_identifier,
    build_content_reference,
    new_content_identifier,
    parse_content_hints,
    parse_content_identifier,
    parse_content_reference,
)
from smime_core.ess.labels import (
    SecurityCategory,
    SecurityLabel,
    build_equivalent_labels,
    build_security_label,
    find_security_label,
    parse_equivalent_labels,
    parse_security_label,
)
from smime_core.ess.mailing_list import (
    Expansion,
    ExpansionHistory,
    ReceiptPolicy,
    ReceiptPolicyKind,
    build_expansion_history,
    find_expansion_history,
    has_expanded,
    parse_expansion_history,
)
from smime_core.ess.receipt_request import (
    AllOrFirstTier,
    ReceiptRequest,
    build_receipt_request,
    find_receipt_request,
    parse_receipt_request,
    receipt_recipients,
)
from smime_core.ess.receipts import (
    ID_CT_RECEIPT,
    ExpectedReceipt,
    SignedReceipt,
    VerifiedReceipt,
    build_receipt,
    expect_receipt,
    parse_receipt,
    parse_signed_receipt,
    verify_receipt,
)

__all__ = [
    "ID_CT_RECEIPT",
    "AllOrFirstTier",
    "ContentHints",
    "ContentReference",
    "Expansion",
    "ExpansionHistory",
    "ExpectedReceipt",
    "GeneralName",
    "GeneralNames",
    "ReceiptPolicy",
    "ReceiptPolicyKind",
    "ReceiptRequest",
    "SecurityCategory",
    "SecurityLabel",
    "SignedReceipt",
    "VerifiedReceipt",
    "build_content_hints",
    "build_content_identifier",
    "build_content_reference",
    "build_equivalent_labels",
    "build_expansion_history",
    "build_receipt",
    "build_receipt_request",
    "build_security_label",
    "directory_name",
    "expect_receipt",
    "find_expansion_history",
    "find_receipt_request",
    "find_security_label",
    "has_expanded",
    "mail_name",
    "new_content_identifier",
    "parse_content_hints",
    "parse_content_identifier",
    "parse_content_reference",
    "parse_equivalent_labels",
    "parse_expansion_history",
    "parse_receipt",
    "parse_receipt_request",
    "parse_security_label",
    "parse_signed_receipt",
    "receipt_recipients",
    "verify_receipt",
]
