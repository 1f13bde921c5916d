// Ids to the names that people use, from the live values themselves; an unknown id shows as it is.
import { named } from "../shared/i18n";
import type { LaneValue, SignValue, ZoneCount } from "../shared/wire";
import { feed } from "./session";

export function laneName(id: string | null | undefined): string {
  if (!id) return "";
  const lane = feed.values.value.get(`lane.${id}`) as LaneValue | undefined;
  return lane ? named(lane.name) : id;
}

export function zoneName(id: string | null | undefined): string {
  if (!id) return "";
  const zone = feed.values.value.get(`zone.${id}`) as ZoneCount | undefined;
  return zone ? named(zone.name) : id;
}

/** A sign is called after the zone that it counts. */
export function signName(id: string | null | undefined): string {
  const sign = id ? (feed.values.value.get(`sign.${id}`) as SignValue | undefined) : undefined;
  return (sign && zoneName(sign.zone_id)) || (id ?? "");
}
