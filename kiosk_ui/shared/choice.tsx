// The choice of a way to pay: shown only where there is one. A way that has just failed says so.
import type { JSX } from "preact";
import { alone, ANY, chosen } from "./channels";
import { named } from "./i18n";
import { say } from "./words";

export function ChannelChoice({ inside = false }: { inside?: boolean }): JSX.Element | null {
  const ways = alone(inside);
  if (ways.length < 2) return null;
  return (
    <fieldset class="ways">
      <legend>{say("way_to_pay")}</legend>
      <div>
        {[{ name: ANY, label: say("any_way"), troubled: false }, ...ways.map((one) => ({ name: one.name, label: named(one), troubled: one.troubled }))].map((one) => (
          <label key={one.name} class={chosen.value === one.name ? "is-chosen" : ""}>
            <input type="radio" name="way" value={one.name} checked={chosen.value === one.name} onChange={() => (chosen.value = one.name)} />
            <span>{one.label}</span>
            {one.troubled && <small>{say("way_troubled")}</small>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
