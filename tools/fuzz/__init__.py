"""Fuzzing: the core must read any bytes or refuse them with an SmimeError, in bounded time and memory."""
