// The way to a car on foot, its steps in words.
import type { JSX } from "preact";
import { named } from "./i18n";
import { say } from "./find_words";
import type { CarWay, WayStep } from "./wire";

export function Steps({ way }: { way: CarWay }): JSX.Element {
  return (
    <ol class="how">
      {way.steps.map((step, n) => (
        <li key={n}>
          <span>{told(step)}</span>
        </li>
      ))}
    </ol>
  );
}

function told(step: WayStep): string {
  const level = step.level_name ? named(step.level_name) : step.level;
  if (step.turn === "ride")
    return say(`ride_${step.kind as "lift"}`, { link: step.link ? named(step.link) : "", level });
  if (step.turn === "arrive") return say("arrive");
  return say(`go_${step.turn as "left"}`, { metres: step.metres });
}
