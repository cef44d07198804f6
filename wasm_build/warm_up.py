"""warm"""


def warm_up() -> None:
    """warm"""
