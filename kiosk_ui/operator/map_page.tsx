// The live site map: which bays are free, where lanes, signs and cameras stand and how they are, what is wrong and where.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { clockSeconds, count } from "../shared/format";
import { named } from "../shared/i18n";
import { Mark } from "../shared/marks";
import type { DrawnLevel } from "../shared/wire";
import { bay, bayFeed, everyBay, failed as baysFailed, followBays, readAt, readBays, STATES, tally, told, type Tally } from "./map_bays";
import { Ground } from "./map_ground";
import { zoneWords } from "./map_marks";
import { Details, spoken } from "./map_panel";
import { map as say } from "./map_words";
import "./map.css";
import { swap, toMap } from "./route";
import { feed } from "./session";
import { alarms, alarmsAt, choose, chosen, failed, level, levelOf, levelOfThing, levels, readMap, same, site, type Thing } from "./site_map";

const FEW = 3;
const NONE: Tally = { free: 0, taken: 0, unknown: 0, out: 0 };

export function SiteMap(): JSX.Element {
  useEffect(() => {
    void readMap();
    return followBays();
  }, []);
  useEffect(() => {
    if (failed.value && feed.line.value === "live") void readMap(); // the line is back
  }, [feed.line.value]);
  const old = feed.line.value === "lost" || bayFeed.line.value === "lost";
  const at = level.value;
  return (
    <main id="main" tabIndex={-1} class={`site-map ${old ? "is-old" : ""}`} aria-busy={levels.value === null && !failed.value}>
      <div class="map-head">
        <h2 class="map-title">{say("title")}</h2>
        <LevelSwitch />
        <FindBay />
      </div>
      <State />
      {at && <Level at={at} />}
      {levels.value?.length === 0 && (
        <div class="panel map-empty">
          <p>
            <b>{say("empty")}</b>
          </p>
          <p class="soft">{say("empty_note")}</p>
        </div>
      )}
      {!at && levels.value === null && !failed.value && <div class="panel map-waiting" aria-hidden="true" />}
    </main>
  );
}

function State(): JSX.Element {
  const trouble = failed.value && levels.value === null;
  const stale = readAt.value !== null && (bayFeed.line.value === "lost" || baysFailed.value);
  const again = (): void => {
    void readMap();
    void readBays();
  };
  const words = trouble
    ? say("failed")
    : levels.value === null
      ? say("loading")
      : stale
        ? say("bays_stale", { time: clockSeconds(bayFeed.asOf.value ?? readAt.value ?? 0) })
        : readAt.value === null
          ? say(baysFailed.value ? "failed" : "bays_loading")
          : levels.value.length > 0
            ? say("live")
            : "";
  const bad = trouble || stale || (baysFailed.value && readAt.value === null);
  return (
    <div class={`map-said ${bad ? "map-said-bad" : "soft small"}`} role="status" data-testid="map-state">
      {bad && <Mark name="alert" />}
      <span>{words}</span>
      {bad && (
        <button type="button" onClick={again}>
          {say("again")}
        </button>
      )}
    </div>
  );
}

function LevelSwitch(): JSX.Element | null {
  void told.value;
  if (!levels.value?.length) return null;
  const counts = tally((row) => levelOf(row.zone));
  const wrong = alarms.value.map((alarm) => levelOfThing(alarm.of));
  const show = (one: DrawnLevel): void => {
    if (chosen.value && levelOfThing(chosen.value) !== one.id) choose(null);
    swap(toMap(one.id));
  };
  return (
    <div class="map-levels" role="group" aria-label={say("which_level")}>
      {levels.value.map((one) => {
        const seen = counts.get(one.id) ?? NONE;
        const free = seen.free + seen.taken > 0 ? count(seen.free) : "----"; // nobody sees a bay there: that is not none
        const ill = wrong.filter((at) => at === one.id).length;
        const name = named(one.name);
        return (
          <button
            type="button"
            key={one.id}
            aria-pressed={one.id === level.value?.id}
            aria-label={ill ? say("level_alarms", { level: name, free, alarms: ill }) : say("level_free", { level: name, free })}
            data-level={one.id}
            onClick={() => show(one)}
          >
            {name} <b>{free}</b>
            {ill > 0 && <Mark name="alert" size="1rem" />}
          </button>
        );
      })}
    </div>
  );
}

function FindBay(): JSX.Element {
  const [asked, ask] = useState("");
  const [missing, miss] = useState("");
  const find = (): void => {
    const wanted = asked.trim().toLowerCase();
    if (!wanted) return;
    const found = bay(asked.trim()) ?? [...everyBay()].find((row) => row.bay.toLowerCase() === wanted);
    miss(found ? "" : asked.trim());
    if (found) choose({ kind: "bay", id: found.bay });
  };
  return (
    <form
      class="map-find"
      onSubmit={(event) => {
        event.preventDefault();
        find();
      }}
    >
      <label>
        <span class="hidden-visually">{say("find")}</span>
        <input value={asked} placeholder={say("find")} autocomplete="off" maxLength={40} onInput={(event) => ask(event.currentTarget.value)} />
      </label>
      <button type="submit">{say("find_go")}</button>
      <span role="status" class="map-missing">
        {missing && say("find_none", { bay: missing })}
      </span>
    </form>
  );
}

function Level({ at }: { at: DrawnLevel }): JSX.Element {
  const [noPicture, setNoPicture] = useState(false);
  return (
    <div class="map-columns">
      <div class="map-main">
        {noPicture && <p class="map-said map-said-bad">{say("no_picture")}</p>}
        <Ground level={at} onFailed={setNoPicture}>
          <Summary at={at} />
        </Ground>
        <div class="map-below">
          <Zones at={at} />
          <Undrawn />
        </div>
      </div>
      <div class="map-side">
        <p class="hidden-visually" role="status">
          {spoken(chosen.value)}
        </p>
        <Details />
        <Alarms />
      </div>
    </div>
  );
}

/** The legend is the summary: each shape with its name and how many bays stand so. */
function Summary({ at }: { at: DrawnLevel }): JSX.Element {
  void told.value;
  const counts = tally((row) => levelOf(row.zone)).get(at.id) ?? NONE;
  const level = named(at.name);
  const all = STATES.reduce((sum, state) => sum + counts[state], 0);
  const shown = (value: number): string => (readAt.value === null ? "----" : count(value));
  return (
    <section aria-labelledby="map-bays-title" data-testid="map-summary">
      <h3 id="map-bays-title" class="hidden-visually">
        {say("bays_of", { level })}
      </h3>
      <p class="hidden-visually">{say("told", { level, all, ...counts })}</p>
      <ul class="map-legend" aria-hidden="true">
        {STATES.map((state) => (
          <li key={state} class="map-state" data-state={state}>
            <i />
            {say(state)} <b data-count={state}>{shown(counts[state])}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ThingButton({ thing, children }: { thing: Thing; children: JSX.Element | JSX.Element[] }): JSX.Element {
  return (
    <button type="button" class="map-row" aria-pressed={same(chosen.value, thing)} onClick={() => choose(thing)}>
      {children}
    </button>
  );
}

function Alarms(): JSX.Element {
  const all = alarms.value;
  return (
    <section class="panel map-list" aria-labelledby="map-alarms-title" data-testid="map-alarms">
      <h3 id="map-alarms-title">
        {say("alarms")}
        {all.length > 0 && <span class="count">{all.length}</span>}
      </h3>
      {all.length === 0 && <p class="soft">{say("no_alarms")}</p>}
      <ul>
        {all.map((alarm, n) => (
          <li key={n} class={`map-alarm-row map-alarm-${alarm.tone}`}>
            <ThingButton thing={alarm.of}>
              <Mark name="alert" />
              <span>
                <b>{alarm.name}</b>
                <small>{alarm.text}</small>
              </span>
            </ThingButton>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Zones({ at }: { at: DrawnLevel }): JSX.Element {
  const zones = site.value?.zones.filter((zone) => zone.level === at.id) ?? [];
  return (
    <section class="panel map-list" aria-labelledby="map-zones-title">
      <h3 id="map-zones-title">{say("zones")}</h3>
      <ul>
        {zones.map((zone) => (
          <li key={zone.id}>
            <ThingButton thing={{ kind: "zone", id: zone.id }}>
              <span>{zoneWords(zone.id)}</span>
            </ThingButton>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Lanes that nobody drew: they work, and fail, all the same. */
function Undrawn(): JSX.Element | null {
  const lanes = site.value?.lanes.filter((lane) => !lane.place) ?? [];
  if (!lanes.length) return null;
  return (
    <details class="panel map-list" open={lanes.length <= FEW}>
      <summary>
        {say("undrawn")} ({count(lanes.length)})
      </summary>
      <ul>
        {lanes.map((lane) => {
          const thing: Thing = { kind: "lane", id: lane.id };
          return (
            <li key={lane.id}>
              <ThingButton thing={thing}>
                <Mark name={alarmsAt(thing).length ? "alert" : "ramp"} />
                <span>{named(lane.name)}</span>
              </ThingButton>
            </li>
          );
        })}
      </ul>
    </details>
  );
}
