/**
 * Distinguishes the entries of a list, such as the mails of a folder or open mails in tabs, from controls for actions.
 * This matters because the labels of entries are subjects and names that the senders have chosen. The addresses of
 * entries differ only in numbers and ids.
 */
import { attributeOf, baseOf, closest, findBelow } from "../dom_tree.js";

const ENTRY = "[role=listbox], [role=option], [role=tree], [role=treeitem], [role=tablist], [role=tab], [role=grid], [role=row], [role=gridcell], [role=feed]";
const LEADING = "a[href], area[href], [onclick], button[formaction]";
/** The parts that differ between the addresses of entries: numbers, and long words of letters and digits. */
const VARYING = /[\p{N}]+|%[\da-f]{2}|[\w-]{16,}/giu;
/** The largest number of neighbours that are examined. */
const MAX_NEIGHBOURS = 500;

/**
 * Whether a control may be an entry of a list. This is so if an address of the same shape belongs to another element in
 * the same part of the page, or to the page itself.
 * @param {Element} element @param {Element} part
 */
export function isEntry(element, part) {
  if (closest(element, ENTRY)) return true;
  const own = addressIn(element);
  const others = [...[...findBelow(part, LEADING)].slice(0, MAX_NEIGHBOURS).map(addressIn), location.pathname + location.search];
  return own !== "" && others.some((other) => other !== own && shapeOf(other) === shapeOf(own));
}

/** The path and query to which an element leads, or the text of its script; "" for none. @param {Element} element */
function addressIn(element) {
  const [address] = ["href", "formaction", "onclick"].map((name) => attributeOf(element, name)).filter(Boolean);
  if (!address || !URL.canParse(address, baseOf(element))) return address ?? "";
  const { protocol, pathname, search } = new URL(address, baseOf(element));
  return /^https?:$/u.test(protocol) ? pathname + search : address;
}

/** An address in which the parts that differ between entries are replaced. @param {string} address */
function shapeOf(address) {
  return address.replace(VARYING, "0");
}
