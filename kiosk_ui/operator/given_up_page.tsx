// What the server gave up after every try: a technician has it done again, or says how it was seen to otherwise.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock } from "../shared/format";
import { why } from "../shared/i18n/problems";
import { now, setServerTime } from "../shared/tick";
import type { DoneAgain, GivenUp, GivenUpList } from "../shared/wire";
import { codeWords, givenUp as say, groupWords } from "./given_up_words";
import { Nothing } from "./nothing";
import { ReasonDialog } from "./reason";
import { tellOnce } from "./toast";

const list = signal<GivenUpList | null>(null);
const trouble = signal("");
const at = (one: GivenUp, deed: string): string => `/given-up/${encodeURIComponent(one.id)}/${deed}`;

async function read(): Promise<void> {
  try {
    const found = await call<GivenUpList>("/given-up");
    setServerTime(found.now);
    list.value = found;
    trouble.value = "";
  } catch (failure) {
    trouble.value = why(failure);
  }
}

export function GivenUpPage(): JSX.Element {
  const [asked, setAsked] = useState<GivenUp | null>(null);
  useEffect(() => void read(), []);
  const found = list.value;
  return (
    <main id="main" tabIndex={-1} class="narrow">
      <section class="panel lessons" aria-labelledby="given-up-title">
        <h2 id="given-up-title">{say("title")}</h2>
        <p class="soft">{say("note")}</p>
        <p role="status">{trouble.value ? say("gone", { why: trouble.value }) : !found ? say("loading") : found.waiting > 0 && say("count", { count: found.waiting })}</p>
        {found?.waiting === 0 && <Nothing mark="check" word={say("none")} note={say("none_note")} />}
        <ol>
          {found?.items.map((one) => (
            <Row key={one.id} of={one} onLetBe={() => setAsked(one)} />
          ))}
        </ol>
      </section>
      {asked && (
        <ReasonDialog
          title={say("let_be_title")}
          note={say("let_be_note")}
          reasons={["let_be_by_hand", "let_be_over"]}
          confirm={say("let_be_now")}
          done={say("let_be_done")}
          failed="not_saved"
          onClose={() => setAsked(null)}
          run={async (reason) => {
            await call(at(asked, "let-be"), { body: { reason } });
            await read();
          }}
        />
      )}
    </main>
  );
}

function Row({ of, onLetBe }: { of: GivenUp; onLetBe: () => void }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const again = async (): Promise<void> => {
    setBusy(true);
    setFailed("");
    try {
      const answer = await call<DoneAgain>(at(of, "again"), { body: {} });
      if (answer.done) tellOnce(say(of.group ? "done" : "queued"));
      else setFailed(say("failed", { error: answer.error }));
    } catch (failure) {
      setFailed(why(failure));
    }
    await read();
    setBusy(false);
  };
  return (
    <li class="lesson" data-given-up={of.id}>
      <p class="given-up">
        <b>{codeWords(of.code)}</b>
        <small>{say("by", { group: groupWords(of.group), tries: of.attempts, time: clock(of.ended_at, now.value) })}</small>
        <code>{of.error}</code>
      </p>
      <p role="status" class="trouble">
        {failed}
      </p>
      {of.may_again && (
        <button type="button" disabled={busy} onClick={() => void again()}>
          {say("again")}
        </button>
      )}
      <button type="button" class="quiet" onClick={onLetBe}>
        {say("let_be")}
      </button>
    </li>
  );
}
