// Numbers and times as people read them: money from minor units, times in the site's zone whatever the device believes.
import { signal } from "@preact/signals";
import { tag, translator } from "./i18n";
import type { Money } from "./wire";

/** The site's IANA zone; set once `/site` has answered. */
export const siteZone = signal<string>("Asia/Shanghai");

const say = translator({
  days: ["{n}天", "{n} d"],
  hours: ["{n}小时", "{n} h"],
  minutes: ["{n}分钟", "{n} min"],
  beside: ["{a}{b}", "{a} {b}"],
});

// The server's own table (parking/kernel/money.py): what a browser shows of a currency by itself is another thing for some, such as the forint.
const WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF";
const THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND";

/** How many digits the minor unit of a currency has. */
export const digitsOf = (currency: string): number => (WHOLE.includes(currency) ? 0 : THOUSANDTHS.includes(currency) ? 3 : 2);

/** `{amount: 1500, currency: "CNY"}` as ¥15.00; the currency itself says how many digits its minor unit has. */
export function money(value: Money): string {
  const digits = digitsOf(value.currency);
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const format = new Intl.NumberFormat(tag(), { style: "currency", currency: value.currency, currencyDisplay: "narrowSymbol", ...shown });
  return format.format(value.amount / 10 ** digits);
}

export function count(value: number): string {
  return new Intl.NumberFormat(tag()).format(value);
}

/** 14:32 — with the date in front when it is not today at the site. */
export function clock(at: string | number, now: number = Date.now()): string {
  const moment = typeof at === "number" ? at : Date.parse(at);
  const time = part(moment, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  if (day(moment) === day(now)) return time;
  return `${part(moment, { month: "short", day: "numeric" })} ${time}`;
}

/** 14:32:05, for event lists and "as of". */
export function clockSeconds(at: string | number): string {
  const moment = typeof at === "number" ? at : Date.parse(at);
  return part(moment, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

export function longDate(at: number): string {
  return part(at, { weekday: "short", month: "short", day: "numeric" });
}

/** 3 Mar, with the year where it is another than now: until when something is good. */
export function date(at: string | number, now: number = Date.now()): string {
  const moment = typeof at === "number" ? at : Date.parse(at);
  const year = day(moment).slice(0, 4) === day(now).slice(0, 4) ? {} : ({ year: "numeric" } as const);
  return part(moment, { ...year, month: "short", day: "numeric" });
}

/** 3 Mar of a day of the site's calendar, `2026-03-03`, with the year where it is another than now. */
export function siteDate(on: string, now: number = Date.now()): string {
  const year = on.slice(0, 4) === day(now).slice(0, 4) ? {} : ({ year: "numeric" } as const);
  return new Intl.DateTimeFormat(tag(), { timeZone: "UTC", ...year, month: "short", day: "numeric" }).format(Date.parse(on));
}

function part(moment: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(tag(), { timeZone: siteZone.value, ...options }).format(moment);
}

function day(moment: number): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: siteZone.value }).format(moment);
}

/** A span in words: 2小时05分 / 2 h 05 min. Begun minutes do not count. */
export function span(fromMs: number, toMs: number): string {
  return minutes(Math.max(0, Math.floor((toMs - fromMs) / 60_000)));
}

export function minutes(total: number): string {
  const days = Math.floor(total / 1440);
  const hours = Math.floor((total % 1440) / 60);
  const rest = total % 60;
  const parts: string[] = [];
  if (days) parts.push(say("days", { n: days }));
  if (hours) parts.push(say("hours", { n: hours }));
  if (rest || !parts.length) parts.push(say("minutes", { n: rest }));
  return parts.reduce((a, b) => say("beside", { a, b }));
}

/** A wait as a stopwatch shows it: 0:07, 12:05, 1:02:09. */
export function waited(seconds: number): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3_600);
  const rest = `${Math.floor((seconds % 3_600) / 60)}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest.padStart(5, "0")}` : rest;
}

/** A masked plate as it is shown: 沪A ***45, the place apart from the number as on the metal. */
export function plate(masked: string | null): string {
  if (!masked) return "";
  const signs = [...masked];
  return signs.length > 6 ? `${signs.slice(0, 2).join("")} ${signs.slice(2).join("")}` : signs.join("");
}

/** The site's wall clock as a field of type `datetime-local` holds it: 2026-05-16T14:32. */
export function inField(at: string | null | undefined): string {
  if (!at) return "";
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: siteZone.value, dateStyle: "short", timeStyle: "short", hourCycle: "h23" }).formatToParts(Date.parse(at));
  const found = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
  return `${found("year")}-${found("month")}-${found("day")}T${found("hour")}:${found("minute")}`;
}

/** The moment that such a field means at the site, as RFC 3339; null where it is empty. An hour that a clock change skips is the next one. */
export function fromField(text: string): string | null {
  if (!text) return null;
  const asUtc = Date.parse(`${text}:00Z`);
  const offset = (moment: number): number => Date.parse(`${inField(new Date(moment).toISOString())}:00Z`) - Math.floor(moment / 60_000) * 60_000;
  const guess = asUtc - offset(asUtc);
  return new Date(asUtc - offset(guess)).toISOString();
}
