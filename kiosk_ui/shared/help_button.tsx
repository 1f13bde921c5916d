// One button that calls a person, and one line that says what has become of it.
import type { JSX } from "preact";
import type { Caller } from "./calling";
import { named } from "./i18n";
import { Mark } from "./marks";
import { say } from "./words";

export function HelpButton({ caller }: { caller: Caller }): JSX.Element {
  const state = caller.state.value;
  const rings = state === "waiting" || state === "taken";
  return (
    <div class="help" data-testid="help" data-state={state ?? "none"}>
      <p role="status" aria-live="polite" class={`help-said ${caller.trouble.value ? "help-bad" : ""}`}>
        {caller.trouble.value ? say("help_failed", { why: caller.trouble.value }) : state ? say(`help_${state}`) : ""}
        {caller.said.value && <b> {named(caller.said.value)}</b>}
      </p>
      <button type="button" disabled={caller.busy.value} onClick={() => void (rings ? caller.hangUp() : caller.press())}>
        <Mark name="person" />
        {rings ? say("help_stop") : say("help_press")}
      </button>
    </div>
  );
}
