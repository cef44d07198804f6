"""One SignerInfo: parsing, the verdict on its signature, building (RFC 5652 sections 5.3 to 5.6 and 11).

What typed attributes mean stands in `signed_attributes`. Leaves out: whether the signer's certificate is trusted
(`pkix`), countersignatures (`countersignature`).
"""

from smime_core.signer_info.building import (
    DEFAULT_OPTIONS,
    AttributesForm,
    SignerIdentifierForm,
    SignerOptions,
    UnsignedAttributes,
    build_bare_signer_info,
    build_signer_info,
    make_signer_info,
    sign_attributes,
)
from smime_core.signer_info.verifying import (
    SignerInfo,
    check_algorithms,
    check_message_digest,
    check_not_signed_attributes,
    parse_signer_info,
    verify_signed_attributes,
    verify_signer,
)

__all__ = [
    "DEFAULT_OPTIONS",
    "AttributesForm",
    "SignerIdentifierForm",
    "SignerInfo",
    "SignerOptions",
    "UnsignedAttributes",
    "build_bare_signer_info",
    "build_signer_info",
    "check_algorithms",
    "check_message_digest",
    "check_not_signed_attributes",
    "make_signer_info",
    "parse_signer_info",
    "sign_attributes",
    "verify_signed_attributes",
    "verify_signer",
]
