"""The settings of a service: a TOML file, environment variables that override it, and secrets from files of their own.

A secret is searched in this order: in its environment variable, in the folder of secrets, in the file `NAME.toml`. The
folder of secrets is $CREDENTIALS_DIRECTORY (systemd's LoadCredential) or, if that is not set, `NAME.secrets` beside the
file. Each wrong setting is reported in one sentence with its name and what is expected. The sentence never repeats a
value, because the value may be a secret in the wrong place.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, TypeVar, get_args

import click
from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from sealwax.files.small import read_small
from sealwax.service import check_origin
from smime_core.errors import LimitExceeded
from smime_core.text import read_ed25519, write_ed25519

ENVIRONMENT_PREFIX: Final = "SEALWAX_"
NESTED: Final = "__"
MAX_FILE_BYTES: Final = 1_000_000
KEY_BYTES: Final = 32
_CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)


class WrongSettings(click.ClickException):
    """Settings that cannot be used, with one sentence for each wrong setting."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ServiceSettings(BaseSettings):
    """The settings of one service."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=NESTED,
        validate_default=False,
    )
    file: ClassVar[Path]


Settings = TypeVar("Settings", bound=ServiceSettings)


def _origin(text: str) -> str:
    try:
        check_origin(text)
    except ValueError:
        raise ValueError(
            "an origin is expected, as browsers write it: https://mail.example.org, without a path, without a default"
            " port; http only for a loopback host"
        ) from None
    return text


def _key(secret: SecretStr) -> SecretStr:
    try:
        length = len(bytes.fromhex(secret.get_secret_value().strip()))
    except ValueError:
        length = 0
    if length != KEY_BYTES:
        raise ValueError(f"{KEY_BYTES} bytes are expected, written as {2 * KEY_BYTES} hexadecimal digits")
    return secret


def check_database(url: str) -> str:
    """Return the path or URL of a database. Raises ValueError, whose text does not repeat it."""
    # Imported here, because the discovery service has no database.
    from sealwax.service.database import parse_url

    parse_url(url)
    return url


def _check_secret_database(url: SecretStr) -> SecretStr:
    check_database(url.get_secret_value())
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_secret_database)]
"""A path or a URL, which may have a password."""


def checked_by(check: Callable[[str], None]) -> AfterValidator:
    """Return a validator for a setting that is one text or a tuple of texts. It calls `check` with each text.

    `check` raises ValueError. The error that people see names the setting, and not which of its texts is wrong.
    """

    def keep(setting: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for text in (setting,) if isinstance(setting, str) else setting:
            check(text)
        return setting

    return AfterValidator(keep)


Origin = Annotated[str, AfterValidator(_origin)]
HexKey = Annotated[SecretStr, AfterValidator(_key)]
PublicKeyText = Annotated[str, AfterValidator(lambda text: write_ed25519(read_ed25519(text.strip())))]


def key_bytes(secret: SecretStr) -> bytes:
    """The bytes of a checked key."""
    return bytes.fromhex(secret.get_secret_value().strip())


def secrets_folder(file: Path) -> Path:
    """The folder of the secrets that belong to a configuration: systemd's folder, or the folder beside the file."""
    credentials = os.environ.get(_CREDENTIALS)
    return Path(credentials) if credentials else own_secrets_folder(file)


def own_secrets_folder(file: Path) -> Path:
    """The folder of the secrets beside a configuration file."""
    return file.with_suffix(".secrets")


def load_settings(kind: type[Settings], file: Path) -> Settings:
    """Read and check the settings of a service and its secrets. Raises WrongSettings."""
    return _load(kind, file, _read_secrets(kind, secrets_folder(file)))


def load_public_settings(kind: type[Settings], file: Path) -> Settings:
    """Read and check the settings for a command that may not read the secrets. Raises WrongSettings."""
    return _load(kind, file, {})


def _load(kind: type[Settings], file: Path, secrets: Mapping[str, str]) -> Settings:
    table = _read_file(file)
    unknown = list(_unknown_variables(kind))

    class Loaded(kind):  # type: ignore[valid-type, misc]  # the settings of each file are a class
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (
                sources["env_settings"],
                _Values(settings_cls, secrets),
                _Values(settings_cls, table),
            )

    Loaded.file = file
    try:
        loaded: Settings = Loaded()
    except ValidationError as error:
        raise WrongSettings(unknown + [_sentence(kind, fault) for fault in error.errors(include_input=False)]) from None
    except SettingsError as error:
        name = str(error).partition('field "')[2].partition('"')[0]
        text = f"{_shown((name,))}: JSON is expected in this variable, because the setting has parts"
        raise WrongSettings([*unknown, text]) from None
    if unknown:
        raise WrongSettings(unknown)
    return loaded


class _Values(PydanticBaseSettingsSource):
    """A source whose values are read already."""

    def __init__(self, kind: type[BaseSettings], values: Mapping[str, Any]) -> None:
        super().__init__(kind)
        self._values = dict(values)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_small(file, max_bytes=MAX_FILE_BYTES).decode())
    except FileNotFoundError:
        raise WrongSettings([f"{file} is missing: make it by `init`, or name another file by --config"]) from None
    except OSError as error:
        raise WrongSettings([f"{file} cannot be read: {error.strerror}"]) from None
    except (UnicodeDecodeError, LimitExceeded):
        raise WrongSettings([f"{file} is no text in UTF-8 of at most {MAX_FILE_BYTES} bytes"]) from None
    except tomllib.TOMLDecodeError as error:
        position = str(error).rpartition("(")[2].rstrip(")")
        raise WrongSettings([f"{file} is not TOML: the syntax is wrong {position}"]) from None


def _read_secrets(kind: type[ServiceSettings], folder: Path) -> dict[str, str]:
    secret_values = {}
    for name in secret_names(kind):
        try:
            secret_values[name] = read_small(folder / name, max_bytes=MAX_FILE_BYTES).decode().strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, LimitExceeded) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no short text"
            raise WrongSettings([f"{name}: the secret in {folder / name} cannot be read: {reason}"]) from None
    return secret_values


def secret_names(kind: type[BaseModel]) -> list[str]:
    """The names of the settings that are secrets with a file of their own."""
    return [name for name, field in kind.model_fields.items() if _is_secret(field.annotation)]


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))


def setting_names(kind: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """The path of each setting, and its field. A table's settings follow it."""
    for name, field in kind.model_fields.items():
        yield (*above, name), field
        inner = section_of(field.annotation)
        if inner is not None:
            yield from setting_names(inner, (*above, name))


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The schema of a setting that is a table, or None. An array of tables counts as one setting."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    members = [part for part in get_args(annotation) if part is not type(None)]
    return section_of(members[0]) if len(members) == 1 and type(None) in get_args(annotation) else None


def variable_name(path: tuple[str, ...]) -> str:
    """The environment variable of a setting."""
    return ENVIRONMENT_PREFIX + NESTED.join(path).upper()


def _unknown_variables(kind: type[ServiceSettings]) -> Iterator[str]:
    known = {variable_name(path) for path, _ in setting_names(kind)}
    for name in sorted(os.environ):
        if name.upper().startswith(ENVIRONMENT_PREFIX) and name.upper() not in known:
            yield f"{name}: there is no such setting{_suggestion(name.upper(), known)}"


def _sentence(kind: type[ServiceSettings], error: Any) -> str:
    path = tuple(str(part) for part in error["loc"])
    shown = _shown(path)
    if error["type"] == "extra_forbidden":
        siblings = {".".join(sibling) for sibling, _ in setting_names(kind)}
        return f"{shown}: there is no such setting{_suggestion(shown, siblings)}"
    if error["type"] == "missing":
        return f"{shown} is missing{_meaning(kind, path)}"
    if error["type"] == "value_error":
        text = str(error["ctx"]["error"])
        return f"{shown}: {text}" if path else text
    expected = error["msg"].removeprefix("Input should be ").removeprefix("Value should be ")
    return f"{shown}: expected {expected[:1].lower()}{expected[1:]}"


def _meaning(kind: type[ServiceSettings], path: tuple[str, ...]) -> str:
    described = {setting_path: field.description for setting_path, field in setting_names(kind)}
    text = described.get(path)
    return f": {text[:1].lower()}{text[1:]}" if text else ""


def _shown(path: tuple[str, ...]) -> str:
    """The name of a setting, with the environment variables that set the setting or a part of it."""
    variable = variable_name(path)
    variables = sorted(
        name for name in os.environ if name.upper() == variable or name.upper().startswith(variable + NESTED)
    )
    return f"{'.'.join(path)} (from {', '.join(variables)})" if variables else ".".join(path)


def _suggestion(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f", perhaps {close[0]} is meant" if close else ""


def default_of(one: FieldInfo) -> str:
    """The default of a setting as TOML writes it. The text is empty if the setting has no default, or is a table."""
    if one.is_required():
        return ""
    value = one.get_default(call_default_factory=True)
    if value is None or isinstance(value, BaseModel):
        return ""
    if isinstance(value, SecretStr):
        # A default is in the source, so it is no secret.
        value = value.get_secret_value()
    plain = TypeAdapter(Any).dump_python(value, mode="json")
    return str(plain).lower() if isinstance(plain, bool) else repr(plain).replace("'", '"')
