// Where the desk's columns stand one under the other, what was asked for is brought into sight, and the focus goes with it.

/** As `desk.css` has it: from here on the queue and the case stand side by side. */
const BESIDE = "(min-width: 60rem)";

/** The case's name, and its place among what waits. */
export const CASE = "case-title";
const PICTURES = "pictures-title";

const isStacked = (): boolean => !matchMedia(BESIDE).matches;

/** The case has come, or is asked for again. */
export function showCase(): void {
  if (isStacked()) bring(document.getElementById(CASE));
}

/** Back to what waits, at the case that was looked at. */
export function showQueue(): void {
  bring(document.querySelector<HTMLElement>(".desk-row[aria-current]") ?? document.querySelector<HTMLElement>(".desk-row"), "center");
}

/** Two pictures side by side stand above the candidates: they are looked at, wherever the list has been scrolled to. */
export function showPictures(): void {
  const name = document.getElementById(PICTURES);
  const { top, bottom } = name?.parentElement?.getBoundingClientRect() ?? { top: 0, bottom: 0 };
  if (isStacked() || top < 0 || bottom > innerHeight) bring(name);
}

/** Back to the candidate whose picture was looked at. */
export function showCandidate(stay: string): void {
  bring(document.querySelector<HTMLElement>(`[data-candidate="${CSS.escape(stay)}"] [aria-pressed]`), "center");
}

function bring(what: HTMLElement | null, block: ScrollLogicalPosition = "start"): void {
  what?.scrollIntoView({ block });
  what?.focus({ preventScroll: true });
}
