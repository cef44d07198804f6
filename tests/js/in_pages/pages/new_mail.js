/** The functions that tests/pages/test_new_mail.py runs in pages. */

export function beforeThePage() {
  if (!globalThis.ServiceWorkerRegistration) return;
  globalThis.asked = 0;
  globalThis.noticed = [];
  globalThis.answer = "granted";
  globalThis.visibility = "visible";
  globalThis.turn = (state) => { visibility = state; document.dispatchEvent(new Event("visibilitychange")); };
  Object.defineProperty(document, "visibilityState", { get: () => visibility });
  navigator.setAppBadge = async (count) => { globalThis.badge = count; };
  navigator.clearAppBadge = async () => { globalThis.badge = 0; };
  const allowed = () => localStorage.getItem("test-allowed") ?? "default";
  globalThis.Notification = class {
    static get permission() { return allowed(); }
    static async requestPermission() {
      asked += 1;
      localStorage.setItem("test-allowed", answer);
      return answer;
    }
  };
  const open = () => noticed.filter(({ closed }) => !closed);
  ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
    for (const notice of open().filter(({ tag }) => tag === options.tag)) notice.closed = true;
    noticed.push({ title, ...options, closed: false });
  };
  ServiceWorkerRegistration.prototype.getNotifications = async () =>
    open().map((notice) => ({ close: () => { notice.closed = true; } }));
  const subscription = () => JSON.parse(localStorage.getItem("test-subscription") ?? "null");
  const made = (endpoint) => endpoint && ({
    endpoint, options: { applicationServerKey: null },
    unsubscribe: async () => { localStorage.removeItem("test-subscription"); },
  });
  PushManager.prototype.getSubscription = async () => made(subscription());
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    globalThis.subscribed = [userVisibleOnly, applicationServerKey.length, applicationServerKey[0]];
    localStorage.setItem("test-subscription", JSON.stringify(globalThis.endpoint));
    return made(subscription());
  };
}
