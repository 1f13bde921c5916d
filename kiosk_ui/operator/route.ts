// Where the operator is, behind the # of the address: a link can be sent to a colleague, and Back works.
import { signal } from "@preact/signals";

/** Pages that stand for themselves, and pages of something that the address names (or of nothing yet: the whole list). */
const PLAIN = ["console", "lessons", "debts", "books", "figures", "audit", "account", "tariffs", "given-up"] as const;
const OF_SOMETHING = ["lane", "map", "desk", "stay", "bills", "cash", "access"] as const;
type Plain = (typeof PLAIN)[number];
type OfSomething = (typeof OF_SOMETHING)[number];

export type Place = { page: Plain } | { page: OfSomething; id: string };

export const place = signal<Place>(read());

function read(): Place {
  const [page, id = ""] = location.hash.replace(/^#\/?/, "").split("/");
  const named = OF_SOMETHING.find((one) => one === page);
  if (named && (id || (named !== "lane" && named !== "stay"))) return { page: named, id: decodeURIComponent(id) };
  return { page: PLAIN.find((one) => one === page) ?? "console" };
}

addEventListener("hashchange", () => (place.value = read()));

const to =
  (page: OfSomething) =>
  (id = ""): string =>
    `#/${page}${id && `/${encodeURIComponent(id)}`}`;

export const toDesk = to("desk");
/** The map, on a level. */
export const toMap = to("map");
export const toLane = to("lane");
export const toStay = to("stay");
export const toBill = to("bills");
export const toAccess = to("access");
export const toShift = to("cash");

/** Change the address without a new step in the history: moving through the queue is no journey. */
export function swap(hash: string): void {
  history.replaceState(null, "", hash);
  place.value = read();
}
