/**
 * Notifications, and a page for when there is no network. It never touches the API or the media,
 * and no error of its own, or of what a push carries, stops the page from loading.
 */

const CACHE = "offline-1";
const KEPT = ["/offline.html", "/page.css", "/icon.svg"];
const OURS = /^\/(?:$|index\.html$)/;

const DEFAULTS = {
  title: "טייפדק",
  body: "יש שיחה חדשה להאזנה.",
  lang: "he",
  dir: "rtl",
  url: "/",
};

/** Runs an asynchronous job for an event; what goes wrong is told, and goes no further. */
function guard(event, job) {
  event.waitUntil(Promise.resolve().then(job).catch((error) => console.warn("tapedeck:", error)));
}

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(KEPT);
  await self.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match("/offline.html")) ?? Response.error();
  }
}

async function kept(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { ignoreSearch: true })) ?? Response.error();
  }
}

function said(data) {
  try {
    const given = data?.json();
    const texts = Object.entries(given ?? {}).filter(([, value]) => typeof value === "string");
    return { ...DEFAULTS, ...Object.fromEntries(texts) };
  } catch {
    return DEFAULTS; // not JSON: a notification is owed all the same
  }
}

function notify(event) {
  const { title, body, lang, dir, url, tag } = said(event.data);
  const options = { body, lang, tag, icon: "/icon.svg", data: { url } };
  return self.registration.showNotification(title, {
    ...options,
    dir: ["rtl", "ltr"].includes(dir) ? dir : "auto",
  });
}

/** The notification's page, if it is one of ours; else the list of calls. */
function addressOf(notification) {
  const home = new URL("/", self.location.origin);
  try {
    const url = new URL(notification.data?.url ?? "/", home);
    return url.origin === home.origin && OURS.test(url.pathname) ? url : home;
  } catch {
    return home;
  }
}

async function open(event) {
  event.notification.close();
  const url = addressOf(event.notification);
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const ours = windows.find((one) => OURS.test(new URL(one.url).pathname));
  if (!ours) return self.clients.openWindow(url.href);
  ours.postMessage({ open: url.hash });
  return ours.focus();
}

self.addEventListener("install", (event) => guard(event, install));
self.addEventListener("activate", (event) => guard(event, activate));
self.addEventListener("push", (event) => guard(event, () => notify(event)));
self.addEventListener("notificationclick", (event) => guard(event, () => open(event)));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const visit = request.mode === "navigate";
  if (visit && OURS.test(url.pathname)) event.respondWith(page(request));
  else if (!visit && KEPT.includes(url.pathname)) event.respondWith(kept(request));
});
