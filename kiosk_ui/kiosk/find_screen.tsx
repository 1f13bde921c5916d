// Find my car: the ticket is scanned, then floor first in one large word, zone, bay, and the way from this machine.
import type { JSX } from "preact";
import { clock } from "../shared/format";
import { FloorMap, picture } from "../shared/floor_map";
import { say as find } from "../shared/find_words";
import { named } from "../shared/i18n";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import { Steps } from "../shared/way";
import { useLevels } from "../shared/way_map";
import type { Car, CarWay } from "../shared/wire";
import { beginFinding, wantStepFree } from "./flow";
import { busy, car, stepFree, trouble } from "./state";
import { say } from "./words";

export function Find(): JSX.Element {
  const found = car.value;
  if (found) return <Place car={found} />;
  return (
    <section class="reading answer">
      <span class="round round-ask">
        <Mark name="code" size="1em" />
      </span>
      <h2>{busy.value ? find("looking") : say("scan_ticket")}</h2>
      <p>{say("scan_ticket_note")}</p>
      <p class="trouble" role="alert">
        {trouble.value && say("find_failed")}
      </p>
      <p class="soft">{say("plate_finds_none")}</p>
    </section>
  );
}

export function FindButton(): JSX.Element {
  return (
    <button type="button" class="huge" onClick={() => void beginFinding()}>
      <Mark name="pin" />
      {find("find")}
    </button>
  );
}

function Place({ car: c }: { car: Car }): JSX.Element {
  if (c.known === "gone" || c.known === "nothing")
    return (
      <section class="reading answer" role="status">
        <span class="round round-warn">
          <Mark name="alert" size="1em" />
        </span>
        <h2>{find(c.known)}</h2>
        <p>{c.known === "gone" ? find("gone_note") : say("ask_staff")}</p>
      </section>
    );
  return (
    <>
      <section class="reading found" role="status" data-testid="place">
        <h2>{find("on_floor")}</h2>
        <p class="floor">{c.floor ? named(c.floor) : ""}</p>
        <p class="where">
          {c.zone ? named(c.zone) : ""}
          {c.bay && <b>{find("bay", { bay: c.bay })}</b>}
          {!c.bay && c.pillar && <b>{find("near_pillar", { pillar: c.pillar })}</b>}
        </p>
        {c.known === "zone" && <p>{find("zone_only")}</p>}
        {c.source && c.seen_at && <p class="soft">{find(`by_${c.source as "video"}`, { time: clock(c.seen_at, now.value) })}</p>}
      </section>
      {c.way && <Way way={c.way} car={c} />}
    </>
  );
}

function Way({ way, car: c }: { way: CarWay; car: Car }): JSX.Element {
  const { level, all, choose } = useLevels({ legs: way.legs, steps: way.steps, home: c.level, url: c.map_url, first: "end" });
  return (
    <section class="card walk" aria-labelledby="walk">
      <h2 id="walk">{find("way", { metres: way.metres, minutes: Math.max(1, Math.round(way.seconds / 60)) })}</h2>
      <Steps way={way} />
      {picture.value && <FloorMap legs={way.legs} level={level} />}
      <div class="walk-choices" role="group" aria-label={find("which_level")}>
        {all.length > 1 &&
          all.map((one) => (
            <button type="button" key={one.id} aria-pressed={one.id === level} onClick={() => choose(one.id)}>
              {one.name}
            </button>
          ))}
        <button type="button" aria-pressed={stepFree.value} onClick={() => void wantStepFree(!stepFree.value)}>
          {find("step_free")}
        </button>
      </div>
    </section>
  );
}
