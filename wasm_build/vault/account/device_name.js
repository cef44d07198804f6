/** The name of this device for the account at a key server. */

const BROWSERS = [["Edg", "Edge"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]];
const SYSTEMS = [
  ["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"],
  ["CrOS", "ChromeOS"], ["Linux", "Linux"],
];

/** The name of this device in the list of devices, such as "Firefox · Linux". */
export function deviceName(agent = navigator.userAgent) {
  const parts = [BROWSERS, SYSTEMS].map((names) => names.find(([mark]) => agent.includes(mark))?.[1]);
  return parts.filter(Boolean).join(" · ") || "browser";
}
