// The exception desk as the server has it: the queue, the case in hand, what was decided. The live feed says when to look again.
import { signal } from "@preact/signals";
import { call } from "../shared/api";
import { setServerTime } from "../shared/tick";
import type { AskAbout, Candidate, Decide, Decision, DecisionPage, DeskCase, DeskPage, LessonPage, RankedAgain, Switch, TypedPlate, Undo } from "../shared/wire";
import { keepFresh } from "./fresh";

const LOOK_AGAIN_MS = 20_000;
const RENEW_MS = 60_000;
const NEWS = new Set(["CaseOpened", "CaseChanged"]);

export const queue = signal<DeskPage | null>(null);
/** Which case is looked at; it may still be on its way. */
export const chosen = signal("");
/** That case as the server has it. */
export const shown = signal<DeskCase | null>(null);
export const decisions = signal<readonly Decision[]>([]);
/** The last look found nobody: what is shown may be old. */
export const unread = signal(false);

export async function look(): Promise<void> {
  try {
    const [page, made] = await Promise.all([call<DeskPage>("/desk/cases?limit=100"), call<DecisionPage>("/desk/decisions?limit=8")]);
    setServerTime(page.now);
    queue.value = page;
    decisions.value = made.items;
    unread.value = false;
  } catch {
    unread.value = true;
  }
}

/** Look now, at every news, and from time to time; returns how to stop. */
export const keepQueue = (): (() => void) => keepFresh(() => look().then(again), (event) => NEWS.has(event.type), LOOK_AGAIN_MS);

/** The same, renewing the case in hand; stopping gives it back. */
export function keepDesk(): () => void {
  const stop = keepQueue();
  const renew = setInterval(() => void renewHeld(), RENEW_MS);
  return () => {
    clearInterval(renew);
    stop();
    void letGo();
    shown.value = null;
  };
}

/** What the open case's candidates are by the plate that its operator reads on the picture. */
export const typed = signal<{ id: string; plate: string; candidates: readonly Candidate[] } | null>(null);

/** The plate that a case is ranked by, where its operator has typed one. */
export const typedFor = (of: DeskCase): string => (of.holder?.mine && typed.value?.id === of.id ? typed.value.plate : "");
export const candidatesOf = (of: DeskCase): readonly Candidate[] => (typedFor(of) ? (typed.value?.candidates ?? []) : of.candidates);

export async function rankAgain(id: string, plate: string): Promise<void> {
  const found = await call<RankedAgain>(`${at(id)}/rank`, { body: { plate } satisfies TypedPlate });
  if (shown.value?.id === id) typed.value = { id, plate, candidates: found.candidates };
}

/** Stays inside that a plate may mean, masked. */
export const findStays = async (plate: string): Promise<readonly Candidate[]> =>
  (await call<RankedAgain>("/desk/find", { body: { plate } satisfies TypedPlate })).candidates;

/** A stay that no rule doubts becomes a case in one's own hand; returns which. */
export const askAbout = async (stay: string): Promise<string> =>
  (await call<DeskCase>("/desk/questions", { body: { stay_id: stay } satisfies AskAbout })).id;

const at = (id: string): string => `/desk/cases/${encodeURIComponent(id)}`;

let asked = "";

/** Show a case; of two that were asked for, the later one stays. */
export async function open(id: string): Promise<void> {
  asked = id;
  const found = await call<DeskCase>(at(id));
  if (asked === id) shown.value = found;
}

/** Read the open case again: somebody may have done something about it. */
async function again(): Promise<void> {
  const id = shown.value?.id;
  if (!id) return;
  try {
    const found = await call<DeskCase>(at(id));
    if (shown.value?.id === id) shown.value = found;
  } catch {
    unread.value = true;
  }
}

export async function take(id: string): Promise<void> {
  try {
    shown.value = await call<DeskCase>(`${at(id)}/take`, { method: "POST" });
  } finally {
    void look();
  }
}

async function renewHeld(): Promise<void> {
  const held = shown.value;
  if (!held?.holder?.mine) return;
  try {
    const renewed = await call<DeskCase>(`${at(held.id)}/take`, { method: "POST" });
    if (shown.value?.id === held.id) shown.value = renewed;
  } catch {
    void again();
  }
}

/** Give the case back, if it is ours; a page that goes without it lets the lease run out. */
export async function letGo(): Promise<void> {
  const held = shown.value;
  if (!held?.holder?.mine || held.state !== "open") return;
  try {
    const given = await call<DeskCase>(`${at(held.id)}/give-back`, { method: "POST" });
    if (shown.value?.id === held.id) shown.value = given;
  } catch {
    // Nobody hears it: the lease ends by itself.
  }
}

export async function decide(id: string, body: Decide, key: string): Promise<Decision> {
  try {
    return await call<Decision>(`${at(id)}/decide`, { body, idempotencyKey: key });
  } finally {
    await look();
    await again();
  }
}

export async function undo(id: string, reason: string, key: string): Promise<Decision> {
  try {
    return await call<Decision>(`/desk/decisions/${encodeURIComponent(id)}/undo`, { body: { reason } satisfies Undo, idempotencyKey: key });
  } finally {
    await look();
    await again();
  }
}

export const lessons = (after: string): Promise<LessonPage> => call<LessonPage>(`/desk/lessons?cursor=${encodeURIComponent(after)}`);
export const switchLesson = (id: string, body: Switch): Promise<LessonPage> =>
  call<LessonPage>(`/desk/lessons/${encodeURIComponent(id)}/switch`, { body });
