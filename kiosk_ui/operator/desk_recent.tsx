// What was decided lately, by whom, and the way back from it.
import type { JSX } from "preact";
import { clock } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { now } from "../shared/tick";
import type { Decision } from "../shared/wire";
import { openUndo } from "./desk_keys";
import { desk as say } from "./desk_words";
import { toDesk, toStay } from "./route";

export function Recent({ made }: { made: readonly Decision[] }): JSX.Element {
  const last = made.find((one) => one.may_undo);
  return (
    <section class="panel recent" aria-labelledby="recent-title">
      <h2 id="recent-title">{say("recent")}</h2>
      {made.length === 0 && <p class="soft">{say("recent_none")}</p>}
      <ol>
        {made.map((one) => (
          <li key={one.id} data-decision={one.id} class={one.undone_at ? "is-undone" : ""}>
            <p>
              <b>{inWords("choices", one.choice)}</b>
              <small>
                {[inWords("deskReasons", one.reason), one.by, clock(one.decided_at, now.value)].join(" · ")}
                {one.undone_at && ` · ${say("undone_by", { name: one.undone_by })}`}
              </small>
            </p>
            <a href={one.stay_id ? toStay(one.stay_id) : toDesk(one.case_id)}>{say("details")}</a>
            {one.may_undo && (
              <button type="button" class="quiet" onClick={() => openUndo(one)}>
                {say("undo")} {one === last && <kbd>U</kbd>}
              </button>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
