import type { JSX } from "preact";
import { Mark } from "../shared/marks";
import { say } from "./member_words";

export function Back({ to }: { to: string }): JSX.Element {
  return (
    <a class="back" href={to}>
      <Mark name="back" />
      {say("back")}
    </a>
  );
}
