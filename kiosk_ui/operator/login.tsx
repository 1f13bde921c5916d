import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Problem } from "../shared/api";
import { named } from "../shared/i18n";
import { site } from "../shared/site";
import { LanguageSwitch } from "../shared/switch";
import { logIn } from "./session";
import { say } from "./words";

type Trouble = "wrong_login" | "too_many" | "server_away";

export function LogIn(): JSX.Element {
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setTrouble(null);
    try {
      await logIn(String(form.get("username")), String(form.get("password")));
    } catch (failure) {
      const status = failure instanceof Problem ? failure.status : 0;
      setTrouble(status === 429 ? "too_many" : status === 0 || status >= 500 ? "server_away" : "wrong_login");
      setBusy(false);
      password.current?.select();
    }
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
      </form>
    </main>
  );
}
