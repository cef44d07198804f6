/** The view that the address of the page names. The view is shown in the frame, and gets the focus. */

import { createAccountsView } from "../account/views/accounts_view.js";
import { createSignInView } from "../account/views/sign_in_view.js";
import { createMyFilesView } from "../files/views/my_files_view.js";
import { createAwayView } from "../keys/views/kept_unlock.js";
import { createKeysView } from "../keys/views/keys_view.js";
import { createSentParcelsView } from "../parcels/views/sent_parcels_view.js";
import { MailView } from "../reading/views/mail_view.js";
import { createPeopleView } from "../trust/views/people_view.js";
import { createOutboxView } from "../writing/views/outbox_view.js";
import { folderPath, INBOX, messageAddress } from "./routes.js";
import { createAllSettings } from "./settings_sections.js";

/** @typedef {import("./services.js").View} View */
/**
 * The services of all views. The application has them.
 * @typedef {Parameters<typeof createAllSettings>[0] & Parameters<typeof createAccountsView>[0]
 *   & Parameters<typeof createSignInView>[0] & Parameters<typeof createMyFilesView>[0]
 *   & Parameters<typeof createAwayView>[0] & Parameters<typeof createKeysView>[0]
 *   & Parameters<typeof createSentParcelsView>[0] & Parameters<typeof createPeopleView>[0]
 *   & Parameters<typeof createOutboxView>[0] & ConstructorParameters<typeof MailView>[0]} ViewServices
 */
/**
 * `session` is the account, and `letter` is the letter that is being written.
 * @typedef {{
 *   session: import("../account/account_session.js").AccountSession,
 *   letter: import("../writing/views/open_letter.js").OpenLetter,
 *   announcer: import("./announcer.js").Announcer,
 *   show: (view: View, hash: string) => void, setPane: (pane: HTMLElement | null) => void,
 * }} ViewPlace
 */

export class ShownViews {
  #services;
  #place;
  /** @type {View | null} */
  #view = null;
  /** @type {MailView | null} */
  #mail = null;

  /** @param {ViewServices} services @param {ViewPlace} place */
  constructor(services, place) {
    this.#services = services;
    this.#place = place;
  }

  /** The view of the mail, which stays while other views are shown. */
  get mail() {
    return (this.#mail ??= new MailView(this.#services));
  }

  /** The path of the folder and message that the view of the mail showed last. */
  get mailPath() {
    return this.#mail?.path() ?? folderPath(INBOX);
  }

  /** @param {string} path such as `/folder/inbox` */
  navigate(path) {
    if (location.hash === `#${path}`) this.route();
    else location.hash = path;
  }

  /** Shows the view that the address of the page names. */
  route() {
    this.#place.announcer.leavePlace();
    const view = this.#withoutAccount() ?? this.#named();
    if (view === "none") return;
    if (view) return this.#show(view);
    this.#show(this.mail);
    const { folder = INBOX, uidValidity = "", uid = "" } = partsOfHash();
    this.mail.go(folder, messageAddress(folder, uidValidity, uid));
  }

  /** Draws the shown view again in another language. */
  renew() {
    const renewed = this.#view?.renew?.();
    if (renewed) this.#show(renewed);
    else this.route();
  }

  /** Shows the view that unlocks the keys. The list of the inbox loads while the person types the passphrase. */
  askForKeys() {
    this.navigate("/keys");
    if (!this.#mail) this.mail.go(INBOX, null);
  }

  /** Shows the field for searching the folder. */
  search() {
    if (this.#view !== this.#mail) this.navigate(this.mailPath);
    // If another view is shown, the mail view replaces it only after the new address has taken effect.
    setTimeout(() => this.#mail?.showSearch());
  }

  /** Shows the folders on a narrow page, or hides them. */
  toggleFolders() {
    this.#mail?.toggleMenu();
  }

  /** Says that a letter was sent. @param {import("../writing/views/sent_notice.js").SentNotice} sent */
  tellSent(sent) {
    this.mail.tellSent(sent);
    // A screen reader does not read the notice in the mail view while another view is shown.
    this.#place.announcer.announce(sent.text);
  }

  /** Forgets the view of the mail. */
  dropMail() {
    this.#mail?.dispose();
    this.#mail = null;
  }

  /** The view without an account; null with one. @returns {View | null} */
  #withoutAccount() {
    const services = this.#services;
    const { lastAddress, isSessionLeft } = this.#place.session;
    if (services.away.canEnter) return createAwayView(services);
    if (services.address !== null) return null;
    const { accounts } = services;
    const isChoice = lastAddress === null && !isSessionLeft && !accounts.isAdding && accounts.all.length > 0;
    return isChoice ? createAccountsView(services) : createSignInView(services, { ended: lastAddress, isSessionLeft });
  }

  /**
   * The view that the path names; null for the mail view, "none" while a letter that a lock has cleared is being opened.
   * @returns {View | "none" | null}
   */
  #named() {
    const services = this.#services;
    const { parcels, keys } = services;
    const { name, folder: section, uidValidity: setting } = partsOfHash();
    switch (name) {
      case "accounts": return createAccountsView(services);
      case "keys": return keys.unlocked ? createAllSettings(services, { section: "keys" }) : createKeysView(services);
      case "settings": return createAllSettings(services, { section, setting });
      case "outbox": return createOutboxView(services);
      case "people": return createPeopleView(services);
      case "parcels": return parcels && createSentParcelsView(services, parcels);
      case "files":
        if (!parcels?.maxKeptFiles) return null;
        return keys.unlocked ? createMyFilesView(services, parcels) : createKeysView(services);
      case "write": return this.#letter();
      default: return null;
    }
  }

  /** @returns {View | "none"} */
  #letter() {
    const { unfinishedDrafts, keys } = this.#services;
    if (!unfinishedDrafts.hasCleared) return this.#place.letter.show();
    if (!keys.unlocked) return createKeysView(this.#services);
    void unfinishedDrafts.openCleared();
    return "none";
  }

  /** @param {View} view */
  #show(view) {
    const isNew = view !== this.#view;
    if (isNew) this.#view?.close?.();
    this.#view = view;
    const { hash } = location;
    this.#place.show(view, hash);
    this.#place.setPane(this.#services.address === null ? null : this.mail.paneBeside(hash));
    this.#services.arrival.titleKey = view.titleKey;
    if (!isNew) return;
    view.shown?.();
    if (view.focus) view.focus();
    else view.heading.focus();
  }
}

/** The parts of the page's address. */
function partsOfHash() {
  const [, name, folder, uidValidity, uid] = location.hash.slice(1).split("/").map(decoded);
  return { name, folder, uidValidity, uid };
}

/**
 * A decoded part of the page's address. A part that cannot be decoded stays as it is, because links may contain errors.
 * @param {string} part
 */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
