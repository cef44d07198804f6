"""An S3-compatible service on loopback: moto's server with one bucket, and what clients ask of it."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import s3fs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from sealwax.service.web_server import serve

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BUCKET = "parcels"
STORE = f"s3://{BUCKET}/folder"
_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
# As docs/parcels.md has it.
_CORS = {
    "CORSRules": [
        {
            "AllowedOrigins": ["*"],
            "AllowedMethods": ["GET"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["Content-Range"],
        }
    ]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for an object: its method, the path of the object, the query, and the header fields."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


@dataclass
class S3Service:
    """The service. `asked` has all requests since it started. While it `is_failing`, it answers that it cannot."""

    endpoint: str
    asked: list[Asked] = field(default_factory=list)
    is_failing: bool = False

    def files(self) -> Any:
        """The objects, as a client of its own sees them."""
        return s3fs.S3FileSystem(client_kwargs={"endpoint_url": self.endpoint}, skip_instance_cache=True)


@contextmanager
def running_s3() -> Iterator[S3Service]:
    """Run the service, with the keys for it in the environment."""
    app = DomainDispatcherApplication(create_backend_app)
    with socket.create_server(("127.0.0.1", 0)) as bound, pytest.MonkeyPatch.context() as patch:
        for name, value in _KEYS.items():
            patch.setenv(name, value)
        service = S3Service(f"http://127.0.0.1:{bound.getsockname()[1]}")

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            request = Request(environ)
            query = request.query_string.decode()
            record = Asked(method=request.method, path=request.path, query=query, headers=dict(request.headers))
            service.asked.append(record)
            if service.is_failing:
                # The clients of S3 try again after most other errors.
                return Response("<Error><Code>AccessDenied</Code></Error>", 403)(environ, start_response)
            body: Iterable[bytes] = app(environ, start_response)
            return body

        with serve(answer, bound):
            # A service that this process ran before has left its bucket in moto's memory.
            urllib.request.urlopen(f"{service.endpoint}/moto-api/reset", data=b"").close()
            files = service.files()
            files.mkdir(BUCKET)
            files.call_s3("put_bucket_cors", Bucket=BUCKET, CORSConfiguration=_CORS)
            yield service
