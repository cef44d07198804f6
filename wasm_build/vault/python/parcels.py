"""The verbs about parcels.

A parcel's key is derived from the parcel's words once. Then it is sealed for the session, in the same way as
identities.

sealed key = nonce (12 bytes) ‖ AES-256-GCM(seal key, salt (16 bytes) ‖ KEK (32 bytes))

Only `parcel.make` and `parcel.open` derive a key from words. Chunks and manifests are processed with a sealed key, with
identities, or with both.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from itertools import count
from typing import Final

from smime_core.cms import PARCEL_CHALLENGE, Keys, Signing
from smime_core.errors import DecryptionError
from smime_core.message import decrypt_bytes
from smime_core.parcels import (
    SALT_BYTES,
    Addressee,
    ParcelChunk,
    ParcelKey,
    ParcelPlan,
    ParcelSizes,
    ParcelTerms,
    PlannedFile,
    asks_for_receipt,
    build_parcel_receipt,
    decrypt_authenticated,
    decrypt_chunk,
    derive_parcel_key,
    describe_chunk,
    encrypt_chunk,
    make_parcel_id,
    make_salt,
    make_secret,
    open_manifest,
    parse_words,
    proof_of,
)
from smime_core.provider import CryptoProvider
from smime_core.verdict import claim_of
from wasm_build.vault.python.contacts import describe_harvest, read_contacts
from wasm_build.vault.python.plain_bytes import DecryptBytes
from wasm_build.vault.python.replies import describe_verdict
from wasm_build.vault.python.requests import (
    Protecting,
    Reply,
    Secret,
    WithKeys,
    decode_text,
    group_of,
    parse_certificates,
    request_class,
)
from wasm_build.vault.python.sealed import choose_signer, seal_secret, unseal, unseal_secret, unseal_signers
from wasm_build.vault.python.trust import WithKeysAndJudging, read_judging

_PURPOSE: Final = b"sealwax sealed parcel key 1"


@request_class
class GivenTerms:
    """The terms on which the service gives a parcel to recipients: the proof to ask for, and the days."""

    salt: bytes
    proof: bytes
    days: int


@request_class
class MakeParcel:
    language: str
    seal_key: Secret


@request_class
class AnswerChallenge(WithKeys):
    challenge: bytes


@request_class
class CheckWords:
    words: Secret
    language: str = "en"


@request_class
class OpenParcel(CheckWords):
    salt: bytes
    seal_key: Secret


@request_class
class GiveReceipt(WithKeysAndJudging):
    manifest: bytes
    parcel: str


@request_class
class VerifyParcel(GiveReceipt):
    key: bytes | None = None
    readers: tuple[str, ...]
    contacts: bytes = b""


@request_class
class DecryptChunk(DecryptBytes):
    chunk: ParcelChunk
    key: bytes | None = None


@request_class
class EncryptChunk:
    content: bytes
    key: bytes | None = None
    recipients: tuple[bytes, ...]
    seal_key: Secret | None = None


@request_class
class PlanParcel(Protecting):
    """A parcel to send. Without `terms` it is a file that the person keeps."""

    parcel: str
    from_: str
    to: tuple[Addressee, ...]
    files: tuple[PlannedFile, ...]
    terms: GivenTerms | None = None
    key: bytes | None = None
    whole_bytes: int

    def outline(self) -> ParcelPlan:
        """The plan without keys. Raises MalformedMessage."""
        terms = self.terms
        return ParcelPlan(
            parcel=self.parcel,
            sender=self.from_,
            to=self.to,
            created=self.at.astimezone(datetime.UTC),
            files=self.files,
            certificates=parse_certificates(self.recipients),
            terms=None if terms is None else ParcelTerms(salt=terms.salt, proof=terms.proof, days=terms.days),
            whole_bytes=self.whole_bytes,
        )

    async def read(self, provider: CryptoProvider) -> ParcelPlan:
        """The plan with its keys. The identity that owns `from` signs if `sign` is true. Raises SmimeError."""
        signing = None
        if self.sign:
            signer = choose_signer(await unseal_signers(self.keys, provider), self.at, claim_of(self.from_))
            signing = Signing(identities=[signer], signing_time=self.at)
        key = await _unseal_key(self.key, self.keys.seal_key, provider)
        return replace(self.outline(), key=key, signing=signing)


@request_class
class FinishParcel:
    """The chunks of a planned parcel, in their order. `most` is the announced size of the manifest."""

    plan: PlanParcel = group_of(PlanParcel)
    chunks: tuple[ParcelChunk, ...]
    most: int | None = None


async def make_parcel(request: MakeParcel, provider: CryptoProvider) -> Reply:
    """Returns `{parcel, words, salt, key, proof}` of a new parcel. Raises SmimeError."""
    secret, salt = make_secret(provider, language=request.language), make_salt(provider)
    opened = await _derive(secret, salt, request.seal_key, provider)
    return {"parcel": make_parcel_id(provider), "words": secret.encode(), "salt": salt, **opened}


async def answer_challenge(request: AnswerChallenge, provider: CryptoProvider) -> Reply:
    """Returns `{nonce}`, which proves to the server of a parcel that the person has the private key of a certificate.

    Only a challenge is decrypted. Otherwise a dishonest server could send a mail in place of the challenge, and would
    learn the text. Raises SmimeError.
    """
    keys = Keys(identities=await unseal(request.keys, provider))
    opened = await decrypt_bytes(request.challenge, keys, provider, content_type=PARCEL_CHALLENGE)
    return {"nonce": opened.content}


async def check_words(request: CheckWords, _: CryptoProvider) -> Reply:
    """Returns `{}` if the words can be the secret of a parcel. Raises ParcelWordsRefused or MalformedMessage."""
    parse_words(decode_text(request.words), language=request.language)
    return {}


async def open_parcel(request: OpenParcel, provider: CryptoProvider) -> Reply:
    """Returns `{key, proof}` for the words that a person typed. Raises ParcelWordsRefused or MalformedMessage."""
    secret = parse_words(decode_text(request.words), language=request.language)
    return await _derive(secret, request.salt, request.seal_key, provider)


async def verify_parcel(request: VerifyParcel, provider: CryptoProvider) -> Reply:
    """Returns the verdict on the manifest, the manifest's members, and the contacts with its certificates added.

    `asksForReceipt` is true if the sender is verified and asks for a signed receipt.
    Raises ParcelRefused and the errors of decryption.
    """
    judging = await read_judging(request.judging, provider, read_contacts(request.contacts))
    opened = await open_manifest(
        request.manifest,
        judging,
        provider,
        parcel=request.parcel,
        key=await _unseal_key(request.key, request.keys.seal_key, provider),
        identities=await unseal(request.keys, provider),
        readers=request.readers,
    )
    manifest = opened.manifest
    numbers = count()
    return {
        **describe_verdict(opened.report),
        "harvest": await describe_harvest(opened.report, judging, provider),
        "asksForReceipt": asks_for_receipt(opened),
        "sender": manifest.sender,
        "to": list(manifest.recipients),
        "created": manifest.created.isoformat(),
        "files": [
            {
                "name": file.name,
                "sizeBytes": file.size_bytes,
                "cmsBytes": sum(chunk.cms_bytes for chunk in file.chunks),
                "chunks": [{"object": str(next(numbers)), **_describe_chunk(chunk)} for chunk in file.chunks],
            }
            for file in manifest.files
        ],
    }


async def give_receipt(request: GiveReceipt, provider: CryptoProvider) -> Reply:
    """Returns `{receipt}` for a manifest that one of the identities opens, signed by the first identity that may sign.

    The sender is verified again. Raises MalformedMessage if the sender is not verified or asks for no receipt.
    """
    identities = await unseal(request.keys, provider)
    judging = await read_judging(request.judging, provider)
    opened = await open_manifest(request.manifest, judging, provider, parcel=request.parcel, identities=identities)
    signing = Signing(identities=[choose_signer(identities, judging.at)], signing_time=judging.at)
    return {"receipt": await build_parcel_receipt(opened, signing, provider)}


async def decrypt_one_chunk(request: DecryptChunk, provider: CryptoProvider) -> Reply:
    """Returns `{content}` of the chunk. Raises ParcelRefused and the errors of decryption."""
    key = await _unseal_key(request.key, request.keys.seal_key, provider)
    identities = await unseal(request.keys, provider)
    return {"content": await decrypt_chunk(request.cms, request.chunk, provider, key=key, identities=identities)}


async def encrypt_one_chunk(request: EncryptChunk, provider: CryptoProvider) -> Reply:
    """Returns `{cms, chunk}`: the encrypted chunk, and its description for the manifest. Raises SmimeError."""
    key = await _unseal_key(request.key, request.seal_key, provider)
    cms = await encrypt_chunk(request.content, provider, key=key, certificates=parse_certificates(request.recipients))
    return {"cms": cms, "chunk": _describe_chunk(await describe_chunk(cms, len(request.content), provider))}


async def plan_parcel(request: PlanParcel, provider: CryptoProvider) -> Reply:
    """Returns `{chunks}`: the file, start and length of each chunk.

    If the sizes are announced before the chunks come, returns also `{line, most}`: the announcement, and the largest
    size of the manifest. Raises SmimeError.
    """
    plan = request.outline()
    places = [{"file": chunk.file, "start": chunk.start, "contentBytes": chunk.content_bytes} for chunk in plan.chunks]
    if plan.is_whole:
        return {"chunks": places}
    plan = await request.read(provider)
    sizes = await plan.measure(provider)
    return {"chunks": places, "line": plan.announce(sizes), "most": sizes.manifest}


async def finish_parcel(request: FinishParcel, provider: CryptoProvider) -> Reply:
    """Returns `{manifest}`, encrypted. If the parcel goes in one request, returns also `{line}`, the announcement.

    Raises SmimeError.
    """
    plan = await request.plan.read(provider)
    manifest = await plan.build_manifest(request.chunks, provider, most=request.most)
    if not plan.is_whole:
        return {"manifest": manifest}
    sizes = ParcelSizes(chunks=[chunk.cms_bytes for chunk in request.chunks], manifest=len(manifest))
    return {"manifest": manifest, "line": plan.announce(sizes)}


async def decrypt_foreign(request: DecryptBytes, provider: CryptoProvider) -> Reply:
    """Returns `{content}` of another program's file. Raises ParcelNotAuthenticated if anybody could have altered it."""
    keys = Keys(identities=await unseal(request.keys, provider))
    return {"content": await decrypt_authenticated(request.cms, keys, provider)}


async def _derive(secret: str, salt: bytes, seal_key: Secret, provider: CryptoProvider) -> Reply:
    key = await derive_parcel_key(secret, salt, provider)
    sealed = await seal_secret(key.salt + key.kek, _PURPOSE, seal_key, provider)
    return {"key": sealed, "proof": await proof_of(key, provider)}


async def _unseal_key(sealed: bytes | None, seal_key: Secret | None, provider: CryptoProvider) -> ParcelKey | None:
    if sealed is None:
        return None
    if seal_key is None:
        raise DecryptionError
    plain = await unseal_secret(sealed, _PURPOSE, seal_key, provider)
    return ParcelKey(salt=plain[:SALT_BYTES], kek=plain[SALT_BYTES:])


def _describe_chunk(chunk: ParcelChunk) -> Reply:
    return {"cmsBytes": chunk.cms_bytes, "contentBytes": chunk.content_bytes, "sha256": chunk.sha256}
