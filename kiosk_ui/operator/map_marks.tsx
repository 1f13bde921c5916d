// What stands on the map besides bays: lanes, signs, cameras and the names of zones, each a button that says how it is.
import type { ComponentChildren, JSX } from "preact";
import { count } from "../shared/format";
import { named } from "../shared/i18n";
import { inWords } from "../shared/i18n/codes";
import { Mark, type MarkName } from "../shared/marks";
import type { ZoneCount } from "../shared/wire";
import { toneOfLane } from "./lanes";
import { map as say } from "./map_words";
import { feed } from "./session";
import { alarmsAt, choose, chosen, deviceValue, same, signValue, site, type Thing } from "./site_map";
import { laneValue, zoneName } from "./names";

const LANES: Readonly<Record<string, MarkName>> = { entry: "in", exit: "out", ramp: "ramp" };
const HEALTH: Readonly<Record<string, string>> = { ok: "ok", faulty: "bad", silent: "warn" };

export function MapMark({ thing }: { thing: Thing }): JSX.Element {
  if (thing.kind === "lane") return <LaneMark thing={thing} />;
  if (thing.kind === "sign") return <SignMark thing={thing} />;
  return thing.kind === "zone" ? <ZoneMark thing={thing} /> : <CameraMark thing={thing} />;
}

function Button({ thing, tone, label, children }: { thing: Thing; tone: string; label: string; children: ComponentChildren }): JSX.Element {
  const wrong = alarmsAt(thing);
  const told = [label, ...wrong.map((alarm) => say("alarm", { what: alarm.text }))].join(", ");
  const loud = wrong[0]?.tone;
  return (
    <button
      type="button"
      class={`map-mark map-${thing.kind} map-${loud ?? tone}`}
      aria-label={told}
      title={told}
      aria-pressed={same(chosen.value, thing)}
      data-mark={`${thing.kind}.${thing.id}`}
      data-alarm={loud}
      onClick={() => choose(thing)}
    >
      {children}
      {loud && (
        <span class={`map-alarm map-alarm-${loud}`} aria-hidden="true">
          !
        </span>
      )}
    </button>
  );
}

function LaneMark({ thing }: { thing: Thing }): JSX.Element {
  const lane = laneValue(thing.id);
  const drawn = site.value?.lanes.find((one) => one.id === thing.id);
  const state = lane ? inWords("laneStates", lane.fault ? "fault" : lane.state) : say("no_word");
  return (
    <Button thing={thing} tone={lane ? toneOfLane(lane) : "plain"} label={`${named(drawn?.name)}, ${state}`}>
      <Mark name={LANES[drawn?.kind ?? ""] ?? "in"} size="1.125rem" />
    </Button>
  );
}

function SignMark({ thing }: { thing: Thing }): JSX.Element {
  const sign = signValue(thing.id);
  const text = sign?.text || "----";
  const zone = site.value?.signs.find((one) => one.id === thing.id)?.zone;
  return (
    <Button thing={thing} tone="plain" label={`${say("sign")} ${zoneName(zone)}: ${text}, ${inWords("health", sign?.health ?? "unknown")}`}>
      <span class={`led ${sign?.health === "ok" ? "" : "led-off"}`} aria-hidden="true">
        {text}
      </span>
    </Button>
  );
}

function CameraMark({ thing }: { thing: Thing }): JSX.Element {
  const health = deviceValue(thing.id)?.health;
  return (
    <Button thing={thing} tone={HEALTH[health ?? ""] ?? "plain"} label={`${say("camera")} ${thing.id}, ${health ? inWords("health", health) : say("no_word")}`}>
      <Mark name="camera" size="1.125rem" />
    </Button>
  );
}

/** What the lanes' count says of a zone, in words. */
export function zoneWords(id: string): string {
  const zone = feed.values.value.get(`zone.${id}`) as ZoneCount | undefined;
  const name = named(site.value?.zones.find((one) => one.id === id)?.name);
  if (!zone) return say("zone_silent", { zone: name });
  const capacity = count(zone.capacity);
  return zone.known ? say("zone_free", { zone: name, free: count(zone.free), capacity }) : say("zone_unknown", { zone: name, capacity });
}

function ZoneMark({ thing }: { thing: Thing }): JSX.Element {
  const zone = feed.values.value.get(`zone.${thing.id}`) as ZoneCount | undefined;
  return (
    <Button thing={thing} tone="plain" label={zoneWords(thing.id)}>
      <span class="map-zone-name">{named(site.value?.zones.find((one) => one.id === thing.id)?.name)}</span>{" "}
      <b>{zone?.known ? count(zone.free) : "----"}</b>
    </Button>
  );
}
