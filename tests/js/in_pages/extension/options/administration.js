/** The functions that tests/extension/options/test_administration.py runs in pages. */

export async function settingsAreWrittenInTheFormOfPolicies() {
  const texts = [];
  URL.createObjectURL = (blob) => { texts.push(blob.text()); return "data:,"; };
  HTMLAnchorElement.prototype.click = () => {};
  document.querySelector("[data-test=policy-export]").click();
  while (!texts.length) await new Promise((resolve) => setTimeout(resolve, 20));
  return JSON.parse(await texts[0]);
}

export async function settingsOfAnAdministratorCountAndCannotBeChanged() {
  const { value } = await new Promise((resolve) => {
    const opening = indexedDB.open("sealwax");
    opening.onsuccess = () => {
      const request = opening.result.transaction("settings").objectStore("settings").get("preferences");
      request.onsuccess = () => { opening.result.close(); resolve(request.result); };
    };
  });
  return value;
}
