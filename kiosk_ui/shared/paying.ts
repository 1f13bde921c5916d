// Paying, seen from a page: begin once (one key, however often it is tried), then ask until the outcome is known.
import { call, isRefused, newKey, Problem } from "./api";
import type { Payment, StartPayment } from "./wire";

const ASK_MS = 1_500;
const ENDED = new Set(["PAID", "FAILED", "CLOSED"]);

export const hasEnded = (payment: Payment): boolean => ENDED.has(payment.state);

/** One attempt to pay. The key lives as long as the attempt, so a lost answer never starts a second payment. */
export class Attempt {
  private readonly key = newKey();

  constructor(
    private readonly token: string,
    readonly channel: string,
    private readonly payer: string | null = null,
  ) {}

  begin(): Promise<Payment> {
    const body: StartPayment = this.payer ? { channel: this.channel, payer: this.payer } : { channel: this.channel };
    return call<Payment>("/my/payments", { bearer: this.token, body, idempotencyKey: this.key });
  }
}

export interface Watch {
  stop(): void;
}

/** Told over a websocket when there is news; without one the questions go on as before. */
function listen(token: string, id: string, news: () => void): () => void {
  const at = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/my/payments/${encodeURIComponent(id)}/live`;
  const socket = new WebSocket(at);
  socket.onopen = () => socket.send(JSON.stringify({ token }));
  socket.onmessage = news;
  return () => {
    socket.onopen = socket.onmessage = null;
    socket.close();
  };
}

/** Ask for a payment until it has ended; `away` tells whether the last question went unanswered. */
export function watchPayment(token: string, id: string, on: { news: (p: Payment) => void; away: (is: boolean) => void; refused: () => void }): Watch {
  let stopped = false;
  let timer = 0;
  let asking = false;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    try {
      const payment = await call<Payment>(`/my/payments/${encodeURIComponent(id)}`, { bearer: token });
      if (stopped) return;
      on.away(false);
      on.news(payment);
      if (hasEnded(payment)) return halt();
    } catch (failure) {
      if (stopped) return;
      if (isRefused(failure) || (failure instanceof Problem && failure.status === 404)) {
        halt();
        return on.refused();
      }
      on.away(true);
    } finally {
      asking = false;
    }
    if (!stopped) timer = setTimeout(() => void ask(), ASK_MS);
  };
  const askNow = () => {
    if (!stopped && document.visibilityState === "visible") void ask();
  };
  const deaf = listen(token, id, () => !stopped && void ask());
  const halt = () => {
    stopped = true;
    deaf();
    clearTimeout(timer);
    removeEventListener("pageshow", askNow);
    document.removeEventListener("visibilitychange", askNow);
  };
  addEventListener("pageshow", askNow); // back from the wallet
  document.addEventListener("visibilitychange", askNow);
  void ask();
  return { stop: halt };
}
