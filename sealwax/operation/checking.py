"""The parts of `check` that every service has: settings, files, listening addresses, process and proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sealwax.operation.findings import Finding, check_files, doubtful, fine, wrong
from sealwax.operation.program import ServiceProgram
from sealwax.operation.sections import LogsSection, is_private
from sealwax.operation.service_user import become_owner
from sealwax.operation.settings import Settings, WrongSettings
from sealwax.operation.web import NoAnswer, ask, ask_process
from sealwax.service import is_https


def check_settings(
    program: ServiceProgram[Settings], file: Path, further: Callable[[Settings], Iterator[Finding]]
) -> Iterator[Finding]:
    """Check the settings of a configuration, then run `further`, which may raise WrongSettings at its start."""
    try:
        settings = program.load(file)
        findings = further(settings)
        first = next(findings, None)
    except WrongSettings as error:
        for problem in error.problems:
            yield wrong("settings", problem, f"correct it in {file}, its secrets or the environment")
        return
    yield fine("settings", str(file))
    if first is not None:
        yield first
    yield from findings


def check_own_files(
    program: ServiceProgram[Settings], file: Path, logs: LogsSection, kept: Path | None, *, is_public: bool = False
) -> Iterator[Finding]:
    """Become the owner of `kept`, the file in which a service keeps its data, then check the service's files.

    With `is_public` everybody may read `kept`.
    """
    become_owner([kept] if kept else [])
    private = (logs.audit_file,) if is_public else (kept, logs.audit_file)
    yield from check_files(program.settings, file, [path for path in private if path])


def check_exposure(origin: str, listening: Mapping[str, str | None], *, trusted_proxies: int) -> Iterator[Finding]:
    """Report the parts in `listening` that other machines reach without TLS, and a missing `trusted_proxies`."""
    if trusted_proxies == 0 and is_https(origin):
        text = "trusted_proxies is 0, but only a proxy can answer https: every request would be redirected without end"
        yield wrong("proxy", text, "set trusted_proxies to the number of your proxies, usually 1")
    for part, listen in listening.items():
        if listen and not is_private(listen):
            remedy = "listen at a loopback address, or let a firewall admit only the proxy"
            yield doubtful(part, f"{listen} is reached from other machines, without TLS", remedy)


def check_process(
    program: ServiceProgram[Any],
    listen: str,
    origin: str,
    path: str,
    *,
    further: Callable[[dict[str, Any]], Iterator[Finding]],
) -> Iterator[Finding]:
    """Request a path from the process of a service, as its proxy would, then run `further` with the answer."""
    if listen.startswith("unix:"):
        return
    try:
        answer = ask_process(listen, origin, path)
    except NoAnswer:
        yield doubtful("process", f"nothing answers at {listen}", f"start it: sealwax {program.name} serve")
        return
    yield fine("process", f"{listen} answers")
    yield from further(answer)


def check_proxy(origin: str, path: str) -> Finding:
    """Request a path of an origin, which the service's proxy answers."""
    try:
        ask(origin, path)
    except NoAnswer as error:
        return doubtful("proxy", f"{origin}{path}: {error}", "look at the proxy and at its certificate")
    return fine("proxy", f"{origin}{path} answers")
