"""A search for a recipient's certificates in all directories at once, listed in the order of the sources.

Each directory has its own bounds, and the whole search has a bound on time. A directory that fails is reported as a
problem and does not affect the others. `smime_core.trust.recipient_choice` judges the certificates.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import NamedTuple

from sealwax.lookups.directory_failure import DirectoryFailed, DirectoryProblem
from sealwax.lookups.fetch import PUBLIC_ONLY, FetchPolicy, FetchRequest, LookupFailed, fetch
from sealwax.lookups.found_certificates import found_in, read_certificates
from sealwax.lookups.ldap import LdapDirectory, find_in_ldap
from sealwax.lookups.smimea import NameServer, SmimeaAnswer, find_smimea
from smime_core.errors import SmimeError
from smime_core.limits import DIRECTORY_SECONDS, MAX_DIRECTORY_BYTES, MAX_PARALLEL_DIRECTORIES, SEARCH_SECONDS
from smime_core.trust import NO_CONTACTS, CertificateSource, Contacts, FoundCertificate, find_in_contacts

_Ask = Callable[[], tuple[FoundCertificate, ...] | SmimeaAnswer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directories:
    """The directories to search. A directory without a value is not asked.

    `folder` is the bridge's own directory, as a function that returns the certificates (DER) for an address.
    """

    contacts: Contacts = NO_CONTACTS
    folder: Callable[[str], Sequence[bytes]] | None = None
    ldap: tuple[LdapDirectory, ...] = ()
    name_servers: tuple[NameServer, ...] = ()
    urls: tuple[str, ...] = ()
    fetch_policy: FetchPolicy = PUBLIC_ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchProblem:
    """A directory that could not be asked, with the reason as a code and in words for people."""

    source: CertificateSource
    detail: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The certificates of all directories in the order of the sources, and the directories that failed."""

    found: tuple[FoundCertificate, ...]
    problems: tuple[SearchProblem, ...] = ()


class _Question(NamedTuple):
    source: CertificateSource
    detail: str
    ask: _Ask


def search(address: str, directories: Directories, *, seconds: float = SEARCH_SECONDS) -> SearchResult:
    """All candidates for an address, found within `seconds`. The result names the directories that failed."""
    questions = _questions(address, directories, seconds)
    known = find_in_contacts(directories.contacts, address)
    if not questions:
        return SearchResult(found=known)
    threads = ThreadPoolExecutor(min(MAX_PARALLEL_DIRECTORIES, len(questions)))
    try:
        futures = [threads.submit(question.ask) for question in questions]
        wait(futures, timeout=seconds)
        answers = [_answer_of(future, question) for future, question in zip(futures, questions, strict=True)]
    finally:
        # Nothing waits for the threads, because each soon reaches the time limit of its directory.
        threads.shutdown(wait=False, cancel_futures=True)
    problems = tuple(answer for answer in answers if isinstance(answer, SearchProblem))
    candidates = tuple(candidate for answer in answers if isinstance(answer, tuple) for candidate in answer)
    for answer in answers:
        if isinstance(answer, SmimeaAnswer):
            candidates = (*_compared(candidates, answer), *answer.find_certificates())
    order = list(CertificateSource)
    return SearchResult(
        found=tuple(sorted((*known, *candidates), key=lambda candidate: order.index(candidate.source))),
        problems=problems,
    )


def find_at_url(url: str, policy: FetchPolicy = PUBLIC_ONLY) -> tuple[FoundCertificate, ...]:
    """The end-entity certificates at a web address that the user gave, fetched with the checks of `fetch`.

    The answer is DER, PEM or a certs-only .p7c (RFC 5280 section 4.2.2.1).

    Raises LookupFailed, MalformedMessage if there is no certificate, or LimitExceeded.
    """
    bounded = replace(policy, max_body_bytes=min(policy.max_body_bytes, MAX_DIRECTORY_BYTES))
    certificates = read_certificates(fetch(FetchRequest(url=url), bounded))
    return found_in([certificate.der for certificate in certificates], CertificateSource.URL, url)


def _questions(address: str, directories: Directories, seconds: float) -> list[_Question]:
    questions = []
    if directories.folder is not None:
        questions.append(
            _Question(CertificateSource.BRIDGE, "", functools.partial(_find_in_folder, address, directories.folder))
        )
    for directory in directories.ldap:
        bounded = replace(directory, timeout_seconds=min(directory.timeout_seconds, seconds))
        questions.append(
            _Question(CertificateSource.LDAP, directory.host, functools.partial(find_in_ldap, address, bounded))
        )
    if directories.name_servers:
        bound = min(DIRECTORY_SECONDS, seconds)
        ask = functools.partial(find_smimea, address, name_servers=directories.name_servers, timeout_seconds=bound)
        questions.append(_Question(CertificateSource.SMIMEA, address.rpartition("@")[2], ask))
    for url in directories.urls:
        questions.append(
            _Question(CertificateSource.URL, url, functools.partial(find_at_url, url, directories.fetch_policy))
        )
    return questions


def _find_in_folder(address: str, folder: Callable[[str], Sequence[bytes]]) -> tuple[FoundCertificate, ...]:
    return found_in(folder(address), CertificateSource.BRIDGE, "")


def _answer_of(
    future: Future[tuple[FoundCertificate, ...] | SmimeaAnswer], question: _Question
) -> tuple[FoundCertificate, ...] | SmimeaAnswer | SearchProblem:
    if not future.done():
        return _problem(question, DirectoryProblem.TIMEOUT.value, "it did not answer in time")
    try:
        return future.result()
    except DirectoryFailed as error:
        return _problem(question, error.problem.value, str(error))
    except LookupFailed as error:
        return _problem(question, error.failure.value, str(error))
    except SmimeError as error:
        return _problem(question, error.code, str(error))
    except OSError as error:
        return _problem(question, DirectoryProblem.UNREACHABLE.value, error.strerror or "it cannot be read")


def _problem(question: _Question, code: str, text: str) -> SearchProblem:
    return SearchProblem(source=question.source, detail=question.detail, code=code, text=text)


def _compared(candidates: Sequence[FoundCertificate], answer: SmimeaAnswer) -> tuple[FoundCertificate, ...]:
    # RFC 6698 section 2.1.1: secure records can name the person's own certificate. Then each certificate from another
    # directory is marked as named or not named by these records.
    if not answer.names_people:
        return tuple(candidates)
    words = {True: "as the signed DNS says", False: "not the one that the signed DNS names"}
    return tuple(
        replace(
            candidate, detail=", ".join(filter(None, (candidate.detail, words[answer.confirms(candidate.certificate)])))
        )
        for candidate in candidates
    )
