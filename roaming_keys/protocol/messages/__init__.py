"""The messages of protocol 2 as frozen values and as JSON.

Every `from_json` is as strict as `reader`: it raises MalformedMessage, or LimitExceeded for what is too long.
"""
