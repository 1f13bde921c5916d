// One vehicle at a lane: how its plate was read and how surely, what the rules said, what the boom did; and the vehicles before it.
import type { JSX } from "preact";
import { clockSeconds, plate } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { readable } from "../shared/i18n/readable";
import { Mark } from "../shared/marks";
import type { LaneRead, LaneVisit, LaneVisits, Spelling } from "../shared/wire";
import { clear, look, pick, showClear, shown, unread, visits } from "./lane_watch";
import { lane as say } from "./lane_words";
import { toStay } from "./route";
import { may } from "./session";
import { TableFrame } from "./table_frame";

type Word = Parameters<typeof say>[0];
const COLOURS = new Set(["blue", "green", "yellow", "white", "black"]);
const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.995 ? 1 : 0)} %`;

/** What the rules said last to this vehicle, by which rule and why, and what the boom did. */
export function Ruling({ of }: { of: LaneVisit }): JSX.Element {
  const last = of.reads.at(-1);
  return (
    <section class="panel" aria-labelledby="lane-ruling" data-visit={of.visit_id}>
      <div class="title-row">
        <h3 id="lane-ruling">{say("decision")}</h3>
        {last && <span class={`chip chip-${last.allowed ? "ok" : "warn"}`}>{say(last.allowed ? "yes" : "no")}</span>}
      </div>
      {!last && <p class="soft">{say("none_decided")}</p>}
      <dl class="lane-facts">
        {last && (
          <>
            <Fact name={last.allowed ? "rule" : "rule_unmet"}>{inWords("rules", last.rule)}</Fact>
            {last.reason && <Fact name="because">{inWords("reasons", last.reason)}</Fact>}
            {last.right && <Fact name="right">{rightOf(last.right)}</Fact>}
          </>
        )}
        <Fact name="boom">
          {of.pulses.length === 0 ? (
            <span class="soft">{say("boom_none")}</span>
          ) : (
            <>
              {of.pulses.map((pulse) => (
                <span key={pulse.at} class="lane-pulse">
                  <time dateTime={pulse.at}>{clockSeconds(pulse.at)}</time>{" "}
                  {pulse.by_person ? say("by_person", { name: pulse.by }) : say(pulse.by === "policy" ? "by_policy" : "by_rule")}
                  {pulse.by_person && pulse.reason ? ` · ${inWords("reasons", pulse.reason)}` : ""} ·{" "}
                  <b class={pulse.read_back ? "" : "bad"}>{say(pulse.read_back ? "confirmed" : "unconfirmed")}</b>
                </span>
              ))}
            </>
          )}
        </Fact>
        {of.called && <Fact name="outcome">{inWords("callCauses", of.called)}</Fact>}
      </dl>
      {of.stay_id && may("stays:read") && (
        <a class="quiet" href={toStay(of.stay_id)}>
          {say("stay")} <Mark name="next" size="0.9rem" />
        </a>
      )}
    </section>
  );
}

/** `pass:p7` is a pass, `list:vip` the VIP list. */
function rightOf(right: string): string {
  const [kind = "", name = ""] = right.split(":");
  return inWords("rules", kind === "list" ? `${name}_list` : kind);
}

const Fact = ({ name, children }: { name: Word; children: JSX.Element | string }): JSX.Element => (
  <div>
    <dt>{say(name)}</dt>
    <dd>{children}</dd>
  </div>
);

export function Reads({ of }: { of: LaneVisit }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="lane-reads">
      <div class="title-row">
        <h3 id="lane-reads">{say("read")}</h3>
        {visits.value?.may_clear ? (
          <button type="button" class="quiet" aria-pressed={clear.value} title={say("clear_note")} onClick={() => showClear(!clear.value)}>
            {say(clear.value ? "clear_hide" : "clear_show")} <kbd>C</kbd>
          </button>
        ) : (
          of.clear && <small class="soft">{say("clear_mine")}</small>
        )}
      </div>
      {of.reads.length === 0 && <p class="soft">{say("none_read")}</p>}
      <ol class="lane-reads">
        {[...of.reads].reverse().map((read) => (
          <Read key={read.at} of={read} />
        ))}
      </ol>
    </section>
  );
}

function Read({ of }: { of: LaneRead }): JSX.Element {
  const looks = [of.colour ? (COLOURS.has(of.colour) ? say(`colour_${of.colour}` as Word) : readable(of.colour)) : "", frames(of.frames)];
  return (
    <li>
      <p class="lane-read">
        <time dateTime={of.at}>{clockSeconds(of.at)}</time>
        {of.plate ? <span class="plate plate-small">{plate(of.plate)}</span> : <span class="soft">{say("no_plate")}</span>}
        <small class="soft">{looks.filter(Boolean).join(" · ")}</small>
      </p>
      {of.plate && <Bar name={say("sure")} share={of.confidence} />}
      {of.spellings.length > 1 ? (
        <table class="lane-spellings">
          <caption>{say("spellings")}</caption>
          <tbody>
            {of.spellings.map((one, at) => (
              <tr key={at}>
                <th scope="row">
                  <Spelled of={one} />
                </th>
                <td class="lane-bar-cell">
                  <i class="lane-bar" aria-hidden="true">
                    <i style={{ inlineSize: `${one.share * 100}%` }} />
                  </i>
                </td>
                <td class="lane-share">{percent(one.share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        of.plate && <p class="soft lane-only">{say("only_one")}</p>
      )}
    </li>
  );
}

const frames = (n: number): string => (n === 1 ? say("one_frame") : n ? say("frames", { n }) : "");

const Bar = ({ name, share }: { name: string; share: number }): JSX.Element => (
  <p class="lane-sure">
    <span>{name}</span>
    <i class="lane-bar" aria-hidden="true">
      <i style={{ inlineSize: `${share * 100}%` }} />
    </i>
    <b class="lane-share">{percent(share)}</b>
  </p>
);

/** A spelling with the signs marked in which it differs from the likeliest; a hidden sign that differs is told in words as well. */
function Spelled({ of }: { of: Spelling }): JSX.Element {
  const signs = [...of.plate];
  const hidden = of.differs.filter((at) => signs[at] === "*");
  return (
    <>
      <span class="plate plate-small">
        {signs.map((sign, at) => (
          <span key={at}>
            {at === 2 && signs.length > 6 ? " " : ""}
            {of.differs.includes(at) ? <mark>{sign}</mark> : sign}
          </span>
        ))}
      </span>
      {hidden.length > 0 && <small class="soft">{hidden.map((at) => say("hidden_sign", { n: at + 1 })).join(" · ")}</small>}
    </>
  );
}

const standings: Readonly<Record<LaneVisit["standing"], string>> = { here: "accent", passed: "ok", backed_away: "plain", untold: "plain" };

export function Passages(): JSX.Element {
  const page: LaneVisits | null = visits.value;
  const all = (page?.items ?? []) as LaneVisit[];
  return (
    <section class="panel lane-passages" aria-labelledby="lane-passages">
      <div class="title-row">
        <h3 id="lane-passages">{say("passages")}</h3>
        {all.length > 1 && (
          <small class="soft">
            <kbd>↑</kbd> <kbd>↓</kbd> {say("k_move")}
          </small>
        )}
      </div>
      <Unread />
      {!page && !unread.value && (
        <ul class="skeleton" aria-label={say("loading")}>
          <li />
          <li />
          <li />
        </ul>
      )}
      {page && all.length === 0 && (
        <p class="soft">
          {say("none_passed")} <small>{say("none_passed_more")}</small>
        </p>
      )}
      {all.length > 0 && (
        <TableFrame name={say("passages")} as="lane-table">
          <table>
            <thead>
              <tr>
                <th scope="col">{say("time")}</th>
                <th scope="col">{say("plate")}</th>
                <th scope="col">{say("decision")}</th>
                <th scope="col">{say("outcome")}</th>
              </tr>
            </thead>
            <tbody>
              {all.map((one) => (
                <Row key={one.visit_id} of={one} />
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
    </section>
  );
}

function Row({ of }: { of: LaneVisit }): JSX.Element {
  const chosen = shown.value?.visit_id === of.visit_id;
  const last = of.reads.at(-1);
  const time = clockSeconds(of.began_at);
  const because = last ? (last.allowed ? inWords("rules", last.rule) : inWords("reasons", last.reason || last.rule)) : "";
  return (
    <tr class={chosen ? "is-picked" : ""} data-passage={of.visit_id}>
      <td>
        <button type="button" class="lane-pick" aria-current={chosen ? "true" : undefined} aria-label={say("look_at", { time })} onClick={() => pick(of.visit_id)}>
          {time}
        </button>
      </td>
      <td>{last?.plate ? <span class="plate plate-small">{plate(last.plate)}</span> : <span class="soft">{say("no_plate")}</span>}</td>
      <td>
        {last ? (
          <>
            <span class={last.allowed ? "lane-yes" : "lane-no"}>{say(last.allowed ? "yes" : "no")}</span>
            <small>{because}</small>
          </>
        ) : (
          "–"
        )}
      </td>
      <td>
        <span class={`chip chip-${standings[of.standing]}`}>{say(of.standing)}</span>
      </td>
    </tr>
  );
}

/** What is said where the last read found nobody. */
function Unread(): JSX.Element | null {
  if (!unread.value) return null;
  return (
    <p class="desk-stale" role="status">
      <Mark name="off" />
      {say("unread")}
      <button type="button" class="quiet" onClick={() => void look()}>
        {say("again")}
      </button>
    </p>
  );
}
