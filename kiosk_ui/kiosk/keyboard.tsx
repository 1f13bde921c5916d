// Our own keyboard for Chinese plates: province first, then letters and digits without I and O, 7 or 8 signs.
// A real keyboard works too, so that nobody depends on touch.
import { computed, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Mark } from "../shared/marks";
import { find } from "./flow";
import { busy, feed, typed } from "./state";
import { say } from "./words";

const PROVINCES = [..."京津沪冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼渝使"];
const ROWS = ["1234567890", "QWERTYUP", "ASDFGHJKL", "ZXCVBNM"].map((row) => [...row]);
const LAST_SIGNS = [..."挂学警港澳领使"];
const LONGEST = 8;
const SIGN = /^[0-9A-HJ-NP-Z]$/;

/** The person may ask for the other half of the keyboard (a foreign plate, say); typing goes back to the usual one. */
const turned = signal(false);
const provinces = computed(() => (typed.value.length === 0) !== turned.value);

/** Whether this can be a plate: 7 or 8 signs after a province, at least 4 for any other kind. */
export const complete = computed(() => {
  const signs = [...typed.value];
  const first = signs[0] ?? "";
  return signs.length >= (PROVINCES.includes(first) ? 7 : 4);
});

function type(sign: string): void {
  if ([...typed.value].length >= LONGEST) return;
  typed.value += sign;
  turned.value = false;
}

function erase(): void {
  typed.value = [...typed.value].slice(0, -1).join("");
  turned.value = false;
}

function useRealKeyboard(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const sign = event.key.toUpperCase();
      if (event.key === "Backspace") erase();
      else if (SIGN.test(sign) || PROVINCES.includes(event.key)) type(sign);
      else if (event.key === "Enter" && complete.value && !(event.target instanceof HTMLButtonElement)) void find();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

export function Keyboard(): JSX.Element {
  useRealKeyboard();
  const full = [...typed.value].length >= LONGEST;
  const lost = feed.line.value === "lost";
  return (
    <div class="keyboard" role="group" aria-label={say("enter_plate")}>
      {provinces.value ? (
        <div class="keys keys-provinces">
          {PROVINCES.map((sign) => (
            <Key key={sign} sign={sign} disabled={full} />
          ))}
        </div>
      ) : (
        <>
          {ROWS.map((row) => (
            <div key={row[0]} class="keys keys-row">
              {row.map((sign) => (
                <Key key={sign} sign={sign} disabled={full} />
              ))}
            </div>
          ))}
          <div class="keys keys-row keys-last">
            {LAST_SIGNS.map((sign) => (
              <Key key={sign} sign={sign} disabled={full || [...typed.value].length < 6} />
            ))}
          </div>
        </>
      )}
      <div class="keys-foot">
        <button type="button" onClick={() => (turned.value = !turned.value)}>
          {provinces.value ? say("to_letters") : say("to_provinces")}
        </button>
        <button type="button" onClick={erase} disabled={!typed.value}>
          <Mark name="erase" />
          {say("erase")}
        </button>
        <button type="button" class="main" disabled={!complete.value || busy.value || lost} onClick={() => void find()}>
          {busy.value ? say("finding") : say("find")}
        </button>
      </div>
    </div>
  );
}

function Key({ sign, disabled }: { sign: string; disabled: boolean }): JSX.Element {
  return (
    <button type="button" class="key" disabled={disabled} onClick={() => type(sign)}>
      {sign}
    </button>
  );
}

/** The plate as it grows, drawn as a plate: blue for seven signs, green once the eighth makes it a new-energy one. */
export function PlateBoxes(): JSX.Element {
  const signs = [...typed.value];
  const boxes = Array.from({ length: LONGEST }, (_, i) => signs[i] ?? "");
  return (
    <div class={`plate-boxes ${signs.length === LONGEST ? "plate-green" : ""}`}>
      <p class="hidden-visually" role="status">
        {signs.length ? say("typed", { plate: signs.join(" ") }) : say("nothing_typed")}
      </p>
      {boxes.map((sign, i) => (
        <span key={i} aria-hidden="true" class={`box ${i === signs.length ? "box-next" : ""} ${i === 7 && !sign ? "box-extra" : ""}`}>
          {sign || (i === 7 ? say("new_energy") : "")}
        </span>
      ))}
    </div>
  );
}
