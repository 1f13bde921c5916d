// A member's vehicles: each with what it counts for, and the way to bind another. A plate alone binds nothing.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clock, plate } from "../shared/format";
import { now } from "../shared/tick";
import type { MemberVehicle } from "../shared/wire";
import { BindForm } from "./bind_form";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Nothing, Part, Trouble } from "./part";
import { me } from "./sources";

export function VehiclesCard(): JSX.Element {
  return (
    <section class="card" aria-labelledby="vehicles">
      <h2 id="vehicles">{say("vehicles")}</h2>
      <Part of={me} empty={(one) => (one.vehicles.length ? null : <Nothing word={say("vehicles_empty")} note={say("vehicles_empty_note")} />)}>
        {(one) => (
          <ul class="vehicles">
            {(one.vehicles as MemberVehicle[]).map((vehicle) => (
              <One key={vehicle.vehicle_id} of={vehicle} />
            ))}
          </ul>
        )}
      </Part>
      <BindForm />
    </section>
  );
}

function One({ of }: { of: MemberVehicle }): JSX.Element {
  const [asked, askFor] = useState(false);
  const deed = useDeed();
  const waits = of.state === "cooling" ? "vehicle_cooling_note" : of.state === "review" ? "vehicle_review_note" : null;
  const time = of.active_at ? clock(of.active_at, now.value) : "";
  return (
    <li data-vehicle={of.state}>
      <div class="vehicle">
        <b class="plate">{plate(of.plate)}</b>
        <span class={`chip chip-${of.state === "active" ? "ok" : "warn"}`}>
          {of.state === "active" ? say("vehicle_active") : of.state === "cooling" ? say("vehicle_cooling", { time }) : say("vehicle_review")}
        </span>
        {!asked && (
          <button type="button" class="quiet" onClick={() => askFor(true)}>
            {say("unbind")}
            <span class="hidden-visually"> {plate(of.plate)}</span>
          </button>
        )}
      </div>
      {waits && <p class="soft small">{say(waits)}</p>}
      {asked && (
        <div class="sure">
          <p>{say("unbind_ask", { plate: plate(of.plate) })}</p>
          <button
            type="button"
            class="main"
            disabled={deed.busy}
            onClick={() => void deed.run(() => ask(`/me/vehicles/${encodeURIComponent(of.vehicle_id)}`, { method: "DELETE" }).then(() => me.load()))}
          >
            {say("unbind_yes")}
          </button>
          <button type="button" onClick={() => askFor(false)}>
            {say("keep")}
          </button>
        </div>
      )}
      <Trouble of={deed.trouble} />
    </li>
  );
}
