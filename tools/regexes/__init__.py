"""Every regular expression of the project is judged: none may take more than linear time on any text."""
