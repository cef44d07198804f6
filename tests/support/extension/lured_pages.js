/**
 * Generates pages of webmails that show a mail whose sender tries to have an address asked for. The sender chooses the
 * mail's text, its subject, the names of its author and of its attachments. The webmail chooses everything else.
 *
 * Each case is {markup, hasProgram, roots, frames, own, others, isPlainText}: `own` are the addresses of the webmail that
 * may be asked for, and `others` the further ones that a person may point at. `isPlainText`: the mail has sentences, and
 * an element of the webmail around them. A place in the markup names the content of a shadow root by `data-root`, and
 * that of a frame by `data-frame`.
 */

const LABELS = ["View source", "Message source", "Show original", "Raw", "Download message", "Save as", "Quelltext", "Original anzeigen", "Nachricht speichern",
  "Code source", "Afficher l’original", "Ver código fuente", "Guardar como", "عرض المصدر", "smime.p7m", "smime.p7s", "Download", ""];
const SENTENCES = ["The minutes of our last meeting are ready for you to read.", "Bitte öffnen Sie die angehängte Nachricht noch heute.",
  "Le document que vous attendiez est joint à ce message.", "Meet me on 3 March at 10:15, and bring the papers along.", "Write to carol@example.test if you cannot come."];
const NAMES = ["smime.p7m", "smime.p7s", "View source", "message.eml", "Source", "/evil/name/raw/SEED", "minutes.pdf"];
const SUBJECTS = ["Thursday", "View source", "/evil/subject/raw/SEED", "Raw", "Message source", "minutes.eml", "Save as"];
const SENDERS = ["Bob", "Raw", "View source", "Bob <bob@example.test>", "/evil/author/raw/SEED"];
const LINES = [["From", "Subject", "Date"], ["Von", "Betreff", "Datum"], ["De", "Objet", "Date"], ["De", "Asunto", "Fecha"], ["من", "الموضوع", "التاريخ"]];
const DATES = ["2026-11-20 11:00", "20 Nov 2026", "20. November", "11/20/26 (10:00:00 UTC)", "il y a 3 jours", "Yesterday", "vor 2 Stunden", "أمس", "<time datetime=2026-11-20>Fri</time>", "09:15",
  "Fri", "Fr. 20.", "3h", "2 d", "vor 2 Std.", "20.11.", "vendredi", "il y a 3 j"];
/** Dates that no list of words has. */
const UNKNOWN_DATES = ["day 324", "moon 11", "this week", "recently", "Q4"];

/** Numbers that follow from a seed (mulberry32). @param {number} seed */
function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (/** @type {number} */ count) => Math.floor(next() * count);
  return {
    below,
    pick: (/** @type {any[]} */ list) => list[below(list.length)],
    chance: (/** @type {number} */ share) => next() < share,
    some: (/** @type {number} */ least, /** @type {number} */ most, /** @type {() => string} */ make) =>
      Array.from({ length: least + below(most - least + 1) }, make).join(""),
  };
}

const escaped = (/** @type {string} */ text) => text.replace(/&/gu, "&amp;").replace(/</gu, "&lt;").replace(/"/gu, "&quot;");

/** One case. @param {number} seed */
export function luredPage(seed) {
  const by = random(seed);
  /** @type {string[]} */
  const roots = [];
  /** @type {string[]} */
  const frames = [];
  // No case has an address of another one: the extension remembers what it has asked for.
  const uid = String(seed);
  const evil = `/evil${seed}`;
  const subject = by.pick(SUBJECTS).replace("SEED", uid);
  const author = by.pick(SENDERS).replace("SEED", uid);
  const own = [`/mail/${uid}/source`, `/mail/${uid}/raw.eml`, `/download?uid=${uid}&part=0`, `/mail/${uid}/source?a=1`, `/part/${uid}/2`];
  const wrapped = (/** @type {string} */ markup) => {
    const tag = by.pick(["div", "div", "section", "article", "main", "center"]);
    return by.chance(0.5) ? `<${tag}${by.pick(["", " class=box", " role=main"])}>${markup}</${tag}>` : markup;
  };

  // Where no date is known, nothing tells the text from what is before it when a person points.
  let isDated = true;

  // The parts that the sender writes.
  const address = () => by.pick([`${evil}/${by.below(9)}/raw`, `/mail/${uid}/delete?raw=1`, `/logout?source=1&uid=${uid}`, `/mail/${uid}/source.eml`, `evil/${uid}/raw.eml`,
    `?evil=raw&uid=${uid}`, `${location.origin}${evil}/message.eml`, `${evil}?uid=${uid}&part=1.2`, `/part/${uid}/9`]);
  const label = () => by.pick(LABELS);
  const dress = () => by.pick(["", " class=source", " id=source", " download", " target=_blank", " rel=noopener", ' title="View source"', " role=button"]);
  const lure = () => by.pick([
    () => `<a href="${address()}"${dress()}>${label()}</a>`,
    () => `<a href="${address()}"${dress()}><img alt="${label()}" src="data:,"></a>`,
    () => `<button onclick="open('${address()}')">${label()}</button>`,
    () => `<a href="javascript:show('${address()}')">${label()}</a>`,
    () => `<form action="${address()}"><input type=hidden name=raw value=1><button>${label()}</button></form>`,
    () => `<form><input type=submit formaction="${address()}" value="${label()}"></form>`,
    () => `<map name=m><area href="${address()}" alt="${label()}"></map>`,
    () => `<svg width=9 height=9><a href="${address()}"><text>${label()}</text></a></svg>`,
    () => `<span role=menuitem onclick="location.href='${address()}'">${label()}</span>`,
    () => `<a href="${location.origin}${evil}/${by.below(9)}/smime.p7m">${location.origin}${evil}/smime.p7m</a>`,
  ])();
  const lines = (/** @type {string} */ name, /** @type {string} */ title) => {
    const [from, about, date] = by.pick(LINES);
    const isKnown = by.chance(0.9);
    isDated &&= isKnown;
    const when = by.pick(isKnown ? DATES : UNKNOWN_DATES);
    // Nothing in these lines is known; the mail's text has the first known date.
    if (!isKnown) return by.pick([() => `<div>${name.replace(/@.*/u, "")}</div><h3>${title}</h3><i>${when}</i>`, () => `<p>${name.replace(/@.*/u, "")} <b>${when}</b></p>`])();
    return by.pick([
      () => `<table><tr><th>${from}:<td>${name}<tr><th>${about}:<td>${title}<tr><th>${date}:<td>${when}</table>`,
      () => `<h2>${title}</h2><div><b>${name}</b> <span>${when}</span></div>`,
      () => `<dl><dt>${from}<dd>${name} &lt;bob@example.test&gt;<dt>${about}<dd>${title}<dt>${date}<dd>${when}</dl>`,
      () => `<div>bob@example.test</div><h3>${title.slice(0, 15)}…</h3><div>${when}</div>`,
      () => `<div class=subject>${title}</div><div><span title="bob@example.test">${name}</span></div><div>${when}</div>`,
    ])();
  };
  const row = (/** @type {string} */ href, /** @type {string} */ name) => by.pick([
    () => `<div class=attachment><a href="${href}">${name}</a> 4 kB</div>`,
    () => `<ul><li><a href="${href}" download title="Download ${name}"><span>${name}</span><span>5 KB</span></a></li></ul>`,
    () => `<table><tr><td>${name}<td>5 KB<td><a href="${href}">Download</a></table>`,
  ])();
  const block = () => by.pick([
    () => `<p>${by.pick(SENTENCES)}</p>`,
    () => `<p>${by.pick(SENTENCES)} ${lure()}</p>`,
    lure,
    () => `<div class=bar>${by.some(2, 4, lure)}</div>`,
    () => `<ul class=bar role=toolbar>${by.some(2, 4, () => `<li>${lure()}</li>`)}</ul>`,
    () => `<nav>${by.some(2, 3, lure)}</nav>`,
    () => lines("Bob", "Thursday"),
    () => row(address(), by.pick(NAMES)),
    () => `<table><tr><td>${by.some(1, 3, () => `<table><tr><td>${lure()}</table>`)}</table>`,
    () => `<base href=${evil}/base/>`,
    () => "<pre>From: Bob\nSubject: Thursday\n\nWords</pre>",
    () => `<input type=hidden name=evil value=raw form=actions><form id=actions action="${address()}"></form>`,
    () => `<iframe srcdoc="<meta http-equiv=refresh content='9;url=${evil}/refresh'><a href=${evil}/frame/raw>View source</a>"></iframe>`,
    () => `<div data-smime=decrypt data-legacy-message-id=evil><a href="${address()}" data-smime=decrypt>${label()}</a></div>`,
  ])();
  // A mail that is nothing but one control is left to the person who points at it.
  const hasSentence = by.chance(0.75);
  let isContained = true;
  const text = () => (hasSentence ? `<p>${by.pick(SENTENCES)}</p>` : "") + by.some(1, 5, block) + (hasSentence ? `<p>${by.pick(SENTENCES)}</p>` : "");

  // The parts that the webmail makes.
  const [source, raw, whole] = own;
  const sourceControl = () => by.pick([
    () => `<a href="${source}">View source</a>`,
    () => `<a href="${raw}">Download message</a>`,
    () => `<a href="${whole}">Save as</a>`,
    () => `<button onclick="window.open('${source}', '${escaped(subject)}')">Show original</button>`,
    () => `<a onclick="act(${uid}, '${escaped(subject)}')">View source</a>`,
    () => `<a href="javascript:show('${escaped(subject)}')">Message source</a>`,
    () => `<form id=actions action="${source}"><input type=hidden name=a value=1><button>View source</button></form>`,
  ])();
  const actions = () => ["Reply", "Delete", "Delete", "Move original"].map((name, at) => `<a href="${escaped(others[at])}">${name}</a>`).concat("<button>Print</button>");
  const others = [`/reply?uid=${uid}&subject=${encodeURIComponent(subject)}`, `/mail/${uid}/delete?fn=${encodeURIComponent(subject)}`, `/mail/${uid}/delete?return=raw`,
    `/move?original=1&uid=${uid}`, "/", "/sent", ...Array.from({ length: 10 }, (_, at) => `/mail/${at}`)];
  const hasSource = by.chance(0.8);
  const bar = () => wrapped(`<div class=bar>${[...actions(), ...(hasSource ? [sourceControl()] : [])].join(by.pick([" ", " | "]))}</div>`);
  const head = () => wrapped(lines(escaped(author), escaped(subject)));
  const attachments = () => wrapped(row(`/part/${uid}/2`, escaped(by.pick(NAMES).replace("SEED", uid))));
  const list = () => by.pick([
    () => `<ul role=listbox>${by.some(1, 3, () => `<li role=option>${escaped(by.pick(SENDERS))} <a href="/mail/9">${escaped(by.pick(SUBJECTS))}</a> 09:15</li>`)}</ul>`,
    () => `<table>${by.some(1, 3, () => `<tr><td><input type=checkbox><td>${escaped(by.pick(SENDERS))}<td><a href="/mail/9">${escaped(by.pick(SUBJECTS))}</a><td>09:15`)}</table>`,
    () => `<nav>${by.some(2, 3, () => `<a href="/mail/${by.below(9)}">${escaped(by.pick(SUBJECTS))}</a>`)}</nav>`,
    () => `<nav><a href="/">Inbox</a> <a href="/mail/9">${escaped(by.pick(SUBJECTS))}</a> <b>Thursday</b></nav>`,
    () => `<ul class=tabs>${by.some(2, 3, () => `<li><a href="/mail/${by.below(9)}">${escaped(by.pick(SUBJECTS))}</a> <button>\u00d7</button></li>`)}</ul>`,
    () => `<div role=tablist><a role=tab href="/sent">Sent</a><a role=tab href="/mail/9">${escaped(by.pick(SUBJECTS))}</a></div>`,
  ])();
  const brand = () => by.pick(["", "<h1>Larkspur</h1>", "<p>Inbox (1 of 3)</p>", `<nav><a href="/">Inbox</a> <a href="/sent">Sent</a></nav>`, "<div>alice@example.test</div>"]);
  const body = () => {
    const content = text();
    const shown = by.below(8);
    if (shown === 0) return `<div data-root=${roots.push(content) - 1}></div>`;
    if (shown <= 2) return `<iframe data-frame=${frames.push(content) - 1} data-kind=${by.pick(["srcdoc", "blank", "blob"])}></iframe>`;
    isContained &&= shown !== 3;
    if (shown === 3) return content;
    return wrapped(`<div class=text>${content}</div>`);
  };
  const place = (/** @type {string} */ markup) => (by.chance(0.1) ? `<x-mail data-root=${roots.push(markup) - 1}></x-mail>` : wrapped(markup));
  const markup = by.pick([
    () => brand() + bar() + head() + body() + attachments(),
    () => brand() + bar() + place(head() + attachments() + body()),
    () => brand() + place(bar() + head() + body() + attachments()),
    () => brand() + list() + place(bar() + head() + body() + attachments()),
    () => brand() + bar() + list() + place(head() + body() + attachments() + bar()),
    () => brand() + place(`<h1>${escaped(subject)}</h1>${bar()}${head()}${attachments()}`) + body(),
    () => brand() + head() + bar() + body() + attachments(),
    () => brand() + head() + body() + bar() + attachments(),
    () => brand() + bar() + by.some(2, 3, () => wrapped(head() + body() + attachments())),
    () => `<table><tr><td>${brand()}${bar()}<tr><td>${head()}<tr><td>${body()}<tr><td>${attachments()}</table>`,
  ]);
  // A document that is nothing but a mail's text.
  const isOnlyText = by.chance(0.05);
  const made = isOnlyText ? lines("Bob", "Thursday") + text() : markup();
  return { markup: made, hasProgram: !isOnlyText, roots, frames, own, others, isPlainText: hasSentence && isContained && isDated && !isOnlyText };
}
