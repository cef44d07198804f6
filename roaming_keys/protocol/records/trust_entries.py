"""Contacts, decisions, settings and recipes as entries of an account's state, and their merge with a device's texts.

A recipe is what a person has shown the extension about a webmail. A text is the unsigned value of an entry, as a device
keeps it.

    contact:ADDRESS            the text of `smime_core.trust.contact_texts`; the address in its form for comparison
    decision:FINGERPRINT       {"decision": `decisions_json` of one decision, "signature": base64 of its DER}
    setting:NAME, recipe:SITE, group:NAME
                               {"setting": a text that this module does not read, "signature": base64 of its DER}
    person:ADDRESS             the name of a person, as a text that this module does not read

A changed certificate that a person has accepted is part of the contact. A device stores the entries of its last merge
(the base), to find later what was changed or removed on it. Decisions, settings, recipes and groups count only if one
of the person's own keys has signed them.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from roaming_keys.protocol.messages.written import to_base64, write
from roaming_keys.protocol.records.entries import (
    CONTACT,
    DECISION,
    GROUP,
    MAX_VALUE_CHARACTERS,
    PERSON,
    RECIPE,
    SETTING,
    Entry,
    fit_entries,
    kind_of,
    merge_entries,
    time_after,
)
from smime_core.cms import KeyHolder, choose_signature_algorithm
from smime_core.errors import DecisionNotSigned, MalformedMessage, SmimeError
from smime_core.own_content import DecidedText, SettingText, sign_decision, verify_decision
from smime_core.pkix import Purpose, check_end_entity
from smime_core.provider import CryptoProvider
from smime_core.text import JsonObject
from smime_core.trust import (
    Decision,
    build_decisions,
    contact_key,
    contact_text,
    join_contact,
    join_contact_texts,
    last_change,
    parse_contact_text,
    parse_decisions,
    split_contacts,
)

# The kinds whose values are signed, each with the JSON member that has the signed text.
_SIGNED_MEMBERS: Final = {DECISION: "decision", SETTING: "setting", RECIPE: "setting", GROUP: "setting"}
# The kinds whose texts are in `DeviceTrust.others`.
NAMED_KINDS: Final = frozenset({SETTING, RECIPE, PERSON, GROUP})
# In these kinds, a text of None means that the device has removed the entry. A missing name means that the device does
# not know the entry.
BOOK_KINDS: Final = frozenset({PERSON, GROUP})
_KINDS: Final = frozenset({CONTACT, PERSON, *_SIGNED_MEMBERS})
# A day is generous: the server refuses a login if the device's clock is more than five minutes off.
_MAX_AHEAD: Final = datetime.timedelta(days=1)
_Entries = Mapping[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTrust:
    """The texts that a device stores: contacts and decisions as JSON, or None if it has never stored any.

    `others` has texts of `NAMED_KINDS`, by kind and name. If a kind is missing, the device does not merge it. In
    `BOOK_KINDS` only, None instead of a text means that the device has removed the text.
    """

    contacts: bytes | None = None
    decisions: bytes | None = None
    others: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The person who owns an account, with all identities of the account's record."""

    user: str
    identities: Sequence[KeyHolder] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedTrust:
    """The result of a merge: the texts that the device stores from now on, and the entries for the account.

    `refused` names entries of the account that are ignored, because none of the person's own keys has signed them.
    `staying` names texts that stay only on this device, because the account has no room, or no key of the person may
    sign.
    """

    device: DeviceTrust
    entries: _Entries
    refused: tuple[str, ...]
    staying: tuple[str, ...]


async def merge_trust(
    device: DeviceTrust,
    stored: _Entries,
    base: _Entries | None,
    *,
    sent: Sequence[_Entries] = (),
    owner: Owner,
    at: datetime.datetime,
    provider: CryptoProvider,
) -> MergedTrust:
    """Merge the texts of a device with the entries of the account.

    (1) The device's texts get the names of entries. (2) Entries that the device has `sent` since its last merge, and
    that are in the account unchanged, are added to the base. An entry of the base replaces a stored entry that is older
    or missing. Entries from the future are dropped. Stored entries whose text the device lacks get their signatures
    verified. (3) The base shows which texts of the device were changed or removed. Each of these becomes an entry with
    its time. (4) New decisions, settings, recipes and groups are signed. (5) The latest entry of each name stays.
    Raises MalformedMessage or LimitExceeded if a text of the device is damaged or too long. Damaged stored entries are
    ignored.
    """
    # (1)
    texts = _device_texts(device)
    kinds = {CONTACT, DECISION, *device.others}
    # (2)
    arrived = {
        name: entry for sent_entries in sent for name, entry in sent_entries.items() if stored.get(name) == entry
    }
    base = _until(at + _MAX_AHEAD, {**(base or {}), **arrived})
    # Without the base, a removed entry, whose signature is valid, would come back if one record left the removal out.
    stored = merge_entries(_until(at + _MAX_AHEAD, stored), base)
    plain, refused = await _open_stored(stored, texts, owner, at, provider)
    # (3)
    known = {name: entry for name, entry in base.items() if name in plain}
    changes = _find_changes(texts, plain, _plain_base(device, known), now=_milliseconds(at))
    # A stored entry that only a later program can read is not replaced by a text of this device.
    unread = {name for name in stored if kind_of(name) in NAMED_KINDS and name not in plain and name not in refused}
    changes = {name: entry for name, entry in changes.items() if name not in unread}
    # (4)
    signed = await _sign_all(changes, stored, owner, at, provider)
    # (5)
    merged = fit_entries(merge_entries(stored, signed))
    merged_texts = {
        name: entry.value for name, entry in merge_entries(plain, changes).items() if kind_of(name) in kinds
    }
    left = {name: text for name, text in {**texts, **merged_texts}.items() if text is not None}
    return MergedTrust(
        device=_device_of(left, device),
        entries=merged,
        refused=tuple(sorted(refused)),
        staying=tuple(sorted(name for name in left if name not in merged or merged[name].value is None)),
    )


def _until(latest: datetime.datetime, entries: _Entries) -> dict[str, Entry]:
    """The entries without those of `_KINDS` later than `latest`, which would win every merge for ever."""
    most = _milliseconds(latest)
    return {name: entry for name, entry in entries.items() if entry.at <= most or kind_of(name) not in _KINDS}


def _device_texts(device: DeviceTrust) -> dict[str, str | None]:
    contacts = split_contacts(device.contacts) if device.contacts else {}
    decisions = parse_decisions(device.decisions) if device.decisions else ()
    return {
        **{f"{CONTACT}:{key}": text for key, text in contacts.items()},
        **{_name_of(decision): _decision_text(decision) for decision in decisions},
        **{f"{kind}:{name}": text for kind, named in device.others.items() for name, text in named.items()},
    }


def _device_of(texts: Mapping[str, str], before: DeviceTrust) -> DeviceTrust:
    contacts = [text for name, text in texts.items() if kind_of(name) == CONTACT]
    decisions = [_parse_decision(text) for name, text in texts.items() if kind_of(name) == DECISION]
    others: dict[str, dict[str, str | None]] = {kind: {} for kind in before.others}
    for name, text in texts.items():
        kind, _, rest = name.partition(":")
        if kind in others:
            others[kind][rest] = text
    return DeviceTrust(
        contacts=join_contact_texts(contacts) if contacts or before.contacts is not None else None,
        decisions=build_decisions(decisions) if decisions or before.decisions is not None else None,
        others=others,
    )


async def _open_stored(
    stored: _Entries, texts: Mapping[str, str | None], owner: Owner, at: datetime.datetime, provider: CryptoProvider
) -> tuple[dict[str, Entry], list[str]]:
    """The valid stored entries, without their signatures, and the names of those that the owner has not signed."""
    plain, refused = {}, []
    for name, entry in stored.items():
        try:
            plain[name] = await _open_entry(name, entry, texts.get(name), owner, at, provider)
        except DecisionNotSigned:
            refused.append(name)
        except SmimeError:
            # A later program may write values in another form. Such a value stays in the account for programs that can
            # read it.
            continue
    return plain, refused


async def _open_entry(
    name: str, entry: Entry, own: str | None, owner: Owner, at: datetime.datetime, provider: CryptoProvider
) -> Entry:
    kind = kind_of(name)
    if entry.value is None:
        return entry
    if kind == CONTACT and entry.value != own and _name_of_contact(entry.value) != name:
        raise MalformedMessage("expected a contact with the address of its name", where=CONTACT)
    if kind not in _SIGNED_MEMBERS:
        return entry
    text, signature = _read_signed(kind, entry.value)
    # The device trusts its own text already, and most texts are the same on all devices. So only a few signatures are
    # verified.
    if text != own:
        if kind == DECISION and _name_of(_parse_decision(text)) != name:
            raise DecisionNotSigned("it is about another certificate than its name says")
        signed = _signed_text(name, replace(entry, value=text), owner)
        await verify_decision(signed, signature, provider, identities=owner.identities, at=at)
    return replace(entry, value=text)


def _signed_text(name: str, entry: Entry, owner: Owner) -> DecidedText | SettingText:
    """The content that is signed for an entry. The value of `entry` is its plain text."""
    text = entry.value or ""
    if kind_of(name) == DECISION:
        return DecidedText(account=owner.user, at=entry.at, decision=text)
    return SettingText(account=owner.user, at=entry.at, name=name, setting=text)


def _plain_base(device: DeviceTrust, base: _Entries) -> dict[str, Entry]:
    """The base without signatures, for the kinds that this device merges.

    An entry of the base that the device lacks counts as removed. A device that has never stored contacts or decisions
    has removed none, so those in its base are ignored.
    """
    kinds = {CONTACT: device.contacts is not None, DECISION: device.decisions is not None}
    kinds |= dict.fromkeys(device.others, True)
    plain = {}
    for name, entry in base.items():
        if not kinds.get(kind_of(name)):
            continue
        try:
            kind = kind_of(name)
            is_signed = kind in _SIGNED_MEMBERS and entry.value is not None
            plain[name] = replace(entry, value=_read_signed(kind, entry.value or "")[0]) if is_signed else entry
        except SmimeError:
            continue
    return plain


def _find_changes(texts: Mapping[str, str | None], stored: _Entries, base: _Entries, *, now: int) -> dict[str, Entry]:
    changes = {}
    for name in dict.fromkeys((*texts, *base)):
        if kind_of(name) in NAMED_KINDS and _stays_as_stored(name, texts, stored, base):
            continue
        change = _find_change(texts.get(name), stored.get(name), base.get(name), now=now)
        if change is None:
            continue
        if change.value is not None and name not in base:
            change = replace(change, at=min(now, _first_time(name, change.value, now=now)))
        changes[name] = _joined(name, change, stored.get(name), base.get(name))
    return changes


def _stays_as_stored(name: str, texts: Mapping[str, str | None], stored: _Entries, base: _Entries) -> bool:
    """Whether the account's version of an entry of `NAMED_KINDS` wins over that of the device.

    So an old copy does not bring back what another device has changed or removed. Settings, names and groups that a
    device does not know are not removed.
    """
    is_of_others = kind_of(name) in {SETTING, *BOOK_KINDS} and name not in texts
    return is_of_others or (name not in base and name in stored)


def _find_change(text: str | None, stored: Entry | None, base: Entry | None, *, now: int) -> Entry | None:
    """The entry for a text that this device has changed since its last merge; None if it has not changed the text."""
    if text == (base.value if base else None) or (stored is not None and stored.value == text):
        return None
    # A change is later than the entry that it changes, even after the clock was set back.
    return Entry(at=time_after(base, now), value=text)


def _first_time(name: str, text: str, *, now: int) -> int:
    """The time for a text that the device has never merged: the latest time in the text itself.

    So a text that another device has removed since is not brought back by an old copy. Texts of `NAMED_KINDS` contain
    no time, so theirs is `now`.
    """
    if kind_of(name) == CONTACT:
        return _milliseconds(last_change(text))
    return _milliseconds(_parse_decision(text).accepted_at) if kind_of(name) == DECISION else now


def _joined(name: str, change: Entry, stored: Entry | None, base: Entry | None) -> Entry:
    """The change, joined with the change of another device if both have changed the same contact."""
    if kind_of(name) != CONTACT or stored is None or stored == base or None in (change.value, stored.value):
        return change
    joined = contact_text(join_contact(parse_contact_text(change.value or ""), parse_contact_text(stored.value or "")))
    return stored if joined == stored.value else Entry(at=time_after(stored, change.at), value=joined)


async def _sign_all(
    changes: _Entries, stored: _Entries, owner: Owner, at: datetime.datetime, provider: CryptoProvider
) -> dict[str, Entry]:
    """The changes, signed where needed. Changes that are too long, or that no key can sign, are left out."""
    signer = _find_signer(owner.identities, at)
    signed = {}
    for name, entry in changes.items():
        kind = kind_of(name)
        if entry.value is not None and kind in _SIGNED_MEMBERS:
            if signer is None or (name in stored and not entry.is_newer_than(stored[name])):
                continue
            content = _signed_text(name, entry, owner)
            signature = await sign_decision(content, provider, identity=signer, signing_time=at)
            value = write({_SIGNED_MEMBERS[kind]: entry.value, "signature": to_base64(signature)}).decode()
            entry = replace(entry, value=value)
        if len(entry.value or "") <= MAX_VALUE_CHARACTERS[kind]:
            signed[name] = entry
    return signed


def _find_signer(identities: Sequence[KeyHolder], at: datetime.datetime) -> KeyHolder | None:
    for identity in identities:
        certificate = identity.certificate
        try:
            check_end_entity(certificate, Purpose.SIGN)
            choose_signature_algorithm(identity.private_key, pss=certificate.public_key.pss)
        except SmimeError:
            continue
        if certificate.not_before <= at <= certificate.not_after:
            return identity
    return None


def _read_signed(kind: str, value: str) -> tuple[str, bytes]:
    max_bytes = MAX_VALUE_CHARACTERS[kind]
    reader = JsonObject(value.encode(), kind, max_bytes=max_bytes)
    text = reader.text_or_null(_SIGNED_MEMBERS[kind])
    return reader.whole((text or "", reader.data("signature", max_bytes)))


def _name_of(decision: Decision) -> str:
    return f"{DECISION}:{decision.certificate.fingerprint}"


def _name_of_contact(text: str) -> str:
    return f"{CONTACT}:{contact_key(parse_contact_text(text).address)}"


def _decision_text(decision: Decision) -> str:
    return json.dumps(json.loads(build_decisions((decision,))), separators=(",", ":"))


def _parse_decision(text: str) -> Decision:
    decisions = parse_decisions(text.encode())
    if len(decisions) != 1 or _decision_text(decisions[0]) != text:
        raise MalformedMessage("expected one decision, written without blanks", where=DECISION)
    return decisions[0]


def _milliseconds(time: datetime.datetime) -> int:
    return int(time.timestamp() * 1_000)
