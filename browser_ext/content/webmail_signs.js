/** Recognises the pages of webmails that have an adaptor (`adaptors/`). */
import { findBelow } from "./dom_tree.js";

/**
 * The webmails by name. `sign` is a selector that matches in each page of the webmail; `hosts` are its host names.
 * @type {Record<string, {sign: string, hosts?: string[]}>}
 */
const WEBMAILS = {
  Sealwax: { sign: "#app + #announcer" },
  Roundcube: { sign: 'script[src*="program/js/app."]' },
  SOGo: { sign: '[ng-app="SOGo.MailerUI"]' },
  Gmail: { sign: 'meta[name="application-name"][content="Gmail"]', hosts: ["mail.google.com"] },
  Outlook: {
    sign: 'meta[name="application-name"][content="Outlook"]',
    hosts: ["outlook.live.com", "outlook.office.com", "outlook.office365.com", "outlook.cloud.microsoft"],
  },
};
/** A selector that matches in each page of one of the webmails. */
export const WEBMAIL_SIGNS = Object.values(WEBMAILS).map(({ sign }) => sign).join();
const HOSTS = Object.values(WEBMAILS).flatMap(({ hosts = [] }) => hosts);

/** Whether this document comes from the host of one of the webmails. */
export function isMailHost() {
  return HOSTS.includes(location.hostname);
}

/** Whether this document belongs to the webmail with this name. @param {string} name */
export function isWebmail(name) {
  const { sign = "", hosts = [] } = WEBMAILS[name] ?? {};
  return hosts.includes(location.hostname) || findBelow(document, sign).length > 0;
}
