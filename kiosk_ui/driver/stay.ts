// One stay, seen by whoever holds its code. The last answer is kept on this phone as long as the stay lasts, and shown as
// old when the network is gone; the code itself never leaves the address after the #, so no server log sees it.
import { signal } from "@preact/signals";
import { call, isCertainNo, isRefused, Problem } from "../shared/api";
import { Caller } from "../shared/calling";
import { why } from "../shared/i18n/problems";
import { alone, ANY, chooseAnother, chosen, loadChannels } from "../shared/channels";
import { confirmInApp, payer } from "../shared/in_app";
import { Attempt, hasEnded, watchPayment, type Watch } from "../shared/paying";
import { setServerTime } from "../shared/tick";
import * as phone from "./kept";
import type { MyStay, Payment, PriceStep, Quote, Receipt } from "../shared/wire";

const PAYMENT_UNDER = "parking.payment";
const LEFT_UNDER = "parking.left";
const BACK_UNDER = "parking.back";
const MEMBER_UNDER = "parking.member";
const REFRESH_MS = 20_000;
const AWAY_MS = 4_000;

export type Trouble = "expired" | "unknown_stay";

export const token = signal<string>("");
export const stay = signal<MyStay | null>(null);
/** When `stay` was true, in milliseconds of the device. */
export const stayAsOf = signal<number | null>(null);
/** The next moment at which leaving later costs another amount; null where none is known. */
export const step = signal<PriceStep | null>(null);
export const away = signal(false);
export const trouble = signal<Trouble | null>(null);
export const payment = signal<Payment | null>(null);
export const starting = signal(false);
export const payTrouble = signal<string>("");
export const receipt = signal<Receipt | null>(null);
/** Help, for whoever holds the code; at a lane its code names the lane (`&l=exit-1`). */
export const caller = new Caller(
  "/my",
  () => token.value,
  () => new URLSearchParams(location.hash.slice(1)).get("l"),
  { keep: (id) => phone.keepCall(token.value, id), recall: () => phone.keptCall(token.value) },
);

let timer = 0;
let attempt: Attempt | null = null;
let watch: Watch | null = null;

export function begin(): void {
  addEventListener("hashchange", readToken);
  addEventListener("online", () => void refresh());
  addEventListener("offline", () => (away.value = true));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void refresh());
  void loadChannels();
  comeBack();
  readToken();
}

/** A payment company sends the browser back without the code: this tab knows whose page it had left. */
function comeBack(): void {
  const left = recall<string>(LEFT_UNDER);
  let known = "";
  keep(LEFT_UNDER, null);
  const back = recall<string>(BACK_UNDER); // it was the member's page that had left
  keep(BACK_UNDER, null);
  if (back && !left && !/[#&]t=/.test(location.hash)) return location.replace(`../member/${back}`);
  if (!location.hash || location.hash === "#") known = left || phone.keptCode(); // opened from the home screen, too
  else if (!new URLSearchParams(location.hash.slice(1)).get("t")) known = left ?? "";
  if (known) history.replaceState(null, "", `#t=${known}`);
}

/** Whether a member is logged in in this tab: then there is a way back to the member's page. */
export const isMember = (): boolean => recall<string>(MEMBER_UNDER) !== null;

/** The driver wants nothing of this stay left on this phone. */
export function forgetHere(): void {
  phone.forgetStay();
  try {
    sessionStorage.clear();
  } catch {
    // Storage may be forbidden: then there is nothing.
  }
  location.hash = "";
}

/** Go to a payment company's page that comes back to this one's plain address. */
export function goAway(to: string): void {
  keep(LEFT_UNDER, token.value);
  location.assign(to);
}

function readToken(): void {
  const found = new URLSearchParams(location.hash.slice(1)).get("t") ?? "";
  token.value = found;
  stay.value = null;
  step.value = null;
  trouble.value = null;
  payment.value = null;
  receipt.value = null;
  attempt = null;
  watch?.stop();
  caller.goOn();
  if (!found) return;
  const kept = phone.keptStay();
  if (kept?.token === found) {
    stay.value = kept.stay;
    stayAsOf.value = kept.at;
  }
  const underWay = recall<{ token: string; payment: Payment }>(PAYMENT_UNDER);
  if (underWay?.token === found && !hasEnded(underWay.payment)) follow(underWay.payment);
  void refresh();
}

export async function refresh(): Promise<void> {
  const asked = token.value;
  clearTimeout(timer);
  if (!asked) return;
  try {
    const answer = await call<MyStay>("/my/stay", { bearer: asked });
    if (asked !== token.value) return;
    setServerTime(answer.now);
    stay.value = answer;
    stayAsOf.value = Date.now();
    away.value = false;
    trouble.value = null;
    void lookAhead(answer);
    if (answer.state === "closed") phone.forgetStay();
    else phone.keepStay({ token: asked, stay: answer, at: stayAsOf.value });
    if (answer.state !== "closed") timer = setTimeout(() => void refresh(), REFRESH_MS);
  } catch (failure) {
    if (asked !== token.value) return;
    if (isRefused(failure)) return refuse("expired");
    if (failure instanceof Problem && failure.status === 404) return refuse("unknown_stay");
    away.value = true;
    timer = setTimeout(() => void refresh(), AWAY_MS);
  }
}

/** Asked for once for each step of the price: what is said of it stands until it has come, or the fee is another. */
async function lookAhead(at: MyStay): Promise<void> {
  const asked = token.value;
  if (at.state !== "open") return void (step.value = null);
  if (step.value && step.value.total.amount === at.bill.total.amount && Date.parse(step.value.before) > Date.parse(at.now)) return;
  step.value = null;
  try {
    const quote = await call<Quote>("/my/quote", { bearer: asked });
    if (asked === token.value) step.value = quote.what_if[0] ?? null;
  } catch {
    // The fee stands without it.
  }
}

function refuse(because: Trouble): void {
  trouble.value = because;
  stay.value = null;
  phone.forgetStay();
  watch?.stop();
  keep(PAYMENT_UNDER, null);
}

/** Inside an app that pays by itself its own way is taken, unless somebody chose another. */
function way(): { channel: string; payer: string | null } {
  const inApp = payer() ? alone(true).find((one) => one.method === "in_app") : undefined;
  if (inApp && (chosen.value === ANY || chosen.value === inApp.name)) return { channel: inApp.name, payer: payer() };
  return { channel: chosen.value, payer: null };
}

/** Another way, please: what was begun stays closed or is closed by the server before the next begins. */
export function anotherWay(): void {
  watch?.stop();
  payment.value = null;
  attempt = null;
  keep(PAYMENT_UNDER, null);
  chooseAnother();
}

/** Start paying (or go on with the attempt whose answer was lost) and go to the wallet. */
export async function pay(): Promise<void> {
  const by = way();
  if (!attempt || attempt.channel !== by.channel) attempt = new Attempt(token.value, by.channel, by.payer);
  starting.value = true;
  payTrouble.value = "";
  try {
    const begun = await attempt.begin();
    follow(begun);
    if (begun.in_app && !hasEnded(begun)) confirmInApp(begun.in_app);
    else if (begun.pay_url && !hasEnded(begun)) goAway(begun.pay_url);
    else if (begun.state === "FAILED") chooseAnother();
  } catch (failure) {
    if (isRefused(failure)) refuse("expired");
    else payTrouble.value = why(failure);
    if (isCertainNo(failure)) {
      attempt = null;
      void refresh();
    }
  } finally {
    starting.value = false;
  }
}

function follow(begun: Payment): void {
  payment.value = begun;
  keep(PAYMENT_UNDER, { token: token.value, payment: begun });
  watch?.stop();
  watch = watchPayment(token.value, begun.payment_id, {
    news: (news) => {
      payment.value = { ...news, pay_url: news.pay_url ?? begun.pay_url ?? null };
      if (!hasEnded(news)) return;
      attempt = null;
      keep(PAYMENT_UNDER, null);
      if (news.state === "PAID") void loadReceipt(begun.payment_id);
      else chooseAnother();
      void refresh();
    },
    away: (is) => (away.value = is),
    refused: () => void refresh(),
  });
}

/** The code that is open here, else the one that this phone keeps: a scanned pillar leads to the car without another tap. */
export const keptCode = (): string => token.value || phone.keptCode();

async function loadReceipt(paymentId: string): Promise<void> {
  const asked = token.value;
  try {
    const found = await call<Receipt>(`/my/payments/${encodeURIComponent(paymentId)}/receipt`, { bearer: asked });
    if (asked === token.value) receipt.value = found;
  } catch {
    // The bill says that it is paid; the receipt can be had at the desk.
  }
}

function keep(under: string, what: unknown): void {
  try {
    if (what === null) sessionStorage.removeItem(under);
    else sessionStorage.setItem(under, JSON.stringify(what));
  } catch {
    // Then the page forgets on reload, and asks again.
  }
}

function recall<T>(under: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(under) ?? "null") as T | null;
  } catch {
    return null;
  }
}
