"""The sessions of people who have logged in, and their devices.

`gate` makes logins wait until they have proved the account's second factor.
"""
