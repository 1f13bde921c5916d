// Keeps the driver's page openable below ground: the page and the files it names are fetched when the worker is installed
// and whenever there is a network. Answers of the server are never kept here: what is of one person stays in the page.
const STORE = "driver-page-2";
const PAGE = new URL("./", location.href).href;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(keepPage());
});

addEventListener("activate", (event) => event.waitUntil(Promise.all([clients.claim(), dropOlderStores()])));

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || url.pathname.includes("/api/")) return;
  if (event.request.mode === "navigate") event.respondWith(newest(event));
  else if (url.pathname.includes("/assets/") || url.href.startsWith(PAGE)) event.respondWith(kept(event.request));
});

async function newest(event) {
  try {
    const answer = await fetch(event.request);
    if (answer.ok) event.waitUntil(keepPage(answer.clone()));
    return answer;
  } catch (failure) {
    const before = await (await caches.open(STORE)).match(PAGE);
    if (before) return before;
    throw failure;
  }
}

async function kept(request) {
  const before = await (await caches.open(STORE)).match(request);
  return before ?? fetch(request);
}

/** The page with every file that it names, and nothing of an earlier build. */
async function keepPage(answer) {
  const store = await caches.open(STORE);
  const page = answer ?? (await fetch(PAGE, { cache: "no-cache" }));
  if (!page.ok) return;
  const text = await page.clone().text();
  const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((found) => new URL(found[1], PAGE).href);
  const wanted = new Set([PAGE, ...named.filter((url) => url.startsWith(location.origin))]);
  const held = new Set((await store.keys()).map((request) => request.url));
  await Promise.all([...wanted].filter((url) => url !== PAGE && !held.has(url)).map((url) => store.add(url)));
  await store.put(PAGE, page);
  await Promise.all([...held].filter((url) => !wanted.has(url)).map((url) => store.delete(url)));
}

async function dropOlderStores() {
  for (const name of await caches.keys()) if (name !== STORE && name.startsWith("driver-page-")) await caches.delete(name);
}
