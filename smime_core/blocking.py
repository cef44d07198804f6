"""The operations of `smime_core` as plain functions, with the same names and arguments.

`run` returns the result of any other coroutine of the core, as in `run(protect_field(...))`.

The native provider never suspends, so a coroutine that uses it finishes in its first step, inside an event loop as well
as outside. A coroutine with a provider that suspends (WebCrypto) is refused here.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from smime_core.errors import ProviderError

if TYPE_CHECKING:
    from smime_core import face

P = ParamSpec("P")
R = TypeVar("R")


def run(coroutine: Coroutine[Any, Any, R]) -> R:
    """The result of a coroutine that never suspends. Raises ProviderError if the coroutine suspends."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: R = finished.value
        return result
    coroutine.close()
    raise ProviderError("blocking", "this provider suspends: await the async function instead")


def _blocking(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    @functools.wraps(function)
    def step_once(*args: P.args, **kwargs: P.kwargs) -> R:
        return run(function(*args, **kwargs))

    return step_once


if TYPE_CHECKING:
    sign_entity = _blocking(face.sign_entity)
    encrypt_entity = _blocking(face.encrypt_entity)
    decrypt_entity = _blocking(face.decrypt_entity)
    sign_message = _blocking(face.sign_message)
    encrypt_message = _blocking(face.encrypt_message)
    decrypt_message = _blocking(face.decrypt_message)
    examine_message = _blocking(face.examine_message)
    verify_message = _blocking(face.verify_message)
    sign_bytes = _blocking(face.sign_bytes)
    verify_bytes = _blocking(face.verify_bytes)
    encrypt_bytes = _blocking(face.encrypt_bytes)
    decrypt_bytes = _blocking(face.decrypt_bytes)
    add_recipients = _blocking(face.add_recipients)
    add_signer = _blocking(face.add_signer)
    load_identity = _blocking(face.load_identity)
    load_identities = _blocking(face.load_identities)
    export_identity = _blocking(face.export_identity)
    validate_path = _blocking(face.validate_path)


def __getattr__(name: str) -> Any:
    # Each blocking function is created when its name is first used, as in `smime_core.__getattr__`.
    if name.startswith("__"):
        raise AttributeError(name)
    # The operations on messages are used most, and importing only their module is faster than importing
    # `smime_core.face`.
    message = importlib.import_module("smime_core.message")
    operation = getattr(message, name, None)
    if getattr(operation, "__module__", None) != message.__name__:
        operation = getattr(importlib.import_module("smime_core"), name, None)
    if not inspect.iscoroutinefunction(operation):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = _blocking(operation)
    globals()[name] = made
    return made
