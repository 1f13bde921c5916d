// One lane on one page: what its camera saw, how it was read, what the rules said and why, how the lane is now, who calls from it, and the boom.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { clock } from "../shared/format";
import { named } from "../shared/i18n";
import { inWords } from "../shared/i18n/codes";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { LaneValue, LaneVisit } from "../shared/wire";
import { Calls } from "./calls";
import { DevicesOf } from "./devices";
import { calls, take } from "./help";
import { Passages, Reads, Ruling } from "./lane_vehicle";
import { mayBeNamed, Whose } from "./lane_whose";
import { clear, keepWatch, mine, showClear, shown, step, unread, visits, watching } from "./lane_watch";
import { lane as say } from "./lane_words";
import { LaneMode, LaneState, LaneWords, marks, toneOfLane } from "./lanes";
import { devicesOf, everyLane, laneName, laneValue } from "./names";
import { OpenDialog } from "./open";
import { Picture } from "./picture";
import { toLane } from "./route";
import { feed, may } from "./session";
import { say as sayConsole } from "./words";
import "./lane.css";

export function LanePage({ id }: { id: string }): JSX.Element {
  const lane = laneValue(id);
  const [opening, open] = useState(false);
  const [asked, ask] = useState("");
  useEffect(() => keepWatch(id), [id]);
  useEffect(() => {
    const whose = (): void => ask(shown.value?.visit_id ?? "");
    const pressed = (event: KeyboardEvent): void => onKey(event, id, () => open(true), whose);
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [id]);
  const old = feed.line.value === "lost" || unread.value;
  return (
    <main id="main" tabIndex={-1} class={`lane-page ${old ? "is-old" : ""}`}>
      <Head id={id} lane={lane} />
      {lane ? <Parts id={id} lane={lane} asked={asked} onOpen={() => open(true)} /> : <Missing />}
      {opening && lane && <OpenDialog id={id} name={named(lane.name)} lane={lane} onClose={() => open(false)} />}
    </main>
  );
}

function onKey(event: KeyboardEvent, id: string, open: () => void, whose: () => void): void {
  const target = event.target;
  const writes = target instanceof HTMLElement && target.matches("input, textarea, select");
  if (writes || event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
  const deeds: Readonly<Record<string, () => void>> = {
    arrowdown: () => step(1),
    arrowup: () => step(-1),
    ...(may("lanes:open") && laneValue(id)?.kind !== "ramp" ? { o: open } : {}),
    ...(shown.value && mayBeNamed(shown.value) ? { n: whose } : {}),
    ...(may("lanes:open") ? { p: () => (watching.value = !watching.value), a: () => answer(id) } : {}),
    ...(visits.value?.may_clear ? { c: () => showClear(!clear.value) } : {}),
  };
  const deed = deeds[event.key.toLowerCase()];
  if (!deed) return;
  event.preventDefault();
  deed();
}

/** Take the call that waits longest here; whose it is shows by itself. */
function answer(id: string): void {
  const waiting = calls.value.find((call) => call.lane_id === id && call.state === "waiting");
  if (waiting) void take(waiting.id).catch(() => undefined);
}

function Head({ id, lane }: { id: string; lane: LaneValue | undefined }): JSX.Element {
  const others = everyLane().filter(([one]) => one !== id);
  return (
    <header class="lane-title">
      <a class="quiet" href="#/">
        <Mark name="back" size="1rem" />
        {say("all")}
      </a>
      <h2>
        {lane && <Mark name={marks[lane.kind] ?? "in"} size="1.5rem" />}
        {laneName(id)}
        {lane && <small>{inWords("laneKinds", lane.kind)}</small>}
      </h2>
      {lane && <LaneState lane={lane} />}
      {others.length > 0 && (
        <nav aria-label={say("others")}>
          {others.map(([one, value]) => (
            <a key={one} class={`quiet lane-link lane-link-${toneOfLane(value)}`} href={toLane(one)}>
              <i aria-hidden="true" />
              {named(value.name)}
            </a>
          ))}
        </nav>
      )}
    </header>
  );
}

function Missing(): JSX.Element {
  const known = feed.asOf.value !== null;
  return (
    <p class="panel lane-missing" role="status">
      {say(known ? "unknown" : "waiting")}
    </p>
  );
}

function Parts({ id, lane, asked, onOpen }: { id: string; lane: LaneValue; asked: string; onOpen: () => void }): JSX.Element {
  const counts = lane.kind === "ramp";
  return (
    <>
      <div class="lane-urgent">
        <Now lane={lane} onOpen={onOpen} />
        <div class="lane-calls">
          <Calls lane={id} />
          {!calls.value.some((call) => call.lane_id === id) && <p class="panel lane-quiet soft">{say("calls_none")}</p>}
        </div>
      </div>
      <div class="lane-left">
        {counts && <p class="panel lane-missing">{say("ramp_note")}</p>}
        {!counts && <Sight id={id} />}
        {!counts && shown.value && mayBeNamed(shown.value) && (
          <Whose key={shown.value.visit_id} of={shown.value} lane={id} asked={asked === shown.value.visit_id} />
        )}
        {!counts && shown.value && <Reads of={shown.value} />}
        {!counts && <Passages />}
      </div>
      <div class="lane-right">
        {!counts && shown.value && <Ruling of={shown.value} />}
        <section class="panel" aria-labelledby="lane-devices">
          <h3 id="lane-devices">{say("devices")}</h3>
          {devicesOf(id).length ? <DevicesOf lane={id} /> : <p class="soft">{say("devices_none")}</p>}
        </section>
      </div>
    </>
  );
}

function Now({ lane, onOpen }: { lane: LaneValue; onOpen: () => void }): JSX.Element {
  const mode = lane.mode ?? "normal";
  return (
    <section class={`panel lane lane-${toneOfLane(lane)}`} aria-labelledby="lane-now" data-mode={mode}>
      <div class="lane-head">
        <h3 id="lane-now">{say("now")}</h3>
        {lane.at && <span class="soft">{say("since", { time: clock(lane.at, now.value) })}</span>}
      </div>
      {mode !== "normal" && <LaneMode mode={mode} causes={lane.causes ?? []} />}
      <div class="lane-body" aria-live="polite">
        <LaneWords lane={lane} />
      </div>
      {lane.kind !== "ramp" && may("lanes:open") && (
        <button type="button" class="main" onClick={onOpen}>
          <Mark name="up" />
          {sayConsole("open_gate")} <kbd>O</kbd>
        </button>
      )}
    </section>
  );
}

/** The vehicle's picture, asked for by a press, or by having taken its call; then each new vehicle's. */
function Sight({ id }: { id: string }): JSX.Element {
  const of = shown.value;
  const looks = watching.value || mine.value;
  return (
    <section class="panel lane-sight" aria-labelledby="lane-picture">
      <div class="title-row">
        <h3 id="lane-picture">{say("picture")}</h3>
        {may("lanes:open") && (
          <button type="button" aria-pressed={watching.value} onClick={() => (watching.value = !watching.value)}>
            <Mark name="camera" />
            {say(watching.value ? "picture_hide" : looks ? "picture_each" : "picture_show")} <kbd>P</kbd>
          </button>
        )}
      </div>
      {of && looks && may("lanes:open") ? <Seen of={of} id={id} /> : <Unseen of={of} />}
    </section>
  );
}

const Seen = ({ of, id }: { of: LaneVisit; id: string }): JSX.Element => (
  <Picture
    key={of.visit_id}
    visit={of.visit_id}
    name={say("picture_of", { lane: laneName(id), time: clock(of.began_at, now.value) })}
    sign={of.reads.at(-1)?.plate ?? null}
  />
);

function Unseen({ of }: { of: LaneVisit | null }): JSX.Element {
  const words = !may("lanes:open") ? say("picture_no_right") : of ? say("picture_note") : visits.value ? say("picture_no_car") : say("loading");
  return (
    <figure class="case-shot case-shot-none">
      <div class="shot-frame">
        <p>
          <Mark name="camera" size="2rem" />
          {words}
        </p>
      </div>
    </figure>
  );
}
