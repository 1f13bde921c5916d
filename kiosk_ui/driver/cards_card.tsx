// Leave first, pay later: the driver's own yes to it, what stands, and the way out of it. It is an offer, never a condition.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { channels } from "../shared/channels";
import { longDate } from "../shared/format";
import { named } from "../shared/i18n";
import type { Cards } from "../shared/wire";
import { cardEnded, cards, cardTrouble, end, forgetCards, loadCards, save, saving } from "./cards";
import { goAway, token } from "./stay";
import { say } from "./words";

const nameOf = (channel: string): string => {
  const found = channels.value.find((one) => one.name === channel);
  return found ? named(found) : channel;
};

export function CardsCard(): JSX.Element | null {
  useEffect(() => {
    void loadCards();
    return forgetCards;
  }, [token.value]);
  const found = cards.value;
  if (!found || (!found.stands && found.channels.length === 0)) return null;
  return (
    <section class="card cards" aria-labelledby="cards-title">
      <h2 id="cards-title">{say("cards")}</h2>
      {found.stands ? <Stands of={found.stands} /> : <Offer of={found} />}
      <p class="trouble" role="alert">
        {cardTrouble.value && say("card_failed", { why: cardTrouble.value })}
      </p>
    </section>
  );
}

function Stands({ of }: { of: NonNullable<Cards["stands"]> }): JSX.Element {
  const [asked, ask] = useState(false);
  return (
    <>
      <p role="status">{say("card_stands", { channel: nameOf(of.channel), day: longDate(Date.parse(of.since)) })}</p>
      {asked ? (
        <div class="card-end">
          <p>{say("card_end_note")}</p>
          <button type="button" class="main" disabled={saving.value} onClick={() => void end(of.agreement_id)}>
            {say("card_end_now")}
          </button>
          <button type="button" onClick={() => ask(false)}>
            {say("card_keep")}
          </button>
        </div>
      ) : (
        <button type="button" onClick={() => ask(true)}>
          {say("card_end")}
        </button>
      )}
    </>
  );
}

function Offer({ of }: { of: Cards }): JSX.Element {
  const [agreed, agree] = useState(false);
  const open = of.tries.find((one) => one.state === "open");
  return (
    <>
      <p class="soft">{say("cards_note")}</p>
      {cardEnded.value && <p role="status">{say("card_ended")}</p>}
      {open && (
        <p role="status">
          {say("card_waiting")}{" "}
          {open.page_url && (
            <button type="button" onClick={() => goAway(open.page_url ?? "")}>
              {say("card_again")}
            </button>
          )}
        </p>
      )}
      <label class="agree">
        <input type="checkbox" checked={agreed} onChange={(e) => agree(e.currentTarget.checked)} />
        <span>{say("card_agree")}</span>
      </label>
      {of.channels.map((channel) => (
        <button key={channel} type="button" class="main" disabled={!agreed || saving.value} onClick={() => void save(channel)}>
          {say("card_save", { channel: nameOf(channel) })}
        </button>
      ))}
    </>
  );
}
