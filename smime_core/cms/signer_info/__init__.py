"""One SignerInfo: parsing, verifying its signature, building (RFC 5652 sections 5.3 to 5.6 and 11).

`signed_attributes` reads the values of attributes. `pkix` decides whether the signer's certificate is trusted.
`countersignature` handles countersignatures.
"""

from smime_core.cms.signer_info.building import (
    build_signer_info,
    make_signer_infos,
    sign_attributes,
)
from smime_core.cms.signer_info.verifying import (
    SignerInfo,
    check_algorithms,
    check_message_digest,
    check_not_signed_attributes,
    parse_signer_info,
    verify_by_either,
    verify_signed_attributes,
    verify_signer,
)

__all__ = [
    "SignerInfo",
    "build_signer_info",
    "check_algorithms",
    "check_message_digest",
    "check_not_signed_attributes",
    "make_signer_infos",
    "parse_signer_info",
    "sign_attributes",
    "verify_by_either",
    "verify_signed_attributes",
    "verify_signer",
]
