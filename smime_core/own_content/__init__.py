"""Content of our own types: fields, forms, pages, parcels, releases, trust lists. Each verifier accepts one type only.

RFC 5652 section 11.1 defines content-type. The object identifiers of our types are under 2.25. Discovery documents are
no CMS: their signatures cover a label instead.
"""

from smime_core.own_content.discovery import (
    FollowedDiscovery,
    Succession,
    build_followed_discovery,
    follow_discovery,
    parse_followed_discovery,
    parse_signed_discovery,
    parse_succession,
    renew_discovery,
    sign_discovery,
    sign_succession,
)
from smime_core.own_content.discovery_key import key_text
from smime_core.own_content.failover import Failover
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
from smime_core.own_content.server_list import (
    MAX_DISCOVERY_LIFETIME,
    Server,
    ServerKind,
    ServerList,
    check_address,
    normalise_domain,
    parse_server_list,
)
from smime_core.own_content.server_move import Move, check_move, sign_move
from smime_core.own_content.signed_decision import DecidedText, SettingText, sign_decision, verify_decision
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
    "MAX_DISCOVERY_LIFETIME",
    "Coverage",
    "DecidedText",
    "ExaminedPage",
    "Failover",
    "FollowedDiscovery",
    "FollowedList",
    "Form",
    "FormEntry",
    "Move",
    "Release",
    "ReleasedFile",
    "SeenRelease",
    "Server",
    "ServerKind",
    "ServerList",
    "SettingText",
    "SignedForm",
    "Submission",
    "SubmittedFile",
    "Succession",
    "TrustList",
    "TrustState",
    "VerifiedRelease",
    "build_followed_discovery",
    "build_followed_list",
    "check_address",
    "check_move",
    "check_version",
    "examine_field",
    "examine_field_outside_page",
    "examine_page",
    "examine_parcel",
    "file_entry",
    "find_operator",
    "find_release_signer",
    "follow_discovery",
    "follow_trust_list",
    "integrity_of",
    "is_released_path",
    "key_text",
    "normalise_domain",
    "open_trust_state",
    "parse_followed_discovery",
    "parse_followed_list",
    "parse_server_list",
    "parse_signed_discovery",
    "parse_succession",
    "protect_field",
    "protect_page",
    "protect_parcel",
    "renew_discovery",
    "renew_trust_list",
    "seal_trust_state",
    "sign_decision",
    "sign_discovery",
    "sign_form",
    "sign_move",
    "sign_published_page",
    "sign_release",
    "sign_succession",
    "sign_trust_list",
    "trust_list_to_json",
    "verify_decision",
    "verify_form",
    "verify_release",
    "verify_trust_list",
]
