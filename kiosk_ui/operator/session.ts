// Who is at the desk, and the one live feed that this page stands on. The session is a cookie that scripts cannot read.
import { signal } from "@preact/signals";
import { call, isRefused, Unreachable } from "../shared/api";
import { LiveFeed } from "../shared/live";
import type { LogIn, Operator } from "../shared/wire";

/** undefined: not asked yet; null: nobody is logged in. */
export const operator = signal<Operator | null | undefined>(undefined);
/** Whether the very first question found no server. */
export const serverAway = signal(false);

export const feed = new LiveFeed(() => (may("lanes:read") ? "zone,sign,lane,device,events" : "zone,sign"), stillLoggedIn);

/** Without this check an ended session would silently get the public view of the feed. */
async function stillLoggedIn(): Promise<boolean> {
  try {
    operator.value = await call<Operator>("/auth/me");
    return true;
  } catch (failure) {
    if (isRefused(failure)) end();
    return false;
  }
}

export async function whoAmI(): Promise<void> {
  try {
    operator.value = await call<Operator>("/auth/me");
    serverAway.value = false;
    feed.start();
  } catch (failure) {
    if (isRefused(failure)) {
      serverAway.value = false;
      operator.value = null;
    } else {
      serverAway.value = failure instanceof Unreachable;
      setTimeout(() => void whoAmI(), 3_000);
    }
  }
}

export async function logIn(username: string, password: string): Promise<void> {
  operator.value = await call<Operator>("/auth/login", { body: { username, password } satisfies LogIn });
  feed.start();
}

/** The same with a passkey instead. */
export async function logInWith(way: () => Promise<Operator>): Promise<void> {
  operator.value = await way();
  feed.start();
}

export async function logOut(): Promise<void> {
  try {
    await call("/auth/logout", { method: "POST" });
  } finally {
    end();
  }
}

function end(): void {
  feed.stop();
  feed.forget();
  operator.value = null;
}

export const may = (scope: string): boolean => operator.value?.scopes.includes(scope) ?? false;
