// The picture of a visit from its box, asked for when it is shown; each look is written down by the server.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { plate } from "../shared/format";
import { desk as say } from "./desk_words";

/** Give it the visit as its `key`: another visit is another picture. */
export function Picture({ visit, name, sign }: { visit: string; name: string; sign: string | null }): JSX.Element {
  const [state, setState] = useState<"loading" | "there" | "none">("loading");
  const [turn, setTurn] = useState(0);
  return (
    <figure class={`case-shot case-shot-${state}`}>
      <div class="shot-frame">
        {state !== "none" && (
          <img
            key={turn}
            src={`/api/v1/visits/${encodeURIComponent(visit)}/picture`}
            alt={name}
            onLoad={() => setState("there")}
            onError={() => setState("none")}
          />
        )}
        {state === "loading" && <p role="status">{say("picture_loading")}</p>}
        {state === "none" && (
          <p role="status">
            {say("picture_none")}
            <button
              type="button"
              class="quiet"
              onClick={() => {
                setTurn(turn + 1);
                setState("loading");
              }}
            >
              {say("picture_again")}
            </button>
          </p>
        )}
      </div>
      <figcaption>
        <span>{name}</span>
        {sign && <span class="plate plate-small">{plate(sign)}</span>}
      </figcaption>
    </figure>
  );
}
