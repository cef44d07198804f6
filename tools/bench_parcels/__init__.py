"""Measures parcels: compared with one PUT and one GET through the same servers, under load, and in the browsers."""
