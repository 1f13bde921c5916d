// Leave first, pay later: what stands for each car, and the way out of it.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { channelName } from "../shared/channels";
import { date, money, plate } from "../shared/format";
import { now } from "../shared/tick";
import type { Agreement } from "../shared/wire";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Part, Trouble } from "./part";
import { agreements } from "./sources";

export function LaterCard(): JSX.Element {
  return (
    <section class="card" aria-labelledby="later">
      <h2 id="later">{say("later")}</h2>
      <Part of={agreements} empty={(all) => (all.length ? null : <p class="soft">{say("later_none")}</p>)}>
        {(all) => all.map((one) => <One key={one.agreement_id} of={one} />)}
      </Part>
    </section>
  );
}

function One({ of }: { of: Agreement }): JSX.Element {
  const [asked, askFor] = useState(false);
  const deed = useDeed();
  const stands = { day: date(of.since, now.value), channel: channelName(of.channel), amount: money(of.per_stay) };
  return (
    <div class="later-one" data-agreement={of.agreement_id}>
      <p>
        <b>{plate(of.plate)}</b>
      </p>
      <p class="soft">{say("later_stands", stands)}</p>
      {asked ? (
        <div class="sure">
          <p>{say("later_end_note")}</p>
          <button
            type="button"
            class="main"
            disabled={deed.busy}
            onClick={() => void deed.run(() => ask(`/me/agreements/${encodeURIComponent(of.agreement_id)}`, { method: "DELETE" }).then(() => agreements.load()))}
          >
            {say("later_end_now")}
          </button>
          <button type="button" onClick={() => askFor(false)}>
            {say("keep")}
          </button>
        </div>
      ) : (
        <button type="button" onClick={() => askFor(true)}>
          {say("later_end")}
        </button>
      )}
      <Trouble of={deed.trouble} />
    </div>
  );
}
