// The one thing that must not be overlooked: every exit stands open and no fee clock runs, since when, and how to end it.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clock } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { Emergency as EmergencyValue } from "../shared/wire";
import { beginEmergency, emergency, endEmergency } from "./help";
import { laneName } from "./names";
import { ReasonDialog } from "./reason";
import { may } from "./session";
import { say } from "./words";

const BEGIN = ["emergency_fire", "emergency_smoke", "emergency_crowd"] as const;
const END = ["emergency_false", "emergency_clear", "emergency_drill"] as const;

export function EmergencyBanner(): JSX.Element {
  const [ending, setEnding] = useState(false);
  const found = emergency.value?.standing ? emergency.value.latest : null;
  return (
    <div role="alert">
      {found && (
        <div class="emergency-bar" data-testid="emergency">
          <Mark name="alert" size="1.75rem" />
          <p>
            <b>{say("emergency_stands")}</b>
            <span>{whatOf(found)}</span>
          </p>
          {may("lanes:open") && (
            <button type="button" onClick={() => setEnding(true)}>
              {say("emergency_end")}
            </button>
          )}
        </div>
      )}
      {ending && found && (
        <ReasonDialog
          title={say("emergency_end_title")}
          note={say("emergency_end_note")}
          reasons={END}
          confirm={say("emergency_end_now")}
          danger
          done={say("emergency_ended")}
          onClose={() => setEnding(false)}
          run={endEmergency}
        />
      )}
    </div>
  );
}

function whatOf(found: EmergencyValue): string {
  const open = found.lanes.filter((lane) => lane.opened_at && !lane.cleared_at).length;
  const deaf = found.lanes.filter((lane) => lane.ordered_at && !lane.opened_at).map((lane) => laneName(lane.lane_id));
  const where = found.lane_id ? laneName(found.lane_id) : found.begun_by;
  const parts = [
    say("emergency_since", { time: clock(found.started_at, now.value), cause: inWords("emergencies", found.cause), where }),
    say("emergency_open", { open, all: found.lanes.length }),
  ];
  if (deaf.length) parts.push(say("emergency_deaf", { lanes: deaf.join(", ") }));
  return parts.join(" · ");
}

/** Quiet until it is needed: opens every exit, after a question. */
export function EmergencyButton(): JSX.Element | null {
  const [asking, setAsking] = useState(false);
  if (!may("lanes:open") || emergency.value === null || emergency.value.standing) return null;
  return (
    <>
      <button type="button" class="quiet emergency-button" onClick={() => setAsking(true)}>
        <Mark name="alert" />
        {say("emergency_begin")}
      </button>
      {asking && (
        <ReasonDialog
          title={say("emergency_begin_title")}
          note={say("emergency_begin_note")}
          reasons={BEGIN}
          confirm={say("emergency_begin_now")}
          danger
          done={say("emergency_begun")}
          onClose={() => setAsking(false)}
          run={beginEmergency}
        />
      )}
    </>
  );
}
