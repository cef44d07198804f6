"""Content of our own types: fields, forms, pages, parcels, releases, trust lists. Each verifier accepts one type only.

RFC 5652 section 11.1 defines content-type. The object identifiers of our types are under 2.25.
"""

from smime_core.own_content.fields import examine_field, examine_field_outside_page, protect_field
from smime_core.own_content.forms import (
    Form,
    FormEntry,
    SignedForm,
    Submission,
    SubmittedFile,
    file_entry,
    sign_form,
    verify_form,
)
from smime_core.own_content.pages import ExaminedPage, examine_page, protect_page, sign_published_page
from smime_core.own_content.parcels import examine_parcel, protect_parcel
from smime_core.own_content.release import (
    MANIFEST_NAME,
    Coverage,
    Release,
    ReleasedFile,
    SeenRelease,
    VerifiedRelease,
    check_version,
    find_release_signer,
    integrity_of,
    is_released_path,
    sign_release,
    verify_release,
)
from smime_core.own_content.trust_list import (
    FollowedList,
    TrustList,
    build_followed_list,
    find_operator,
    follow_trust_list,
    parse_followed_list,
    renew_trust_list,
    sign_trust_list,
    verify_trust_list,
)
from smime_core.own_content.trust_list_json import trust_list_to_json
from smime_core.own_content.trust_state import TrustState, open_trust_state, seal_trust_state

__all__ = [
    "MANIFEST_NAME",
    "Coverage",
    "ExaminedPage",
    "FollowedList",
    "Form",
    "FormEntry",
    "Release",
    "ReleasedFile",
    "SeenRelease",
    "SignedForm",
    "Submission",
    "SubmittedFile",
    "TrustList",
    "TrustState",
    "VerifiedRelease",
    "build_followed_list",
    "check_version",
    "examine_field",
    "examine_field_outside_page",
    "examine_page",
    "examine_parcel",
    "file_entry",
    "find_operator",
    "find_release_signer",
    "follow_trust_list",
    "integrity_of",
    "is_released_path",
    "open_trust_state",
    "parse_followed_list",
    "protect_field",
    "protect_page",
    "protect_parcel",
    "renew_trust_list",
    "seal_trust_state",
    "sign_form",
    "sign_published_page",
    "sign_release",
    "sign_trust_list",
    "trust_list_to_json",
    "verify_form",
    "verify_release",
    "verify_trust_list",
]
