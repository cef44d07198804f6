"""Name constraints by form (RFC 5280 section 4.2.1.10, RFC 9549, RFC 9598 section 6, MUSTS 38); equal names."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Final

import pytest

from smime_core.asn1 import der, distinguished_name
from smime_core.asn1.distinguished_name import comparable_name
from smime_core.ca.extensions import build_address_name
from smime_core.ca.names import COMMON_NAME, ORGANIZATION_NAME, build_name
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_NAME_CONSTRAINTS
from smime_core.mime import Mailbox
from smime_core.pkix.constrained_names import read_constrained_names
from smime_core.pkix.name_constraints import find_violation, parse_name_constraints
from smime_core.verdict.authors import find_other_address
from tests.support.growth import grows_in_proportion

EMPTY: Final = build_name()
MAIL, DNS, URI, ADDRESS, REGISTERED = 0x81, 0x82, 0x86, 0x87, 0x88
EMAIL_ATTRIBUTE: Final = "1.2.840.113549.1.9.1"
OTHER_MAILBOX: Final = "1.3.6.1.5.5.7.8.9"


def text(tag: int, value: str) -> bytes:
    return der.element(tag, value.encode())


def directory(*attributes: tuple[str, str]) -> bytes:
    return der.element(0xA4, build_name(*attributes))


def constraints(permitted: tuple[bytes, ...] = (), excluded: tuple[bytes, ...] = ()) -> bytes:
    lists = ((0xA0, permitted), (0xA1, excluded))
    return der.sequence(*(der.element(tag, *(der.sequence(base) for base in bases)) for tag, bases in lists if bases))


def step(
    *names: bytes,
    permitted: tuple[bytes, ...] = (),
    excluded: tuple[bytes, ...] = (),
    subject: bytes = EMPTY,
    critical: bool = True,
) -> str | None:
    """The label of the step that refuses the names; None if they are allowed."""
    parsed = parse_name_constraints(constraints(permitted, excluded), critical=critical)
    violation = find_violation(read_constrained_names(subject, der.sequence(*names) if names else None), parsed)
    return violation and violation[0]


@pytest.mark.parametrize(
    ("constraint", "address", "holds"),
    [
        ("example.test", "a@example.test", True),
        ("example.test", "a@EXAMPLE.test", True),
        ("example.test", "a@sub.example.test", False),
        ("example.test", "a@notexample.test", False),
        (".example.test", "a@sub.example.test", True),
        (".example.test", "a@deep.sub.example.test", True),
        (".example.test", "a@example.test", False),
        (".example.test", "a@notexample.test", False),
        ("a@example.test", "a@Example.TEST", True),
        ("a@example.test", "b@example.test", False),
        ("xn--bcher-kva.example", "a@xn--bcher-kva.example", True),
        ("a@example.test", '"a"@example.test', True),
    ],
)
def test_a_mail_address_is_within_a_constraint_or_not(constraint: str, address: str, holds: bool) -> None:
    base, name = text(MAIL, constraint), text(MAIL, address)
    assert step(name, permitted=(base,)) == (None if holds else "6.1.3 (b)")
    assert step(name, excluded=(base,)) == ("6.1.3 (c)" if holds else None)


def test_local_parts_are_permitted_exactly_and_excluded_in_any_case() -> None:
    base, name = text(MAIL, "alice@example.test"), text(MAIL, "Alice@example.test")
    assert step(name, permitted=(base,)) == "6.1.3 (b)"
    assert step(name, excluded=(base,)) == "6.1.3 (c)"


def test_addresses_beyond_ascii_obey_the_same_constraints() -> None:
    name = build_address_name("jörg@example.test")
    assert name[0] == 0xA0
    assert step(name, permitted=(text(MAIL, "example.test"),)) is None
    assert step(name, permitted=(text(MAIL, "elsewhere.test"),)) == "6.1.3 (b)"
    assert step(name, excluded=(text(MAIL, "example.test"),)) == "6.1.3 (c)"
    domain = der.element(0xA0, der.oid(OTHER_MAILBOX), der.explicit(0, text(0x0C, "jörg@bücher.example")))
    assert step(domain, permitted=(text(MAIL, "xn--bcher-kva.example"),)) is None


def test_the_address_in_the_subject_counts_with_and_without_alternative_names() -> None:
    subject = build_name((EMAIL_ATTRIBUTE, "a@elsewhere.test"))
    base = text(MAIL, "example.test")
    assert step(subject=subject, permitted=(base,)) == "6.1.3 (b)"
    assert step(text(MAIL, "a@example.test"), subject=subject, permitted=(base,)) == "6.1.3 (b)"
    assert step(subject=build_name((EMAIL_ATTRIBUTE, "a@example.test")), permitted=(base,)) is None


@pytest.mark.parametrize(
    "address", ["nobody", "@example.test", "a@", "a@b@example.test", "a@[192.0.2.1]", "a@192.0.2.1"]
)
def test_an_address_that_is_no_mailbox_violates_constraints_on_mailboxes(address: str) -> None:
    name, base = text(MAIL, address), text(MAIL, "elsewhere.test")
    assert step(name, permitted=(base,)) == "6.1.3 (b)"
    assert step(name, excluded=(base,)) == "6.1.3 (c)"
    assert step(name, excluded=(text(DNS, "example.test"),)) is None


@pytest.mark.parametrize("constraint", ["", "@example.test", "a@b@example.test", "not a host"])
def test_a_constraint_without_meaning_lets_no_name_of_its_form_pass(constraint: str) -> None:
    base = text(MAIL, constraint)
    for permitted, excluded in (((base,), ()), ((), (base,))):
        for critical in (True, False):
            label = step(text(MAIL, "a@example.test"), permitted=permitted, excluded=excluded, critical=critical)
            assert label == "6.1.3 (b)"
        assert step(text(DNS, "example.test"), permitted=permitted, excluded=excluded) is None


@pytest.mark.parametrize(
    ("constraint", "host", "holds"),
    [
        ("example.test", "example.test", True),
        ("example.test", "www.EXAMPLE.test", True),
        ("example.test", "notexample.test", False),
        (".example.test", "www.example.test", True),
        ("example.test", "*.example.test", True),
        ("example.test.", "example.test", True),
        ("example.test.", "www.example.test.", True),
        ("example.test.", "notexample.test", False),
        ("", "anything.test", True),
    ],
)
def test_a_host_is_within_a_constraint_or_not(constraint: str, host: str, holds: bool) -> None:
    base, name = text(DNS, constraint), text(DNS, host)
    assert step(name, permitted=(base,)) == (None if holds else "6.1.3 (b)")
    assert step(name, excluded=(base,)) == ("6.1.3 (c)" if holds else None)


def test_a_wildcard_may_stand_for_no_excluded_host() -> None:
    assert step(text(DNS, "*.example.test"), excluded=(text(DNS, "secret.example.test"),)) == "6.1.3 (c)"
    assert step(text(DNS, "*.elsewhere.test"), excluded=(text(DNS, "secret.example.test"),)) is None


@pytest.mark.parametrize(
    ("constraint", "uri", "holds"),
    [
        ("example.test", "https://example.test/a", True),
        ("example.test", "https://user@example.test:8443/a", True),
        ("example.test", "https://www.example.test/", False),
        (".example.test", "ldap://www.example.test", True),
    ],
)
def test_the_host_of_a_uri_is_within_a_constraint_or_not(constraint: str, uri: str, holds: bool) -> None:
    base, name = text(URI, constraint), text(URI, uri)
    assert step(name, permitted=(base,)) == (None if holds else "6.1.3 (b)")
    assert step(name, excluded=(base,)) == ("6.1.3 (c)" if holds else None)


@pytest.mark.parametrize("uri", ["urn:uuid:1", "https://192.0.2.1/", "https://[2001:db8::1]/", "nothing"])
def test_a_uri_without_a_host_is_refused_where_hosts_are_constrained(uri: str) -> None:
    assert step(text(URI, uri), permitted=(text(URI, "example.test"),)) == "6.1.3 (b)"
    assert step(text(URI, uri), excluded=(text(URI, "example.test"),)) == "6.1.3 (c)"


def test_addresses_of_machines_are_within_networks() -> None:
    network = der.element(ADDRESS, bytes([192, 0, 2, 0, 255, 255, 255, 0]))
    inside, outside = (der.element(ADDRESS, bytes([192, 0, last, 7])) for last in (2, 3))
    six = der.element(ADDRESS, bytes(16))
    assert step(inside, permitted=(network,)) is None
    assert step(outside, permitted=(network,)) == "6.1.3 (b)"
    assert step(six, permitted=(network,)) == "6.1.3 (b)"
    assert step(inside, excluded=(network,)) == "6.1.3 (c)"
    assert step(der.element(ADDRESS, bytes(5)), excluded=(network,)) == "6.1.3 (c)"
    holes = der.element(ADDRESS, bytes([192, 0, 2, 0, 255, 0, 255, 0]))
    assert step(inside, permitted=(holes,)) == "6.1.3 (b)"


def test_a_directory_name_is_below_its_first_rdns() -> None:
    base = directory((ORGANIZATION_NAME, "Example"))
    below = build_name((ORGANIZATION_NAME, "EXAMPLE "), (COMMON_NAME, "Alice"))
    beside = build_name((COMMON_NAME, "Alice"), (ORGANIZATION_NAME, "Example"))
    assert step(subject=below, permitted=(base,)) is None
    assert step(subject=beside, permitted=(base,)) == "6.1.3 (b)"
    assert step(subject=below, excluded=(base,)) == "6.1.3 (c)"
    assert step(der.element(0xA4, below), excluded=(base,)) == "6.1.3 (c)"
    assert step(subject=EMPTY, permitted=(base,)) is None


def test_other_forms_refuse_when_they_occur_below_a_critical_constraint() -> None:
    registered = der.element(REGISTERED, der.oid("1.2.3")[2:])
    for permitted, excluded in (((registered,), ()), ((), (registered,))):
        assert step(registered, permitted=permitted, excluded=excluded) == "6.1.3 (b)"
        assert step(text(MAIL, "a@example.test"), permitted=permitted, excluded=excluded) is None
        assert step(registered, permitted=permitted, excluded=excluded, critical=False) is None


def test_a_constraint_on_the_other_form_of_mailboxes_is_never_passed_over() -> None:
    name = build_address_name("jörg@example.test")
    for critical in (True, False):
        assert step(name, excluded=(name,), critical=critical) == "6.1.3 (b)"


def test_excluded_wins_over_permitted() -> None:
    label = step(
        text(MAIL, "a@example.test"), permitted=(text(MAIL, "example.test"),), excluded=(text(MAIL, "a@example.test"),)
    )
    assert label == "6.1.3 (c)"


@pytest.mark.parametrize("fields", [b"\x80\x01\x01", b"\x81\x01\x05", b"\x80\x01\x00\x81\x01\x05"])
def test_minimum_and_maximum_are_not_understood(fields: bytes) -> None:
    subtree = der.sequence(text(MAIL, "example.test"), fields)
    parsed = parse_name_constraints(der.sequence(der.element(0xA0, subtree)), critical=True)
    for address, refused in ((text(MAIL, "a@example.test"), True), (text(DNS, "example.test"), False)):
        assert bool(find_violation(read_constrained_names(EMPTY, der.sequence(address)), parsed)) is refused


@pytest.mark.parametrize(
    "value",
    [
        der.sequence(),
        der.sequence(der.element(0xA0)),
        der.sequence(der.element(0xA1, der.sequence(text(MAIL, "a.test"))), der.element(0xA0, der.sequence())),
        der.sequence(der.element(0xA0, der.sequence())),
        der.sequence(der.element(0xA0, der.sequence(b"\x05\x00"))),
    ],
)
def test_damaged_constraints_are_refused(value: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_name_constraints(value, critical=True)


def test_the_number_of_constraints_is_bounded() -> None:
    base = text(MAIL, "example.test")
    with pytest.raises(LimitExceeded, match="name constraints"):
        parse_name_constraints(constraints((base,) * (MAX_NAME_CONSTRAINTS + 1)), critical=True)


def address_of(value: int) -> bytes:
    return der.element(ADDRESS, value.to_bytes(16, "big"))


def network_of(value: int, ones: int) -> bytes:
    mask = (1 << 128) - (1 << (128 - ones))
    return der.element(ADDRESS, value.to_bytes(16, "big") + mask.to_bytes(16, "big"))


def test_networks_in_one_another_and_side_by_side_hold_their_addresses() -> None:
    networks = (network_of(0x20 << 120, 8), network_of(0x2001 << 112, 16), network_of(0x40 << 120, 128))
    addresses = [(0x20 << 120), (0x2001 << 112) + 5, (0x21 << 120) - 1, 0x40 << 120]
    for order in (networks, networks[::-1]):
        for value in addresses:
            assert step(address_of(value), permitted=order) is None
            assert step(address_of(value), excluded=order) == "6.1.3 (c)"
        for value in ((0x20 << 120) - 1, 0x21 << 120, (0x40 << 120) + 1, 0):
            assert step(address_of(value), permitted=order) == "6.1.3 (b)"
    assert step(address_of(7), permitted=(network_of(0, 0), network_of(7, 128))) is None


def long_name_below_directories(size: int) -> tuple[list[bytes], list[bytes]]:
    name = der.sequence(*[build_name((COMMON_NAME, "a"))[2:]] * size)
    return [der.element(0xA4, name)], [directory((ORGANIZATION_NAME, "Example")), directory((COMMON_NAME, "b"))]


def addresses_below_networks(size: int) -> tuple[list[bytes], list[bytes]]:
    addresses = [address_of((0x20 << 120) + number) for number in range(size)]
    return addresses, [network_of(1 << 127, ones) for ones in range(1, 128 * size // MANY_NAMES + 1)]


MANY_NAMES = 19_000


@pytest.mark.parametrize("names_and_constraints", [long_name_below_directories, addresses_below_networks])
def test_many_names_below_many_constraints_take_linear_time(
    names_and_constraints: Callable[[int], tuple[list[bytes], list[bytes]]],
) -> None:
    def judging(size: int) -> Callable[[], object]:
        names, bases = names_and_constraints(size)
        return lambda: step(*names, excluded=tuple(bases))

    # Comparing each prefix of a long name, or each mask with each address, would take 16 times as long.
    assert grows_in_proportion(judging, MANY_NAMES)


def attribute(oid: str, tag: int, octets: bytes) -> bytes:
    return der.sequence(der.set_of([der.sequence(der.oid(oid), der.element(tag, octets))]))


@pytest.mark.parametrize(
    ("tag", "octets"),
    [
        (0x0C, "  Straße  A ".encode()),
        (0x1E, "STRASSE a".encode("utf-16-be")),
        (0x1C, "Strasse\u00a0A".encode("utf-32-be")),
        (0x13, b"strasse a"),
        (0x0C, "Stra\u00adße A".encode()),
    ],
)
def test_texts_compare_without_type_case_and_width_of_blanks(tag: int, octets: bytes) -> None:
    assert comparable_name(attribute(COMMON_NAME, tag, octets)) == comparable_name(
        attribute(COMMON_NAME, 0x0C, b"strasse a")
    )


def test_attributes_that_are_no_text_are_compared_byte_by_byte() -> None:
    octet_name = attribute(COMMON_NAME, 0x04, b"abc")
    assert comparable_name(octet_name) == comparable_name(octet_name)
    assert comparable_name(octet_name) != comparable_name(attribute(COMMON_NAME, 0x04, b"ABC"))
    assert comparable_name(attribute(COMMON_NAME, 0x0C, b"\xff")) != comparable_name(attribute(COMMON_NAME, 0x0C, b""))


def test_a_text_that_would_take_long_to_normalise_is_no_name() -> None:
    def comparing(size: int) -> Callable[[], None]:
        marks = "a" + "\u0301\u0316" * (size // 2)

        def refuse() -> None:
            with pytest.raises(MalformedMessage, match="characters"):
                comparable_name(attribute(COMMON_NAME, 0x0C, marks.encode()))
            assert find_other_address(Mailbox(marks, "a@example.test")) is None

        return refuse

    assert grows_in_proportion(comparing, 2_000_000)
    # Characters that a comparison ignores do not count as length; otherwise they could hide a name from a constraint.
    hidden = "\u200b" * 5_000 + "Ünal"
    assert comparable_name(attribute(COMMON_NAME, 0x0C, hidden.encode())) == comparable_name(
        attribute(COMMON_NAME, 0x0C, "ünal".encode())
    )


def test_names_are_kept_up_to_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinguished_name, "MAX_CACHED_NAME_BYTES", 20_000)
    tracemalloc.start()
    try:
        for number in range(40):
            # The last name by itself is larger than MAX_CACHED_NAME_BYTES.
            count = 400 if number < 39 else 4_000
            comparable_name(build_name(*[(COMMON_NAME, f"{number} {position}") for position in range(count)]))
        memory, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # All the names together would take six million bytes.
    assert memory < 1_500_000


def test_a_domain_component_compares_in_its_a_label() -> None:
    component = "0.9.2342.19200300.100.1.25"
    assert comparable_name(attribute(component, 0x0C, "Bücher".encode())) == comparable_name(
        attribute(component, 0x16, b"xn--bcher-kva")
    )


@pytest.mark.parametrize("name", [b"\x30\x02\x31\x00", b"\x31\x00", der.sequence(der.sequence()), b""])
def test_a_damaged_name_is_refused(name: bytes) -> None:
    with pytest.raises(MalformedMessage):
        comparable_name(name)
