"""Names translations that are older than their English text, and keeps the catalogues of `sealwax/words` in one order.

python -m tools.words                        names what is wrong, or older than its English
python -m tools.words --made de shared.cancel extension.open_file
                                             the German of these was made from the English as it is now
python -m tools.words --made all             the same for all languages and texts, and for new ones
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from sealwax.words import ENGLISH, FOLDER, Words, WrongWords, hash_of

_ALL: Final = "all"


def mark_as_made(folder: Path, language: str, keys: Collection[str]) -> None:
    """Note that translations were made from the present English texts, and write all files in the order of the English.

    Without `keys`, all translations are noted. Raises WrongWords.
    """
    words = Words(folder)
    english = words.texts(ENGLISH)
    marked = [code for code in words.languages if code != ENGLISH and language in {code, _ALL}]
    unknown = [key for key in keys if key not in english]
    if not marked or unknown:
        raise WrongWords(f"{', '.join(unknown) or language} is not in the catalogues")
    notes = {}
    for key, text in english.items():
        entry = words.note(key)
        made = dict.fromkeys(marked, hash_of(text)) if not keys or key in keys else {}
        notes[key] = {"note": entry["note"], "made_from": dict(sorted({**entry["made_from"], **made}.items()))}
    for code in words.languages:
        texts = words.texts(code)
        _write(folder / f"{code}.json", json.dumps({key: texts[key] for key in english}, ensure_ascii=False, indent=2))
    _write(folder / "notes.json", _a_line_each(notes))


def _a_line_each(entries: Mapping[str, Any]) -> str:
    lines = (f"  {json.dumps(key)}: {json.dumps(entry, ensure_ascii=False)}" for key, entry in entries.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def _write(file: Path, text: str) -> None:
    file.write_text(f"{text}\n")


def main() -> None:
    """Read the command line and run. Ends with 1 if a catalogue is wrong or older than its English."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.words", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--made", metavar="LANGUAGE", help="a language, or all")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the catalogues (default: sealwax/words)")
    parser.add_argument("keys", nargs="*", metavar="KEY")
    options = parser.parse_args()
    try:
        if options.made:
            mark_as_made(options.folder, options.made, options.keys)
        words = Words(options.folder)
        faults = [f"{language}.json: {key} is older than its English" for language, key in words.outdated()]
    except WrongWords as error:
        faults = [str(error)]
    if faults:
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()
