"""The sessions of people who have logged in, and their devices.

`gate` gives no session to an account with a second factor before the factor.
"""
