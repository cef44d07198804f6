"""The usual names of folders for one use, in the languages in which mail programs and servers make them.

A mark of the server (RFC 6154) counts more. A new folder gets the first name of its use.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Russian, Czech, Swedish, Danish and Norwegian,
# Finnish, Turkish, Japanese, Chinese, Arabic.
_DRAFTS: Final = """Drafts|Draft|Entwürfe|Brouillons|Borradores|Rascunhos|Bozze|Concepten|Kopie robocze|Szkice|
Wersje robocze|Черновики|Koncepty|Rozepsané|Utkast|Kladder|Kladde|Luonnokset|Taslaklar|下書き|草稿|草稿箱|
草稿匣|المسودات|مسودات"""
_SENT: Final = """Sent|Sent Items|Sent Messages|Sent Mail|Sent-Mail|Gesendet|Gesendete Objekte|
Gesendete Elemente|Gesendete Nachrichten|Envoyés|Éléments envoyés|Messages envoyés|Courrier envoyé|
Objets envoyés|Enviados|Elementos enviados|Mensajes enviados|Correo enviado|Itens enviados|Mensagens enviadas|
Inviata|Inviati|Posta inviata|Verzonden|Verzonden items|Verzonden berichten|Wysłane|Elementy wysłane|
Отправленные|Odeslané|Odeslaná pošta|Skickat|Skickade|Skickade objekt|Sendt|Sendte|Sendte elementer|Sendt post|
Lähetetyt|Lähetetyt viestit|Gönderilmiş Öğeler|Gönderilenler|Gönderilmiş Postalar|送信済み|送信済みアイテム|
送信済みメール|已发送|已发送邮件|已傳送郵件|寄件備份|المرسلة|العناصر المرسلة|البريد المرسل"""
_TRASH: Final = """Trash|Deleted|Deleted Items|Deleted Messages|Bin|Papierkorb|Gelöscht|Gelöschte Objekte|
Gelöschte Elemente|Corbeille|Éléments supprimés|Messages supprimés|Papelera|Papelera de reciclaje|
Elementos eliminados|Lixeira|Itens excluídos|Itens eliminados|Cestino|Posta eliminata|Prullenbak|
Verwijderde items|Kosz|Elementy usunięte|Корзина|Удаленные|Удалённые|Koš|Odstraněná pošta|Papperskorgen|
Borttaget|Papirkurv|Papirkurven|Slettet post|Slettede elementer|Roskakori|Poistetut|Çöp Kutusu|Silinmiş Öğeler|
Çöp|ごみ箱|ゴミ箱|削除済みアイテム|已删除|已删除邮件|垃圾桶|刪除的郵件|المهملات|سلة المهملات|العناصر المحذوفة"""
_JUNK: Final = """Junk|Spam|Junk Mail|Junk E-mail|Junk Email|Bulk Mail|Spamverdacht|Junk-E-Mail|Unerwünscht|
Courrier indésirable|Indésirables|Pourriel|Correo no deseado|Correo basura|Lixo eletrônico|Posta indesiderata|
Ongewenst|Ongewenste e-mail|Wiadomości-śmieci|Спам|Нежелательная почта|Nevyžádaná pošta|Skräppost|
Uønsket e-post|Uønsket post|Søppelpost|Roskaposti|İstenmeyen|Gereksiz|Gereksiz E-posta|迷惑メール|垃圾邮件|
垃圾郵件|البريد العشوائي|بريد عشوائي|البريد غير الهام"""
_ARCHIVE: Final = """Archive|Archives|Archiv|Archivieren|Archivo|Archivados|Arquivo|Arquivo morto|Archivio|
Archief|Archiwum|Архив|Arkiv|Arkisto|Arşiv|アーカイブ|归档|存档|封存|الأرشيف|أرشيف"""


def _names(row: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in row.split("|"))


USUAL_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "drafts": _names(_DRAFTS),
        "sent": _names(_SENT),
        "trash": _names(_TRASH),
        "junk": _names(_JUNK),
        "archive": _names(_ARCHIVE),
    }
)
"""The usual names, by the word of their role in the bridge's API."""
