// From case to case: what is left goes back into the queue, what is taken is one's own until it is decided or given back.
import { why } from "../shared/i18n/problems";
import { chosen, letGo, open, shown, take } from "./desk";
import { desk as say } from "./desk_words";
import { swap, toDesk } from "./route";
import { tellOnce } from "./toast";

/** Show a case; what was held before goes back into the queue. Asked for twice, it is fetched once. */
export async function choose(id: string): Promise<void> {
  if (chosen.value === id) return;
  chosen.value = id;
  await letGo();
  if (chosen.value !== id) return;
  swap(toDesk(id));
  try {
    await open(id);
  } catch (failure) {
    shown.value = null;
    tellOnce(say("gone", { why: why(failure) }));
  }
}

/** The desk is left: whatever is chosen next is fetched anew. */
export function leave(): void {
  chosen.value = "";
}

export async function takeIt(id: string): Promise<void> {
  try {
    await take(id);
  } catch (failure) {
    tellOnce(say("not_yours", { why: why(failure) }));
    await open(id).catch(() => undefined);
  }
}
