"""The report on an examined message: its states, reasons and certification paths, in words and in JSON.

No RFC defines the reasons. The JSON follows smime_core/report/report.schema.json.
"""

from smime_core.report.answers import (
    AnswerMailbox,
    AnswerPeople,
    find_answer_people,
    find_proved_author,
    find_proved_sender,
)
from smime_core.report.certificate_page import CertificatePage, PageRow, PageValue, describe_certificate, page_to_json
from smime_core.report.certificate_text import fingerprint_text, holder_name, key_label
from smime_core.report.path_tree import Explanation, TreeNode, draw_tree, explain_path, explain_signer, trust_text
from smime_core.report.reasons import reason
from smime_core.report.report import LayerKind, LayerReport, MessageReport, Reason, RecipientReport, SignerReport, State
from smime_core.report.report_json import (
    anchor_to_json,
    certificate_to_json,
    reasons_to_json,
    report_to_json,
    time_to_json,
    trail_to_json,
    tree_node_to_json,
)

__all__ = [
    "AnswerMailbox",
    "AnswerPeople",
    "CertificatePage",
    "Explanation",
    "LayerKind",
    "LayerReport",
    "MessageReport",
    "PageRow",
    "PageValue",
    "Reason",
    "RecipientReport",
    "SignerReport",
    "State",
    "TreeNode",
    "anchor_to_json",
    "certificate_to_json",
    "describe_certificate",
    "draw_tree",
    "explain_path",
    "explain_signer",
    "find_answer_people",
    "find_proved_author",
    "find_proved_sender",
    "fingerprint_text",
    "holder_name",
    "key_label",
    "page_to_json",
    "reason",
    "reasons_to_json",
    "report_to_json",
    "time_to_json",
    "trail_to_json",
    "tree_node_to_json",
    "trust_text",
]
