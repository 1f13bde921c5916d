// One's own password: the current one is asked for, the new one twice; log-ins elsewhere end with it.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import type { ChangePassword, SessionsEnded } from "../shared/wire";
import { account as say } from "./account_words";
import { MoneyDialog } from "./money_form";

const SHORTEST = 10;

interface FieldProps {
  label: string;
  kind: "current-password" | "new-password";
  value: string;
  onInput: (text: string) => void;
}

export const PasswordField = ({ label, kind, value, onInput }: FieldProps): JSX.Element => (
  <label>
    {label}
    <input type="password" autocomplete={kind} maxLength={128} value={value} onInput={(e) => onInput(e.currentTarget.value)} />
  </label>
);

export function OwnPassword(): JSX.Element {
  const [asked, ask] = useState(false);
  return (
    <section class="panel money" aria-labelledby="password-title">
      <div class="title-row">
        <h2 id="password-title">{say("own_password")}</h2>
        <button type="button" onClick={() => ask(true)}>
          {say("change")}
        </button>
      </div>
      <p class="soft">{say("own_password_note")}</p>
      {asked && <ChangeDialog onClose={() => ask(false)} />}
    </section>
  );
}

function ChangeDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const check = (): string => {
    if (!current) return say("current_missing");
    if ([...fresh].length < SHORTEST) return say("new_short");
    return fresh === again ? "" : say("new_differs");
  };
  return (
    <MoneyDialog
      title={say("change_title")}
      note={say("own_password_note")}
      confirm={say("change_now")}
      done={say("changed")}
      onClose={onClose}
      check={check}
      run={() => call<SessionsEnded>("/auth/password", { body: { current, new: fresh } satisfies ChangePassword })}
    >
      <PasswordField label={say("current")} kind="current-password" value={current} onInput={setCurrent} />
      <PasswordField label={say("new")} kind="new-password" value={fresh} onInput={setFresh} />
      <PasswordField label={say("again")} kind="new-password" value={again} onInput={setAgain} />
    </MoneyDialog>
  );
}
