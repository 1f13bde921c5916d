// The map itself: levels and what stands where, read once; which level is shown and what is chosen on it; and what is wrong at which place.
import { computed, signal } from "@preact/signals";
import { call } from "../shared/api";
import { named } from "../shared/i18n";
import { inWords } from "../shared/i18n/codes";
import { deviceWords } from "../shared/i18n/device_words";
import { under } from "../shared/live";
import type { DeviceValue, DrawnLevel, LaneValue, SignValue, SiteOnMap } from "../shared/wire";
import { calls } from "./help";
import { bay } from "./map_bays";
import { map as say } from "./map_words";
import { laneOfDevice, laneValue, signName } from "./names";
import { place, swap, toMap } from "./route";
import { feed } from "./session";

export type Kind = "bay" | "lane" | "sign" | "camera" | "device" | "zone";
export interface Thing {
  kind: Kind;
  id: string;
}

export interface Alarm {
  of: Thing;
  tone: "bad" | "warn";
  name: string;
  text: string;
}

const MODE_TONES: Readonly<Record<string, Alarm["tone"]>> = { degraded: "warn", emergency: "bad", manual: "warn" };

export const levels = signal<readonly DrawnLevel[] | null>(null);
export const site = signal<SiteOnMap | null>(null);
export const failed = signal(false);
export const chosen = signal<Thing | null>(null);

/** The level that the address names; the first with a lane on it where it names none, for there the day's work is. */
export const level = computed<DrawnLevel | null>(() => {
  const all = levels.value ?? [];
  const asked = place.value.page === "map" ? place.value.id : "";
  const withLane = new Set(site.value?.lanes.map((lane) => lane.place?.level));
  return all.find((one) => one.id === asked) ?? all.find((one) => withLane.has(one.id)) ?? all[0] ?? null;
});

const levelOfZone = computed(() => new Map(site.value?.zones.map((zone) => [zone.id, zone.level])));
export const levelOf = (zone: string): string | undefined => levelOfZone.value.get(zone);

export async function readMap(): Promise<void> {
  try {
    const [drawn, map] = await Promise.all([call<DrawnLevel[]>("/site/levels"), call<SiteOnMap>("/site/map")]);
    levels.value = drawn;
    site.value = map;
    failed.value = false;
  } catch {
    failed.value = true;
  }
}

export const same = (a: Thing | null, b: Thing): boolean => a?.kind === b.kind && a.id === b.id;

/** Where a thing is drawn, undefined where it is not. */
export function levelOfThing({ kind, id }: Thing): string | undefined {
  const of = site.value;
  if (kind === "bay") return levelOf(bay(id)?.zone ?? "");
  if (kind === "zone") return levelOf(id);
  if (kind === "lane") return of?.lanes.find((one) => one.id === id)?.place?.level;
  if (kind === "sign") return of?.signs.find((one) => one.id === id)?.place?.level;
  return kind === "camera" ? of?.cameras.find((one) => one.id === id)?.place.level : undefined;
}

/** Choose a thing, and show the level that it is on. */
export function choose(thing: Thing | null): void {
  chosen.value = thing;
  const at = thing && levelOfThing(thing);
  if (at && at !== level.value?.id) swap(toMap(at));
}

export const signValue = (id: string): SignValue | undefined => feed.values.value.get(`sign.${id}`) as SignValue | undefined;
export const deviceValue = (id: string): DeviceValue | undefined => feed.values.value.get(`device.${id}`) as DeviceValue | undefined;

const ill = (health: string): boolean => health === "faulty" || health === "silent";
const toneOf = (health: string): Alarm["tone"] => (health === "faulty" ? "bad" : "warn");
const joined = (...parts: (string | null | undefined)[]): string => parts.filter(Boolean).join(" · ");

function ofLane(id: string, lane: LaneValue): Alarm[] {
  const of: Thing = { kind: "lane", id };
  const found: Alarm[] = [];
  const name = named(lane.name);
  const mode = lane.mode ?? "normal";
  const told = MODE_TONES[mode];
  if (lane.fault && !(lane.fault === "fire" && mode === "emergency")) found.push({ of, tone: "bad", name, text: inWords("faults", lane.fault) });
  if (told) found.push({ of, tone: told, name, text: joined(inWords("modes", mode), ...(lane.causes ?? []).map((cause) => inWords("modeCauses", cause))) });
  return found;
}

/** Everything that is wrong now, the worst first. */
export const alarms = computed<readonly Alarm[]>(() => {
  const values = feed.values.value;
  const found: Alarm[] = [];
  for (const call of calls.value) {
    if (call.state === "ended" || !call.lane_id) continue;
    const lane = laneValue(call.lane_id);
    found.push({ of: { kind: "lane", id: call.lane_id }, tone: "bad", name: lane ? named(lane.name) : call.lane_id, text: joined(say("calls"), inWords("callCauses", call.cause)) });
  }
  for (const [id, lane] of under<LaneValue>(values, "lane.")) found.push(...ofLane(id, lane));
  for (const [id, sign] of under<SignValue>(values, "sign."))
    if (ill(sign.health)) found.push({ of: { kind: "sign", id }, tone: toneOf(sign.health), name: joined(say("sign"), signName(id)), text: inWords("health", sign.health) });
  const cameras = new Set(site.value?.cameras.map((camera) => camera.id));
  for (const [id, device] of under<DeviceValue>(values, "device.")) {
    if (!ill(device.health)) continue;
    const lane = laneOfDevice(id);
    const of: Thing = lane ? { kind: "lane", id: lane } : { kind: cameras.has(id) ? "camera" : "device", id };
    found.push({ of, tone: toneOf(device.health), name: id, text: joined(inWords("health", device.health), deviceWords(device.detail)) });
  }
  return found.sort((a, b) => Number(a.tone === "warn") - Number(b.tone === "warn"));
});

export const alarmsAt = (thing: Thing): Alarm[] => alarms.value.filter((alarm) => same(alarm.of, thing));

/** The things of a level that have a place on it, with that place in metres. */
export function placesOn(at: string): { thing: Thing; x: number; y: number }[] {
  const of = site.value;
  if (!of) return [];
  const put = (kind: Kind, all: readonly { id: string; place: { level: string; x: number; y: number } | null }[]) =>
    all.flatMap(({ id, place: where }) => (where?.level === at ? [{ thing: { kind, id }, x: where.x, y: where.y }] : []));
  return [...put("lane", of.lanes), ...put("sign", of.signs), ...put("camera", of.cameras)];
}
