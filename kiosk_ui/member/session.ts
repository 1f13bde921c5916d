// Who is logged in. The mall's app opens this page with a token behind the #: it is taken out of the address at once, so that no
// screenshot and no copied link carries it, lives in this tab alone, and is forgotten when the server refuses it.
import { signal } from "@preact/signals";

const KEPT_UNDER = "parking.member";
const BACK_UNDER = "parking.back"; // the driver's page knows it: a payment company leads back there

export type Ended = "expired" | "left" | "erased";

export const token = signal("");
/** Why nobody is logged in any more; null for whoever has just come. */
export const ended = signal<Ended | null>(null);
/** The part of the page that is shown: `#/stays/s1` is ["stays", "s1"]. */
export const route = signal<readonly string[]>([]);

export function begin(): void {
  token.value = recall();
  addEventListener("hashchange", read);
  read();
}

function read(): void {
  const said = new URLSearchParams(location.hash.slice(1)).get("t");
  if (said) {
    ended.value = null;
    token.value = said;
    keep(KEPT_UNDER, said);
    history.replaceState(null, "", "#/");
  }
  const before = route.value.join("/");
  route.value = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  if (before !== route.value.join("/")) scrollTo(0, 0);
}

export function logOut(because: Ended): void {
  token.value = "";
  ended.value = because;
  keep(KEPT_UNDER, null);
  history.replaceState(null, "", "#/");
  read();
}

/** To a payment company's page, and back to where the member was. */
export function goAway(to: string): void {
  keep(BACK_UNDER, location.hash || "#/");
  location.assign(to);
}

function keep(under: string, what: string | null): void {
  try {
    if (what === null) sessionStorage.removeItem(under);
    else sessionStorage.setItem(under, JSON.stringify(what));
  } catch {
    // Storage may be forbidden: then the page knows nothing after a reload.
  }
}

function recall(): string {
  try {
    return (JSON.parse(sessionStorage.getItem(KEPT_UNDER) ?? "null") as string | null) ?? "";
  } catch {
    return "";
  }
}
