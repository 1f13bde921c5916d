// The desk's keys. A key decides at once, with the usual reason; Shift asks first, and so does what gives up money or needs a word, or
// what may be a slip: a candidate that another one fits far better than.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { newKey } from "../shared/api";
import { inWords } from "../shared/i18n/codes";
import { why } from "../shared/i18n/problems";
import type { Decide, Decision, DeskCase } from "../shared/wire";
import { candidatesOf, chosen, decide, decisions, letGo, queue, shown, typedFor } from "./desk";
import { desk as say } from "./desk_words";
import { tellOnce } from "./toast";

export const KEYS: Readonly<Record<string, string>> = {
  no_stay: "N",
  plate: "P",
  split: "S",
  part: "T",
  merge: "M",
  confirm: "C",
  close: "X",
  waive: "W",
  done: "D",
  hold: "H",
};
/** What is never done by a key alone. */
const ASKS = new Set(["plate", "part", "close", "waive", "hold"]);

/** A candidate that costs so much more than the likeliest one (natural logarithm: fifty times less likely) is asked about. */
const FAR = 4;

/** The field for the plate that the operator reads. */
export const TYPED = "typed-plate";

/** The question that stands open, if one does. */
export const asking = signal<JSX.Element | null>(null);
/** Which candidate's picture stands beside the case's. */
export const beside = signal(0);

export interface Question {
  case: DeskCase;
  choice: string;
  stayId?: string;
}

let ask: (question: Question) => void = () => undefined;
let askUndo: (made: Decision) => void = () => undefined;

/** The dialogs announce themselves here, so that keys and buttons open the same ones. */
export function dialogs(forDecision: (question: Question) => void, forUndo: (made: Decision) => void): void {
  ask = forDecision;
  askUndo = forUndo;
}

const openQuestion = (question: Question): void => ask(question);
export const openUndo = (made: Decision): void => askUndo(made);

/** Whether another candidate is far likelier than the one that is meant. */
export function isFar({ case: of, stayId }: Question): boolean {
  const [first, ...others] = candidatesOf(of);
  const meant = others.find((one) => one.stay_id === stayId);
  return Boolean(first && meant && meant.cost - first.cost >= FAR);
}

/** Decide at once, or ask where one has to be sure. */
export function answer(question: Question, asks: boolean): void {
  if (asks || asksFirst(question.choice) || isFar(question)) openQuestion(question);
  else void decideNow(question);
}

let busy = false;

/** Decide with the usual reason; what the server refuses is said, and the case read again. */
async function decideNow({ case: of, choice, stayId }: Question): Promise<void> {
  const usual = of.choices.find((one) => one.choice === choice);
  if (!usual?.allowed || busy || !of.holder?.mine) return;
  const read = candidatesOf(of).find((one) => one.stay_id === stayId)?.plate;
  const reason = choice === "match" && of.read && read && read !== of.read ? "plate_misread" : (usual.reasons[0] ?? "other");
  busy = true;
  try {
    await send(of, { choice: choice as Decide["choice"], reason, note: "", version: of.version, ...(stayId ? { stay_id: stayId } : {}) }, newKey());
  } catch (failure) {
    tellOnce(say("failed", { why: why(failure) }));
  } finally {
    busy = false;
  }
}

export async function send(of: DeskCase, body: Decide, key: string): Promise<void> {
  const by = typedFor(of);
  await decide(of.id, by ? { ...body, typed: by } : body, key);
  tellOnce(say("decided", { choice: inWords("choices", body.choice) }));
}

interface Deeds {
  choose: (id: string) => Promise<void>;
  take: (id: string) => Promise<void>;
}

export function onKey(event: KeyboardEvent, { choose, take }: Deeds): void {
  const target = event.target;
  const writes = target instanceof HTMLElement && target.matches("input, textarea, select");
  if (writes || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const of = shown.value;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    return step(event.key === "ArrowDown" ? 1 : -1, choose);
  }
  if (event.key === "Enter" && of && !of.holder && !(target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement)) {
    event.preventDefault();
    return void take(of.id);
  }
  if (event.key === "Escape" && of?.holder?.mine) return void letGo();
  const letter = event.key.toUpperCase();
  if (letter === "U") {
    const last = decisions.value.find((made) => made.may_undo);
    if (last) openUndo(last);
    return;
  }
  if (!of?.holder?.mine || event.repeat) return;
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1] ?? /^[1-9]$/.exec(event.key)?.[0];
  if (digit) return void byNumber(of, Number(digit), event.shiftKey);
  const field = letter === "R" ? document.getElementById(TYPED) : null;
  if (field) {
    event.preventDefault();
    return field.focus();
  }
  const choice = of.choices.find((one) => KEYS[one.choice] === letter);
  if (!choice?.allowed) return;
  event.preventDefault();
  answer({ case: of, choice: choice.choice }, event.shiftKey);
}

function byNumber(of: DeskCase, number: number, asks: boolean): void {
  const candidate = candidatesOf(of)[number - 1];
  if (!candidate || !of.choices.some((one) => one.choice === "match" && one.allowed)) return;
  answer({ case: of, choice: "match", stayId: candidate.stay_id }, asks);
}

function step(by: 1 | -1, choose: (id: string) => Promise<void>): void {
  const rows = queue.value?.items ?? [];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.id === chosen.value);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  const row = rows[next];
  if (row) void choose(row.id);
}

export const asksFirst = (choice: string): boolean => ASKS.has(choice);
