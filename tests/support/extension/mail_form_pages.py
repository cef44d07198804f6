"""Forms for mail as webmails write them, and other forms, which the extension must not take for a form for mail.

The markup imitates real sites. Forms for mail: webmails with tables, webmails without `form` elements, editors in
frames, ticket systems. Other forms: forums, shops, contact forms.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MailForm:
    """A form for mail, the selector of the focused field, and the values expected in the window for writing."""

    markup: str
    focus: str = "#text"
    to: tuple[str, ...] = ("bob@example.test",)
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    sender: str = ""
    subject: str = "Plans"
    text: str = "Hello Bob"


def _editor(text: str = "Hello Bob") -> str:
    return f'<div id=text contenteditable=true style="height:200px">{text}</div>'


_TEXT = "<textarea id=text name=body rows=12>Hello Bob</textarea>"
_TO_CHIP = '<span class=chip title="bob@example.test">Bob Builder</span>'
_IN_FRAME = "&lt;body contenteditable style=&quot;height:200px&quot;&gt;Hello Bob&lt;/body&gt;"

_TO = "<input name=to value=bob@example.test>"
_SUBJECT = "<input name=subject value=Plans>"
_SMALL_EDITOR = "<textarea rows=9></textarea>"

MAIL_FORMS = {
    "a classic form with cells": MailForm(
        markup=f"""<form method=post action=compose.php><table>
        <tr><td>From:</td><td><select name=identity><option>alice@example.test</select></td></tr>
        <tr><td align=right>To:</td><td><input name=send_to
        value='"Builder, Bob" <bob@example.test>, erin@example.test'></td></tr>
        <tr><td>Cc:</td><td><input name=send_to_cc value=carol@example.test></td></tr>
        <tr><td>Bcc:</td><td><input name=send_to_bcc value=dave@example.test></td></tr>
        <tr><td>Subject:</td><td>{_SUBJECT}</td></tr></table>{_TEXT}</form>""",
        to=("bob@example.test", "erin@example.test"), cc=("carol@example.test",), bcc=("dave@example.test",),
        sender="alice@example.test",
    ),
    "a form whose names say nothing, in German": MailForm(
        markup="""<form><div>An:</div><div><input name=f1 value=bob@example.test></div>
        <div>Betreff:</div><div><input name=f2 value=Plans></div>
        <textarea id=text name=f3 rows=12>Hello Bob</textarea></form>""",
    ),
    "the focus in a field for addresses only": MailForm(
        markup=f"""<form><label>To: <input id=to name=to type=email multiple value=bob@example.test></label>
        <label>Subject: {_SUBJECT}</label>{_TEXT}</form>""",
        focus="#to",
    ),
    "labels in French": MailForm(
        markup=f"""<form><label for=a>À :</label><input id=a name=x1 value=bob@example.test>
        <label>Cci <input name=x2 value=dave@example.test></label>
        <label>Objet&nbsp;: <input name=x3 value=Plans></label>{_TEXT}</form>""",
        bcc=("dave@example.test",),
    ),
    "names for readers of screens, in Spanish": MailForm(
        markup=f"""<section><input aria-label=Destinatarios value=bob@example.test>
        <input aria-label=Asunto value=Plans>{_editor()}</section>""",
    ),
    "placeholders in Arabic": MailForm(
        markup=f"""<div dir=rtl><input placeholder="إلى:" value=bob@example.test>
        <input placeholder="\u200fالموضوع" value=Plans>{_editor()}</div>""",
    ),
    "no form, chips for people": MailForm(
        markup=f"""<main><div class=head><div class=line><span>To</span><div class=people>{_TO_CHIP}
        <input id=message-to-field></div></div><div class=line>
        <input placeholder="Add a subject" value=Plans></div></div>
        <div>{_editor()}</div></main><input type=search placeholder="Search mail">""",
    ),
    "recipients that are only shown, beside labels": MailForm(
        markup=f"""<form><div class=row><b>To:</b> {_TO_CHIP}</div><div><span>Cc</span> <a>carol@example.test</a></div>
        {_SUBJECT}{_TEXT}</form>""",
        cc=("carol@example.test",),
    ),
    "a recipient that is only shown, beside a field for others": MailForm(
        markup=f"""<div><p>An: <span>carol@example.test</span></p>
        <label>Cc <input name=cc value=bob@example.test></label>
        {_SUBJECT}{_editor()}</div>""",
        to=("carol@example.test",), cc=("bob@example.test",),
    ),
    "recipients in an editable line": MailForm(
        markup=f"""<div role=dialog><div contenteditable=true aria-label="To recipients"
        style="height:24px">{_TO_CHIP}</div>
        <div contenteditable=true style="height:24px" aria-label=Subject>Plans</div>{_editor()}</div>""",
    ),
    "names of a framework": MailForm(
        markup="""<form id=aspnetForm><input type=text name="ctl00$MainContent$txtTo" value=bob@example.test>
        <input type=text name="ctl00$MainContent$txtSubject" value=Plans>
        <textarea id=text name="ctl00$MainContent$txtBody" rows=12>Hello Bob</textarea></form>""",
    ),
    "a type for many addresses": MailForm(
        markup=f"<form><input type=email multiple name=q7 value=bob@example.test>{_SUBJECT}{_TEXT}</form>",
    ),
    "a recipient to choose": MailForm(
        markup=f"""<form><label>To <select name=to><option value=x>nobody
        <option selected value=bob@example.test>Bob</select></label>
        {_SUBJECT}{_TEXT}</form>""",
    ),
    "a recipient that is hidden": MailForm(
        markup=f"<form><input type=hidden name=recipient value=bob@example.test>{_SUBJECT}{_TEXT}</form>",
    ),
    "an action that is an address": MailForm(
        markup=f'<form action="mailto:bob@example.test?subject=x">{_TEXT}</form>', subject="",
    ),
    "the recipient has the focus": MailForm(
        markup=f"<form><input id=to name=to value=bob@example.test>{_SUBJECT}{_TEXT}</form>", focus="#to",
    ),
    "the subject has the focus, without a form": MailForm(
        markup=f"{_TO}<input id=subject value=Plans>{_TEXT}", focus="#subject",
    ),
    "everything in the page itself": MailForm(
        markup=f"<p>To: <input value=bob@example.test></p><p>Subject: <input value=Plans></p>{_TEXT}",
    ),
    "an editor in a frame": MailForm(
        markup=f"""<form>{_TO}{_SUBJECT}<textarea name=body hidden></textarea>
        <iframe id=text srcdoc="{_IN_FRAME}"></iframe></form>""",
    ),
    "a ticket that goes to a customer": MailForm(
        markup=f"""<form><label>Customer recipient <input name=q value=bob@example.test></label>
        <label>Subject <input name=Subject value=Plans></label>{_TEXT}</form>""",
    ),
    "a form beside another one": MailForm(
        markup=f"""<form><input name=to value=eve@example.test><input name=subject value=Other>{_SMALL_EDITOR}</form>
        <form>{_TO}{_SUBJECT}{_TEXT}</form>""",
    ),
    "a name that looks like an address": MailForm(
        markup=f"""<form><input name=to value='"eve@example.test" <bob@example.test>'>{_SUBJECT}{_TEXT}</form>""",
    ),
}  # fmt: skip

# Forms that are no forms for mail. In a contact form, for example, the address is the writer's own, not a recipient's.
OTHER_FORMS = {
    "a comment below a mail that is shown": f"""<article><p>To: <b>alice@example.test</b></p></article>
        <form><input name=title>{_TEXT}</form>""",
    "a contact form with a subject": f"""<form><label>Your name <input name=name></label>
        <label>Your email <input type=email name=email autocomplete=email></label>
        <label>Subject {_SUBJECT}</label>{_TEXT}</form>""",
    "a contact form with departments": f"""<form><label>To <select name=to><option>Sales<option>Support</select></label>
        <label>Subject {_SUBJECT}</label>{_TEXT}</form>""",
    "a new topic in a forum": f"<form>{_SUBJECT}<input name=tags>{_TEXT}</form>",
    "a message to members of a forum": f"""<form><dl><dt><label for=username_list>To:</label></dt>
        <dd><textarea id=username_list name=username_list rows=2></textarea></dd></dl>
        <label>Subject: {_SUBJECT}</label>{_TEXT}</form>""",
    "a message to members by their names": f"""<form>
        <input name=recipients title="Separate several user names by commas">
        {_SUBJECT}{_TEXT}</form>""",
    "an issue that is assigned to somebody": f"""<form><input name="issue[subject]">
        <label>Assigned to <input name=assigned_to></label>
        {_TEXT}</form>""",
    "dates from and to": f"<form><input type=date name=from><input type=date name=to>{_SUBJECT}{_TEXT}</form>",
    "a parcel": f"""<form><label>To <input name=ship_to autocomplete="shipping name"></label>
        <input name=subject placeholder="Message on the card">{_TEXT}</form>""",
    "a search for mail, and a note": f"""<form><input name=from><input name=to>{_SUBJECT}
        <button>Search</button></form>
        <form>{_TEXT}</form>""",
    "a search for mail alone": f"<form><input id=text name=from><input name=to>{_SUBJECT}</form>",
    "a dialog for mail that is not shown": f"""<div style="display:none"><input name=to>{_SUBJECT}
        {_SMALL_EDITOR}</div>
        <article>{_TEXT}</article>""",
    "a form for mail elsewhere in the page": f"""<aside>{_TO}{_SUBJECT}
        {_SMALL_EDITOR}</aside><article>{_TEXT}</article>""",
    "a comment": f"<form><input name=author><input name=email>{_TEXT}</form>",
    "a search field beside a form for mail": f"""<input id=text type=search placeholder=Search>
        <div>{_TO}
        {_SUBJECT}{_SMALL_EDITOR}</div>""",
    "a reply address": f"<form><input name=reply_to value=alice@example.test>{_SUBJECT}{_TEXT}</form>",
    "encrypted text that is to be opened": f"""<form>{_TO}{_SUBJECT}
        <textarea id=text rows=9>-----BEGIN CMS-----\nMIIB\n-----END CMS-----</textarea></form>""",
    "a plain field": _TEXT,
}  # fmt: skip
