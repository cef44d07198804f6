"""Discovery: the service that signs and publishes the list of a domain's servers, and the native client of the list.

`smime_core.own_content` has the document itself. docs/discovery_protocol.md describes the protocol.
"""
