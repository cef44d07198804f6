"""The base class of errors whose answer is always the same."""

from __future__ import annotations

from typing import ClassVar

from sealwax.service import ServiceError


class FixedError(ServiceError):
    """A ServiceError whose class gives its HTTP status, its code for programs, its text for people, and its wait."""

    _answer: ClassVar[tuple[int, str, str, int | None]]

    def __init_subclass__(cls, *, status: int, code: str, text: str, retry_seconds: int | None = None) -> None:
        super().__init_subclass__()
        cls._answer = (status, code, text, retry_seconds)

    def __init__(self) -> None:
        super().__init__(*self._answer)
