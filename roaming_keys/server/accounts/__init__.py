"""The accounts in the database: their records, second factors, groups and resets.

Each change and its event in the audit trail are one transaction.
"""
