/** The functions that tests/support/browser/downloads.py runs in pages. */

export function set(folder) {
  Services.prefs.setIntPref("browser.download.folderList", 2);
  Services.prefs.setStringPref("browser.download.dir", folder);
  Services.prefs.setBoolPref("browser.download.alwaysOpenPanel", false);
}
