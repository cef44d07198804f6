"""`python -m tools.bench_parcels.with_plain FOLDER …`: `sealwax …`, whose bridge also stores and returns whole files.

`transfers` compares parcels with one PUT and one GET of a file below `/plain/`, in the same processes and threads. As
for parcels, the bytes of a file are durable before the answer, and nginx sends them (X-Accel-Redirect).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sealwax.cli import main
from webbridge.app import create_app
from webbridge.config import BridgeConfig
from webbridge.operation import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

PATH: Final = "/plain/"
ACCEL_PATH: Final = "/plain-files/"
_PIECE_BYTES: Final = 256 * 1024


class WithPlain:
    """The bridge and the files of a folder."""

    def __init__(self, bridge: WSGIApplication, folder: Path) -> None:
        self._bridge = bridge
        self._folder = folder

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PATH):
            return self._bridge(environ, start_response)
        name = environ["PATH_INFO"].removeprefix(PATH)
        if environ["REQUEST_METHOD"] == "PUT":
            self._keep(environ, self._folder / name)
            start_response("204 No Content", [])
        else:
            start_response("200 OK", [("X-Accel-Redirect", ACCEL_PATH + name)])
        return []

    def _keep(self, environ: WSGIEnvironment, path: Path) -> None:
        partial = path.with_name(f"{path.name}.part")
        with partial.open("wb", buffering=0) as file:
            while piece := environ["wsgi.input"].read(_PIECE_BYTES):
                file.write(piece)
            os.fsync(file.fileno())
        partial.rename(path)
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(descriptor)
        os.close(descriptor)


if __name__ == "__main__":
    place = Path(sys.argv.pop(1))

    def create_with_plain(config: BridgeConfig) -> Flask:
        """The bridge's application, with the files."""
        app = create_app(config)
        app.wsgi_app = WithPlain(app.wsgi_app, place)  # type: ignore[method-assign]
        return app

    vars(serving)["create_app"] = create_with_plain
    main()
