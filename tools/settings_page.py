"""Writes docs/reference/settings.md: each setting of the configuration files, from their schemas.

python -m tools.settings_page --page docs/reference/settings.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from roaming_keys.server.operation.settings import KeysSettings
from sealwax.discovery.operation.settings import DiscoverySettings, ListedServerSection
from sealwax.operation.settings import default_of, secret_names, section_of, variable_name
from webbridge.operation.settings import BridgeSettings, DomainSection, LdapSection, MailSection, NameServerSection

_HEAD = """# Settings
The services read one TOML file each: `/etc/sealwax/bridge.toml` for the bridge and its pages, `/etc/sealwax/keys.toml`
for the key server, `/etc/sealwax/discovery.toml` for the discovery service. `sealwax bridge init`, `sealwax keys init`
and `sealwax discovery init` write them with a comment for each setting. A variable of the environment counts more than
a file. Settings with parts, such as lists, are JSON there. A setting or a variable that does not exist is an error.
`make contracts` writes this page from the schemas.
"""
_SECRETS = """
Secrets, each in a file of its own: {names}. They are looked for in the variable, in the folder
`$CREDENTIALS_DIRECTORY` (systemd's `LoadCredential`), in the folder `{folder}`, and in the file itself.
"""


def write_page() -> str:
    """The text of the page."""
    return _HEAD + "".join(
        [
            *_service("The bridge and its pages", BridgeSettings, "/etc/sealwax/bridge.secrets"),
            *_array("domains", DomainSection),
            *_array("directory.ldap", LdapSection),
            *_array("directory.name_servers", NameServerSection),
            *_service("The key server", KeysSettings, "/etc/sealwax/keys.secrets"),
            *_service("The discovery service", DiscoverySettings, "/etc/sealwax/discovery.secrets"),
            *_array("bridges", ListedServerSection),
        ]
    )


def _service(title: str, kind: type[BaseModel], folder: str) -> Iterator[str]:
    names = ", ".join(f"`{name}`" for name in secret_names(kind))
    yield f"\n## {title}\n" + _SECRETS.format(names=names, folder=folder).lstrip("\n")
    yield from _tables(kind, ())


def _array(name: str, kind: type[BaseModel]) -> Iterator[str]:
    yield f"\n### `[[{name}]]`\n{kind.__doc__}\n"
    yield from _rows(kind, (), with_variables=False)
    for inner, field in kind.model_fields.items():
        if section_of(field.annotation) is MailSection:
            yield f"\nIts table `[{name}.{inner}]` has the settings of `[mail]`.\n"


def _tables(kind: type[BaseModel], above: tuple[str, ...]) -> Iterator[str]:
    if above:
        yield f"\n### `[{'.'.join(above)}]`\n{kind.__doc__}\n"
    yield from _rows(kind, above, with_variables=True)
    for name, field in kind.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None:
            yield from _tables(inner, (*above, name))


def _rows(kind: type[BaseModel], above: tuple[str, ...], *, with_variables: bool) -> Iterator[str]:
    rows = {name: field for name, field in kind.model_fields.items() if section_of(field.annotation) is None}
    if not rows:
        return
    yield "\n| setting | meaning | default |" + (" variable |" if with_variables else "") + "\n"
    yield "|---|---|---|" + ("---|" if with_variables else "") + "\n"
    for name, field in rows.items():
        default = f"`{default_of(field)}`" if default_of(field) else ("must be given" if field.is_required() else "")
        variable = f" `{variable_name((*above, name))}` |" if with_variables else ""
        yield f"| `{name}` | {field.description} | {default} |{variable}\n"


def main() -> None:
    """Write the page to a file."""
    parser = argparse.ArgumentParser(prog="python -m tools.settings_page", description=__doc__)
    parser.add_argument("--page", type=Path, required=True)
    parser.parse_args().page.write_text(write_page())


if __name__ == "__main__":
    main()
