// What a member wants to know at a glance: points and tier, the car that is here and what it costs, and what waits for an answer.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock, count, date, money, plate } from "../shared/format";
import { named } from "../shared/i18n";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { MemberNotice, OwnStanding, OwnStay } from "../shared/wire";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { MyCode } from "./my_code";
import { Nothing, Part, Trouble } from "./part";
import { PayButton } from "./pay_button";
import { token } from "./session";
import { debts, load, me, notices, points, standing, stays } from "./sources";
import { SwitchOn } from "./switch_on";

const AGAIN_MS = 20_000;

export function Home(): JSX.Element {
  useEffect(() => {
    load(standing, points, stays, debts, notices, me);
    const timer = setInterval(() => document.visibilityState === "visible" && load(stays, points), AGAIN_MS);
    return () => clearInterval(timer);
  }, [token.value]);
  const open = (debts.value.value ?? []).filter((one) => one.state !== "disputed");
  return (
    <>
      <Membership />
      {(notices.value.value ?? []).filter((one) => one.can_object).map((one) => (
        <Claimed key={one.notice_id} notice={one} />
      ))}
      {open.length > 0 && (
        <a class="banner banner-warn" href="#/stays">
          <Mark name="alert" />
          <span>{say("debts_wait", { n: open.length })}</span>
          <Mark name="next" />
        </a>
      )}
      <section class="card" aria-labelledby="inside">
        <h2 id="inside">{say("inside")}</h2>
        <Part
          of={stays}
          refused={(code) => (code === "member.no_consent" ? <SwitchOn purpose="history" note={say("inside_ask")} /> : null)}
          empty={(all) => (all.some((one) => one.exited_at === null) ? null : <Nothing word={say("inside_none")} note={say("inside_none_note")} />)}
        >
          {(all) => all.filter((one) => one.exited_at === null).map((one) => <Inside key={one.stay_id} stay={one} />)}
        </Part>
      </section>
      <TierCard />
    </>
  );
}

function Membership(): JSX.Element {
  const tier = standing.value.value;
  const has = points.value.value;
  return (
    <section class="membership" aria-labelledby="tier">
      <h2 id="tier">{tier?.tier ? named(tier.tier.name) : say("no_tier")}</h2>
      <p class="membership-points">
        <b data-testid="points">{has ? count(has.balance) : "–"}</b> {say("points_unit")}
      </p>
      {tier && <Progress of={tier} />}
      {has?.ends && <p class="small">{say("points_end", { n: count(has.ends.points), day: date(has.ends.at, now.value) })}</p>}
      <MyCode />
      <a class="membership-link" href="#/points">
        {say("history")}
        <Mark name="next" />
      </a>
    </section>
  );
}

function Progress({ of }: { of: OwnStanding }): JSX.Element | null {
  if (!of.following) return null;
  const words = say("to_go", { n: count(of.points_to_go ?? 0), tier: named(of.following.name) });
  return (
    <div class="to-go">
      <progress max={of.following.from_points} value={of.earned} aria-label={words} />
      <p class="small">{words}</p>
    </div>
  );
}

function Inside({ stay }: { stay: OwnStay }): JSX.Element {
  const off = stay.bill.lines.filter((line) => line.amount.amount < 0).reduce((sum, line) => sum - line.amount.amount, 0);
  const due = stay.bill.due.amount > 0 && stay.state === "open";
  return (
    <div class="inside" data-stay={stay.stay_id}>
      <p class="inside-plate">
        <b>{plate(stay.plate)}</b> <span class="soft">{say("since", { time: clock(stay.entered_at, now.value) })}</span>
      </p>
      {due ? (
        <p class="inside-due">
          <span class="soft">{say("due_now")}</span> <b>{money(stay.bill.due)}</b>
        </p>
      ) : (
        <p class="inside-free">
          <Mark name="check" /> {stay.state === "settled" && stay.leave_by ? say("settled", { time: clock(stay.leave_by, now.value) }) : say("nothing_due")}
        </p>
      )}
      {off > 0 && <p class="saves">{say("saved", { amount: money({ ...stay.bill.total, amount: off }) })}</p>}
      <PayButton stay={stay} />
      <a class="wide" href={`#/stays/${stay.stay_id}`}>
        {say("see")}
        <Mark name="next" />
      </a>
    </div>
  );
}

function Claimed({ notice }: { notice: MemberNotice }): JSX.Element {
  const deed = useDeed();
  return (
    <section class="card claimed" aria-labelledby={`claim-${notice.notice_id}`}>
      <h2 id={`claim-${notice.notice_id}`}>
        <Mark name="alert" />
        <span>{say("claimed", { plate: plate(notice.plate) })}</span>
      </h2>
      <p>{say("claimed_note")}</p>
      <button
        type="button"
        class="main"
        disabled={deed.busy}
        onClick={() => void deed.run(() => ask(`/me/claims/${notice.about}/object`, { method: "POST" }).then(() => notices.load()))}
      >
        {say("object")}
      </button>
      <Trouble of={deed.trouble} />
    </section>
  );
}

function TierCard(): JSX.Element | null {
  const held = standing.value.value;
  const levels = [held?.tier, held?.credit].filter((one) => one && one.benefits.length > 0);
  if (!levels.length) return null;
  return (
    <>
      {levels.map(
        (level) =>
          level && (
            <section class="card" key={level.level_id} aria-labelledby={`level-${level.level_id}`}>
              <h2 id={`level-${level.level_id}`}>{say("tier_good_for", { tier: named(level.name) })}</h2>
              <ul class="ticks">
                {level.benefits.map((benefit) => (
                  <li key={benefit.en}>
                    <Mark name="check" />
                    <span>{named(benefit)}</span>
                  </li>
                ))}
              </ul>
            </section>
          ),
      )}
    </>
  );
}
