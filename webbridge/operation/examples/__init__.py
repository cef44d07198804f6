"""The examples for operators: files with the names and addresses of one configuration."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from sealwax.operation.settings import own_secrets_folder
from webbridge.operation.parcels_section import KEY as PARCEL_PEPPER, ParcelsSection
from webbridge.operation.push_section import KEY as PUSH_KEY
from webbridge.operation.settings import BridgeSettings
from webbridge.sending.envelope import MAX_LINE_BYTES

_FOLDER: Final = Path(__file__).parent / "files"
_PLACE: Final = re.compile(r"@([A-Z_]+)@")
_DATABASE_IS_KEPT_APART: Final = "If the database is a secret, because its URL has a password"
_HAS_PUSH_KEY: Final = "If `sealwax bridge push-keys` has made a key"
_HAS_PEPPER: Final = "If `sealwax bridge parcel-pepper` has made a key"
# The header fields that the bridge has set. If nginx sends the bytes itself, it drops most of them from the answer.
_KEPT_FIELDS: Final = (
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Content-Security-Policy",
    "Cross-Origin-Resource-Policy",
    "Strict-Transport-Security",
    "Vary",
    "X-Content-Type-Options",
)


def write_examples(
    settings: BridgeSettings, file: Path, folder: Path, *, has_database_secret: bool = False
) -> Iterator[Path]:
    """Write each example into a folder, and yield its path. Existing files of these names are replaced.

    `has_database_secret` says that the URL of the bridge's database will be a secret, even if there is no such secret
    yet.
    """
    values = _values(settings, file, has_database_secret=has_database_secret)
    for source in sorted(path for path in _FOLDER.rglob("*") if path.is_file()):
        text = read_small(source).decode()
        target = folder / source.relative_to(_FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, _PLACE.sub(lambda match: values[match[1]], text).encode())
        yield target


def _values(settings: BridgeSettings, file: Path, *, has_database_secret: bool) -> dict[str, str]:
    keys = file.with_name("keys.toml")
    own, of_keys = (own_secrets_folder(config_file) / "database" for config_file in (file, keys))
    of_push, of_parcels = (own_secrets_folder(file) / name for name in (PUSH_KEY, PARCEL_PEPPER))
    return {
        "API_HOST": urlsplit(settings.api_origin).hostname or "",
        "API_ORIGIN": settings.api_origin,
        "PREFIX": settings.api_prefix,
        "PAGES_HOST": urlsplit(settings.pages_origin).hostname or "",
        "PAGES_ORIGIN": settings.pages_origin,
        "KEYS_HOST": urlsplit(settings.key_server_origin).hostname or "",
        "API_LISTEN": settings.server.listen,
        "PAGES_LISTEN": settings.pages.listen,
        "KEYS_LISTEN": "127.0.0.1:8003",
        "EVENTS_LISTEN": settings.events.listen or "127.0.0.1:8004",
        "MAX_BODY": str(settings.max_message_bytes + MAX_LINE_BYTES),
        "KEYS_ORIGIN": settings.key_server_origin,
        "SEALWAX": str(Path(sys.prefix) / "bin" / "sealwax"),
        "CONFIG": str(file),
        "KEYS_CONFIG": str(keys),
        "KEYS_SECRETS": str(own_secrets_folder(keys)),
        "SECRETS": str(own_secrets_folder(file)),
        "DATABASE_CREDENTIAL": _credential(own, _DATABASE_IS_KEPT_APART, is_there=has_database_secret or own.exists()),
        "KEYS_DATABASE_CREDENTIAL": _credential(of_keys, _DATABASE_IS_KEPT_APART, is_there=of_keys.exists()),
        "PUSH_CREDENTIAL": _credential(of_push, _HAS_PUSH_KEY, is_there=of_push.exists()),
        "PARCEL_CREDENTIAL": _credential(of_parcels, _HAS_PEPPER, is_there=of_parcels.exists()),
        "PARCELS_WRITABLE": _writable(settings.parcels),
        "PARCEL_FILES": _parcel_files(settings.parcels),
    }


def _credential(path: Path, when: str, *, is_there: bool) -> str:
    """The line of a systemd unit for an optional secret."""
    line = f"LoadCredential={path.name}:{path}"
    return line if is_there else f"# {when}:\n# {line}"


def _writable(parcels: ParcelsSection) -> str:
    """The line of a systemd unit that allows writing to a folder of parcels outside of the service's folder."""
    folders = [parcels.store, parcels.upload_folder]
    named = [str(folder) for folder in folders if folder is not None and str(folder).startswith("/")]
    return "\n".join(f"ReadWritePaths={path}" for path in named) or "# Without parcels in a folder"


def _parcel_files(parcels: ParcelsSection) -> str:
    """The location from which nginx sends the bytes of parcels."""
    if not parcels.accel_path or parcels.store is None:
        return "# With parcels.accel_path, `sealwax bridge init --examples` writes its location here."
    fields = (f"    add_header {name} $upstream_http_{name.lower().replace('-', '_')};" for name in _KEPT_FIELDS)
    return "\n".join(
        (
            f"location {parcels.accel_path}/ {{",
            "    # Only the bridge sends a request here, by X-Accel-Redirect.",
            "    internal;",
            f"    alias {parcels.store}/;",
            *fields,
            "}",
        )
    )
