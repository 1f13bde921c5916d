import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, Problem } from "../shared/api";
import { named } from "../shared/i18n";
import { Mark } from "../shared/marks";
import { site } from "../shared/site";
import { LanguageSwitch } from "../shared/switch";
import type { LogInWays } from "../shared/wire";
import { logInByPasskey, usable } from "./passkeys";
import { logIn, logInWith } from "./session";
import { say } from "./words";

type Trouble = "wrong_login" | "wrong_passkey" | "too_many" | "server_away" | "passkey_cancelled";

export function LogIn(): JSX.Element {
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [busy, setBusy] = useState(false);
  const [passkeys, offer] = useState(false);
  const password = useRef<HTMLInputElement>(null);

  useEffect(() => {
    // Where passkeys cannot be used, or nobody knows, there is the password.
    void call<LogInWays>("/auth/ways").then((ways) => offer(usable(ways.passkey_origin)), () => undefined);
  }, []);

  const attempt = async (way: () => Promise<void>, refused: Trouble): Promise<boolean> => {
    setBusy(true);
    setTrouble(null);
    try {
      await way();
      return true;
    } catch (failure) {
      const status = failure instanceof Problem ? failure.status : 0;
      const cancelled = failure instanceof Problem && failure.code === "passkey.cancelled";
      setTrouble(cancelled ? "passkey_cancelled" : status === 429 ? "too_many" : status === 0 || status >= 500 ? "server_away" : refused);
      setBusy(false);
      return false;
    }
  };

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    if (!(await attempt(() => logIn(String(form.get("username")), String(form.get("password"))), "wrong_login"))) password.current?.select();
  };

  return (
    <main class="login">
      <div class="login-language">
        <LanguageSwitch />
      </div>
      <form onSubmit={(event) => void submit(event)} class="panel">
        <span class="logo" aria-hidden="true">
          P
        </span>
        <h1>{site.value ? named(site.value.name) : say("console")}</h1>
        <p class="soft">{say("console")}</p>
        <label>
          {say("username")}
          <input name="username" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        </label>
        <label>
          {say("password")}
          <input ref={password} name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="trouble" role="alert">
          {trouble && say(trouble)}
        </p>
        <button type="submit" class="main" disabled={busy}>
          {busy ? say("logging_in") : say("log_in")}
        </button>
        {passkeys && (
          <button type="button" disabled={busy} onClick={() => void attempt(() => logInWith(logInByPasskey), "wrong_passkey")}>
            <Mark name="key" />
            {say("log_in_passkey")}
          </button>
        )}
      </form>
    </main>
  );
}
