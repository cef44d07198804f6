"""The provider of cryptography that every verb uses."""

from __future__ import annotations

from typing import Final

from smime_core.providers.native_streaming import NativeStreamingProvider

PROVIDER: Final = NativeStreamingProvider()
