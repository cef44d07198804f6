"""The verbs of the vault. Each module has the verbs about one subject: their requests, and the functions that answer.

`verbs` has the table of all verbs and answers a request. `streams` has the verbs whose content comes in pieces.
"""
