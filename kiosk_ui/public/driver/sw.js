// Keeps the driver's page openable below ground: the page itself comes from the network when there is one and from the
// last visit when there is none; hashed assets never change. Answers of the server are never kept here.
const STORE = "driver-page-1";

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(fresh(event.request));
  else if (url.pathname.includes("/assets/")) event.respondWith(kept(event.request));
});

async function fresh(request) {
  const store = await caches.open(STORE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await store.put(new URL(request.url).pathname, answer.clone());
    return answer;
  } catch (failure) {
    const before = await store.match(new URL(request.url).pathname);
    if (before) return before;
    throw failure;
  }
}

async function kept(request) {
  const store = await caches.open(STORE);
  const before = await store.match(request);
  if (before) return before;
  const answer = await fetch(request);
  if (answer.ok) await store.put(request, answer.clone());
  return answer;
}
