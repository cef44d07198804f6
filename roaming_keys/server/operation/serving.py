"""`sealwax keys serve`: run the key server as a separate process."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from roaming_keys.server.app import close_app, create_app, start_notices
from roaming_keys.server.master_key import ServerKeyError
from roaming_keys.server.operation.settings import KEYS
from sealwax.cli.options.request import verb
from sealwax.operation.process import Service, run_service
from sealwax.operation.program import ConfigRequest
from sealwax.operation.settings import WrongSettings


@verb(KEYS.request_class())
def serve(request: ConfigRequest) -> None:
    """Answer until the process is stopped.

    SIGTERM lets running requests end. SIGHUP reads the configuration anew.
    """
    run_service(lambda: _service(request.config))


def _service(file: Path) -> Service:
    settings = KEYS.load(file)
    config = settings.to_config()

    def application() -> Flask:
        try:
            return create_app(config)
        except ServerKeyError as error:
            raise WrongSettings([f"master_key: {error}"]) from None

    return Service(
        name="keys",
        server=settings.server,
        logs=settings.logs,
        watch=settings.watch.listen,
        application=application,
        close=close_app,
        begin=start_notices,
    )
