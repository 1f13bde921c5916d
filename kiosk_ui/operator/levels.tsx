// How many bays are free, level by level. What the counters cannot vouch for is shown as ----.
import type { JSX } from "preact";
import { count } from "../shared/format";
import { named } from "../shared/i18n";
import { under } from "../shared/live";
import type { ZoneCount } from "../shared/wire";
import { feed } from "./session";
import { say } from "./words";

type Mood = "plenty" | "few" | "full";

export function moodOf(zone: ZoneCount): Mood {
  if (zone.free <= 0) return "full";
  return zone.free <= Math.max(3, zone.capacity * 0.1) ? "few" : "plenty";
}

export function Levels(): JSX.Element {
  const zones = under<ZoneCount>(feed.values.value, "zone.");
  return (
    <section aria-labelledby="levels-title">
      <h2 id="levels-title">{say("levels")}</h2>
      <ul class="levels">
        {zones.map(([id, zone]) => (
          <Level key={id} id={id} zone={zone} />
        ))}
      </ul>
    </section>
  );
}

function Level({ id, zone }: { id: string; zone: ZoneCount }): JSX.Element {
  const mood = moodOf(zone);
  const share = zone.capacity ? Math.min(1, Math.max(0, zone.occupied / zone.capacity)) : 0;
  return (
    <li class={`panel level ${zone.known ? `level-${mood}` : "level-unknown"}`} data-zone={id}>
      <h3>
        {named(zone.name)}
        <span class={`chip chip-${zone.known ? { plenty: "ok", few: "warn", full: "bad" }[mood] : "plain"}`}>
          {zone.known ? say(mood) : say("not_certain")}
        </span>
      </h3>
      <p class="big">
        {zone.known ? <b>{count(zone.free)}</b> : <b class="unknown">----</b>}
        <span>{say("free_bays")}</span>
      </p>
      <div class="bar" aria-hidden="true">
        {zone.known && <i style={{ width: `${share * 100}%` }} />}
      </div>
      <p class="soft">
        {zone.known
          ? say("occupied_of", { occupied: count(zone.occupied), capacity: count(zone.capacity) })
          : say("capacity_only", { capacity: count(zone.capacity) })}
      </p>
    </li>
  );
}
