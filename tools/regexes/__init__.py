"""Judges every regular expression of the project. No expression may take more than linear time on any text."""
