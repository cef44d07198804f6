"""The structure of a message or file, read without keys and without a verdict.

RFC 5652 defines the structures. RFC 5652, RFC 2634 and EN 319 122 define the attributes.
"""

from smime_core.describe.attributes import AttributeDescription, content_type_name
from smime_core.describe.description_json import description_to_json
from smime_core.describe.file import Findings, KeysAndCertificates, detect_kind, findings_to_json, inspect_file
from smime_core.describe.message import (
    Description,
    LayerDescription,
    SignerDescription,
    describe_layer,
    describe_message,
)

__all__ = [
    "AttributeDescription",
    "Description",
    "Findings",
    "KeysAndCertificates",
    "LayerDescription",
    "SignerDescription",
    "content_type_name",
    "describe_layer",
    "describe_message",
    "description_to_json",
    "detect_kind",
    "findings_to_json",
    "inspect_file",
]
