"""The search of texts for the words of a parcel."""

import re
from itertools import pairwise


def shows_secret(text: str, words: str) -> bool:
    """Whether two neighbouring words of a secret stand together in a text.

    A single one says nothing: the list has words such as "open", "file" and "another".
    """
    return any(re.search(rf"\b{one}\W+{next_one}\b", text) for one, next_one in pairwise(words.split()))
