// An upright touch screen: what to read stands above, what to touch stands below, within everybody's reach.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { clock, longDate } from "../shared/format";
import { lang, named } from "../shared/i18n";
import { HelpButton } from "../shared/help_button";
import { Mark } from "../shared/marks";
import { site } from "../shared/site";
import { LanguageSwitch } from "../shared/switch";
import { now } from "../shared/tick";
import { ways } from "./cash";
import { Cash } from "./cash_screen";
import { caller, leave } from "./flow";
import { asking, enrolled, feed, left, payAway, screen, touched, voice, type Screen } from "./state";
import { Find } from "./find_screen";
import { Done, Fee, Missing, Pay, Plate, Start } from "./screens";
import { canSpeak } from "./voice";
import { say } from "./words";

const screens: Readonly<Record<Screen, () => JSX.Element>> = { start: Start, plate: Plate, missing: Missing, fee: Fee, pay: Pay, cash: Cash, done: Done, find: Find };
const STEPS = ["step_plate", "step_fee", "step_pay"] as const;
const stepOf: Readonly<Record<Screen, number>> = { start: -1, plate: 0, missing: 0, fee: 1, pay: 2, cash: 2, done: 3, find: -1 };

export function App(): JSX.Element {
  useEffect(() => {
    document.title = site.value ? `${say("title")} · ${named(site.value.name)}` : say("title");
  }, [site.value, lang.value]);
  useEffect(() => {
    document.getElementById("screen")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [screen.value]);
  const Shown = screens[screen.value];
  return (
    <div class="stage" data-screen={screen.value}>
      <header class="top">
        <h1>
          <span class="logo" aria-hidden="true">
            P
          </span>
          <span>{site.value ? named(site.value.name) : say("title")}</span>
        </h1>
        <p class="clock">
          <b>{clock(now.value, now.value)}</b>
          <span>{longDate(now.value)}</span>
        </p>
      </header>
      <Lost />
      {screen.value !== "start" && screen.value !== "find" && <Steps at={stepOf[screen.value]} />}
      <main id="screen" tabIndex={-1} class={`screen-${screen.value} fade`} key={screen.value}>
        <Shown />
      </main>
      <footer class="foot">
        {screen.value !== "start" ? (
          <button type="button" onClick={leave}>
            <Mark name="back" />
            {screen.value === "done" ? say("home_in", { seconds: left.value ?? 0 }) : say("home")}
          </button>
        ) : (
          caller.state.value === null && !caller.trouble.value && <p>{takes()}</p>
        )}
        {enrolled.value && <HelpButton caller={caller} />}
        {canSpeak && screen.value !== "start" && (
          <button type="button" class="voice" aria-pressed={voice.value} onClick={() => (voice.value = !voice.value)}>
            <Mark name={voice.value ? "sound" : "quiet"} />
            {say("voice")}
          </button>
        )}
        <LanguageSwitch remember={false} />
      </footer>
      {asking() && <StillThere />}
    </div>
  );
}

/** What can be paid with here; what this machine lacks is taken at the desk. */
function takes(): string {
  const own = ways.value;
  if (!own?.cash && !own?.card) return say("help");
  const also = [own.cash ? say("cash") : "", own.card ? say("card") : ""].filter(Boolean);
  return say("takes", { ways: [say("by_phone"), ...also].join(lang.value === "zh" ? "、" : ", ") });
}

function Lost(): JSX.Element {
  const lost = feed.line.value === "lost" || payAway.value;
  const paying = screen.value === "pay" || screen.value === "cash";
  return (
    <div role="status" aria-live="polite">
      {lost && (
        <p class="lost" data-testid="lost">
          <Mark name="off" />
          <span>
            <b>{paying ? say("lost_pay") : say("lost")}</b>
            {!paying && <small>{say("lost_note")}</small>}
          </span>
        </p>
      )}
    </div>
  );
}

function Steps({ at }: { at: number }): JSX.Element {
  return (
    <nav aria-label={say("steps")}>
      <ol class="steps">
        {STEPS.map((step, index) => (
          <li key={step} class={index < at ? "step-past" : index === at ? "step-now" : ""} aria-current={index === at ? "step" : undefined}>
            <i aria-hidden="true">{index < at ? <Mark name="check" size="1em" /> : index + 1}</i>
            {say(step)}
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** Asks with the focus on its one answer, and gives it back to where it was. */
function StillThere(): JSX.Element {
  const answer = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    answer.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <div class="veil fade" onClick={touched}>
      <div class="ask" role="alertdialog" aria-modal="true" aria-labelledby="still" aria-describedby="still-note">
        <h2 id="still">{say("still_there")}</h2>
        <p id="still-note">{say("still_note", { seconds: left.value ?? 0 })}</p>
        <button type="button" class="main" ref={answer}>
          {say("go_on")}
        </button>
      </div>
    </div>
  );
}
