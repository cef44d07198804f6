"""The public operations as plain functions, under the same names and with the same arguments.

What needs no provider is plain already and stands in `smime_core` alone. `run` takes any other coroutine of the core.

The native provider never suspends, so a coroutine over it finishes at its first step: this runs inside an event loop as
well as outside. A provider that does suspend (WebCrypto) is refused here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from smime_core.errors import ProviderError
from smime_core.lazy import home_finder

if TYPE_CHECKING:
    from smime_core import (
        cades,
        countersignature,
        decisions,
        ess,
        fields,
        forms,
        identity,
        later_recipients,
        message,
        pages,
        parcels,
        pkix,
        private_key_file,
        signed_data_editing,
        timestamp,
        trust_list,
    )
    from smime_core.ca import certification_request

P = ParamSpec("P")
R = TypeVar("R")


def run(coroutine: Coroutine[Any, Any, R]) -> R:
    """The result of a coroutine that never suspends. Raises ProviderError when it does."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: R = finished.value
        return result
    coroutine.close()
    raise ProviderError("blocking", "this provider suspends: await the async function instead")


def _blocking(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    @functools.wraps(function)
    def step_once(*args: P.args, **kwargs: P.kwargs) -> R:
        return run(function(*args, **kwargs))

    return step_once


if TYPE_CHECKING:
    sign_entity = _blocking(message.sign_entity)
    encrypt_entity = _blocking(message.encrypt_entity)
    sign_message = _blocking(message.sign_message)
    encrypt_message = _blocking(message.encrypt_message)
    decrypt_message = _blocking(message.decrypt_message)
    open_message = _blocking(message.open_message)
    examine_message = _blocking(message.examine_message)
    verify_message = _blocking(message.verify_message)
    sign_bytes = _blocking(message.sign_bytes)
    verify_bytes = _blocking(message.verify_bytes)
    seal_bytes = _blocking(message.seal_bytes)
    open_bytes = _blocking(message.open_bytes)
    add_recipients = _blocking(later_recipients.add_recipients)
    add_signer = _blocking(signed_data_editing.add_signer)
    add_countersignature = _blocking(signed_data_editing.add_countersignature)
    verify_countersignature = _blocking(countersignature.verify_countersignature)
    build_receipt = _blocking(ess.build_receipt)
    verify_receipt = _blocking(ess.verify_receipt)
    seal_field = _blocking(fields.seal_field)
    open_field = _blocking(fields.open_field)
    sign_form = _blocking(forms.sign_form)
    verify_form = _blocking(forms.verify_form)
    seal_page = _blocking(pages.seal_page)
    open_page = _blocking(pages.open_page)
    sign_published_page = _blocking(pages.sign_published_page)
    seal_parcel = _blocking(parcels.seal_parcel)
    open_parcel = _blocking(parcels.open_parcel)
    load_identity = _blocking(identity.load_identity)
    load_identities = _blocking(identity.load_identities)
    load_identities_from_pem = _blocking(identity.load_identities_from_pem)
    export_identity = _blocking(identity.export_identity)
    export_identities = _blocking(identity.export_identities)
    build_certification_request = _blocking(certification_request.build_certification_request)
    open_certification_request = _blocking(certification_request.open_certification_request)
    load_private_key = _blocking(private_key_file.load_private_key)
    export_private_key = _blocking(private_key_file.export_private_key)
    validate_path = _blocking(pkix.validate_path)
    add_signature_timestamp = _blocking(cades.add_signature_timestamp)
    proved_time = _blocking(cades.proved_time)
    obtain_timestamp = _blocking(timestamp.obtain_timestamp)
    verify_timestamp = _blocking(timestamp.verify_timestamp)
    make_decision = _blocking(decisions.make_decision)
    sign_trust_list = _blocking(trust_list.sign_trust_list)
    open_trust_list = _blocking(trust_list.open_trust_list)
    follow_trust_list = _blocking(trust_list.follow_trust_list)
    renew_trust_list = _blocking(trust_list.renew_trust_list)

# Made when somebody asks for it: see `smime_core`.
_HOMES = {
    "message": (
        "sign_entity",
        "encrypt_entity",
        "sign_message",
        "encrypt_message",
        "decrypt_message",
        "open_message",
        "examine_message",
        "verify_message",
        "sign_bytes",
        "verify_bytes",
        "seal_bytes",
        "open_bytes",
    ),
    "later_recipients": ("add_recipients",),
    "signed_data_editing": (
        "add_signer",
        "add_countersignature",
    ),
    "countersignature": ("verify_countersignature",),
    "ess": (
        "build_receipt",
        "verify_receipt",
    ),
    "fields": (
        "seal_field",
        "open_field",
    ),
    "forms": (
        "sign_form",
        "verify_form",
    ),
    "pages": (
        "seal_page",
        "open_page",
        "sign_published_page",
    ),
    "parcels": (
        "seal_parcel",
        "open_parcel",
    ),
    "identity": (
        "load_identity",
        "load_identities",
        "load_identities_from_pem",
        "export_identity",
        "export_identities",
    ),
    "ca.certification_request": (
        "build_certification_request",
        "open_certification_request",
    ),
    "private_key_file": (
        "load_private_key",
        "export_private_key",
    ),
    "pkix": ("validate_path",),
    "cades": (
        "add_signature_timestamp",
        "proved_time",
    ),
    "timestamp": (
        "obtain_timestamp",
        "verify_timestamp",
    ),
    "decisions": ("make_decision",),
    "trust_list": ("sign_trust_list", "open_trust_list", "follow_trust_list", "renew_trust_list"),
}

__getattr__ = home_finder(__name__, _HOMES, wrap=_blocking)
