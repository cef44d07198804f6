"""The messages of protocol 2 as frozen dataclasses and as JSON.

Every `from_json` is as strict as `JsonObject`. It raises MalformedMessage, or LimitExceeded if a value is too long.
"""
