"""One word for one thing: the terms of each language, the variants that it does not use, and its punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from sealwax.words import ENGLISH, WORDS, forms_of

LANGUAGES: Final = tuple(WORDS.languages)

# Each term in German, French, Spanish and Arabic, as the stem that all its forms have.
TERMS: Final = {
    "encrypt": ("verschlüssel", "chiffr", "cifr", "تشفير"),
    "decrypt": ("entschlüssel", "déchiffr", "descifr", "فك"),
    "sign": ("signier", "sign", "firm", "توقيع"),
    "verified": ("bestätigt", "vérifié", "verificad", "تم التحقق"),
    "check": ("prüf", "vérifi", "compr", "فحص"),
    "signer": ("Unterzeichner", "signataire", "firmante", "الموقّع"),
    "certificate": ("Zertifikat", "certificat", "certificado", "شهادة"),
    "certificate authority": (
        "Zertifizierungsstelle",
        "autorité de certification",
        "autoridad de certificación",
        "جهة التصديق",
    ),
    "vouch for": ("bürg", "garanti", "avala", "تضمن"),
    "trust": ("vertrau", "confiance", "confí", "تثق"),
    "revoke": ("widerruf", "révo", "revoc", "إبطال"),
    "expire": ("abgelaufen", "expir", "caduc", "انته"),
    "valid": ("gültig", "valide", "válid", "صالح"),
    "key": ("Schlüssel", "clé", "clave", "مفتاح"),
    "key file": ("Schlüsseldatei", "fichier de clés", "archivo de claves", "ملف المفاتيح"),
    "security key": ("Sicherheitsschlüssel", "clé de sécurité", "llave de seguridad", "مفتاح الأمان"),
    "passphrase": ("Passphrase", "phrase secrète", "frase de contraseña", "عبارة المرور"),
    "password": ("Passwort", "mot de passe", "contraseña", "كلمة المرور"),
    "recovery code": ("Wiederherstellungscode", "code de récupération", "código de recuperación", "رمز الاسترداد"),
    "token": ("Token", "jeton", "token", "رمز وصول"),
    "lock": ("sperr", "verrouill", "bloque", "قفل"),
    "backup": ("Sicherung", "sauvegarde", "copia de seguridad", "نسخة احتياطية"),
    "device": ("Gerät", "appareil", "dispositivo", "جهاز"),
    "computer": ("Computer", "ordinateur", "equipo", "حاسوب"),
    "message": ("Nachricht", "message", "mensaje", "رسالة"),
    "email": ("E-Mail", "e-mail", "correo", "بريد"),
    "mail server": ("Mailserver", "serveur de messagerie", "servidor de correo", "خادم البريد"),
    "mail program": ("Mailprogramm", "logiciel de messagerie", "programa de correo", "برنامج البريد"),
    "draft": ("Entwurf", "brouillon", "borrador", "مسوّدة"),
    "attachment": ("Anh", "pièce jointe", "adjunto", "مرفق"),
    "folder": ("Ordner", "dossier", "carpeta", "مجلد"),
    "spam": ("Spam", "indésirables", "no deseado", "غير مرغوب"),
    "Cc": ("Cc", "Cc", "Cc", "نسخة"),
    "forward": ("Weiterleiten", "Transférer", "Reenviar", "إعادة توجيه"),
    "undo": ("Rückgängig", "Annuler", "Deshacer", "تراجع"),
    "discard": ("Verwerfen", "Abandonner", "Descartar", "تجاهل"),
    "delete": ("Löschen", "Supprimer", "Eliminar", "حذف"),
    "secure message": ("geschützte Nachricht", "message sécurisé", "mensaje protegido", "رسالة محمية"),
    "import": ("importier", "import", "import", "استيراد"),
    "administrator": ("Administration", "administrateur", "administrador", "مسؤول النظام"),
}
# Other words for the same things, and words of an English that is gone.
NEVER: Final = {
    "en": (
        re.compile("junk"),
        re.compile(r"on the way to"),
        re.compile("does not hold"),
        re.compile("nobody vouches"),
        re.compile("[Pp]arcel(?!\\.html)"),
    ),
    "de": (
        re.compile(r"(?:sind|ist) geprüft"),
        re.compile(r"(?:einer|der|die|eine|seine[rn]?) Stelle\b(?! )"),
        re.compile("[Mm]ailadresse"),
        re.compile("auf dem Weg"),
        re.compile("hiernach"),
        re.compile("hält der Prüfung|hält nicht"),
        re.compile("Administrator"),
        re.compile("eingelesen|einlesen"),
        re.compile("Blindkopie"),
        re.compile("verfallen|verfällt"),
        re.compile("Sicherheitskopie|Backup"),
        re.compile("Kennwort"),
        re.compile("Einzelheiten"),
        re.compile("[Nn]och einmal versuchen"),
        re.compile("Zertifikatsstelle"),
        re.compile("Junk"),
        re.compile(r"\bbenutz"),
        re.compile("[Pp]aket|Päckchen|Sendung"),
    ),
    "fr": (
        re.compile("courriel"),
        re.compile(r"(?:adresse|serveur|service|logiciel|programme) de courrier"),
        re.compile("(?:adresse|programme) de messagerie"),
        re.compile("se porte garant"),
        re.compile("ne tient pas"),
        re.compile("[Cc]eci dit"),
        re.compile("sur le chemin"),
        re.compile("valable"),
        re.compile("copie cachée"),
        re.compile("[Aa]nnuler l’action"),
        re.compile(r"\bpont\b"),
        re.compile("[Pp]assphrase"),
        re.compile(r"pourriel|\bspam"),
        re.compile("décrypt|encrypt"),
        re.compile(r"\btape[rz]\b"),
        re.compile("[Cc]olis|paquet"),
    ),
    "es": (
        re.compile(r"responden? de\b"),
        re.compile("se sostiene"),
        re.compile("ordenador"),
        re.compile(r"\b[Bb]orr(?:ar|e|ado|ada)\b"),
        re.compile("en el camino"),
        re.compile("Tokens para la orden"),
        re.compile("encript"),
        re.compile(r"\be-?mail"),
        re.compile(r"\bexpir[aeó]"),
        re.compile(r"\bspam|basura"),
        re.compile("[Pp]aquete"),
    ),
    "ar": (
        re.compile("سلط"),
        re.compile("خُتم"),
        re.compile("مختوم"),
        re.compile("خادوم"),
        re.compile("لسان تبويب"),
        re.compile("استعمال"),
        re.compile("مزعج"),
        re.compile("تصمد|يصمد"),
        re.compile("إلغاء قفل"),
        re.compile("طرد|طرود"),
    ),
}
# A space before these has to keep the line together (French), and a German "…" has one before it.
SPACES: Final = {"fr": re.compile(r" [;?!:»]|« |[^\s«?!]»[?!;]"), "de": re.compile(r"\w…")}
# An Arabic text keeps a Latin word with signs at its ends together (UAX 9), as an address of the web.
_ISOLATED: Final = re.compile("[\u2066-\u2068][^\u2066-\u2069]*\u2069|\u200e\\S*\u200e|\\{[a-z_]+\\}")
_VALUE: Final = re.compile(r"\{[a-z_]+\}")
_RUN: Final = re.compile(r"[!-~]+")


def forms(language: str) -> Iterator[tuple[str, str]]:
    for key, text in WORDS.texts(language).items():
        for form in forms_of(text).values():
            yield key, form


@pytest.mark.parametrize("place", range(4), ids=["de", "fr", "es", "ar"])
def test_each_term_has_its_word(place: int) -> None:
    language = ("de", "fr", "es", "ar")[place]
    whole = "\n".join(WORDS.texts(language).values())
    assert len(TERMS) == 40
    assert [term for term, words in TERMS.items() if words[place] not in whole] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_term_has_a_second_word(language: str) -> None:
    texts = [(key, _VALUE.sub("", form)) for key, form in forms(language)]
    assert [(key, never.pattern) for key, text in texts for never in NEVER[language] if never.search(text)] == []


@pytest.mark.parametrize("language", SPACES)
def test_punctuation_keeps_to_its_word(language: str) -> None:
    wrong = SPACES[language]
    assert [(key, form) for key, form in forms(language) if wrong.search(form)] == []


def test_a_latin_word_with_signs_at_its_ends_is_isolated_in_arabic() -> None:
    bare = [
        (key, run)
        for key, form in forms("ar")
        for run in _RUN.findall(_ISOLATED.sub(" ", form))
        if any(character.isalpha() for character in run)
        if (word := run.strip('.,:;!?()"')) and not (word[0].isalnum() and word[-1].isalnum())
    ]
    assert bare == []


def test_verified_and_decrypt_are_told_apart_from_check_and_open() -> None:
    # A verdict must not say that somebody looked, and what is decrypted is not merely opened.
    for language, wrong in (("de", "geprüft"), ("es", "comprobad")):
        states = {key: text for key, text in WORDS.texts(language).items() if key.startswith("shared.state_verified")}
        assert len(states) > 3
        assert [key for key, text in states.items() if wrong in text.lower()] == []
    for place, language in enumerate(("de", "fr", "es", "ar")):
        assert TERMS["decrypt"][place] in WORDS.texts(language)["extension.decrypt_text"].lower()
    assert WORDS.texts(ENGLISH)["extension.decrypt_text"] == "Decrypt text"
