// Free bays as they were last seen, for a page that opens without a network.
import { effect } from "@preact/signals";
import { under, type LiveFeed } from "../shared/live";
import type { ZoneCount } from "../shared/wire";
import { keepLevels, keptLevels } from "./kept";

const NOT_OFTENER_MS = 2_000;

export function rememberLevels(feed: LiveFeed): void {
  const kept = keptLevels();
  if (kept) feed.seed(kept.zones.map(([id, zone]) => [`zone.${id}`, zone]), kept.at);
  let timer = 0;
  effect(() => {
    if (feed.line.value !== "live" || !feed.values.value.size || timer) return;
    timer = setTimeout(() => {
      timer = 0;
      keepLevels({ at: feed.asOf.peek() ?? Date.now(), zones: under<ZoneCount>(feed.values.peek(), "zone.") });
    }, NOT_OFTENER_MS);
  });
}
