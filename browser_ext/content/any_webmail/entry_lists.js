/**
 * Distinguishes the entries of a list, such as the mails of a folder or open mails in tabs, from controls that do
 * something. The labels of entries are subjects and names that the senders have chosen. Entries lead to addresses of
 * one shape.
 */
import { attributeOf, baseOf, closest, findBelow } from "../dom_tree.js";

const ENTRY = "[role=listbox], [role=option], [role=tree], [role=treeitem], [role=tablist], [role=tab], [role=grid], [role=row], [role=gridcell], [role=feed]";
const LEADING = "a[href], area[href], [onclick], button[formaction]";
/** The parts that differ between the addresses of entries: numbers, and long words of letters and digits. */
const VARYING = /[\p{N}]+|%[\da-f]{2}|[\w-]{16,}/giu;
/** The most neighbours that are looked at. */
const MAX_NEIGHBOURS = 500;

/**
 * Whether a control may be an entry of a list. Then another element in the part of the page before a mail, or the page
 * itself, has another address of the same shape.
 * @param {Element} element @param {Element} part
 */
export function isEntry(element, part) {
  if (closest(element, ENTRY)) return true;
  const own = addressIn(element);
  const others = [...[...findBelow(part, LEADING)].slice(0, MAX_NEIGHBOURS).map(addressIn), location.pathname + location.search];
  return own !== "" && others.some((other) => other !== own && shapeOf(other) === shapeOf(own));
}

/** The address of an element in this site, or the text of its script; "" for none. @param {Element} element */
function addressIn(element) {
  const [address] = ["href", "formaction", "onclick"].map((name) => attributeOf(element, name)).filter(Boolean);
  if (!address || !URL.canParse(address, baseOf(element))) return address ?? "";
  const { protocol, pathname, search } = new URL(address, baseOf(element));
  return /^https?:$/u.test(protocol) ? pathname + search : address;
}

/** An address without what differs between entries. @param {string} address */
function shapeOf(address) {
  return address.replace(VARYING, "0");
}
