// The lots next door: what they will have when one gets there, what they cost, how far they are; and the way one has taken.
import type { JSX } from "preact";
import { count, money } from "../shared/format";
import { named } from "../shared/i18n";
import type { NextLot, OverflowPage } from "../shared/wire";
import { asking, endTrip, toNext, trip, wasFull } from "./guide";
import { say } from "./guide_words";

export function NextDoor({ page }: { page: OverflowPage }): JSX.Element | null {
  if (!page.lots.length) return null;
  return (
    <section class="card" aria-labelledby="next" data-testid="next-door">
      <h2 id="next">{say("next_door")}</h2>
      {page.needed && <p class="needed">{say("next_needed")}</p>}
      <ul class="lots">
        {page.lots.map((lot) => (
          <li key={lot.lot} data-lot={lot.lot}>
            <Lot lot={lot} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lot({ lot }: { lot: NextLot }): JSX.Element {
  const open = lot.state === "free" || lot.state === "likely";
  return (
    <>
      <p class="lot-name">
        <b>{named(lot.name)}</b>
        {lot.first && open && <span class="best">{say("best")}</span>}
      </p>
      <p class={`lot-free lot-${lot.state}`}>{room(lot)}</p>
      <p class="soft small">
        {say("drive_walk", { drive: lot.drive_min, walk: lot.walk_min })}
        <br />
        {lot.hour ? say("hour", { price: money(lot.hour) }) : say("price_unknown")}
      </p>
      {open && trip.value?.to?.lot !== lot.lot && (
        <button type="button" class="go" disabled={asking.value !== ""} onClick={() => void toNext(lot.lot)}>
          {say("go_there")}
          <span class="hidden-visually"> {named(lot.name)}</span>
        </button>
      )}
    </>
  );
}

function room(lot: NextLot): string {
  if (lot.state === "free") return say("on_arrival", { n: count(lot.free_on_arrival ?? 0) });
  return say(lot.state === "unknown" ? "lot_unknown" : lot.state);
}

/** The way one has taken; at its end it was right, or full, and then there is another. */
export function OnTheWay(): JSX.Element | null {
  const given = trip.value;
  if (!given) return null;
  if (!given.to)
    return (
      <section class="hero hero-warn" role="status" data-testid="trip">
        <p class="hero-word">{say("nowhere")}</p>
        <p>{say("nowhere_note")}</p>
        <button type="button" class="wide" onClick={endTrip}>
          {say("stop")}
        </button>
      </section>
    );
  return (
    <section class="hero hero-ok" role="status" data-testid="trip">
      <p>{say("on_way")}</p>
      <p class="hero-word">{named(given.to.name)}</p>
      {given.to.address && <p>{given.to.address}</p>}
      <p class="small">{say("drive_walk", { drive: given.to.drive_min, walk: given.to.walk_min })}</p>
      <div class="two">
        <button type="button" disabled={asking.value !== ""} onClick={() => void wasFull()}>
          {say("was_full")}
        </button>
        <button type="button" onClick={endTrip}>
          {say("stop")}
        </button>
      </div>
    </section>
  );
}
