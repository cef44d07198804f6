"""The search of texts for the words of a parcel."""

import re
from itertools import pairwise


def shows_secret(text: str, words: str) -> bool:
    """Whether two neighbouring words of a secret stand together in a text.

    A single one says nothing: the list has words such as "open", "file" and "another".
    """
    return not set(pairwise(re.findall(r"\w+", text))).isdisjoint(pairwise(words.split()))
