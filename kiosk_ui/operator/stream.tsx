// What has just happened, newest first, in sentences. Screen readers are not interrupted by it: it is a list to visit.
import type { JSX } from "preact";
import { clockSeconds } from "../shared/format";
import { tell } from "../shared/i18n/events";
import { laneName, signName, zoneName } from "./names";
import { feed } from "./session";
import { say } from "./words";

const names = { lane: laneName, zone: zoneName, sign: signName };

export function Stream(): JSX.Element {
  const events = feed.events.value;
  return (
    <section class="panel stream" aria-labelledby="stream-title">
      <h2 id="stream-title">{say("stream")}</h2>
      {events.length === 0 && <p class="soft">{say("no_events")}</p>}
      <ol tabIndex={0} aria-labelledby="stream-title">
        {events.map((event) => {
          const told = tell(event, names);
          return (
            <li key={event.id} class={`told told-${told.tone} fade`}>
              <time dateTime={event.at}>{clockSeconds(event.at)}</time>
              <span>{told.text}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
