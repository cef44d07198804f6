"""The trust of one person: roots, decisions, contacts, and the choice of the certificates for encrypting a mail.

The choice follows RFC 8551 section 2.7. The file formats are our own.
"""

from smime_core.trust.book_json import BookEntry, build_book, parse_book
from smime_core.trust.certificate_change import CertificateChange, has_receiving_key
from smime_core.trust.contact_texts import (
    contact_key,
    contact_text,
    join_contact,
    join_contact_texts,
    last_change,
    parse_contact_text,
    split_contacts,
)
from smime_core.trust.contacts import (
    NO_CONTACTS,
    CertificateSource,
    Contact,
    Contacts,
    KnownCertificate,
    accept,
    confirm_preferred,
    forget_service,
    harvest,
    merge,
    remember_certificate,
)
from smime_core.trust.contacts_json import build_contacts, parse_contacts
from smime_core.trust.decisions import (
    Decision,
    DecisionKind,
    add_decision,
    decision_anchors,
    find_decision,
    make_decision,
)
from smime_core.trust.decisions_json import build_decisions, parse_decisions
from smime_core.trust.issuers import Issuers
from smime_core.trust.judging import Judging
from smime_core.trust.people_files.building import PeopleForm, build_people_file
from smime_core.trust.people_files.importing import Imported, import_changed_people, import_people
from smime_core.trust.people_files.reading import (
    LEFT_OUT_REASONS,
    FoundPerson,
    LeftOut,
    PeopleFile,
    find_people,
    parse_people_file,
)
from smime_core.trust.recipient_choice import (
    FoundCertificate,
    NoUsableCertificate,
    RecipientCheck,
    RecipientChoice,
    check_recipient,
    check_without_path,
    choose_recipient,
    explain_path_error,
    find_in_contacts,
)
from smime_core.trust.roots import Root, build_root, parse_roots, roots_to_anchors
from smime_core.trust.service_mails import NOTICE, PARCEL_REPLY, SERVICE_FIELD

__all__ = [
    "LEFT_OUT_REASONS",
    "NOTICE",
    "NO_CONTACTS",
    "PARCEL_REPLY",
    "SERVICE_FIELD",
    "BookEntry",
    "CertificateChange",
    "CertificateSource",
    "Contact",
    "Contacts",
    "Decision",
    "DecisionKind",
    "FoundCertificate",
    "FoundPerson",
    "Imported",
    "Issuers",
    "Judging",
    "KnownCertificate",
    "LeftOut",
    "NoUsableCertificate",
    "PeopleFile",
    "PeopleForm",
    "RecipientCheck",
    "RecipientChoice",
    "Root",
    "accept",
    "add_decision",
    "build_book",
    "build_contacts",
    "build_decisions",
    "build_people_file",
    "build_root",
    "check_recipient",
    "check_without_path",
    "choose_recipient",
    "confirm_preferred",
    "contact_key",
    "contact_text",
    "decision_anchors",
    "explain_path_error",
    "find_decision",
    "find_in_contacts",
    "find_people",
    "forget_service",
    "harvest",
    "has_receiving_key",
    "import_changed_people",
    "import_people",
    "join_contact",
    "join_contact_texts",
    "last_change",
    "make_decision",
    "merge",
    "parse_book",
    "parse_contact_text",
    "parse_contacts",
    "parse_decisions",
    "parse_people_file",
    "parse_roots",
    "remember_certificate",
    "roots_to_anchors",
    "split_contacts",
]
