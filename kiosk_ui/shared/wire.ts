// What the server says, as it says it: minor units, RFC 3339 times, masked plates. Nothing here is worked out.

export interface Money {
  amount: number; // minor units
  currency: string; // ISO 4217
}

export interface Names {
  zh: string;
  en: string;
}

export interface Site {
  site_id: string;
  name: Names;
  currency: string;
  timezone: string;
  zones: { id: string; name: Names; capacity: number }[];
}

export interface ZoneCount {
  name: Names;
  capacity: number;
  occupied: number;
  free: number;
  known: boolean;
  at?: string | null;
}

export interface Occupancy {
  at: string;
  zones: (ZoneCount & { id: string })[];
}

export interface SignValue {
  zone_id: string;
  text: string;
  health: string;
  at: string | null;
}

export interface DeviceValue {
  health: string;
  detail: string;
  at: string | null;
}

export interface LaneValue {
  name: Names;
  kind: "entry" | "exit" | "ramp";
  state: string;
  plate: string | null;
  rule: string | null;
  reason: string | null;
  due: Money | null;
  fault: string | null;
  at: string | null;
}

export interface LiveEvent {
  id: string;
  at: string;
  type: string;
  lane_id: string | null;
  plate: string | null;
  zone_id: string | null;
  amount: Money | null;
  reason: string | null;
  allowed: boolean | null;
}

export interface Operator {
  username: string;
  display_name: string;
  roles: string[];
  scopes: string[];
}

export interface Case {
  id: string;
  reason: string;
  stay_id: string | null;
  visit_id: string | null;
  lane_id: string | null;
  opened_at: string;
  state: string;
}

export interface BillLine {
  code: string;
  text: Names;
  minutes: number;
  count: number;
  unit: Money | null;
  amount: Money;
}

export interface Bill {
  currency: string;
  total: Money;
  paid: Money;
  due: Money;
  lines: BillLine[];
}

export interface MyStay {
  plate: string | null;
  entered_at: string;
  state: "open" | "settled" | "closed" | "review";
  now: string;
  leave_by: string | null;
  bill: Bill;
}

export type Found = { found: false } | { found: true; stay_token: string; stay: MyStay };

export interface Payment {
  payment_id: string;
  state: "NEW" | "SENT" | "PENDING" | "PAID" | "FAILED" | "CLOSED";
  amount: Money;
  pay_url?: string | null;
  leave_by?: string | null;
}
