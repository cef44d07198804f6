"""`sealwax bridge serve` and `sealwax bridge pages`: the two services, each in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealwax.cli.options.request import given_by, verb
from sealwax.operation.options import config_option
from sealwax.operation.process import Service, run_service
from sealwax.operation.sections import ServerSection
from sealwax.operation.settings import load_public_settings, load_settings
from webbridge.app import create_app, start_notices
from webbridge.operation.settings import DEFAULT_FILE, BridgeSettings
from webbridge.pages_app import create_pages_app
from webbridge.services import services_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRequest:
    """The configuration to serve by."""

    config: Path = given_by(config_option(DEFAULT_FILE))


@verb(ServeRequest)
def serve(request: ServeRequest) -> None:
    """Answer the API until the process is stopped.

    SIGTERM lets running requests end. SIGHUP reads the configuration anew.
    """
    run_service(lambda: _bridge_service(request.config))


@verb(ServeRequest)
def pages(request: ServeRequest) -> None:
    """Serve the pages' files, which have an origin of their own and need no secret.

    The configuration is that of the bridge.
    """
    run_service(lambda: _pages_service(request.config))


def _bridge_service(file: Path) -> Service:
    settings = load_settings(BridgeSettings, file)
    config = settings.to_config()
    return Service(
        name="bridge",
        server=settings.server,
        logs=settings.logs,
        watch=settings.watch.listen,
        application=lambda: create_app(config),
        close=lambda app: services_of(app).close(),
        begin=start_notices,
    )


def _pages_service(file: Path) -> Service:
    settings = load_public_settings(BridgeSettings, file)
    return Service(
        name="pages",
        server=ServerSection(
            listen=settings.pages.listen, workers=settings.pages.workers, threads=settings.pages.threads
        ),
        logs=settings.logs.model_copy(update={"audit_file": None}),
        watch=settings.pages.watch,
        application=lambda: create_pages_app(settings.to_pages_config()),
        close=lambda _app: None,
    )
