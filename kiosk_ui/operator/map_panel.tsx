// What is known of the thing that was chosen on the map, and why.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clock, count } from "../shared/format";
import { named } from "../shared/i18n";
import { deviceWords } from "../shared/i18n/device_words";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { BayRow, ZoneCount } from "../shared/wire";
import { DevicesOf, Health } from "./devices";
import { LaneCard } from "./lanes";
import { bay, stateOf, tally, told } from "./map_bays";
import { map as say } from "./map_words";
import { zoneWords } from "./map_marks";
import { devicesOf, laneValue, zoneName } from "./names";
import { OpenDialog } from "./open";
import { toLane } from "./route";
import { feed } from "./session";
import { choose, chosen, deviceValue, signValue, site, type Thing } from "./site_map";

type Word = Parameters<typeof say>[0];
const KNOWN = new Set<string>(["f_silent", "f_flapping", "f_stuck", "f_never_heard", "by_sensor", "by_video", "by_patrol", "by_none"]);
export const DETAILS = "map-details";

/** Why a bay is thought to be so. */
export function whyOf(row: BayRow): string {
  if (row.coned_off) return say("coned");
  if (row.out_of_service) return say("drawn_out");
  const word = row.fault ? `f_${row.fault}` : `by_${row.source || "none"}`;
  return KNOWN.has(word) ? say(word as Word) : word.slice(word.indexOf("_") + 1).replaceAll("_", " ");
}

/** A thing in a few words, for whoever hears the page. */
export function spoken(thing: Thing | null): string {
  if (thing?.kind !== "bay") return "";
  const row = bay(thing.id);
  return row ? [say("bay", { bay: row.bay }), say(stateOf(row)), whyOf(row)].join(", ") : "";
}

export function Details(): JSX.Element {
  const thing = chosen.value;
  return (
    <section id={DETAILS} class="panel map-details" aria-labelledby="map-details-title" tabIndex={-1} data-chosen={thing && `${thing.kind}.${thing.id}`}>
      <div class="title-row">
        <h3 id="map-details-title">{thing ? titleOf(thing) : say("details")}</h3>
        {thing && (
          <button type="button" class="quiet" onClick={() => choose(null)}>
            {say("close")}
          </button>
        )}
      </div>
      {thing ? <Facts thing={thing} /> : <p class="soft">{say("nothing")}</p>}
    </section>
  );
}

function titleOf({ kind, id }: Thing): string {
  if (kind === "bay") return say("bay", { bay: id });
  if (kind === "zone") return zoneName(id) || named(site.value?.zones.find((one) => one.id === id)?.name);
  if (kind === "lane") return say("lane", { lane: named(site.value?.lanes.find((one) => one.id === id)?.name) });
  return `${say(kind)} ${id}`;
}

function Facts({ thing }: { thing: Thing }): JSX.Element {
  if (thing.kind === "bay") return <Bay id={thing.id} />;
  if (thing.kind === "lane") return <Lane id={thing.id} />;
  if (thing.kind === "sign") return <Sign id={thing.id} />;
  return thing.kind === "zone" ? <Zone id={thing.id} /> : <Device id={thing.id} />;
}

function Fact({ name, children }: { name: Word; children: JSX.Element | JSX.Element[] | string }): JSX.Element {
  return (
    <div>
      <dt>{say(name)}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Bay({ id }: { id: string }): JSX.Element {
  void told.value;
  const row = bay(id);
  if (!row) return <p class="soft">{say("bays_loading")}</p>;
  const state = stateOf(row);
  return (
    <dl class="map-facts">
      <Fact name="state">
        <span class="map-state" data-state={state}>
          <i aria-hidden="true" />
          {say(state)}
        </span>
      </Fact>
      <Fact name="why">{whyOf(row)}</Fact>
      {state === "unknown" && row.heard_at ? <Fact name="last_seen">{clock(row.heard_at, now.value)}</Fact> : <></>}
      {row.since && (state === "free" || state === "taken") ? <Fact name="since">{clock(row.since, now.value)}</Fact> : <></>}
      <Fact name="kind">{say(`k_${row.kind}` as Word)}</Fact>
      <Fact name="of_zone">
        <button type="button" class="map-link" onClick={() => choose({ kind: "zone", id: row.zone })}>
          {zoneName(row.zone)}
        </button>
      </Fact>
    </dl>
  );
}

function Lane({ id }: { id: string }): JSX.Element {
  const [opening, open] = useState(false);
  const lane = laneValue(id);
  const drawn = site.value?.lanes.find((one) => one.id === id);
  const [from, to] = [zoneName(drawn?.from_zone), zoneName(drawn?.to_zone)];
  const leads = from && to ? say("leads_between", { from, to }) : to ? say("leads_in", { to }) : say("leads_out", { from });
  const devices = devicesOf(id);
  return (
    <>
      {lane ? (
        <ul class="map-lane">
          <LaneCard id={id} lane={lane} onOpen={() => open(true)} />
        </ul>
      ) : (
        <p class="soft">{say("no_word")}</p>
      )}
      <dl class="map-facts">
        <Fact name="leads">{leads}</Fact>
        {devices.length > 0 ? (
          <Fact name="its_devices">
            <DevicesOf lane={id} />
          </Fact>
        ) : (
          <></>
        )}
      </dl>
      <a class="button" href={toLane(id)}>
        {say("lane_panel")} <Mark name="out" size="1rem" />
      </a>
      {opening && lane && <OpenDialog id={id} name={named(lane.name)} lane={lane} onClose={() => open(false)} />}
    </>
  );
}

function Sign({ id }: { id: string }): JSX.Element {
  const sign = signValue(id);
  const zone = site.value?.signs.find((one) => one.id === id)?.zone ?? "";
  return (
    <dl class="map-facts">
      <Fact name="shows">
        <span class={`led ${sign?.health === "ok" ? "" : "led-off"}`}>{sign?.text || "----"}</span>
      </Fact>
      <Fact name="health">
        <Health of={sign?.health} />
      </Fact>
      {sign?.at ? <Fact name="since">{clock(sign.at, now.value)}</Fact> : <></>}
      <Fact name="of_zone">{zoneWords(zone)}</Fact>
    </dl>
  );
}

/** A camera on the plan, or a device that is on no plan. */
function Device({ id }: { id: string }): JSX.Element {
  const device = deviceValue(id);
  const camera = site.value?.cameras.find((one) => one.id === id);
  return (
    <dl class="map-facts">
      <Fact name="health">
        <Health of={device?.health} />
      </Fact>
      {device?.detail ? <Fact name="detail">{deviceWords(device.detail)}</Fact> : <></>}
      {device?.at ? <Fact name="since">{clock(device.at, now.value)}</Fact> : <></>}
      {camera ? <Fact name="reach">{say("reach_of", { view: count(camera.view), reach: count(camera.reach) })}</Fact> : <></>}
    </dl>
  );
}

function Zone({ id }: { id: string }): JSX.Element {
  void told.value;
  const zone = feed.values.value.get(`zone.${id}`) as ZoneCount | undefined;
  const seen = tally((row) => (row.zone === id ? id : undefined)).get(id);
  return (
    <dl class="map-facts">
      <Fact name="counted">{zone?.known ? `${count(zone.free)} / ${count(zone.capacity)}` : "----"}</Fact>
      {seen ? <Fact name="seen">{say("tally", seen)}</Fact> : <></>}
    </dl>
  );
}
