// A tariff's text with what the server says of it while it is typed: mistakes by line, remarks, the rules in words, usual prices.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../shared/api";
import { named } from "../shared/i18n";
import { why } from "../shared/i18n/problems";
import { Mark } from "../shared/marks";
import type { TariffChecked, TariffProposal } from "../shared/wire";
import { may } from "./session";
import { Comparison } from "./tariff_compare";
import { ApproveDialog, ProposeDialog, RefuseDialog } from "./tariff_dialogs";
import { tariffs as say } from "./tariff_words";

/** A text to edit, or (with `proposal`) one to look at and decide. */
export interface Opened {
  source: string;
  proposal: TariffProposal | null;
}

const KEPT_UNDER = "parking.tariff";
const QUIET_MS = 500;
const FEWEST_ROWS = 16;

/** What was being written when this tab was reloaded. */
export function kept(): Opened | null {
  try {
    const source = sessionStorage.getItem(KEPT_UNDER);
    return source ? { source, proposal: null } : null;
  } catch {
    return null;
  }
}

function keep(source: string): void {
  try {
    if (source) sessionStorage.setItem(KEPT_UNDER, source);
    else sessionStorage.removeItem(KEPT_UNDER);
  } catch {
    // Then a reload loses it.
  }
}

interface Props {
  of: Opened;
  onClose: () => void;
  onDone: () => Promise<void>;
}

export function Editor({ of, onClose, onDone }: Props): JSX.Element {
  const [source, setSource] = useState(of.source);
  const [checked, setChecked] = useState<{ of: string; found: TariffChecked } | null>(null);
  const [trouble, setTrouble] = useState("");
  const [asked, ask] = useState<"propose" | "approve" | "refuse" | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const looking = of.proposal;

  useEffect(() => {
    if (!looking) keep(source);
    let current = true;
    const look = async (): Promise<void> => {
      if (!source.trim()) return setChecked(null);
      try {
        const found = await call<TariffChecked>("/tariffs/check", { body: { source } });
        if (!current) return;
        setChecked({ of: source, found });
        setTrouble("");
      } catch (failure) {
        if (current) setTrouble(why(failure));
      }
    };
    const timer = setTimeout(() => void look(), checked ? QUIET_MS : 0);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [source]);

  const fresh = checked?.of === source ? checked.found : null;
  const wrongLines = new Set(fresh?.problems.map((one) => one.line) ?? []);
  const goTo = (line: number | null): void => {
    const lines = source.split("\n");
    const begin = lines.slice(0, (line ?? 1) - 1).reduce((sum, text) => sum + text.length + 1, 0);
    field.current?.focus();
    field.current?.setSelectionRange(begin, begin + (lines[(line ?? 1) - 1]?.length ?? 0));
  };
  const close = (): void => {
    if (!looking) keep("");
    onClose();
  };
  const over = async (): Promise<void> => {
    if (!looking) keep("");
    await onDone();
  };
  const rows = Math.max(FEWEST_ROWS, source.split("\n").length);
  return (
    <section class="panel money tariff-editor" aria-labelledby="editor-title">
      <h2 id="editor-title">{looking ? say("looking", { note: looking.note }) : say("editor")}</h2>
      <div class="tariff-sides">
        <div class="tariff-text">
          <ol class="tariff-lines" aria-hidden="true">
            {Array.from({ length: rows }, (_, n) => (
              <li key={n} class={wrongLines.has(n + 1) ? "is-wrong" : ""}>
                {n + 1}
              </li>
            ))}
          </ol>
          <textarea
            ref={field}
            aria-label={say("text")}
            aria-describedby="tariff-verdict"
            aria-invalid={fresh ? !fresh.ok : undefined}
            readOnly={looking !== null}
            rows={rows}
            spellcheck={false}
            autocapitalize="off"
            wrap="off"
            value={source}
            onInput={(e) => setSource(e.currentTarget.value)}
          />
        </div>
        <div class="tariff-said">
          <Verdict of={fresh} trouble={trouble} onGo={goTo} />
          {fresh?.ok && <Meaning of={fresh} />}
        </div>
      </div>
      {fresh?.ok && <Comparison source={source} />}
      <div class="dialog-foot">
        <button type="button" onClick={close}>
          {say("close")}
        </button>
        {may("tariffs:write") && !looking && (
          <button type="button" class="main" disabled={!fresh?.ok} onClick={() => ask("propose")}>
            {say("propose")}
          </button>
        )}
        {may("tariffs:write") && looking && (
          <>
            <button type="button" onClick={() => ask("refuse")}>
              {say(looking.mine ? "withdraw" : "refuse")}
            </button>
            {looking.mine ? (
              <p class="soft">{say("own")}</p>
            ) : (
              <button type="button" class="main" disabled={!fresh?.ok} onClick={() => ask("approve")}>
                {say("approve")}
              </button>
            )}
          </>
        )}
      </div>
      {asked === "propose" && <ProposeDialog source={source} begin={fresh?.valid_from ?? null} onClose={() => ask(null)} onDone={over} />}
      {asked === "approve" && looking && <ApproveDialog of={looking} onClose={() => ask(null)} onDone={over} />}
      {asked === "refuse" && looking && <RefuseDialog of={looking} onClose={() => ask(null)} onDone={over} />}
    </section>
  );
}

function Verdict({ of, trouble, onGo }: { of: TariffChecked | null; trouble: string; onGo: (line: number | null) => void }): JSX.Element {
  return (
    <div id="tariff-verdict" class="tariff-verdict" role="status" aria-live="polite" data-verdict={trouble ? "unknown" : of ? (of.ok ? "good" : "wrong") : "checking"}>
      {trouble ? (
        <p class="trouble">{say("unchecked", { why: trouble })}</p>
      ) : !of ? (
        <p class="soft">{say("checking")}</p>
      ) : of.ok ? (
        <p class="tariff-good">
          <Mark name="check" />
          {say("good", { version: (of.version ?? "").slice(0, 10) })}
        </p>
      ) : (
        <>
          <p class="trouble">{say("wrong", { count: of.problems.length })}</p>
          <ul>
            {of.problems.map((one, n) => (
              <li key={n}>
                <button type="button" onClick={() => onGo(one.line)}>
                  {one.line === null ? say("whole") : say("line", { line: one.line })}
                </button>{" "}
                {named(one.text)}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function Meaning({ of }: { of: TariffChecked }): JSX.Element {
  return (
    <>
      {of.warnings.length > 0 && (
        <>
          <h3>{say("warnings")}</h3>
          <ul class="rules">
            {of.warnings.map((one, n) => (
              <li key={n}>{named(one.text)}</li>
            ))}
          </ul>
        </>
      )}
      <h3>{say("rules")}</h3>
      <ul class="rules">
        {of.rules.map((one, n) => (
          <li key={n}>{named(one)}</li>
        ))}
      </ul>
      <h3>{say("usual")}</h3>
      <dl class="tariff-usual">
        {of.usual.map((one, n) => (
          <div key={n}>
            <dt>{named(one.stay)}</dt>
            <dd>{one.total}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
