"""The core against other programs, both directions, each started by the tests."""
