// From case to case: what is left goes back into the queue, what is taken is one's own until it is decided or given back.
import { why } from "../shared/i18n/problems";
import { letGo, open, shown, take } from "./desk";
import { desk as say } from "./desk_words";
import { swap, toDesk } from "./route";
import { tellOnce } from "./toast";

/** Show a case; what was held before goes back into the queue. */
export async function choose(id: string): Promise<void> {
  if (shown.value?.id === id) return;
  await letGo();
  swap(toDesk(id));
  try {
    await open(id);
  } catch (failure) {
    shown.value = null;
    tellOnce(say("gone", { why: why(failure) }));
  }
}

export async function takeIt(id: string): Promise<void> {
  try {
    await take(id);
  } catch (failure) {
    tellOnce(say("not_yours", { why: why(failure) }));
    await open(id).catch(() => undefined);
  }
}
