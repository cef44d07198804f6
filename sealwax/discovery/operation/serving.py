"""`sealwax discovery serve`: the discovery service in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.discovery.app import create_app
from sealwax.discovery.operation.settings import DEFAULT_FILE, DiscoverySettings
from sealwax.operation.options import config_option
from sealwax.operation.process import Service, run_service
from sealwax.operation.settings import load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRequest:
    """The configuration to serve by."""

    config: Path = given_by(config_option(DEFAULT_FILE))


@verb(ServeRequest)
def serve(request: ServeRequest) -> None:
    """Publish the signed list, and take the moves of its servers, until the process is stopped.

    SIGTERM lets running requests end. SIGHUP reads the configuration anew, and publishes the changed list at once.
    """
    run_service(lambda: _service(request.config))


def _service(file: Path) -> Service:
    settings = load_settings(DiscoverySettings, file)
    config = settings.to_config()
    return Service(
        name="discovery",
        server=settings.server,
        logs=settings.logs,
        watch=settings.watch.listen,
        application=lambda: create_app(config, PROVIDER),
        close=lambda _app: None,
    )
