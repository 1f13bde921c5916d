// A lane by hand: open it once, have it stand open, take it over, give it back. Which of these there are depends on its mode.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import type { LaneValue, OpenLane } from "../shared/wire";
import { ReasonDialog } from "./reason";
import { say } from "./words";

const REASONS = ["reason_paid", "reason_read", "reason_special", "reason_fault"] as const;
const DEEDS = ["open", "hold-open", "take", "release", "end-emergency"] as const;
type Deed = (typeof DEEDS)[number];

const words: Readonly<Record<Deed, Parameters<typeof say>[0]>> = {
  open: "deed_open",
  "hold-open": "deed_hold",
  take: "deed_take",
  release: "deed_release",
  "end-emergency": "deed_end",
};

function deedsOf(lane: LaneValue): readonly Deed[] {
  if (lane.mode === "emergency") return ["open", "end-emergency"];
  return lane.mode === "manual" ? ["open", "release"] : ["open", "hold-open", "take"];
}

export function OpenDialog({ id, name, lane, onClose }: { id: string; name: string; lane: LaneValue; onClose: () => void }): JSX.Element {
  const [deed, setDeed] = useState<Deed>("open");
  return (
    <ReasonDialog
      title={say("open_title", { lane: name })}
      note={say(deed === "open" ? "open_note" : "order_note")}
      reasons={REASONS}
      confirm={deed === "open" ? say("open_now") : say("order_now")}
      done={say(deed === "open" ? "opened" : "ordered", { lane: name })}
      onClose={onClose}
      run={(reason, key) =>
        call(`/lanes/${encodeURIComponent(id)}/${deed}`, { body: { reason } satisfies OpenLane, idempotencyKey: key })
      }
    >
      <label>
        {say("deed")}
        <select value={deed} onChange={(e) => setDeed(e.currentTarget.value as Deed)}>
          {deedsOf(lane).map((choice) => (
            <option key={choice} value={choice}>
              {say(words[choice])}
            </option>
          ))}
        </select>
      </label>
    </ReasonDialog>
  );
}
