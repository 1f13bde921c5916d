// What a member does: one deed at a time, its button says that it is under way, and a refusal stands beside it in words.
import { useState } from "preact/hooks";
import { call, isCertainNo, newKey, type Call } from "../shared/api";
import { why } from "../shared/i18n/problems";
import { isOver } from "./member_problems";
import { logOut, token } from "./session";


export interface Deed {
  busy: boolean;
  trouble: string;
  /** Do it; true when it is done. */
  run(what: () => Promise<unknown>): Promise<boolean>;
}

export function useDeed(): Deed {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const run = async (what: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setTrouble("");
    try {
      await what();
      return true;
    } catch (failure) {
      if (isOver(failure)) logOut("expired");
      else setTrouble(why(failure));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, trouble, run };
}

/** A call as this member. */
export const ask = <T>(path: string, options: Call = {}): Promise<T> => call<T>(path, { bearer: token.value, ...options });

const keys = new Map<string, string>();

/** A call that must happen once: the same thing asked again under its key until the server has certainly answered. */
export async function askOnce<T>(path: string, body: unknown): Promise<T> {
  const what = path + JSON.stringify(body);
  const key = keys.get(what) ?? newKey();
  keys.set(what, key);
  try {
    const answer = await ask<T>(path, { body, idempotencyKey: key });
    keys.delete(what);
    return answer;
  } catch (failure) {
    if (isCertainNo(failure)) keys.delete(what);
    throw failure;
  }
}
