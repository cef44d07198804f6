"""Hostile input: any octets are read or refused with an SmimeError, in bounded time and memory."""
