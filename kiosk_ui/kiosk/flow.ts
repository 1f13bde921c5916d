// The conversation with one person: start, plate, fee, pay, done. When it ends, or nobody is there any more, everything
// about that person is forgotten, the language included.
import { call, isCertainNo, isRefused, newKey } from "../shared/api";
import { Caller } from "../shared/calling";
import { speak } from "../shared/i18n";
import { why } from "../shared/i18n/problems";
import { ANY, chooseAnother, chosen, loadChannels } from "../shared/channels";
import { Attempt, hasEnded, watchPayment, type Watch } from "../shared/paying";
import { setServerTime } from "../shared/tick";
import type { Car, FindStay, FindToken, Found, MyStay, Payment } from "../shared/wire";
import { cancelCash, cash, engaged, forgetCash, loadWays, ways, whenCashEnds } from "./cash";
import {
  asking, busy, car, deviceKey, enrolled, feed, go, hash, left, ownCode, payAway, payingBy, payment, screen, secondsLeft, stay, stepFree, token, touched,
  trouble, typed, voice,
} from "./state";

const REFRESH_MS = 20_000;
const ENROL_AGAIN_MS = 60_000;

/** Where this machine stands (`at=pillar:P1`, or the name of an entrance): from here one walks. */
const at = hash.get("at") ?? "";
const here = at.startsWith("pillar:") ? { pillar: at.slice(7) } : { entrance: at };

/** Help for whoever stands here; it goes on ringing when the screen goes back to its start. */
export const caller = new Caller("/kiosk", () => deviceKey);

let refreshTimer = 0;
let findToken = "";
let attempt: Attempt | null = null;
let watch: Watch | null = null;
/** Answers that arrive after the person has gone belong to nobody: every conversation has its number. */
let visit = 0;

export function run(): void {
  feed.start();
  whenCashEnds({ paid: () => paidHere(), back: backToFee });
  void loadChannels();
  if (deviceKey) void loadWays();
  // While the question “are you still there?” stands, a touch or a key answers it and does nothing underneath.
  addEventListener("pointerdown", () => !asking() && touched(), { capture: true });
  addEventListener("keydown", answerByKey, { capture: true });
  setInterval(count, 1_000);
}

function answerByKey(event: KeyboardEvent): void {
  if (asking()) {
    event.preventDefault();
    event.stopPropagation();
  }
  touched();
}

function count(): void {
  if (screen.value === "start") return;
  const seconds = secondsLeft();
  if (seconds <= 0) leave();
  else left.value = seconds;
}

/** Back to the start; whoever has money in the machine first sees where it goes. */
export function leave(): void {
  if (screen.value === "cash" && engaged.value && cash.value?.state !== "over" && (cash.value?.inserted.amount ?? 0) > 0) return cancelCash();
  forget();
}

/** A card that is held to the terminal from now on is not for this payment any more. */
function leaveTerminal(): void {
  const begun = payment.value;
  payment.value = null;
  if (!begun || hasEnded(begun) || payingBy.value !== ways.value?.card) return;
  attempt = null;
  call(`/kiosk/cards/${encodeURIComponent(begun.payment_id)}/cancel`, { method: "POST", bearer: deviceKey, idempotencyKey: newKey() }).catch(() => {
    // Its order ends at the terminal by itself.
  });
}

/** Back to the start, with nothing kept of the person who was here. */
export function forget(): void {
  visit += 1;
  leaveTerminal();
  watch?.stop();
  watch = null;
  attempt = null;
  forgetCash();
  clearTimeout(refreshTimer);
  typed.value = "";
  token.value = "";
  stay.value = null;
  payment.value = null;
  payAway.value = false;
  car.value = null;
  stepFree.value = false;
  ownCode.value = "";
  findToken = "";
  busy.value = false;
  chosen.value = ANY;
  speak("zh", false);
  voice.value = true;
  go("start");
}

export function enterPlate(): void {
  go("plate");
}

export async function find(): Promise<void> {
  const mine = visit;
  busy.value = true;
  trouble.value = "";
  try {
    const found = await call<Found>("/kiosk/stays/find", { bearer: deviceKey, body: { plate: typed.value } satisfies FindStay });
    if (mine !== visit) return;
    if (!found.found) return go("missing");
    show(found.stay_token, found.stay);
  } catch (failure) {
    if (mine !== visit) return;
    if (isRefused(failure)) return refuse();
    trouble.value = why(failure);
  } finally {
    if (mine === visit) busy.value = false;
  }
}

/** A ticket's code was scanned: it opens its stay without a plate. Over a conversation that has come further it does nothing. */
export async function openTicket(code: string): Promise<void> {
  if (screen.value === "find") return findCar(code);
  if (busy.value || !["start", "plate", "missing"].includes(screen.value)) return;
  const mine = visit;
  go("plate");
  typed.value = "";
  busy.value = true;
  try {
    const answer = await call<MyStay>("/my/stay", { bearer: code });
    if (mine !== visit) return;
    ownCode.value = code;
    show(code, answer);
  } catch (failure) {
    if (mine === visit) trouble.value = why(failure);
  } finally {
    if (mine === visit) busy.value = false;
  }
}

function show(code: string, found: MyStay): void {
  token.value = code;
  setServerTime(found.now);
  stay.value = found;
  go("fee");
  if (deviceKey) void loadWays();
  refreshTimer = setTimeout(() => void refresh(), REFRESH_MS);
}

/** The server does not know this machine (any more): say so, and try again later by itself. */
function refuse(): void {
  enrolled.value = false;
  setTimeout(() => (enrolled.value = true), ENROL_AGAIN_MS);
  forget();
}

/** The fee grows while somebody reads it: what is shown is what will be asked. */
async function refresh(): Promise<void> {
  const mine = visit;
  clearTimeout(refreshTimer);
  try {
    const answer = await call<MyStay>("/my/stay", { bearer: token.value });
    if (mine !== visit) return;
    setServerTime(answer.now);
    const paidElsewhere = stay.value?.state === "open" && answer.state === "settled" && screen.value === "fee";
    stay.value = answer;
    if (paidElsewhere) go("done");
  } catch {
    // The connection bar says so already.
  }
  if (mine === visit && token.value) refreshTimer = setTimeout(() => void refresh(), REFRESH_MS);
}

/** By the channel that was chosen for a phone, or by another: the card terminal beside this machine. */
export async function pay(channel: string = chosen.value): Promise<void> {
  const mine = visit;
  payment.value = null;
  if (!attempt || attempt.channel !== channel) attempt = new Attempt(token.value, channel);
  payingBy.value = channel;
  go("pay");
  busy.value = true;
  try {
    const begun = await attempt.begin();
    if (mine !== visit) return;
    follow(begun);
    if (begun.state === "FAILED") chooseAnother();
  } catch (failure) {
    if (mine !== visit) return;
    if (isCertainNo(failure)) attempt = null;
    trouble.value = why(failure);
  } finally {
    if (mine === visit) busy.value = false;
  }
}

function follow(begun: Payment): void {
  payment.value = begun;
  watch?.stop();
  watch = watchPayment(token.value, begun.payment_id, {
    news: (news) => {
      payment.value = { ...news, pay_url: news.pay_url ?? begun.pay_url ?? null };
      if (news.state === "PAID") paidHere(news.leave_by);
      else if (news.state === "FAILED" || news.state === "CLOSED") {
        attempt = null;
        chooseAnother();
      }
    },
    away: (is) => (payAway.value = is),
    refused: forget,
  });
}

/** The payment is made: until when to leave is told now, or by the next answer. */
export function paidHere(leaveBy?: string | null): void {
  clearTimeout(refreshTimer);
  if (stay.value) stay.value = { ...stay.value, state: "settled", leave_by: leaveBy ?? stay.value.leave_by };
  go("done");
  void refresh();
}

export function backToFee(): void {
  watch?.stop();
  leaveTerminal();
  void loadChannels();
  if (deviceKey) void loadWays();
  go("fee");
  void refresh();
}

/** To the screen that asks for the ticket; with a ticket scanned before, straight to the car. */
export async function beginFinding(): Promise<void> {
  go("find");
  if (ownCode.value) await findCar(ownCode.value);
}

/** A ticket's code shows where its car stands and the way from this machine. */
async function findCar(code: string): Promise<void> {
  if (busy.value) return;
  const mine = visit;
  busy.value = true;
  trouble.value = "";
  touched();
  try {
    const proven = await call<FindToken>("/find", { bearer: deviceKey, body: { code } });
    if (mine !== visit) return;
    findToken = proven.token;
    ownCode.value = code;
    await askWay(mine);
  } catch (failure) {
    if (mine === visit) trouble.value = why(failure);
  } finally {
    if (mine === visit) busy.value = false;
  }
}

export async function wantStepFree(yes: boolean): Promise<void> {
  const mine = visit;
  stepFree.value = yes;
  try {
    await askWay(mine);
  } catch (failure) {
    if (mine === visit) trouble.value = why(failure);
  }
}

async function askWay(mine: number): Promise<void> {
  const answer = await call<Car>("/find/way", { bearer: deviceKey, body: { token: findToken, ...here, step_free: stepFree.value } });
  if (mine === visit) car.value = answer;
}
