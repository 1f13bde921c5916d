// Floor first, in one large word; then zone and bay; then the way, step by step and drawn.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clock } from "../shared/format";
import { named } from "../shared/i18n";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import { Steps } from "../shared/way";
import { Whereabouts, WayMap } from "../shared/way_map";
import type { Car, CarWay } from "../shared/wire";
import { car, find, findTrouble, leave, marking, markCar, pillar, stepFree, wantStepFree } from "./find";
import { keptCode } from "./stay";
import { say } from "../shared/find_words";

export function FindPage(): JSX.Element {
  const found = car.value;
  const code = keptCode(); // a pillar's code has none of the stay in its address: the phone knows it
  return (
    <>
      {findTrouble.value && <Trouble />}
      {!found && !findTrouble.value && <p class="loading">{say("looking")}</p>}
      {found && <Place car={found} />}
      {found?.way && <Way way={found.way} car={found} />}
      {found && found.known !== "gone" && !pillar.value && <p class="card soft">{say("scan_pillar")}</p>}
      {found && (found.known === "nothing" || found.known === "zone") && <OwnMark />}
      {code && (
        <button
          type="button"
          class="plain"
          onClick={() => {
            leave();
            location.hash = `t=${code}`;
          }}
        >
          {say("back_to_fee")}
        </button>
      )}
    </>
  );
}

function Trouble(): JSX.Element {
  const why = findTrouble.value ?? "lost";
  return (
    <section class="hero hero-warn" role="status">
      <span class="hero-mark">
        <Mark name={why === "lost" ? "off" : "person"} size="1.75rem" />
      </span>
      <p class="hero-word">{say(why)}</p>
      <p>{say(`${why}_note`)}</p>
    </section>
  );
}

function Place({ car: c }: { car: Car }): JSX.Element {
  if (c.known === "gone" || c.known === "nothing")
    return (
      <section class="hero hero-plain" role="status">
        <p class="hero-word">{say(c.known)}</p>
        <p>{say(`${c.known}_note`)}</p>
      </section>
    );
  return (
    <section class="hero hero-ok place" role="status" data-testid="place">
      <Whereabouts lead={say("on_floor")} floor={c.floor} zone={c.zone} />
      {c.bay && <p class="bay-name">{say("bay", { bay: c.bay })}</p>}
      {!c.bay && c.pillar && <p class="bay-name">{say("near_pillar", { pillar: c.pillar })}</p>}
      {c.known === "zone" && <p>{say("zone_only")}</p>}
      {c.source && c.seen_at && <p class="small">{say(`by_${c.source as "video"}`, { time: clock(c.seen_at, now.value) })}</p>}
    </section>
  );
}

function Way({ way, car: c }: { way: CarWay; car: Car }): JSX.Element {
  return (
    <section class="card" aria-labelledby="way">
      <h2 id="way">{say("way", { metres: way.metres, minutes: Math.max(1, Math.round(way.seconds / 60)) })}</h2>
      {way.start && <p class="soft small">{say("from", { start: named(way.start) })}</p>}
      <button type="button" class="choice" aria-pressed={stepFree.value} onClick={() => wantStepFree(!stepFree.value)}>
        {say("step_free")}
      </button>
      <Steps way={way} />
      <WayMap label={say("which_level")} legs={way.legs} steps={way.steps} home={c.level} url={c.map_url} first="begin" />
    </section>
  );
}

function OwnMark(): JSX.Element {
  const [bay, type] = useState("");
  return (
    <section class="card" aria-labelledby="mark">
      <h2 id="mark">{say("mark")}</h2>
      {pillar.value && (
        <button type="button" class="wide" disabled={marking.value === "busy"} onClick={() => void markCar({ pillar: pillar.value })}>
          {say("mark_pillar", { pillar: pillar.value })}
        </button>
      )}
      <form
        class="mark-bay"
        onSubmit={(event) => {
          event.preventDefault();
          if (bay) void markCar({ bay: bay.trim().toUpperCase() });
        }}
      >
        <label>
          <span>{say("mark_bay")}</span>
          <input value={bay} maxLength={40} autocomplete="off" onInput={(event) => type(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={marking.value === "busy"}>
          {say("mark_save")}
        </button>
      </form>
      <p class="trouble" role="alert">
        {marking.value === "failed" ? say("mark_failed") : ""}
      </p>
    </section>
  );
}

export function FindButton(): JSX.Element {
  return (
    <button type="button" class="wide find" onClick={() => void find()}>
      <Mark name="car" />
      {say("find")}
    </button>
  );
}
