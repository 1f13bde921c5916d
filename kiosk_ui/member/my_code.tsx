// The code that earns points at a till: new before the old one ends, gone when the page is left.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Mark } from "../shared/marks";
import type { MemberCode } from "../shared/wire";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Trouble } from "./part";

const NEW_EVERY_MS = 75_000; // it is good for ninety seconds

export function MyCode(): JSX.Element {
  const [shown, show] = useState(false);
  const [code, put] = useState<MemberCode | null>(null);
  const deed = useDeed();
  useEffect(() => {
    if (!shown) return put(null);
    const next = () => void deed.run(async () => put(await ask<MemberCode>("/me/code", { method: "POST" })));
    next();
    const timer = setInterval(next, NEW_EVERY_MS);
    return () => clearInterval(timer);
  }, [shown]);
  return (
    <div class="my-code">
      {code && (
        <>
          <div class="qr" role="img" aria-label={say("code_alt")} dangerouslySetInnerHTML={{ __html: code.qr_svg.replace("<svg", '<svg aria-hidden="true"') }} />
          <p class="small">{say("code_note")}</p>
        </>
      )}
      <button type="button" aria-expanded={shown} onClick={() => show(!shown)}>
        <Mark name="code" />
        {say(shown ? "hide_code" : "show_code")}
      </button>
      {deed.trouble && <Trouble of={deed.trouble} />}
    </div>
  );
}
