"""The obligations of the core and their tests: for each, at least one test that accepts and one that refuses.

Tests refer to an obligation by its number ("must_9", "MUSTS 9"). `python -m tools.musts --page FILE` writes the table
of obligations and the table of bad input between their marks in a page of the documentation.
"""

from __future__ import annotations

import argparse
import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parent.parent / "tests"
_NUMBERS: Final = re.compile(r"MUSTS ((?:\d+(?:, | and | to )?)+)")


@dataclass(frozen=True, slots=True)
class Obligation:
    """A rule and the names of its test functions. `exception`: why no test accepts, or why none refuses."""

    text: str
    source: str
    accepting: tuple[str, ...]
    refusing: tuple[str, ...]
    exception: str = ""


def _obligation(text: str, source: str, accepting: str, refusing: str, exception: str = "") -> Obligation:
    def names(words: str) -> tuple[str, ...]:
        return tuple(f"test_{word}" for word in words.split())

    return Obligation(text, source, names(accepting), names(refusing), exception)


OBLIGATIONS: Final[dict[int, Obligation]] = {
    1: _obligation(
        "signatures are over the SET OF form of the attributes", "RFC 5652 5.4",
        "must_1_the_set_form_begins_with_0x31", "must_1_the_signature_covers_the_set_of_form",
    ),
    2: _obligation(
        "content-type and message-digest exactly once; other content needs attributes", "RFC 5652 5.3, 11",
        "must_2_signs_without_attributes_id_data_alone",
        "must_2_refuses_signed_attrs_without must_2_refuses_an_attribute_with_two_values "
        "must_2_refuses_an_attribute_that_stands_twice must_2_demands_signed_attrs_for_other_content_than_data",
    ),
    3: _obligation(
        "the content-type attribute is eContentType, and the type that was expected", "RFC 5652 5.6, 11.1",
        "must_3_content_of_the_expected_type_holds",
        "must_3_refuses_a_content_type_attribute_that_differs must_3_refuses_content_of_another_kind_than_expected",
    ),
    4: _obligation(
        "the digest is computed, compared, and the signature checked too", "RFC 5652 5.4, 5.6",
        "must_4_both_digest_and_signature_of_what_was_signed_hold",
        "must_4_computes_the_digest_from_the_content must_4_checks_the_signature_even_when_the_digest_fits",
    ),
    5: _obligation(
        "content that is a set of attributes is never signed without attributes", "ours",
        "must_5_other_content_without_attributes_holds", "must_5_refuses_signed_attributes_presented_as_content",
    ),
    6: _obligation(
        "signed attributes are DER; another order is a named tolerance", "RFC 5652 5.3",
        "must_6_accepts_signed_attrs_out_of_order_as_they_were_signed",
        "must_6_refuses_signed_attrs_that_are_not_der must_6_policy_send_demands_der",
    ),
    7: _obligation(
        "certificates only are never signed", "RFC 5652 5.2",
        "must_7_carries_certificates_and_revocation_lists_both_ways", "must_7_certificates_alone_are_never_signed",
    ),
    8: _obligation(
        "detached is absent, not empty; content never appears twice", "RFC 5652 5.2",
        "must_8_detached_is_absent_not_empty", "must_8_refuses_content_inside_and_beside_the_signature",
    ),
    9: _obligation(
        "sid names the certificate; each signer has its own verdict", "RFC 5652 5.3",
        "must_9_the_key_identifier_is_the_extensions_value must_9_every_signer_has_its_own_verdict",
        "must_9_takes_the_certificate_that_sid_names_not_one_whose_key_fits",
    ),
    10: _obligation(
        "one hash for PSS, either of two for RSA and ECDSA; PSS parameters present and those of the certificate",
        "RFC 5753, 4056",
        "must_10_a_key_for_pss_signs_by_pss_as_its_certificate_binds_it must_10_reads_two_different_hashes "
        "must_10_where_two_hashes_are_named_the_signature_may_be_by_either "
        "must_10_reads_pss_whose_mask_has_another_hash",
        "must_10_where_two_hashes_are_named_the_signature_may_be_by_either "
        "must_10_refuses_pss_with_another_digest must_10_refuses_pss_without_parameters "
        "must_10_refuses_other_parameters_than_the_certificates",
    ),
    11: _obligation(
        "RSA v1.5 builds the expected block and compares", "RFC 8017 8.2.2",
        "must_11_the_expected_block_holds", "must_11_any_other_block_is_refused",
    ),
    12: _obligation(
        "ECDSA is DER of two INTEGERs in CMS, fixed-length in WebCrypto", "RFC 5753 7.2",
        "ecdsa_signatures_change_their_form_both_ways",
        "ecdsa_signatures_that_are_no_der_or_out_of_range_are_refused",
    ),
    13: _obligation(
        "Ed25519 with SHA-512; parameters are ignored", "RFC 8419",
        "must_13_what_any_kind_of_key_signs_verifies must_13_ignores_parameters_of_ed25519",
        "must_13_refuses_ed25519_with_another_digest_than_sha512",
    ),
    14: _obligation(
        "parameters of digests absent or NULL, written absent", "RFC 5754",
        "must_14_reads_digest_parameters_absent_and_null must_14_writes_digest_parameters_absent "
        "must_14_ignores_other_digest_parameters_of_a_signer",
        "must_14_refuses_other_hash_parameters_inside_pss",
    ),
    15: _obligation(
        "signingTime is written in the form of its year, read in any that names a moment, and else a doubt",
        "RFC 5652 11.3",
        "must_15_writes_utc_time_from_1950_through_2049 "
        "must_15_reads_a_time_without_seconds_or_with_a_fraction_by_name",
        "must_15_a_signing_time_that_names_no_moment_says_nothing_against_the_content "
        "must_15_a_signing_time_of_another_form_is_no_forgery",
    ),
    16: _obligation(
        "capabilities and key preference once, signed, and kept only when verified", "RFC 8551 2.5, 2.7.1",
        "must_16_reads_every_form_of_key_preference must_16_remembers_what_is_newer_and_not_of_the_future "
        "a_verified_mail_teaches_certificate_and_capabilities "
        "the_preferred_certificate_is_the_one_to_encrypt_to",
        "must_16_signed_attributes_stand_once_with_one_value_and_are_signed must_16_refuses_damaged_capabilities "
        "nothing_is_learned_from_what_nobody_vouches_for nobody_slips_in_a_certificate_of_his_own "
        "capabilities_signed_in_the_future_are_not_kept "
        "a_preference_for_somebody_elses_certificate_is_not_followed "
        "another_key_of_a_known_sender_asks_before_it_is_remembered",
    ),
    17: _obligation(
        "signingCertificate names the certificate that was used", "RFC 5035",
        "must_17_accepts_signing_certificates_that_name_the_signer_first",
        "must_17_refuses_signing_certificates_that_name_another",
    ),
    18: _obligation(
        "AEAD and CBC each in their own structure", "RFC 8551 3.3, RFC 5083 1",
        "must_18_each_cipher_opens_in_its_own_structure",
        "must_18_refuses_gcm_inside_enveloped_data must_18_refuses_cbc_inside_auth_enveloped_data",
    ),
    19: _obligation(
        "GCM parameters, and a tag as long as they say and above the floor", "RFC 5084 3.2",
        "must_19_tags_of_12_bytes_and_more_are_read must_19_an_absent_icv_length_means_twelve",
        "must_19_a_shorter_tag_is_refused must_19_a_mac_of_another_length_than_the_parameters_say_is_refused",
    ),
    20: _obligation(
        "authAttrs are DER, hashed as SET OF, there for other content", "RFC 5083 2",
        "must_20_the_aad_is_the_set_of_form",
        "must_20_altered_attributes_are_refused must_20_attributes_that_are_not_der_are_refused "
        "must_20_refuses_other_content_without_authenticated_attributes",
    ),
    21: _obligation(
        "nothing is released before its tag is checked", "RFC 5083 2",
        "must_21_what_is_whole_is_released",
        "must_21_an_altered_short_tag_is_refused must_21_nothing_is_written_of_what_was_altered",
    ),
    22: _obligation(
        "a fresh IV, and every octet of the padding checked", "RFC 5652 6.3, 14",
        "must_22_every_iv_is_fresh", "must_22_every_octet_of_the_padding_is_checked",
    ),
    23: _obligation(
        "RSA v1.5 goes on with a random key; all failures look alike", "RFC 3218 2.3.2",
        "must_23_a_random_key_goes_on must_23_takes_the_same_steps_whether_the_padding_is_right_or_wrong",
        "must_23_what_is_wrong_with_the_padding_shows_nowhere "
        "must_23_garbled_plaintext_looks_like_any_failed_decryption",
    ),
    24: _obligation(
        "OAEP parameters, defaults, labels", "RFC 4055 4.1",
        "must_24_oaep_opens_with_any_hash must_24_oaep_opens_with_any_label",
        "must_24_oaep_with_another_source_of_the_label_is_refused must_24_a_damaged_oaep_block_is_one_decryption_error",
    ),
    25: _obligation(
        "the length of the content key, and 3DES parity after its unwrap", "RFC 3217 3.2",
        "must_25_aes_takes_the_length_that_its_identifier_names must_25_an_rc2_version_says_the_effective_bits",
        "must_25_a_content_key_of_another_length_is_refused must_25_triple_des_with_bad_parity_is_refused",
    ),
    26: _obligation(
        "ECDH keys: parameters, curve, point, no hybrid form", "RFC 5753 3.1.1",
        "must_26_originator_parameters_are_read_in_three_forms",
        "must_26_another_named_curve_is_refused must_26_a_point_off_the_curve_is_refused "
        "must_26_a_hybrid_point_is_refused",
    ),
    27: _obligation(
        "ECC-CMS-SharedInfo octet for octet", "RFC 5753 7.2",
        "must_27_the_shared_info_is_what_the_rfc_says", "must_27_a_changed_ukm_changes_the_key",
    ),
    28: _obligation(
        "X25519: no secret of zeros, no parameters, the KDF by its OID", "RFC 8418",
        "must_28_the_oid_names_the_kdf_and_every_one_opens",
        "must_28_an_all_zero_shared_secret_is_refused must_28_parameters_beside_x25519_are_refused",
    ),
    29: _obligation(
        "KEM recipients: lengths, KDF info, implicit rejection", "RFC 9629",
        "must_29_the_kdf_is_named_and_takes_the_ukm",
        "must_29_a_kek_length_that_does_not_fit_the_wrap_is_refused "
        "must_29_implicit_rejection_looks_like_every_failed_unwrap",
    ),
    30: _obligation(
        "password recipients: check octets, bounded derivation", "RFC 3211 2.3",
        "must_30_every_prf_opens must_30_it_is_encrypted_twice",
        "must_30_each_check_octet_is_checked must_30_iterations_are_bounded must_30_the_derivation_must_be_there",
    ),
    31: _obligation(
        "recipients match by name and number or key identifier; every key is tried", "RFC 5652 6.2",
        "must_31_an_issuer_is_matched_by_name_and_not_by_its_bytes must_31_each_of_several_keys_of_one_name_is_tried",
        "must_31_a_serial_number_is_matched_as_a_number",
    ),
    32: _obligation(
        "versions are computed; a wrong one alone refuses nothing", "RFC 5652 5.1, 6.1",
        "must_32_a_wrong_version_alone_refuses_nothing must_32_versions_follow_from_what_is_inside",
        "", "a wrong version refuses nothing, so no test can",
    ),
    33: _obligation(
        "multipart/signed is hashed as received up to its boundary", "RFC 1847 2.1",
        "leaves_the_line_end_before_the_boundary_out_of_the_signed_bytes",
        "takes_no_line_for_a_boundary_that_only_begins_like_it",
    ),
    34: _obligation(
        "what is signed is 7-bit and safe in transport", "RFC 8551 3.1.3",
        "text_that_is_fit_keeps_every_byte", "text_that_transport_may_alter_becomes_quoted_printable",
    ),
    35: _obligation(
        "micalg is written, and only reported when it differs", "RFC 8551 3.5.3.2",
        "each_digest_is_named_once_in_the_words_of_the_registry",
        "a_digest_that_micalg_does_not_name_is_reported",
    ),
    36: _obligation(
        "protected header fields are shown, a differing outer From is never verified", "RFC 9788",
        "an_encrypted_message_records_what_stands_outside each_field_says_what_protects_it",
        "a_differing_outer_from_is_told another_sender_outside_is_never_verified",
    ),
    37: _obligation(
        "exactly one author, who is in the certificate", "RFC 8550 3, RFC 9598 5",
        "must_37_the_one_author_in_the_certificate_is_verified a_domain_is_the_same_in_each_of_its_forms",
        "must_37_another_author_a_second_one_or_none_is_not every_from_field_and_mailbox_counts "
        "addresses_that_look_alike_are_not_the_same a_signature_is_not_another_mailboxs "
        "an_anchor_for_some_addresses_vouches_for_those_alone",
    ),
    38: _obligation(
        "the path, step by step; names, policies, extensions; key usage for each role", "RFC 5280 6.1, RFC 8550 4.4",
        "a_path_explains_itself_step_by_step_from_the_anchor_down a_path_over_an_intermediate_is_found "
        "a_cross_certificate_leads_to_another_root a_key_rollover_is_followed_from_the_new_key_to_the_old "
        "a_mail_address_is_within_a_constraint_or_not the_policies_of_all_certificates_are_what_holds "
        "a_mapping_answers_in_the_words_of_the_anchor must_38_key_usage_decides_who_may_receive",
        "names_and_signatures_have_to_chain a_certificate_outside_its_validity_is_refused "
        "an_authority_needs_the_flag_the_key_usage_and_the_version an_ordinary_certificate_cannot_issue "
        "the_path_length_counts_authorities_that_are_not_self_issued "
        "an_unknown_critical_extension_refuses_wherever_it_stands name_constraints_bind_what_is_below "
        "the_address_in_the_subject_counts_with_and_without_alternative_names excluded_wins_over_permitted "
        "a_policy_that_is_demanded_has_to_hold_all_the_way a_certificate_for_servers_is_refused "
        "usage_is_judged_by_operation_and_by_kind_of_key a_hostile_pool_of_cross_signed_authorities_is_bounded",
    ),
    39: _obligation(
        "who says that a certificate is not revoked: who may, about it, now", "RFC 6960 3.2, RFC 5280 6.3",
        "must_39_a_response_by_the_issuer_says_good must_39_a_delegate_of_the_issuer_may_answer "
        "must_39_a_full_list_by_the_issuer_says_good "
        "a_path_holds_when_every_certificate_below_the_anchor_is_known_to_be_good "
        "a_list_by_another_key_of_the_authority_counts_when_its_own_path_holds",
        "must_39_unknown_is_not_good must_39_who_is_no_delegate_may_not must_39_an_altered_response_does_not_count "
        "must_39_an_answer_about_another_certificate_says_nothing must_39_an_answer_counts_between_its_dates "
        "must_39_the_list_covers_what_the_certificate_points_to must_39_a_delta_that_does_not_fit_is_left_out "
        "must_39_a_list_that_does_not_say_so_is_not_indirect "
        "a_revoked_certificate_refuses_the_path_wherever_it_stands "
        "a_list_signer_needs_the_key_usage_and_the_same_anchor "
        "a_key_that_an_authority_took_back_does_not_vouch_for_itself "
        "a_crl_signer_of_one_anchor_does_not_count_under_another",
    ),
    40: _obligation(
        "PKCS#12: MAC first, passphrases in the form of each KDF, bounded work", "RFC 7292",
        "must_40_each_form_of_a_passphrase_opens_its_kdf",
        "mac_is_checked_before_anything_inside_is_parsed mac_counts_as_work",
    ),
    41: _obligation(
        "countersignatures sign the octets of the signature, without content-type", "RFC 5652 11.4",
        "must_41_a_countersignature_that_was_built_holds must_41_accepts_one_without_attributes",
        "must_41_refuses_one_on_another_signature must_41_refuses_a_content_type_attribute",
    ),
    42: _obligation(
        "text is made canonical, other octets stay", "RFC 8551 3.1.1",
        "text_gets_crlf_and_binary_parts_are_left_alone", "must_42_a_stream_makes_text_canonical_and_nothing_else",
    ),
    43: _obligation(
        "no transfer encoding means 7bit; binary is read", "RFC 8551 3.1.2",
        "a_binary_body_is_read_as_it_stands", "without_transfer_encoding_the_body_is_7bit_and_never_guessed",
    ),
    44: _obligation(
        "multipart/signed has two parts, the second of the protocol", "RFC 1847 2.1",
        "accepts_the_old_type_and_an_octet_stream_with_a_signature_name",
        "refuses_a_multipart_signed_without_exactly_two_parts "
        "refuses_a_second_part_that_is_not_what_the_protocol_announces",
    ),
    45: _obligation(
        "what is unknown spoils nothing beside it", "RFC 5652 5.1, 6.2",
        "must_45_an_unreadable_signer_does_not_hide_the_others "
        "must_45_a_damaged_or_unknown_recipient_spoils_no_other",
        "must_45_alone_it_is_for_nobody must_45_what_is_no_signer_info_is_its_error",
    ),
    46: _obligation(
        "names match by their letters, not by their octets, RDN by RDN", "RFC 5280 7.1",
        "must_46_case_blanks_and_string_types_make_no_difference",
        "must_46_another_order_of_rdns_is_another_name",
    ),
    47: _obligation(
        "receipts: for verified requests, checked against what was sent", "RFC 2634 2",
        "must_47_a_receipt_that_was_given_verifies_against_the_stored_original",
        "must_47_refuses_a_receipt_for_another_message must_47_gives_no_receipt_for_a_message_that_was_altered",
    ),
    48: _obligation(
        "CompressedData: version 0, a zlib stream, no parameters", "RFC 3274",
        "must_48_what_is_made_has_version_0_a_zlib_stream_and_no_parameters",
        "must_48_anything_but_a_zlib_stream_is_refused",
    ),
    49: _obligation(
        "parameter sections by number, names without folders", "RFC 2231",
        "reads a_filename_keeps_no_folder_and_nothing_misleading", "an_invalid_set_of_sections_counts_as_absent",
    ),
    50: _obligation(
        "sets in any order where nothing demands DER; algorithms as protected", "RFC 5652, RFC 6211",
        "must_50_sets_in_any_order_are_read_as_they_come must_50_algorithm_protection_compares_values",
        "must_50_an_empty_set_is_refused_where_it_would_be_signed "
        "must_50_refuses_other_algorithms_than_were_protected",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NamedTest:
    """A test function, and the numbers of obligations in its name, its source and its module's docstring."""

    path: Path
    name: str
    numbers: frozenset[int]


@functools.cache
def find_tests() -> dict[str, list[NamedTest]]:
    """The test functions by name; several modules may have functions of the same name."""
    tests: dict[str, list[NamedTest]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        of_module = _numbers(ast.get_docstring(tree) or "")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                numbers = _numbers(ast.get_source_segment(text, node) or "") | of_module | _in_name(node.name)
                test = NamedTest(path.relative_to(TESTS.parent), node.name, frozenset(numbers))
                tests.setdefault(node.name, []).append(test)
    return tests


BAD_INPUT: Final[dict[str, tuple[str, ...]]] = {
    "a directory that hangs": ("a_directory_that_hangs_is_not_waited_for", "a_server_that_hangs_is_left"),
    "a directory that floods without end": (
        "a_server_that_ignores_the_size_limit_is_bounded",
        "a_flood_without_end_is_ended",
        "an_entry_of_many_megabytes_is_bounded",
    ),
    "a directory that returns ten thousand entries": ("ten_thousand_entries_are_too_many",),
    "a directory that lies": (
        "octets_that_are_no_certificate_hide_no_other",
        "a_certificate_that_the_signed_dns_does_not_name_is_said",
        "a_bogus_answer_gives_nothing_and_says_why",
    ),
    "a certificate for another address": ("a_certificate_for_another_address_is_never_used",),
    "an address that only looks like another one": ("addresses_that_look_alike_are_not_the_same",),
    "OCSP answers that are stale": ("must_39_an_answer_counts_between_its_dates",),
    "OCSP answers that are unsigned": (
        "must_39_an_altered_response_does_not_count",
        "a_signature_by_somebody_else_in_the_issuers_name_does_not_count",
    ),
    "OCSP answers for another certificate": ("must_39_an_answer_about_another_certificate_says_nothing",),
    "CRLs of 50 MB": ("fifty_megabytes_are_refused_by_what_the_server_announces", "a_list_is_bounded"),
    "LDAP filters and addresses with special characters": (
        "special_characters_in_an_address_mean_themselves",
        "no_address_becomes_part_of_the_filter",
    ),
    "redirects into private addresses": (
        "a_redirect_to_a_private_address_is_not_followed",
        "redirects_are_not_followed_not_even_to_the_server_itself",
    ),
    "names that lead to private addresses": (
        "one_such_address_among_public_ones_is_enough",
        "the_name_is_resolved_once_and_that_address_is_connected_to",
    ),
    "a hostile pool of cross-signed certificates": ("a_pool_of_a_thousand_that_certify_each_other_is_bounded",),
}
"""Bad input of look-ups, each with the tests that hold against it."""


def bad_input_gaps() -> Iterator[str]:
    """A message for each test of BAD_INPUT that does not exist."""
    tests = find_tests()
    for item, names in BAD_INPUT.items():
        yield from (f"{item}: test_{name} is gone" for name in names if f"test_{name}" not in tests)


def write_bad_input_table() -> str:
    """The table of BAD_INPUT as Markdown."""
    tests = find_tests()
    lines = ["| input | test |", "|---|---|"]
    for item, names in BAD_INPUT.items():
        shown = (f"{_words(name)} (`{tests[f'test_{name}'][0].path.stem}`)" for name in names)
        lines.append(f"| {item} | {'; '.join(shown)} |")
    return "\n".join(lines)


def _words(name: str) -> str:
    return re.sub(r"^must_\d+_", "", name).replace("_", " ")


def gaps() -> Iterator[str]:
    """A message for each obligation without a test, and for each test that does not exist or lacks the number."""
    tests = find_tests()
    for number, obligation in OBLIGATIONS.items():
        for kind, names in (("accepting", obligation.accepting), ("refusing", obligation.refusing)):
            if not names and not obligation.exception:
                yield f"{number} has no {kind} test"
            for name in names:
                if name not in tests:
                    yield f"{number}: {name} is gone"
                elif not any(number in test.numbers for test in tests[name]):
                    yield f"{number}: {name} does not name it"


def write_table() -> str:
    """The table of OBLIGATIONS as Markdown."""
    tests = find_tests()
    lines = ["| | obligation | source | accepting | refusing |", "|---|---|---|---|---|"]
    for number, obligation in OBLIGATIONS.items():
        cells = [_cell(number, names, tests) for names in (obligation.accepting, obligation.refusing)]
        note = f" ({obligation.exception})" if obligation.exception else ""
        lines.append(f"| {number} | {obligation.text}{note} | {obligation.source} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def write_page(path: Path) -> None:
    """Put the tables between their marks in the page."""
    text = path.read_text(encoding="utf-8")
    for name, table in (("obligations", write_table()), ("bad input", write_bad_input_table())):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    path.write_text(text, encoding="utf-8")


def _cell(number: int, names: tuple[str, ...], tests: dict[str, list[NamedTest]]) -> str:
    shown = []
    for name in names:
        path = next(test.path for test in tests[name] if number in test.numbers)
        words = re.sub(rf"^test_(must_{number}_)?", "", name).replace("_", " ")
        shown.append(f"{words} (`{path.stem}`)")
    return "; ".join(shown) or "–"


def _numbers(text: str) -> set[int]:
    numbers: set[int] = set()
    for match in _NUMBERS.finditer(text):
        words = re.findall(r"\d+|to", match[1])
        for index, word in enumerate(words):
            if word == "to" and 0 < index < len(words) - 1:
                numbers |= set(range(int(words[index - 1]), int(words[index + 1]) + 1))
            elif word != "to":
                numbers.add(int(word))
    return numbers


def _in_name(name: str) -> set[int]:
    return {int(number) for number in re.findall(r"^test_must_(\d+)_", name)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.musts")
    parser.add_argument("--page", type=Path, required=True)
    write_page(parser.parse_args().page)
