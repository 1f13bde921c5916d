// The fields that forms about rights have in common.
import type { JSX } from "preact";
import { call } from "../shared/api";
import type { GroupPage, SchedulePage } from "../shared/wire";
import { access as say } from "./access_words";
import { useRead } from "./money_frame";

export const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
export const words = (text: string): string[] => text.split(/[\s,，、]+/).filter(Boolean);

interface FieldProps {
  label: string;
  value: string;
  onInput: (text: string) => void;
  disabled?: boolean;
  longest?: number;
}

export function Field({ label, value, onInput, disabled = false, longest = 100 }: FieldProps): JSX.Element {
  return (
    <label>
      {label}
      <input type="text" autocomplete="off" maxLength={longest} value={value} disabled={disabled} onInput={(e) => onInput(e.currentTarget.value)} />
    </label>
  );
}

export function Moment({ label, value, onInput }: { label: string; value: string; onInput: (text: string) => void }): JSX.Element {
  return (
    <label>
      {label}
      <input type="datetime-local" value={value} onInput={(e) => onInput(e.currentTarget.value)} />
    </label>
  );
}

export function Tick({ label, checked, onChange }: { label: string; checked: boolean; onChange: (is: boolean) => void }): JSX.Element {
  return (
    <label class="tick access-tick">
      <input type="checkbox" checked={checked} onChange={(e) => onChange(e.currentTarget.checked)} />
      {label}
    </label>
  );
}

export function Choose({ label, value, of, onChange }: { label: string; value: string; of: readonly (readonly [string, string])[]; onChange: (key: string) => void }): JSX.Element {
  return (
    <label>
      {label}
      <select value={value} onChange={(e) => onChange(e.currentTarget.value)}>
        {of.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Span({ from, until, onFrom, onUntil }: { from: string; until: string; onFrom: (text: string) => void; onUntil: (text: string) => void }): JSX.Element {
  return (
    <>
      <Moment label={say("valid_from")} value={from} onInput={onFrom} />
      <Moment label={say("valid_until")} value={until} onInput={onUntil} />
    </>
  );
}

export function Schedules({ value, onChange }: { value: string; onChange: (id: string) => void }): JSX.Element | null {
  const found = useRead(() => call<SchedulePage>("/access/schedules"), []);
  const offered = found.value?.items.map((one) => [one.schedule_id, one.name] as const) ?? [];
  const kept = value && !offered.some(([id]) => id === value) ? [[value, value] as const] : [];
  if (!offered.length && !kept.length) return null;
  return <Choose label={say("schedule")} value={value} onChange={onChange} of={[["", say("any_time")], ...kept, ...offered]} />;
}

export function Groups({ value, onChange }: { value: string; onChange: (id: string) => void }): JSX.Element | null {
  const found = useRead(() => call<GroupPage>("/access/groups"), []);
  const offered = found.value?.items.map((one) => [one.group_id, one.name] as const) ?? [];
  const kept = value && !offered.some(([id]) => id === value) ? [[value, value] as const] : [];
  if (!offered.length && !kept.length) return null;
  return <Choose label={say("group")} value={value} onChange={onChange} of={[["", say("no_group")], ...kept, ...offered]} />;
}
