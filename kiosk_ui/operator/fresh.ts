// What is read over HTTP stays fresh: it is read at once, at every news of the live feed that concerns it, when the line is back, and from time to time.
import { effect, untracked } from "@preact/signals";
import type { LiveEvent } from "../shared/wire";
import { feed } from "./session";

/** Calls `look` whenever there may be something new; returns how to stop. */
export function keepFresh(look: () => unknown, concerns: (event: LiveEvent) => boolean, everyMs: number): () => void {
  let seen = "";
  const timer = setInterval(() => void look(), everyMs);
  const stop = effect(() => {
    const news = feed.events.value.filter(concerns).map((event) => event.id);
    const mark = [feed.line.value, ...news].join();
    if (mark !== seen) untracked(() => void look());
    seen = mark;
  });
  return () => {
    clearInterval(timer);
    stop();
  };
}
