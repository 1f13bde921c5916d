// Ids to the names that people use, from the live values themselves; an unknown id shows as it is.
import { named, worded } from "../shared/i18n";
import { inWords } from "../shared/i18n/codes";
import { under } from "../shared/live";
import type { Call, DeviceValue, LaneValue, SignValue, ZoneCount } from "../shared/wire";
import { feed } from "./session";

export const laneValue = (id: string): LaneValue | undefined => feed.values.value.get(`lane.${id}`) as LaneValue | undefined;
export const everyLane = (): [string, LaneValue][] => under<LaneValue>(feed.values.value, "lane.");

/** What stands for a lane where a person ended a stay that no lane saw leave. */
const BY_HAND = "by-hand";

export function laneName(id: string | null | undefined): string {
  if (!id) return "";
  if (id === BY_HAND) return worded(["人工结束（无车道）", "By hand, at no lane"]);
  const lane = laneValue(id);
  return lane ? named(lane.name) : id;
}

export function zoneName(id: string | null | undefined): string {
  if (!id) return "";
  const zone = feed.values.value.get(`zone.${id}`) as ZoneCount | undefined;
  return zone ? named(zone.name) : id;
}

/** A sign is called after the zone that it counts, one at the approach after the lot that it speaks of. */
export function signName(id: string | null | undefined): string {
  const sign = id ? (feed.values.value.get(`sign.${id}`) as SignValue | undefined) : undefined;
  return (sign && (named(sign.name) || zoneName(sign.zone_id))) || (id ?? "");
}

/** Where a call comes from: its lane, or what it was made by. */
export const placeOf = (call: Call): string => laneName(call.lane_id) || inWords("callSources", call.source);

/** The lane that a device belongs to by its name: `entry-1-camera` is the camera of `entry-1`. */
export function laneOfDevice(id: string): string | undefined {
  const lanes = everyLane().filter(([lane]) => id.startsWith(`${lane}-`));
  return lanes.sort(([a], [b]) => b.length - a.length)[0]?.[0];
}

export const devicesOf = (lane: string): [string, DeviceValue][] =>
  under<DeviceValue>(feed.values.value, "device.").filter(([id]) => laneOfDevice(id) === lane);
