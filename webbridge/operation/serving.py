"""`sealwax bridge serve` and `sealwax bridge pages`: the two services, each in a separate process."""

from __future__ import annotations

from pathlib import Path

from sealwax.cli.options.request import verb
from sealwax.operation.process import Service, run_service
from sealwax.operation.program import ConfigRequest
from sealwax.operation.sections import ServerSection
from sealwax.operation.settings import load_public_settings
from webbridge.app import create_app, start_notices
from webbridge.operation.settings import BRIDGE, BridgeSettings
from webbridge.pages_app import create_pages_app
from webbridge.services import services_of


@verb(BRIDGE.request_class())
def serve(request: ConfigRequest) -> None:
    """Answer the API until the process is stopped.

    SIGTERM lets running requests end. SIGHUP reads the configuration anew.
    """
    run_service(lambda: _bridge_service(request.config))


@verb(BRIDGE.request_class())
def pages(request: ConfigRequest) -> None:
    """Serve the pages' files, which have an origin of their own and need no secret.

    The configuration is that of the bridge.
    """
    run_service(lambda: _pages_service(request.config))


def _bridge_service(file: Path) -> Service:
    settings = BRIDGE.load(file)
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
