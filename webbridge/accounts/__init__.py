"""The accounts that may sign in: their domains, their login names and their mail servers."""
