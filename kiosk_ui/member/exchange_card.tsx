// Points become a coupon: what it costs stands beside it, a second touch confirms, and both happen or neither.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { count } from "../shared/format";
import { named } from "../shared/i18n";
import type { Exchange, OwnPoints } from "../shared/wire";
import { askOnce, useDeed } from "./deeds";
import { say } from "./member_words";
import { Nothing, Part, Trouble } from "./part";
import { coupons, load, points, standing } from "./sources";

export function ExchangeCard(): JSX.Element {
  return (
    <section class="card" aria-labelledby="exchange">
      <h2 id="exchange">{say("exchange")}</h2>
      <Part of={points} empty={(has) => (has.offers.length ? null : <Nothing word={say("exchange_none")} note={say("have", { n: count(has.balance) })} />)}>
        {(has) => <Offers has={has} />}
      </Part>
    </section>
  );
}

function Offers({ has }: { has: OwnPoints }): JSX.Element {
  const [asked, askFor] = useState("");
  const [done, tell] = useState(false);
  const deed = useDeed();
  const take = async (campaign_id: string): Promise<void> => {
    tell(false);
    const body: Exchange = { campaign_id };
    if (await deed.run(() => askOnce("/me/exchanges", body))) {
      askFor("");
      tell(true);
    }
    load(points, coupons, standing);
  };
  return (
    <>
      <p class="soft small">{say("have", { n: count(has.balance) })}</p>
      <ul class="offers">
        {has.offers.map((one) => {
          const short = one.points - has.balance;
          return (
            <li key={one.campaign_id} data-offer={one.campaign_id}>
              <span class="offer-text">
                <b>{named(one.text)}</b>
                <span class="soft small">{say("costs", { n: count(one.points) })}</span>
              </span>
              {short > 0 ? (
                <span class="soft small">{say("short", { n: count(short) })}</span>
              ) : (
                asked !== one.campaign_id && (
                  <button type="button" onClick={() => askFor(one.campaign_id)}>
                    {say("exchange_one")}
                    <span class="hidden-visually"> {named(one.text)}</span>
                  </button>
                )
              )}
              {asked === one.campaign_id && short <= 0 && (
                <div class="sure" role="group" aria-label={named(one.text)}>
                  <p>{say("exchange_ask", { n: count(one.points), left: count(-short) })}</p>
                  <button type="button" class="main" disabled={deed.busy} onClick={() => void take(one.campaign_id)}>
                    {say("exchange_yes")}
                  </button>
                  <button type="button" onClick={() => askFor("")}>
                    {say("no")}
                  </button>
                </div>
              )}
            </li>
          );
        })}
      </ul>
      <p class="done" role="status">
        {done && say("exchanged")}
      </p>
      <Trouble of={deed.trouble} />
    </>
  );
}
