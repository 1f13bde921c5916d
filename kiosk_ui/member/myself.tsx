// What we know of a member and may do with it: vehicles, consents, contact details, who looked, and the end of it all.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock } from "../shared/format";
import { now } from "../shared/tick";
import type { LookedAt } from "../shared/wire";
import { ContactCard, ConsentsCard } from "./consents_card";
import { EraseCard } from "./erase_card";
import { say } from "./member_words";
import { Nothing, Part } from "./part";
import { logOut, token } from "./session";
import { coupons, load, looks, me, points } from "./sources";
import { VehiclesCard } from "./vehicles_card";

export function Myself(): JSX.Element {
  useEffect(() => load(me, looks, points, coupons), [token.value]);
  return (
    <>
      <VehiclesCard />
      <ConsentsCard />
      <ContactCard />
      <section class="card" aria-labelledby="looks">
        <h2 id="looks">{say("looks")}</h2>
        <p class="soft small">{say("looks_note")}</p>
        <Part of={looks} empty={(all) => (all.length ? null : <Nothing word={say("looks_none")} />)}>
          {(all) => (
            <ul class="lines">
              {all.map((one) => (
                <Look key={one.at + one.what + one.subject} of={one} />
              ))}
            </ul>
          )}
        </Part>
      </section>
      <button type="button" class="wide" onClick={() => logOut("left")}>
        {say("log_out")}
      </button>
      <EraseCard />
    </>
  );
}

function Look({ of }: { of: LookedAt }): JSX.Element {
  const who = of.actor_kind === "operator" ? "look_operator" : of.actor_kind === "device" ? "look_device" : "look_other";
  const what = of.what === "member" ? "look_member" : of.what === "vehicle" ? "look_vehicle" : "look_stay";
  return (
    <li>
      <span>
        {say(what)}
        <small class="soft">{say(who)}</small>
      </span>
      <span class="soft small">{clock(of.at, now.value)}</span>
    </li>
  );
}
