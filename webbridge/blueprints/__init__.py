"""The routes of the API, one module for each resource.

A view parses the request, calls one function and renders its result.
"""
