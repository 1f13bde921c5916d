// What waits for a person, as the desk has it, most urgent first; each is a way to the desk.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import { Deadline } from "./deadline";
import { keepQueue, queue, unread } from "./desk";
import { desk } from "./desk_words";
import { laneName } from "./names";
import { toDesk } from "./route";
import { say } from "./words";

const SHOWN = 6;

export function Cases(): JSX.Element {
  useEffect(keepQueue, []);
  const page = queue.value;
  const rows = page?.items.slice(0, SHOWN);
  return (
    <section class="panel cases" aria-labelledby="cases-title">
      <h2 id="cases-title">
        {say("cases")}
        {page && page.open > 0 && <span class="count">{page.open}</span>}
      </h2>
      {unread.value && <p class="soft">{say("cases_unknown")}</p>}
      {page?.open === 0 && !unread.value && <p class="soft">{say("no_cases")}</p>}
      <ul>
        {rows?.map((one) => (
          <li key={one.id} data-case={one.id}>
            <p>
              <b>{inWords("cases", one.reason)}</b>
              <small>
                {[laneName(one.lane_id), clock(one.opened_at, now.value), one.holder && desk("held_by", { name: one.holder.name })]
                  .filter(Boolean)
                  .join(" · ")}
              </small>
              <Deadline of={one} />
            </p>
            <a class="button" href={toDesk(one.id)} aria-label={say("resolve_title", { reason: inWords("cases", one.reason) })}>
              {say("resolve")}
            </a>
          </li>
        ))}
      </ul>
      {page && page.open > 0 && (
        <a class="to-desk" href={toDesk()}>
          {desk("open_desk")} <Mark name="out" size="1rem" />
        </a>
      )}
    </section>
  );
}
