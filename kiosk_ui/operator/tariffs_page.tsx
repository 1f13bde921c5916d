// Tariffs: what holds, what is proposed, and a text to edit, check, compare and hand to a second person.
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock } from "../shared/format";
import { named } from "../shared/i18n";
import { now } from "../shared/tick";
import type { OfferedTariff, Tariff, TariffProposal, TariffsState } from "../shared/wire";
import { useRead, Waiting } from "./money_frame";
import { may } from "./session";
import { ApproveDialog, EndDialog, RefuseDialog } from "./tariff_dialogs";
import { Editor, kept, type Opened } from "./tariff_editor";
import { tariffs as say } from "./tariff_words";
import "./tariffs.css";

const LOOKS: Readonly<Record<TariffProposal["state"], string>> = { open: "chip-warn", approved: "chip-ok", refused: "chip-bad", withdrawn: "chip-plain" };

export function Tariffs(): JSX.Element {
  const all = useRead(() => call<TariffsState>("/tariffs"), []);
  const [opened, open] = useState<Opened | null>(() => kept());
  const place = useRef<HTMLDivElement>(null);
  const show = async (version: string, proposal: TariffProposal | null): Promise<void> => {
    const found = await call<Tariff>(`/tariffs/versions/${encodeURIComponent(version)}`);
    open({ source: found.source, proposal });
    setTimeout(() => place.current?.scrollIntoView({ block: "start" }));
  };
  const state = all.value;
  const done = async (): Promise<void> => {
    open(null);
    await all.again();
  };
  return (
    <main id="main" tabIndex={-1} class="figures">
      <section class="panel money" aria-labelledby="tariffs-title">
        <h2 id="tariffs-title">{say("title")}</h2>
        <p class="soft">{say("note")}</p>
        <Waiting of={all} />
        {state && (
          <>
            <h3>{say("offered")}</h3>
            <ul class="money-rows">
              {[...state.tariffs].reverse().map((one) => (
                <Offered key={one.version} of={one} onEdit={() => void show(one.version, null).catch(() => all.again())} onDone={all.again} />
              ))}
            </ul>
            <h3>{say("proposals")}</h3>
            {state.proposals.length === 0 && <p class="soft">{say("proposals_none")}</p>}
            <ul class="money-rows">
              {state.proposals.map((one) => (
                <Proposed key={one.proposal_id} of={one} onLook={() => void show(one.version, one).catch(() => all.again())} onDone={done} />
              ))}
            </ul>
          </>
        )}
      </section>
      <div ref={place}>{opened && <Editor key={opened.source} of={opened} onClose={() => open(null)} onDone={done} />}</div>
    </main>
  );
}

function Offered({ of, onEdit, onDone }: { of: OfferedTariff; onEdit: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [ending, end] = useState(false);
  const name = named(of.name);
  const last = of.last_day ?? of.valid_to;
  const days = [of.valid_from && say("from", { day: of.valid_from }), last && say("until", { day: last })].filter(Boolean).join(" ");
  const origin = of.published_at ? say("published", { time: clock(of.published_at, now.value), by: of.proposed_by ?? "", and: of.approved_by ?? "" }) : say("from_file");
  const today = new Date(now.value).toISOString().slice(0, 10);
  return (
    <li data-tariff={of.version}>
      <p>
        <b>{name}</b>
        <small>{[days || say("always"), say("version", { version: of.version.slice(0, 10) }), origin].join(" · ")}</small>
      </p>
      {of.in_force ? <span class="chip chip-ok">{say("in_force")}</span> : last && last < today ? <span class="chip chip-plain">{say("over")}</span> : of.valid_from && of.valid_from > today && <span class="chip chip-accent">{say("later")}</span>}
      <div class="deeds">
        <button type="button" aria-label={say("edit_of", { name })} onClick={onEdit}>
          {say("edit")}
        </button>
        {may("tariffs:write") && (
          <button type="button" aria-label={say("end_title", { name })} onClick={() => end(true)}>
            {say("end")}
          </button>
        )}
      </div>
      {ending && <EndDialog of={of} name={name} onClose={() => end(false)} onDone={onDone} />}
    </li>
  );
}

function Proposed({ of, onLook, onDone }: { of: TariffProposal; onLook: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [asked, ask] = useState<"approve" | "refuse" | null>(null);
  const what = [say(`kind_${of.kind}`), say("version", { version: of.version.slice(0, 10) }), of.last_day && say("until", { day: of.last_day })];
  const who = [say("by", { by: of.proposed_by, time: clock(of.proposed_at, now.value) }), of.decided_by && of.decided_at && say("decided", { by: of.decided_by, time: clock(of.decided_at, now.value) }), of.reason];
  return (
    <li data-proposal={of.state}>
      <p>
        <b>{of.note}</b>
        <small>{what.filter(Boolean).join(" · ")}</small>
        <small>{who.filter(Boolean).join(" · ")}</small>
        {of.state === "open" && of.mine && <small>{say("own")}</small>}
      </p>
      <span class={`chip ${LOOKS[of.state]}`}>{say(of.state)}</span>
      {of.state === "open" && (
        <div class="deeds">
          {of.kind === "publish" ? (
            <button type="button" aria-label={say("look_of", { note: of.note })} onClick={onLook}>
              {say("look")}
            </button>
          ) : (
            may("tariffs:write") && !of.mine && (
              <button type="button" aria-label={say("approve_title", { note: of.note })} onClick={() => ask("approve")}>
                {say("approve")}
              </button>
            )
          )}
          {may("tariffs:write") && (
            <button type="button" aria-label={say(of.mine ? "withdraw_title" : "refuse_title", { note: of.note })} onClick={() => ask("refuse")}>
              {say(of.mine ? "withdraw" : "refuse")}
            </button>
          )}
        </div>
      )}
      {asked === "approve" && <ApproveDialog of={of} onClose={() => ask(null)} onDone={onDone} />}
      {asked === "refuse" && <RefuseDialog of={of} onClose={() => ask(null)} onDone={onDone} />}
    </li>
  );
}
