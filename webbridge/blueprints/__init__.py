"""The routes of the API, one module for each resource: a view parses, calls one function, renders."""
