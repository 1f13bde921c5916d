// Words for whoever calls, on the screen that called: one of our sentences, in the caller's language, or the operator's own.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { why } from "../shared/i18n/problems";
import type { Call } from "../shared/wire";
import { Dialog } from "./dialog";
import { DialogFoot } from "./dialog_foot";
import { tellCaller } from "./help";
import { placeOf } from "./names";
import { tellOnce } from "./toast";
import { say } from "./words";

const PHRASES = ["coming", "opens", "pay", "closer", "back", "desk"] as const;
type Chosen = (typeof PHRASES)[number] | "own";

export function TellCaller({ of, onClose }: { of: Call; onClose: () => void }): JSX.Element {
  const [chosen, choose] = useState<Chosen>("coming");
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    if (chosen === "own" && !text.trim()) return setTrouble(say("say_to_empty"));
    setBusy(true);
    try {
      await tellCaller(of.id, chosen === "own" ? { phrase: "", text: text.trim() } : { phrase: chosen, text: "" });
      tellOnce(say("told_done"));
      onClose();
    } catch (failure) {
      setBusy(false);
      setTrouble(say("call_failed", { why: why(failure) }));
    }
  };
  return (
    <Dialog title={say("say_to_title", { lane: placeOf(of) })} onClose={onClose} onSubmit={() => void submit()}>
      <p class="soft">{say("say_to_note")}</p>
      <fieldset>
        <legend>{say("say_to_text")}</legend>
        {[...PHRASES, "own" as const].map((choice) => (
          <label key={choice} class="radio">
            <input type="radio" name="words" value={choice} checked={chosen === choice} onChange={() => choose(choice)} />
            {say(choice === "own" ? "say_to_own" : `p_${choice}`)}
          </label>
        ))}
      </fieldset>
      {chosen === "own" && (
        <label>
          {say("say_to_text")}
          <input value={text} maxLength={120} onInput={(e) => setText(e.currentTarget.value)} aria-describedby="say-trouble" />
        </label>
      )}
      <DialogFoot id="say-trouble" trouble={trouble} busy={busy} onClose={onClose}>
        {say("say_to_now")}
      </DialogFoot>
    </Dialog>
  );
}
