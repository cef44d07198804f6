"""`sealwax discovery init`: a configuration with comments, the signing key, and the folder of the state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.discovery.operation.settings import DISCOVERY, KEY_NAME, STATE_FILE, DiscoverySettings
from sealwax.operation.first_file import Values, first_file, toml_value
from sealwax.operation.founding import go_on_as_user, make_secret, origin_option, owner_option, write_configuration
from sealwax.operation.settings import own_secrets_folder
from smime_core.own_content import key_text


def _servers_option(name: str, meaning: str) -> click.Option:
    return click.Option([f"--{name}", f"{name.replace('-', '_')}s"], multiple=True, metavar="ADDRESS", help=meaning)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRequest:
    """The values of a first configuration."""

    config: Path = given_by(DISCOVERY.config_option())
    domain: str = given_by(
        click.Option(["--domain"], default="example.org", show_default=True, metavar="DOMAIN", help="Mail domain.")
    )
    origin: str = given_by(origin_option("--origin", "Origin of the service.", "https://discovery.example.org"))
    bridges: tuple[str, ...] = given_by(_servers_option("bridge", "A bridge, the preferred one first. Repeatable."))
    key_servers: tuple[str, ...] = given_by(_servers_option("key-server", "A key server. Repeatable."))
    state: str = given_by(
        click.Option(["--state"], default=STATE_FILE, show_default=True, metavar="PATH", help="File of the state.")
    )
    user: str | None = given_by(owner_option())


@verb(InitRequest)
def init(request: InitRequest) -> None:
    """Write a configuration with comments, and make the signing key and the folder of the state.

    Files that exist are kept. The signing key is the only thing to back up: clients have pinned it.
    """
    file = request.config
    folder = own_secrets_folder(file)
    values: Values = {
        ("domain",): request.domain,
        ("origin",): request.origin,
        ("state_file",): request.state,
        ("trusted_proxies",): 1,
    }
    text = first_file(DiscoverySettings, values, elsewhere={KEY_NAME: str(folder / KEY_NAME)})
    for name, addresses in (("bridges", request.bridges), ("key_servers", request.key_servers)):
        if addresses:
            listed = ", ".join(f"{{ name = {toml_value(address)} }}" for address in addresses)
            text = text.replace(f"# {name} = []", f"{name} = [{listed}]")
    settings = write_configuration(DISCOVERY, file, text)
    go_on_as_user(request.user, settings, settings.state_file)
    if make_secret(file, KEY_NAME) is not None:
        write_line(f"{folder / KEY_NAME} was made: back it up, because clients pin its public half")
    config = DISCOVERY.load(file).to_config()
    write_line(f"clients pin {key_text(config.key)}")
