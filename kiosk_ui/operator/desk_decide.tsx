// What may be said about a case, each with its key; a question that asks for the reason, and for what else a choice needs.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { newKey } from "../shared/api";
import { fromField, minutes } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { why } from "../shared/i18n/problems";
import type { Decide, Decision, DeskCase } from "../shared/wire";
import { undo } from "./desk";
import { answer, asking, asksFirst, dialogs, isFar, KEYS, send, type Question } from "./desk_keys";
import { desk as say } from "./desk_words";
import { Dialog } from "./dialog";
import { DialogFoot } from "./dialog_foot";
import { ReasonDialog } from "./reason";

dialogs(
  (question) => (asking.value = <DecideDialog of={question} onClose={() => (asking.value = null)} />),
  (made) => (asking.value = <UndoDialog of={made} onClose={() => (asking.value = null)} />),
);

export function DecidePane({ of }: { of: DeskCase }): JSX.Element | null {
  const mine = of.holder?.mine ?? false;
  const said = of.choices.filter((one) => one.choice !== "match");
  if (of.state !== "open") return null;
  return (
    <section class="panel decide" aria-labelledby="decide-title">
      <h2 id="decide-title">{say("decide")}</h2>
      <ul>
        {said.map((one) => {
          const question = { case: of, choice: one.choice };
          const key = KEYS[one.choice] ?? "";
          return (
            <li key={one.choice}>
              <button
                type="button"
                data-choice={one.choice}
                disabled={!mine || !one.allowed}
                onClick={(e) => answer(question, e.shiftKey)}
              >
                <kbd>{key}</kbd>
                <span>
                  {inWords("choices", one.choice)}
                  {asksFirst(one.choice) && "…"}
                  {!one.allowed && <small>{say("manager_only")}</small>}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      {mine && <p class="soft decide-keys">{say("decide_keys")}</p>}
      <p class="soft decide-keys">
        <a href="#/lessons">
          {of.costs.lessons ? say("lessons_count", { count: of.costs.lessons, version: of.costs.version }) : say("lessons_zero")}
        </a>
      </p>
    </section>
  );
}

function DecideDialog({ of: question, onClose }: { of: Question; onClose: () => void }): JSX.Element {
  const { case: of, choice, stayId } = question;
  const said = of.choices.find((one) => one.choice === choice);
  const reasons = said?.reasons ?? ["other"];
  const ofTwo = Boolean(said?.names_stay) && !stayId;
  const [key] = useState(newKey);
  const [reason, setReason] = useState(reasons[0] ?? "other");
  const [note, setNote] = useState("");
  const [which, setWhich] = useState("");
  const [truth, setTruth] = useState("");
  const [left, setLeft] = useState("");
  const [came, setCame] = useState("");
  const [wait, setWait] = useState(of.waits_min[0] ?? 15);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const submit = async (): Promise<void> => {
    if (reason === "other" && note.trim().length < 3) return setTrouble(say("note_short"));
    if (ofTwo && !which) return setTrouble(say("which_missing"));
    if (choice === "plate" && !truth.trim()) return setTrouble(say("plate_missing"));
    if (choice === "part" && !(left && came)) return setTrouble(say("part_missing"));
    setBusy(true);
    setTrouble("");
    const body: Decide = { choice: choice as Decide["choice"], reason, note: note.trim(), version: of.version };
    if (stayId || ofTwo) body.stay_id = stayId ?? which;
    if (choice === "plate") body.plate = truth.trim();
    if (choice === "part") Object.assign(body, { left_at: fromField(left), came_at: fromField(came) });
    if (choice === "hold") body.wait_minutes = wait;
    try {
      await send(of, body, key);
      onClose();
    } catch (failure) {
      setBusy(false);
      setTrouble(say("failed", { why: why(failure) }));
    }
  };
  return (
    <Dialog title={inWords("choices", choice)} onClose={onClose} onSubmit={() => void submit()}>
      {isFar(question) && <p class="decide-far">{say("far")}</p>}
      {ofTwo && of.visit_id && of.stay_id && (
        <fieldset>
          <legend>{say("which_car")}</legend>
          {([[of.visit_id, "later_car"], [of.stay_id, "earlier_car"]] as const).map(([id, name]) => (
            <label key={id} class="radio">
              <input type="radio" name="which" value={id} checked={which === id} onChange={() => setWhich(id)} />
              {say(name)}
            </label>
          ))}
        </fieldset>
      )}
      {choice === "plate" && (
        <label>
          {say("true_plate")}
          <input value={truth} maxLength={12} autoComplete="off" onInput={(e) => setTruth(e.currentTarget.value.toUpperCase())} aria-describedby="decide-trouble" />
        </label>
      )}
      {choice === "part" && (
        <>
          <p class="soft">{say("part_note")}</p>
          <label>
            {say("part_left")}
            <input type="datetime-local" value={left} onInput={(e) => setLeft(e.currentTarget.value)} aria-describedby="decide-trouble" />
          </label>
          <label>
            {say("part_came")}
            <input type="datetime-local" value={came} onInput={(e) => setCame(e.currentTarget.value)} aria-describedby="decide-trouble" />
          </label>
        </>
      )}
      {choice === "hold" && (
        <label>
          {say("wait_for")}
          <select value={wait} onChange={(e) => setWait(Number(e.currentTarget.value))}>
            {of.waits_min.map((one) => (
              <option key={one} value={one}>
                {minutes(one)}
              </option>
            ))}
          </select>
        </label>
      )}
      <fieldset>
        <legend>{say("reason")}</legend>
        {reasons.map((one) => (
          <label key={one} class="radio">
            <input type="radio" name="reason" value={one} checked={reason === one} onChange={() => setReason(one)} />
            {inWords("deskReasons", one)}
          </label>
        ))}
      </fieldset>
      <label>
        {reason === "other" ? say("note_other") : say("note")}
        <input value={note} maxLength={500} onInput={(e) => setNote(e.currentTarget.value)} aria-describedby="decide-trouble" />
      </label>
      <DialogFoot id="decide-trouble" trouble={trouble} busy={busy} danger={choice === "waive"} onClose={onClose}>
        {busy ? say("sending") : say("confirm")}
      </DialogFoot>
    </Dialog>
  );
}

function UndoDialog({ of, onClose }: { of: Decision; onClose: () => void }): JSX.Element {
  const choice = inWords("choices", of.choice);
  return (
    <ReasonDialog
      title={say("undo_title", { choice })}
      note={say("undo_note")}
      reasons={["undo_slip", "undo_picture", "undo_driver"]}
      confirm={say("undo")}
      done={say("undone", { choice })}
      failed="not_saved"
      onClose={onClose}
      run={(reason, key) => undo(of.id, reason, key)}
    />
  );
}
