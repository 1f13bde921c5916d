// Figures: what the site did in a day, a week or a month. Read anew every minute, and whenever something else is chosen.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clockSeconds, count } from "../shared/format";
import { Mark } from "../shared/marks";
import { asOf, bounds, choices, day, only, read, reading, rows, span, step, trouble, type Span } from "./figures";
import { Cards } from "./figures_cards";
import "./figures.css";
import { classWords, figures as say } from "./figures_words";
import { laneName } from "./names";

const AGAIN_MS = 60_000;

export function Figures(): JSX.Element {
  useEffect(() => {
    void read();
    const timer = setInterval(() => void read(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [day.value, span.value, only.value]);
  const old = trouble.value !== "" && rows.value !== null;
  return (
    <main id="main" tabIndex={-1} class={`figures ${old ? "is-old" : ""}`} aria-busy={reading.value}>
      <div class="figures-head">
        <h2 class="figures-title">{say("title")}</h2>
        <Spans />
        <Filters />
      </div>
      <div class="figures-state" role="status" aria-live="polite">
        {trouble.value ? (
          <p class="figures-trouble">
            <Mark name="alert" />
            <span>{old && asOf.value ? say("stale", { time: clockSeconds(asOf.value) }) : say("failed", { why: trouble.value })}</span>
            <button type="button" onClick={() => void read()}>
              {say("again")}
            </button>
          </p>
        ) : rows.value === null ? (
          <p class="soft">{say("loading")}</p>
        ) : (
          <p class="soft small">
            {asOf.value !== null && say("as_of", { time: clockSeconds(asOf.value) })}
            {choices.value && choices.value.behind > 0 && ` · ${say("behind", { count: count(choices.value.behind) })}`}
          </p>
        )}
      </div>
      {rows.value ? <Cards /> : !trouble.value && <Skeleton />}
    </main>
  );
}

function Skeleton(): JSX.Element {
  return (
    <div class="figures-grid" aria-hidden="true">
      {[1, 2, 3, 4].map((one) => (
        <div key={one} class="panel figure figure-waiting" />
      ))}
    </div>
  );
}

function Spans(): JSX.Element {
  const [first, last] = day.value ? bounds() : ["", ""];
  const today = choices.value?.today ?? "";
  return (
    <div class="spans">
      <fieldset class="segmented">
        <legend class="hidden-visually">{say("span")}</legend>
        {(["day", "week", "month"] as Span[]).map((one) => (
          <label key={one} class={span.value === one ? "is-chosen" : ""}>
            <input type="radio" name="span" value={one} checked={span.value === one} onChange={() => (span.value = one)} />
            <span>{say(one)}</span>
          </label>
        ))}
      </fieldset>
      <button type="button" aria-label={say("earlier")} onClick={() => step(-1)}>
        <Mark name="back" />
      </button>
      <label class="figures-day">
        <span class="hidden-visually">{say("date")}</span>
        <input type="date" value={day.value} max={today} onChange={(e) => e.currentTarget.value && (day.value = e.currentTarget.value)} />
      </label>
      <button type="button" class="figures-later" aria-label={say("later")} disabled={last >= today} onClick={() => step(1)}>
        <Mark name="back" />
      </button>
      {day.value !== today && (
        <button type="button" class="quiet" onClick={() => (day.value = today)}>
          {say("today")}
        </button>
      )}
      {span.value !== "day" && (
        <p class="soft">
          {first} – {last}
        </p>
      )}
    </div>
  );
}

function Filters(): JSX.Element {
  const offered = choices.value;
  const kinds = [
    ["lane", offered?.lanes ?? [], laneName],
    ["lot", offered?.lots ?? [], (id: string) => id],
    ["class", offered?.classes ?? [], classWords],
  ] as const;
  return (
    <div class="filters">
      {kinds.map(([name, values, named]) =>
        name === "lot" && values.length === 0 ? null : (
          <label key={name}>
            <span>{say(name)}</span>
            <select value={only.value[name]} onChange={(e) => (only.value = { ...only.value, [name]: e.currentTarget.value })}>
              <option value="">{say("all")}</option>
              {values.map((one) => (
                <option key={one} value={one}>
                  {named(one)}
                </option>
              ))}
            </select>
          </label>
        ),
      )}
    </div>
  );
}
