// Chinese and English stand side by side: a sentence cannot exist in one of them only. Any other language is one file in `languages/`,
// which gives each English sentence its own; it is fetched by whoever speaks it. The choice is remembered.
import { effect, signal } from "@preact/signals";
import type { Names } from "../wire";

export type Pair = readonly [zh: string, en: string];

/** A file of `languages/`: its own name for itself, its BCP 47 tag, and what each English sentence is in it. */
interface Language {
  name: string;
  tag: string;
  sentences: Readonly<Record<string, string>>;
}

const KEPT_UNDER = "parking.lang";
const files = import.meta.glob<Language>("./languages/*.json", { import: "default" });
const more = Object.fromEntries(Object.entries(files).map(([path, load]) => [path.replace(/^.*\/|\.json$/g, ""), load]));
const ours: Readonly<Record<string, Language>> = {
  zh: { name: "中文", tag: "zh-CN", sentences: {} },
  en: { name: "English", tag: "en-GB", sentences: {} },
};

const spoken = signal<{ code: string; language: Language }>({ code: "zh", language: ours["zh"]! });

/** Every language there is, by its code. */
export const languages: readonly string[] = [...Object.keys(ours), ...Object.keys(more)];

/** The code of the language that is spoken. */
export const lang = { get value(): string { return spoken.value.code; } };

/** The BCP 47 tag of the language that is spoken, for numbers, times and voices. */
export const tag = (): string => spoken.value.language.tag;

function firstChoice(): string {
  try {
    const kept = localStorage.getItem(KEPT_UNDER);
    if (kept && languages.includes(kept)) return kept;
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
  }
  // A shared machine speaks Chinese until somebody chooses; a phone or a desk speaks its owner's language.
  if (document.documentElement.dataset["page"] === "kiosk") return "zh";
  const owners = navigator.language.toLowerCase();
  return languages.find((code) => owners.startsWith(code)) ?? "en";
}

/** Change the language; `remember` is false on a shared machine, where the next person starts afresh. */
export function speak(choice: string, remember = true): void {
  turnTo(choice);
  if (!remember) return;
  try {
    localStorage.setItem(KEPT_UNDER, choice);
  } catch {
    // As above.
  }
}

function turnTo(code: string): void {
  const language = ours[code];
  if (language) spoken.value = { code, language };
  else void more[code]?.().then((fetched) => (spoken.value = { code, language: fetched }), () => turnTo("en"));
}

const first = firstChoice();
if (!ours[first]) turnTo("en"); // until its file is here
turnTo(first);

effect(() => {
  document.documentElement.lang = lang.value === "en" ? "en" : tag(); // its English is no country's
});

/** The one of the two, or what the language that is spoken has for the English one. */
export function worded(pair: Pair): string {
  const { code, language } = spoken.value;
  return code === "zh" ? pair[0] : (language.sentences[pair[1]] ?? pair[1]);
}

/** A language's own name for itself. */
export async function ownName(code: string): Promise<string> {
  return (ours[code] ?? (await more[code]?.()))?.name ?? code;
}

/** A translator over a table of pairs: `t("leave_by", { time: "14:32" })` fills `{time}`. */
export function translator<K extends string>(table: Record<K, Pair>): (key: K, values?: Record<string, string | number>) => string {
  return (key, values) => filled(worded(table[key]), values);
}

function filled(sentence: string, values?: Record<string, string | number>): string {
  return values ? sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)) : sentence;
}

export function named(names: Names | null | undefined): string {
  if (!names) return "";
  return (lang.value === "zh" ? names.zh : names.en) || names.zh || names.en;
}
