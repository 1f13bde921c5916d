// One short sentence about what has just been done; it goes by itself.
import { signal } from "@preact/signals";

export const said = signal<string | null>(null);
let timer = 0;

export function tellOnce(sentence: string): void {
  said.value = sentence;
  clearTimeout(timer);
  timer = setTimeout(() => (said.value = null), 6_000);
}
