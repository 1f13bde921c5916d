// What the rules could not settle waits here for a person, oldest first. The live feed says when to look again.
import { effect, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { why } from "../shared/i18n/problems";
import type { Case, CasePage, ConfirmStay, Resolution } from "../shared/wire";
import { Dialog } from "./dialog";
import { laneName } from "./names";
import { feed } from "./session";
import { tellOnce } from "./toast";
import { now } from "../shared/tick";
import { say } from "./words";

const LOOK_AGAIN_MS = 20_000;
const cases = signal<readonly Case[] | null>(null);
const unread = signal(false);

async function look(): Promise<void> {
  try {
    const page = await call<CasePage>("/cases?state=open");
    cases.value = [...page.items].sort((a, b) => Date.parse(a.opened_at) - Date.parse(b.opened_at));
    unread.value = false;
  } catch {
    unread.value = true;
  }
}

export function Cases(): JSX.Element {
  const [chosen, choose] = useState<Case | null>(null);
  useEffect(() => {
    let seen = "";
    const timer = setInterval(() => void look(), LOOK_AGAIN_MS);
    const stop = effect(() => {
      const newest = feed.events.value.find((event) => event.type === "CaseOpened")?.id ?? "";
      const mark = `${feed.line.value}:${newest}`;
      if (mark !== seen) void look();
      seen = mark;
    });
    return () => {
      clearInterval(timer);
      stop();
    };
  }, []);
  const open = cases.value;
  return (
    <section class="panel cases" aria-labelledby="cases-title">
      <h2 id="cases-title">
        {say("cases")}
        {open && open.length > 0 && <span class="count">{open.length}</span>}
      </h2>
      {unread.value && <p class="soft">{say("cases_unknown")}</p>}
      {open?.length === 0 && !unread.value && <p class="soft">{say("no_cases")}</p>}
      <ul>
        {open?.map((one) => (
          <li key={one.id} data-case={one.id}>
            <p>
              <b>{inWords("cases", one.reason)}</b>
              <small>{[laneName(one.lane_id), clock(one.opened_at, now.peek())].filter(Boolean).join(" · ")}</small>
            </p>
            <button type="button" onClick={() => choose(one)} aria-label={say("resolve_title", { reason: inWords("cases", one.reason) })}>
              {say("resolve")}
            </button>
          </li>
        ))}
      </ul>
      {chosen && <ResolveDialog of={chosen} onClose={() => choose(null)} />}
    </section>
  );
}

/** Cases about a stay that may still be open: a person can settle the stay itself, and the case with it. */
const ABOUT_A_STAY = new Set(["second_entry", "entry_without_plate", "entry_time_implausible", "unauthorised_entry"]);
type Settling = "" | "confirm" | "close";

function ResolveDialog({ of, onClose }: { of: Case; onClose: () => void }): JSX.Element {
  const [note, setNote] = useState("");
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const [settling, settle] = useState<Settling>("");
  const submit = async (): Promise<void> => {
    if (note.trim().length < (settling ? 3 : 1)) return setTrouble(say(settling ? "reason_short" : "note_short"));
    setBusy(true);
    try {
      if (settling && of.stay_id)
        await call(`/stays/${encodeURIComponent(of.stay_id)}/${settling}`, { body: { reason: note.trim().slice(0, 200) } satisfies ConfirmStay });
      else await call(`/cases/${encodeURIComponent(of.id)}/resolve`, { body: { note: note.trim() } satisfies Resolution });
      tellOnce(say("resolved"));
      onClose();
    } catch (failure) {
      setBusy(false);
      setTrouble(say("resolve_failed", { why: why(failure) }));
    }
    void look();
  };
  return (
    <Dialog title={say("resolve_title", { reason: inWords("cases", of.reason) })} onClose={onClose} onSubmit={() => void submit()}>
      {of.stay_id && ABOUT_A_STAY.has(of.reason) && (
        <label>
          {say("stay_of_case")}
          <select value={settling} onChange={(e) => settle(e.currentTarget.value as Settling)}>
            <option value="">{say("stay_leave")}</option>
            <option value="confirm">{say("stay_confirm")}</option>
            <option value="close">{say("stay_close")}</option>
          </select>
        </label>
      )}
      <label>
        {say("note")}
        <textarea rows={4} maxLength={500} value={note} onInput={(e) => setNote(e.currentTarget.value)} aria-describedby="resolve-trouble" />
      </label>
      <p class="trouble" role="alert" id="resolve-trouble">
        {trouble}
      </p>
      <div class="dialog-foot">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        <button type="submit" class="main" disabled={busy}>
          {say("resolve_now")}
        </button>
      </div>
    </Dialog>
  );
}
