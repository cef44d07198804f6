"""`sealwax discovery serve`: the discovery service in a process of its own."""

from __future__ import annotations

from pathlib import Path

from sealwax.cli.options.request import verb
from sealwax.cli.provider import PROVIDER
from sealwax.discovery.app import create_app
from sealwax.discovery.operation.settings import DISCOVERY
from sealwax.operation.process import Service, run_service
from sealwax.operation.program import ConfigRequest


@verb(DISCOVERY.request_class())
def serve(request: ConfigRequest) -> None:
    """Publish the signed list, and accept the moves of its servers, until the process is stopped.

    After SIGTERM, running requests may end. After SIGHUP, the configuration is read again, and the changed list is
    published at once.
    """
    run_service(lambda: _service(request.config))


def _service(file: Path) -> Service:
    settings = DISCOVERY.load(file)
    config = settings.to_config()
    return Service(
        name="discovery",
        server=settings.server,
        logs=settings.logs,
        watch=settings.watch.listen,
        application=lambda: create_app(config, PROVIDER),
        close=lambda _app: None,
    )
