// Each lane as it is: its state, the vehicle, what the rules said about it and why, and the way to open by hand.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clockSeconds, money, plate } from "../shared/format";
import { named } from "../shared/i18n";
import { inWords } from "../shared/i18n/codes";
import { Mark, type MarkName } from "../shared/marks";
import type { LaneValue } from "../shared/wire";
import { EmergencyButton } from "./emergency";
import { everyLane } from "./names";
import { OpenDialog } from "./open";
import { toLane } from "./route";
import { feed, may } from "./session";
import { say } from "./words";

const tones: Readonly<Record<string, string>> = {
  idle: "plain",
  vehicle: "accent",
  reading: "accent",
  deciding: "accent",
  allowed: "ok",
  opening: "ok",
  passing: "ok",
  refused: "warn",
  fault: "bad",
};

export const marks: Readonly<Record<string, MarkName>> = { entry: "in", exit: "out", ramp: "ramp" };

export function Lanes(): JSX.Element {
  const lanes = everyLane();
  const [opening, setOpening] = useState<string | null>(null);
  const lane = lanes.find(([id]) => id === opening);
  return (
    <section aria-labelledby="lanes-title">
      <div class="title-row">
        <h2 id="lanes-title">{say("lanes")}</h2>
        <EmergencyButton />
      </div>
      {lanes.length === 0 && feed.line.value === "live" && <p class="soft">{say("no_lanes")}</p>}
      <ul class="lanes">
        {lanes.map(([id, value]) => (
          <LaneCard key={id} id={id} lane={value} onOpen={() => setOpening(id)} />
        ))}
      </ul>
      {lane && <OpenDialog id={lane[0]} name={named(lane[1].name)} lane={lane[1]} onClose={() => setOpening(null)} />}
    </section>
  );
}

/** How loud a lane is: in fire or with a fault, half able, or as its state is. */
export function toneOfLane(lane: LaneValue): string {
  if (lane.fault || lane.mode === "emergency") return "bad";
  return lane.mode === "degraded" ? "warn" : (tones[lane.state] ?? "plain");
}

export const stateOfLane = (lane: LaneValue): string => (lane.mode === "emergency" ? "fire" : lane.fault ? "fault" : lane.state);

export function LaneState({ lane }: { lane: LaneValue }): JSX.Element {
  const loud = lane.fault || lane.mode === "emergency";
  return <span class={`chip chip-${loud ? "bad" : (tones[lane.state] ?? "plain")}`}>{inWords("laneStates", stateOfLane(lane))}</span>;
}

export function LaneCard({ id, lane, onOpen }: { id: string; lane: LaneValue; onOpen: () => void }): JSX.Element {
  const mode = lane.mode ?? "normal";
  return (
    <li class={`panel lane lane-${toneOfLane(lane)}`} data-lane={id} data-state={stateOfLane(lane)} data-mode={mode}>
      <div class="lane-head">
        <Mark name={marks[lane.kind] ?? "in"} size="1.5rem" />
        <h3>
          <a href={toLane(id)}>{named(lane.name)}</a>
          <small>{inWords("laneKinds", lane.kind)}</small>
        </h3>
        <LaneState lane={lane} />
      </div>
      {mode !== "normal" && <LaneMode mode={mode} causes={lane.causes ?? []} />}
      <div class="lane-body">
        <LaneWords lane={lane} />
      </div>
      <div class="lane-foot">
        <span class="soft">{lane.at ? clockSeconds(lane.at) : ""}</span>
        {lane.kind !== "ramp" && may("lanes:open") && (
          <button type="button" onClick={onOpen} aria-label={say("open_title", { lane: named(lane.name) })}>
            <Mark name="up" />
            {say("open_gate")}
          </button>
        )}
      </div>
    </li>
  );
}

const modeTones: Readonly<Record<string, string>> = { degraded: "warn", emergency: "bad", manual: "accent" };

export function LaneMode({ mode, causes }: { mode: string; causes: readonly string[] }): JSX.Element {
  return (
    <p class={`lane-mode lane-mode-${modeTones[mode] ?? "plain"}`}>
      <Mark name={mode === "manual" ? "person" : "alert"} />
      <span>
        <b>{inWords("modes", mode)}</b>
        {causes.length > 0 && ` · ${causes.map((cause) => inWords("modeCauses", cause)).join(", ")}`}
      </span>
    </p>
  );
}

export function LaneWords({ lane }: { lane: LaneValue }): JSX.Element {
  const busy = lane.state !== "idle" && !(lane.state === "fault" && !lane.plate);
  const held = lane.fault === "fire" && lane.mode === "emergency"; // its mode says so already
  return (
    <>
      {lane.fault && !held && <p class="lane-fault">{inWords("faults", lane.fault)}</p>}
      {busy && <p class={`plate ${lane.plate ? "" : "plate-none"}`}>{lane.plate ? plate(lane.plate) : say("plate_unknown")}</p>}
      {!busy && (!lane.fault || held) && <p class="soft">{say("no_vehicle")}</p>}
      {busy && lane.reason && (
        <p class="lane-why">
          <span>{say("reason_line")}</span> {inWords("reasons", lane.reason)}
        </p>
      )}
      {busy && !lane.reason && lane.rule && (
        <p class="lane-why">
          <span>{say("rule_line")}</span> {inWords("rules", lane.rule)}
        </p>
      )}
      {busy && lane.due && lane.due.amount > 0 && (
        <p class="lane-due">
          <span>{say("due")}</span> <b>{money(lane.due)}</b>
        </p>
      )}
      {lane.held && (
        <p class="lane-held">
          <Mark name="clock" />
          <span>
            {say("held_line")} · {inWords("modeCauses", lane.held)}
          </span>
        </p>
      )}
    </>
  );
}
