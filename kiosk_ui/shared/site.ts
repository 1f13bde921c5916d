// What the place is called and which zone its clocks show; asked until it is answered, and kept for the next start.
import { signal } from "@preact/signals";
import { call } from "./api";
import { siteZone } from "./format";
import type { Site } from "./wire";

const KEPT_UNDER = "parking.site";
const AGAIN_MS = 4_000;

export const site = signal<Site | null>(null);

export function loadSite(): void {
  try {
    const kept = localStorage.getItem(KEPT_UNDER);
    if (kept) take(JSON.parse(kept) as Site);
  } catch {
    // Nothing kept, or storage forbidden.
  }
  const ask = () =>
    call<Site>("/site").then(
      (answer) => {
        take(answer);
        try {
          localStorage.setItem(KEPT_UNDER, JSON.stringify(answer));
        } catch {
          // As above.
        }
      },
      () => setTimeout(ask, AGAIN_MS),
    );
  void ask();
}

function take(answer: Site): void {
  siteZone.value = answer.timezone;
  site.value = answer;
}
