"""The routes of the key server: each parses a message, calls one function and answers.

`bodies` has the JSON of requests and answers, and `signed_calls` checks who has signed a request.
"""
