// What decisions have taught the costs: each lesson with its name and day, in force or not, and the switch for who may.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { clock, plate } from "../shared/format";
import { why } from "../shared/i18n/problems";
import { now } from "../shared/tick";
import type { Lesson, LessonPage } from "../shared/wire";
import { reasonWords } from "./audit_reasons";
import { lessons as ask, switchLesson } from "./desk";
import { desk as say } from "./desk_words";
import { money as sayMoney } from "./money_words";
import { Nothing } from "./nothing";
import { ReasonDialog } from "./reason";
import { may } from "./session";

const page = signal<LessonPage | null>(null);
const trouble = signal("");

/** The first lessons, or those behind the last one shown. */
async function read(after = ""): Promise<void> {
  try {
    const found = await ask(after);
    page.value = after && page.value ? { ...found, items: [...page.value.items, ...found.items] } : found;
    trouble.value = "";
  } catch (failure) {
    trouble.value = why(failure);
  }
}

export function Lessons(): JSX.Element {
  const [asked, setAsked] = useState<Lesson | null>(null);
  useEffect(() => void read(), []);
  const costs = page.value?.costs;
  return (
    <main id="main" tabIndex={-1} class="narrow">
      <section class="panel lessons" aria-labelledby="lessons-title">
        <h2 id="lessons-title">{say("lessons_title")}</h2>
        <p class="soft">{say("lessons_note")}</p>
        <p role="status">
          {trouble.value
            ? say("gone", { why: trouble.value })
            : !costs
              ? say("loading")
              : costs.lessons
                ? say("lessons_count", { count: costs.lessons, version: costs.version })
                : say("lessons_zero")}
        </p>
        {page.value?.items.length === 0 && <Nothing mark="check" word={say("lessons_none")} note={say("lessons_none_note")} />}
        <ol>
          {page.value?.items.map((one) => (
            <LessonRow key={one.id} of={one} onSwitch={() => setAsked(one)} />
          ))}
        </ol>
        {page.value?.next && (
          <>
            <p class="soft">{say("lessons_newest", { shown: page.value.items.length, known: page.value.known })}</p>
            <button type="button" onClick={() => void read(page.value?.next ?? "")}>
              {sayMoney("more")}
            </button>
          </>
        )}
      </section>
      {asked && <SwitchDialog of={asked} onClose={() => setAsked(null)} />}
    </main>
  );
}

const sign = (text: string | undefined): string => text || "∅";

function LessonRow({ of, onSwitch }: { of: Lesson; onSwitch: () => void }): JSX.Element {
  return (
    <li class="lesson" data-lesson={of.id} data-active={of.active}>
      <p class="lesson-plates">
        <small>{say("lesson_read")}</small> <span class="plate plate-small">{plate(of.read)}</span> <small>{say("lesson_true")}</small>{" "}
        <span class="plate plate-small">{plate(of.true)}</span>
        <b>{of.signs.map(([is, seen]) => `${sign(seen)} → ${sign(is)}`).join(", ")}</b>
      </p>
      <p class="lesson-by">
        <span class={`chip chip-${of.active ? "ok" : "plain"}`}>{say(of.active ? "lesson_on" : "lesson_off")}</span>
        <small>{say("lesson_by", { name: of.taught_by, time: clock(of.learned_at, now.value) })}</small>
        {of.switched_at && <small>{say("lesson_switched", { name: of.switched_by, time: clock(of.switched_at, now.value), why: reasonWords(of.switch_reason) })}</small>}
      </p>
      {may("lessons:switch") && (
        <button type="button" onClick={onSwitch}>
          {say(of.active ? "switch_off" : "switch_on")}
        </button>
      )}
    </li>
  );
}

function SwitchDialog({ of, onClose }: { of: Lesson; onClose: () => void }): JSX.Element {
  return (
    <ReasonDialog
      title={say("switch_title", { read: plate(of.read), true: plate(of.true) })}
      note={say("lessons_note")}
      reasons={of.active ? ["switch_glare", "switch_wrong"] : ["switch_right"]}
      confirm={say(of.active ? "switch_off_now" : "switch_on_now")}
      done={say("switched")}
      failed="not_saved"
      onClose={onClose}
      run={async (reason) => {
        const { items, ...rest } = await switchLesson(of.id, { active: !of.active, reason });
        const shown = page.value?.items ?? [];
        page.value = { ...rest, next: page.value?.next ?? null, items: shown.map((one) => items.find((now) => now.id === one.id) ?? one) };
      }}
    />
  );
}
