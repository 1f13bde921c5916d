// A way to a bay that suits: three questions with good answers already in them, then floor, bay, turns and a map.
import type { JSX } from "preact";
import { clock } from "../shared/format";
import { named } from "../shared/i18n";
import { Whereabouts, WayMap } from "../shared/way_map";
import type { BayWay, DriveStep } from "../shared/wire";
import { asking, choices, entrance, lane, nextDoor, toBay, way, wish, type Wish } from "./guide";
import { say } from "./guide_words";

const WISHES: Wish[] = ["ordinary", "ev", "accessible", "large"];

export function BayCard(): JSX.Element {
  const found = way.value;
  return (
    <section class="card" aria-labelledby="to-bay" data-testid="to-bay">
      <h2 id="to-bay">{say("to_bay")}</h2>
      {found && <Found found={found} />}
      <div role="group" aria-label={say("wish")} class="wishes">
        {WISHES.map((one) => (
          <button type="button" key={one} class="choice" aria-pressed={wish.value === one} onClick={() => (wish.value = one)}>
            {say(`wish_${one}`)}
          </button>
        ))}
      </div>
      {choices.value.lanes.length > 1 && (
        <Pick label={say("from_lane")} value={lane.value} places={choices.value.lanes} first="" take={(id) => (lane.value = id)} />
      )}
      {choices.value.entrances.length > 0 && (
        <Pick
          label={say("near")}
          value={entrance.value}
          places={choices.value.entrances}
          first={say("anywhere")}
          take={(id) => (entrance.value = id)}
        />
      )}
      <button type="button" class="main wide" disabled={asking.value !== ""} onClick={() => void toBay()}>
        {asking.value === "bay" ? say("asking") : found ? say("again") : say("lead")}
      </button>
    </section>
  );
}

interface PickProps {
  label: string;
  value: string;
  places: { id: string; name: { zh: string; en: string } }[];
  first: string;
  take: (id: string) => void;
}

function Pick({ label, value, places, first, take }: PickProps): JSX.Element {
  return (
    <label class="pick">
      <span>{label}</span>
      <select value={value} onChange={(event) => take(event.currentTarget.value)}>
        {first && <option value="">{first}</option>}
        {places.map((place) => (
          <option key={place.id} value={place.id}>
            {named(place.name)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Found({ found }: { found: BayWay }): JSX.Element {
  if (found.known === "full" || found.known === "unknown")
    return (
      <div class="found found-none" role="status" data-testid="bay-way">
        <p class="hero-word">{say(`none_${found.known}`)}</p>
        <p>{say(nextDoor.value?.lots.length ? "none_note" : "none_note_alone")}</p>
      </div>
    );
  return (
    <div class="found" role="status" data-testid="bay-way">
      <Whereabouts lead={say("drive_to")} floor={found.level_name} zone={found.zone} />
      {found.bay ? <p class="bay-name">{say("bay", { bay: found.bay })}</p> : <p>{say("zone_only")}</p>}
      {found.kind === "ordinary" && (wish.value === "ev" || wish.value === "accessible") && <p>{say("other_kind")}</p>}
      <Takes found={found} />
      {found.bay && <p class="small">{say("for_you", { time: clock(found.until) })}</p>}
      {found.steps.length > 0 && <Steps found={found} />}
    </div>
  );
}

function Takes({ found }: { found: BayWay }): JSX.Element | null {
  if (found.drive_s === null) return null;
  const drive = Math.max(1, Math.round(found.drive_s / 60));
  if (found.walk_s === null) return <p class="small">{say("takes", { drive })}</p>;
  return <p class="small">{say("takes_walk", { drive, walk: Math.max(1, Math.round(found.walk_s / 60)) })}</p>;
}

function Steps({ found }: { found: BayWay }): JSX.Element {
  return (
    <>
      <ol class="how">
        {found.steps.map((step, n) => (
          <li key={n}>
            <span>{told(step)}</span>
          </li>
        ))}
      </ol>
      <WayMap label={say("which_level")} legs={found.legs} steps={found.steps} home={found.level} url={found.map_url} first="end" />
    </>
  );
}

function told(step: DriveStep): string {
  if (step.turn === "ride") return say("ride", { link: named(step.link), level: named(step.level_name) });
  if (step.turn === "arrive") return say("arrive");
  return say(`go_${step.turn as "left"}`, { metres: step.metres });
}
