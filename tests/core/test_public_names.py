"""The public names of `smime_core` and `smime_core.blocking`, as far as no other file tests them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import smime_core
from smime_core import SignatureForm, State, blocking, compress_message, ess, stream
from smime_core.cms import find_signed_layer
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import MalformedMessage
from smime_core.report import LayerKind
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust

ALICE, BOB = person("alice"), person("bob")


def async_functions() -> list[str]:
    return [name for name in smime_core.__all__ if inspect.iscoroutinefunction(getattr(smime_core, name))]


def sign(form: SignatureForm = SignatureForm.DETACHED, message: bytes = MESSAGE) -> bytes:
    return blocking.sign_message(message, Signing(identities=[ALICE], signing_time=NOW, form=form), provider=PROVIDER)


def encrypt(message: bytes) -> bytes:
    return blocking.encrypt_message(message, Encrypting(recipients=[BOB.certificate]), provider=PROVIDER)


@pytest.mark.parametrize("name", async_functions())
def test_every_async_function_has_a_blocking_namesake_with_the_same_arguments(name: str) -> None:
    plain: Callable[..., Any] = getattr(blocking, name)
    assert not inspect.iscoroutinefunction(plain)
    assert inspect.signature(plain) == inspect.signature(getattr(smime_core, name))


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module in (smime_core, ess, stream) for name in module.__all__]
)
def test_every_public_name_says_what_it_is(module: ModuleType, name: str) -> None:
    public = getattr(module, name)
    if inspect.isclass(public) or inspect.isroutine(public):
        # Python gives a dataclass without a docstring its signature as the docstring.
        assert public.__doc__
        assert not public.__doc__.startswith(f"{name}("), f"{name} has no docstring of its own"


@pytest.mark.parametrize("form", SignatureForm)
def test_the_signed_layer_of_a_mail_holds_its_signers_and_its_content(form: SignatureForm) -> None:
    layer = find_signed_layer(sign(form))
    assert len(layer.signed_data.signer_infos) == 1
    assert layer.content is not None
    assert b"Content-Type: text/plain" in bytes(layer.content)
    assert layer.detached is (form is SignatureForm.DETACHED)


def test_the_signed_layer_of_a_bare_signature_takes_its_content_from_beside() -> None:
    form = SignatureForm.DETACHED
    cms = blocking.sign_bytes(b"content", Signing(identities=[ALICE], signing_time=NOW, form=form), provider=PROVIDER)
    assert find_signed_layer(cms, detached_content=b"content").content == b"content"


@pytest.mark.parametrize("message", [MESSAGE, encrypt(sign())], ids=["plain", "encrypted"])
def test_no_signed_layer_is_found_where_the_outermost_is_none(message: bytes) -> None:
    with pytest.raises(MalformedMessage, match="nothing signed"):
        find_signed_layer(message)


def test_a_compressed_mail_is_smaller_and_comes_back() -> None:
    long_message = MESSAGE + b"the same line again\r\n" * 500
    compressed = compress_message(long_message)
    assert len(compressed) < len(long_message) / 4
    assert compressed.startswith(MESSAGE[: MESSAGE.index(b"MIME-Version")])
    report = blocking.examine_message(
        encrypt(sign(message=compressed)),
        Judging(trust_store=trust(), at=NOW),
        provider=PROVIDER,
        keys=Keys(identities=[BOB]),
    )
    assert report.state is State.VERIFIED
    assert [layer.kind for layer in report.layers] == [LayerKind.ENCRYPTED, LayerKind.SIGNED, LayerKind.COMPRESSED]
    assert report.content.endswith(b"the same line again\r\n" * 500)
