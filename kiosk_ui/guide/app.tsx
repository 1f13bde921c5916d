// Whoever comes: is there room, how will it be, where to drive, and where else. One large answer first.
import type { JSX } from "preact";
import { clock, clockSeconds, count } from "../shared/format";
import { named, worded } from "../shared/i18n";
import { Mark } from "../shared/marks";
import { Phone } from "../shared/phone";
import { say as both } from "../shared/words";
import type { Availability, AvailabilityPage, Flow } from "../shared/wire";
import { BayCard } from "./bay_card";
import { asOf, away, bays, nextDoor, trouble } from "./guide";
import { NextDoor, OnTheWay } from "./next_door";
import { say } from "./guide_words";

export function App(): JSX.Element {
  const lost = asOf.value ? say("offline", { time: clockSeconds(asOf.value) }) : say("offline_first");
  return (
    <Phone title={say("title")} lost={away.value ? lost : null}>
      {!bays.value && !away.value && <p class="loading">{say("loading")}</p>}
      <OnTheWay />
      {bays.value && <Answer page={bays.value} />}
      {trouble.value && (
        <p class="trouble" role="alert">
          {say(trouble.value === "busy" ? "busy_now" : trouble.value)}
        </p>
      )}
      {nextDoor.value?.needed && <NextDoor page={nextDoor.value} />}
      {bays.value && <BayCard />}
      {bays.value && <Zones zones={bays.value.zones} />}
      {bays.value && <AtTheLanes page={bays.value} />}
      {nextDoor.value && !nextDoor.value.needed && <NextDoor page={nextDoor.value} />}
      <a class="wide to-guide" href="../driver/">
        <Mark name="phone" />
        {say("pay")}
      </a>
    </Phone>
  );
}

function Answer({ page }: { page: AvailabilityPage }): JSX.Element {
  const known = page.zones.filter((zone) => zone.known);
  if (!known.length)
    return (
      <section class="hero hero-warn" role="status">
        <p class="hero-word">{say("not_known")}</p>
        <p>{say("not_known_note")}</p>
      </section>
    );
  const free = known.reduce((sum, zone) => sum + (zone.usable ?? 0), 0);
  const all = known.length === page.zones.length;
  if (free === 0 && all)
    return (
      <section class="hero hero-warn" role="status">
        <p class="hero-word">{say("all_full")}</p>
      </section>
    );
  return (
    <section class="hero hero-ok" role="status" data-testid="answer">
      <p>{say("free_now")}</p>
      <p class="hero-sum">{count(free)}</p>
      {!all && <p class="soft">{say("part_known")}</p>}
    </section>
  );
}

function Zones({ zones }: { zones: Availability[] }): JSX.Element {
  return (
    <section class="card" aria-labelledby="zones">
      <h2 id="zones">{say("zones")}</h2>
      <ul class="levels zones">
        {zones.map((zone) => (
          <li key={zone.zone} data-zone={zone.zone}>
            <span>
              {named(zone.name)}
              <Forecast zone={zone} />
            </span>
            <b class={`${zone.state === "full" ? "none" : zone.state === "unknown" ? "unknown" : ""}`}>
              {zone.state === "unknown" ? "----" : zone.state === "full" ? say("full") : count(zone.usable ?? 0)}
            </b>
            <small>{zone.state === "few" ? say("few") : ""}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Full in so many minutes, or the number in a quarter of an hour; each with how far such words were off lately. */
function Forecast({ zone }: { zone: Availability }): JSX.Element | null {
  const look = zone.outlook;
  const kinds = [
    zone.usable_by_kind["accessible"] ? say("accessible", { n: zone.usable_by_kind["accessible"] }) : "",
    zone.usable_by_kind["ev"] ? say("ev", { n: zone.usable_by_kind["ev"] }) : "",
  ].filter(Boolean);
  const words: string[] = [];
  if (look && zone.state !== "full") {
    if (look.full_in_min !== null) {
      words.push(say("full_in", { minutes: look.full_in_min }));
      words.push(look.error_min === null ? say("not_measured") : say("give_or_take", { minutes: Math.max(1, Math.round(look.error_min)) }));
    } else {
      words.push(say("soon", { bays: count(look.in_15_min) }));
      words.push(look.error_bays === null ? say("not_measured") : say("soon_error", { bays: Math.max(1, Math.round(look.error_bays)) }));
    }
  }
  if (!words.length && !kinds.length) return null;
  const sentence = words.join(worded(["", " "]));
  return (
    <small class="forecast">
      {sentence}
      {sentence && kinds.length ? <br /> : null}
      {kinds.join(" · ")}
    </small>
  );
}

function AtTheLanes({ page }: { page: AvailabilityPage }): JSX.Element {
  const ways: ["into" | "out", Flow][] = [
    ["into", page.traffic.into as Flow],
    ["out", page.traffic.out as Flow],
  ];
  const drawn = ways.filter(([, flow]) => flow.lanes > 0);
  const asOf = <p class="soft small">{both("as_of", { time: clock(page.at) })}</p>;
  if (!drawn.length) return asOf;
  return (
    <section class="card" aria-labelledby="traffic">
      <h2 id="traffic">{say("traffic")}</h2>
      <dl class="facts">
        {drawn.map(([name, flow]) => (
          <div key={name} data-flow={name}>
            <dt>{say(name)}</dt>
            <dd>
              <b class={`flow flow-${flow.state}`}>{say(flow.state === "closed" ? "closed_lanes" : flow.state)}</b>
              {flow.an_hour !== null && flow.state !== "closed" && (
                <small class="soft"> {say("an_hour", { n: count(flow.an_hour) })}</small>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {asOf}
    </section>
  );
}
