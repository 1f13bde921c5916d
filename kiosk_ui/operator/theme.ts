// Light or dark: the device's own choice until the operator makes one, which is remembered.
import { signal } from "@preact/signals";

const KEPT_UNDER = "parking.theme";
const night = matchMedia("(prefers-color-scheme: dark)");
export const dark = signal(night.matches);
night.addEventListener("change", () => {
  if (!document.documentElement.dataset["theme"]) dark.value = night.matches; // the device itself turns to night while the page is open
});

export function restoreTheme(): void {
  try {
    const kept = localStorage.getItem(KEPT_UNDER);
    if (kept === "light" || kept === "dark") apply(kept === "dark");
  } catch {
    // Storage may be forbidden.
  }
}

export function switchTheme(): void {
  apply(!dark.value);
  try {
    localStorage.setItem(KEPT_UNDER, dark.value ? "dark" : "light");
  } catch {
    // As above.
  }
}

function apply(isDark: boolean): void {
  dark.value = isDark;
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
}
