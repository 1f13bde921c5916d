// Two languages side by side: a sentence cannot exist in one of them only. Chinese first; the choice is remembered.
import { effect, signal } from "@preact/signals";
import type { Names } from "../wire";

export type Lang = "zh" | "en";
export type Pair = readonly [zh: string, en: string];

const KEPT_UNDER = "parking.lang";

export const lang = signal<Lang>(firstChoice());

function firstChoice(): Lang {
  try {
    const kept = localStorage.getItem(KEPT_UNDER);
    if (kept === "zh" || kept === "en") return kept;
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
  }
  // A shared machine speaks Chinese until somebody chooses; a phone or a desk speaks its owner's language.
  if (document.documentElement.dataset["page"] === "kiosk") return "zh";
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Change the language; `remember` is false on a shared machine, where the next person starts afresh. */
export function speak(choice: Lang, remember = true): void {
  lang.value = choice;
  if (!remember) return;
  try {
    localStorage.setItem(KEPT_UNDER, choice);
  } catch {
    // As above.
  }
}

effect(() => {
  document.documentElement.lang = lang.value === "zh" ? "zh-CN" : "en";
});

/** A translator over a table of pairs: `t("leave_by", { time: "14:32" })` fills `{time}`. */
export function translator<K extends string>(table: Record<K, Pair>): (key: K, values?: Record<string, string | number>) => string {
  return (key, values) => {
    const sentence = table[key][lang.value === "zh" ? 0 : 1];
    return values ? sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : sentence;
  };
}

export function named(names: Names | null | undefined): string {
  if (!names) return "";
  return names[lang.value] || names.zh || names.en;
}
