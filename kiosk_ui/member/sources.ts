// What the server says of this member, each part asked for by itself: a part that fails says so and the others stand. Without a line
// what was seen stays, marked as old, and is asked for again.
import { effect, signal } from "@preact/signals";
import { call, Problem, Unreachable } from "../shared/api";
import type {
  Agreement,
  Invoices,
  LookedAt,
  Member,
  MemberNotice,
  OwnCoupon,
  OwnDebt,
  OwnPoints,
  OwnPurchase,
  OwnStanding,
  OwnStay,
  PointsMoves,
} from "../shared/wire";
import { isOver } from "./member_problems";
import { logOut, token } from "./session";

const AGAIN_MS = 4_000;

export const away = signal(false);
/** When an answer last came, in milliseconds of the device. */
export const asOf = signal<number | null>(null);

let timer = 0;
const unanswered = new Set<Source<unknown>>();
const all: Source<unknown>[] = [];

export class Source<T> {
  readonly value = signal<T | null>(null);
  /** The server said no, and why. */
  readonly no = signal<Problem | null>(null);

  constructor(private readonly path: string) {
    all.push(this as Source<unknown>);
  }

  async load(): Promise<void> {
    const bearer = token.value;
    if (!bearer) return;
    try {
      const answer = await call<T>(this.path, { bearer });
      if (bearer !== token.value) return;
      this.value.value = answer;
      this.no.value = null;
      unanswered.delete(this as Source<unknown>);
      asOf.value = Date.now();
      if (!unanswered.size) away.value = false;
    } catch (failure) {
      if (bearer !== token.value) return;
      if (failure instanceof Unreachable) this.again();
      else if (isOver(failure)) logOut("expired");
      else if (failure instanceof Problem) this.no.value = failure;
      else throw failure;
    }
  }

  private again(): void {
    away.value = true;
    unanswered.add(this as Source<unknown>);
    clearTimeout(timer);
    timer = setTimeout(askAgain, AGAIN_MS);
  }

  forget(): void {
    this.value.value = null;
    this.no.value = null;
  }
}

function askAgain(): void {
  for (const one of unanswered) void one.load();
}

export const me = new Source<Member>("/me");
export const standing = new Source<OwnStanding>("/me/standing");
export const points = new Source<OwnPoints>("/me/points");
export const moves = new Source<PointsMoves>("/me/points/history");
export const purchases = new Source<OwnPurchase[]>("/me/receipts");
export const coupons = new Source<OwnCoupon[]>("/me/coupons");
export const stays = new Source<OwnStay[]>("/me/stays");
export const debts = new Source<OwnDebt[]>("/me/debts");
export const agreements = new Source<Agreement[]>("/me/agreements");
export const invoices = new Source<Invoices>("/me/invoices");
export const notices = new Source<MemberNotice[]>("/me/notices");
export const looks = new Source<LookedAt[]>("/me/looks");

export function load(...what: { load(): Promise<void> }[]): void {
  for (const one of what) void one.load();
}

addEventListener("online", askAgain);
let whose = "";
effect(() => {
  if (token.value === whose) return;
  whose = token.value;
  unanswered.clear();
  for (const one of all) one.forget();
});
