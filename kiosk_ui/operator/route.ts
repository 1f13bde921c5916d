// Where the operator is, behind the # of the address: a link can be sent to a colleague, and Back works.
import { signal } from "@preact/signals";

export type Place = { page: "console"; lane: string } | { page: "map"; id: string } | { page: "desk"; id: string } | { page: "lessons" } | { page: "stay"; id: string } | { page: "bills"; id: string } | { page: "cash"; id: string } | { page: "debts" } | { page: "books" } | { page: "figures" } | { page: "audit" } | { page: "account" } | { page: "tariffs" } | { page: "access"; id: string };

export const place = signal<Place>(read());

function read(): Place {
  const [page, id] = location.hash.replace(/^#\/?/, "").split("/");
  if (page === "desk") return { page, id: decodeURIComponent(id ?? "") };
  if (page === "stay" && id) return { page, id: decodeURIComponent(id) };
  if (page === "lane" && id) return { page: "console", lane: decodeURIComponent(id) };
  if (page === "map" || page === "bills" || page === "cash" || page === "access") return { page, id: decodeURIComponent(id ?? "") };
  return page === "lessons" || page === "debts" || page === "books" || page === "figures" || page === "audit" || page === "account" || page === "tariffs" ? { page } : { page: "console", lane: "" };
}

addEventListener("hashchange", () => (place.value = read()));

export const toDesk = (id = ""): string => `#/desk${id && `/${encodeURIComponent(id)}`}`;
/** The map, on a level. */
export const toMap = (level = ""): string => `#/map${level && `/${encodeURIComponent(level)}`}`;
/** A lane's panel among all lanes. */
export const toLane = (id: string): string => `#/lane/${encodeURIComponent(id)}`;
export const toStay = (id: string): string => `#/stay/${encodeURIComponent(id)}`;
export const toBill = (id = ""): string => `#/bills${id && `/${encodeURIComponent(id)}`}`;
export const toAccess = (id = ""): string => `#/access${id && `/${encodeURIComponent(id)}`}`;
export const toShift = (id = ""): string => `#/cash${id && `/${encodeURIComponent(id)}`}`;

/** Change the address without a new step in the history: moving through the queue is no journey. */
export function swap(hash: string): void {
  history.replaceState(null, "", hash);
  place.value = read();
}
