// What the server says, as it says it: minor units, RFC 3339 times, masked plates. Nothing here is worked out, and what
// comes over HTTP is named by the server alone: `npm run types` writes openapi.gen.ts from its description.
import type { components } from "./openapi.gen";

type Said = components["schemas"];

/** A schema whose loose values are told apart more finely; a name or a value that the schema does not have is an error. */
type Narrowed<Schema, Finer extends { [Name in keyof Finer]: Name extends keyof Schema ? Schema[Name] : never }> = Schema & Finer;

export type Money = Said["MoneySchema"];
export type Names = Said["NameSchema"];
export type Site = Said["SiteSchema"];
export type Operator = Said["Me"];
export type LogInWays = Said["LogInWays"];
export type Passkey = Said["PasskeyView"];
export type Passkeys = Said["PasskeysView"];
export type PasskeyOffer = Said["PasskeyOffer"];
export type PasskeyChallenge = Said["PasskeyChallenge"];
export type PasskeyAnswer = Said["PasskeyAnswer"];
export type NewPasskey = Said["NewPasskey"];
export type OwnSession = Said["SessionView"];
export type OwnSessions = Said["SessionsView"];
export type OperatorSession = Said["OperatorSession"];
export type OperatorSessions = Said["OperatorSessionsView"];
export type ChangePassword = Said["ChangePassword"];
export type AccountNotices = Said["NoticesView"];
export type OperatorPasskey = Said["OperatorPasskey"];
export type OperatorPasskeys = Said["OperatorPasskeys"];
export type SessionsEnded = Said["SessionsEnded"];
export type DrawnLevel = Said["LevelSchema"];
export type SiteOnMap = Said["SiteMapSchema"];
export type Place = Said["PlaceSchema"];
export type BayRow = Narrowed<Said["BayRow"], { state: "free" | "taken" | "unknown" }>;
export type DeskRow = Said["DeskRow"];
export type DeskPage = Said["DeskPage"];
export type DeskCase = Said["DeskCase"];
export type RankedAgain = Said["RankedAgain"];
export type Candidate = Said["CandidateView"];
export type Choice = Said["ChoiceView"];
export type Decision = Said["DecisionView"];
export type DecisionPage = Said["DecisionPage"];
export type GivenUp = Said["GivenUpView"];
export type GivenUpList = Said["GivenUpList"];
export type DoneAgain = Said["DoneAgain"];
export type Lesson = Said["LessonView"];
export type LessonPage = Said["LessonPage"];
export type StayStory = Said["StayStory"];
export type StoryLine = Said["StoryLine"];
export type Call = Narrowed<Said["CallView"], { state: "waiting" | "taken" | "ended" }>;
export type SayToCaller = Said["SayToCaller"];
export type LaneVisits = Said["LaneVisits"];
export type LaneVisit = Narrowed<Said["LaneVisitView"], { standing: "here" | "passed" | "backed_away" | "untold" }>;
export type AskWhose = Said["AskWhose"];
export type WhoseCar = Said["WhoseCar"];
export type NameCar = Said["NameCar"];
export type LaneRead = Said["ReadView"];
export type Spelling = Said["SpellingView"];
export type CallPage = { items: Call[] } & Omit<Said["CallPage"], "items">;
export type Emergency = Said["EmergencyView"];
export type EmergencyState = Said["EmergencyState"];
export type MyCall = Narrowed<Said["MyCall"], { state: "waiting" | "taken" | "ended" }>;
export type FigureChoices = Said["Choices"];
export type FlowRow = Said["PassagesView"];
export type DwellRow = Said["DwellView"];
export type OccupancyRow = Said["OccupancyView"];
export type RevenueRow = Said["RevenueView"];
export type RatingsRow = Said["RatingsView"];
export type Rating = Said["RatingView"];
export type Bill = Said["BillView"];
export type BillLine = Said["LineView"];
export type MyStay = Narrowed<Said["MyStay"], { state: "open" | "settled" | "closed" | "review" }>;
export type Quote = Said["QuoteView"];
export type PriceStep = Said["AheadView"];
export type FindToken = Said["FindToken"];
export type Car = Narrowed<Said["CarView"], { known: "bay" | "pillar" | "zone" | "nothing" | "gone" }>;
export type CarWay = Said["WayView"];
export type WayStep = Said["WayStepView"];
export type Availability = Narrowed<Said["Availability"], { state: "free" | "few" | "full" | "unknown" }>;
export type AvailabilityPage = { zones: Availability[] } & Omit<Said["AvailabilityPage"], "zones">;
export type Flow = Narrowed<Said["FlowView"], { state: "flowing" | "busy" | "slow" | "closed" | "unknown" }>;
export type NextLot = Narrowed<Said["NextLotView"], { state: "free" | "likely" | "full" | "closed" | "unknown" }>;
export type OverflowPage = { lots: NextLot[] } & Omit<Said["OverflowPage"], "lots">;
export type NextWay = { code: string; to: NextLot | null };
export type BayWay = Narrowed<Said["BayWayView"], { known: "bay" | "zone" | "full" | "unknown" }>;
export type BayWayChoices = Said["BayWayChoices"];
export type DriveStep = Said["DriveStep"];
export type AskBay = Said["AskBay"];
export type AskNext = Said["AskNext"];
export type Payment = Narrowed<Said["PaymentView"], { state: "NEW" | "SENT" | "PENDING" | "PAID" | "FAILED" | "CLOSED" }>;
export type Channel = Said["ChannelView"];
export type Invoice = Said["InvoiceView"];
export type Invoices = Said["Invoices"];
export type Receipt = Said["ReceiptView"];
export type Cards = Said["CardsView"];
export type MyDebt = Said["MyDebt"];
export type Member = Said["MemberView"];
export type MemberVehicle = Narrowed<Said["VehicleView"], { state: "review" | "cooling" | "active" | "ended" }>;
export type MemberNotice = Said["Notice"];
export type MemberCode = Said["MemberCode"];
export type OwnCoupon = Narrowed<Said["OwnCoupon"], { state: "free" | "reserved" | "redeemed" | "expired" | "void" }>;
export type OwnPoints = Said["PointsView"];
export type PointsMove = Narrowed<
  Said["PointsMove"],
  { kind: "earned" | "taken_back" | "spent" | "expired"; fact: "purchase" | "parking" | "exchange" | "other" }
>;
export type PointsMoves = { items: PointsMove[] } & Omit<Said["Page_PointsMove_"], "items">;
export type OwnPurchase = Said["OwnReceipt"];
export type OwnStanding = Said["StandingView"];
export type OwnStay = Narrowed<Said["OwnStay"], { state: "open" | "settled" | "closed" }>;
export type StayCode = Said["StayCode"];
export type OwnDebt = Said["OwnDebt"];
export type Agreement = Said["OwnAgreement"];
export type LookedAt = Said["LookView"];
export type ListedPlate = Said["ListEntry"];
export type ListedIn = Said["ListEntryIn"];
export type ListPage = Said["ListPage"];
export type Pass = Said["PassView"];
export type PassIn = Said["PassIn"];
export type PassPage = Said["Page_PassView_"];
export type Holder = Said["HolderView"];
export type HolderIn = Said["HolderIn"];
export type HolderPage = Said["Page_HolderView_"];
export type Visitor = Said["InvitationView"];
export type VisitorIn = Said["InvitationIn"];
export type VisitorPage = Said["Page_InvitationView_"];
export type VisitorCode = Said["InvitationCode"];
export type FoundRights = Said["FoundRightsView"];
export type RightsFile = Said["FileIn"];
export type RightsTaken = Said["Taken"];
export type SchedulePage = Said["Page_ScheduleView_"];
export type GroupPage = Said["Page_GroupView_"];
export type CredentialIn = Said["CredentialIn"];
export type FindRecord = Said["FindRecord"];
export type RecordRow = Said["RecordView"];
export type RecordPage = Said["Page_RecordView_"];
export type ChainState = Said["ChainView"];
export type TariffsState = Said["TariffsView"];
export type OfferedTariff = Said["OfferedTariff"];
export type TariffProposal = Said["ProposalView"];
export type Tariff = Said["TariffView"];
export type TariffChecked = Said["TariffChecked"];
export type TariffCompared = Said["TariffCompared"];
export type CompareTariff = Said["CompareTariff"];
export type ProposeTariff = Said["ProposeTariff"];
export type EndTariff = Said["EndTariff"];
export type ApproveProposal = Said["ApproveProposal"];
export type RefuseProposal = Said["RefuseProposal"];
export type StayRow = Said["StayRow"];
export type StayPage = Said["StayPage"];
export type WholeStay = Said["WholeStay"];
export type PaymentDetail = Said["PaymentDetail"];
export type Refund = Said["RefundView"];
export type Shift = Said["ShiftView"];
export type ShiftPage = Said["Page_ShiftView_"];
export type ShiftReport = Said["ShiftReport"];
export type Pieces = Said["Pieces"];
export type KioskWays = Said["KioskWays"];
export type CashSession = Narrowed<
  Said["CashSession"],
  { state: "open" | "ending" | "giving" | "over"; why: "paid" | "cancelled" | "expired" | "not_due" | null }
>;
export type Slip = Said["SlipView"];
export type SlipPage = Said["Page_SlipView_"];
export type CashTaken = Said["CashTaken"];
export type Debt = Said["DebtView"];
export type DebtPage = Said["Page_DebtView_"];
export type Statements = Said["Statements"];
export type Balance = Said["BalanceView"];
export type AccountDay = Said["AccountDay"];
export type Found =
  | Narrowed<Said["FoundStay"], { found: false }>
  | Narrowed<Said["FoundStay"], { found: true; stay_token: string; stay: MyStay }>;

// What is asked, so that a body with a field that the server does not know is an error too.
export type LogIn = Said["LogIn"];
export type OpenLane = Said["OpenLane"];
export type Decide = Said["DecideCase"];
export type TypedPlate = Said["TypedPlate"];
export type AskAbout = Said["AskAbout"];
export type Undo = Said["UndoDecision"];
export type Switch = Said["SwitchLesson"];
export type WithReason = Said["WithReason"];
export type WithNote = Said["WithNote"];
export type Press = Said["Press"];
export type FindStay = Said["FindStay"];
export type StartPayment = Said["StartPayment"];
export type AskMine = Said["AskMine"];
export type AskForStays = Said["AskForStays"];
export type Exchange = Said["Exchange"];
export type ShowCoupon = Said["ShowCoupon"];
export type ClaimVehicle = Said["ClaimVehicle"];
export type Consents = Said["Consents"];
export type Contact = Said["ContactBody"];
export type DisputeDebt = Said["Dispute"];
export type SaveCard = Said["SaveCard"];
export type OpenShift = Said["OpenShift"];
export type CloseShift = Said["CloseShift"];
export type MoveCash = Said["MoveCash"];
export type TakeCash = Said["TakeCash"];
export type RefundIn = Said["RefundIn"];
export type DecideDispute = Said["DecideDispute"];

// The live feed is not HTTP: its values are no part of the description.

export interface ZoneCount {
  name: Names;
  capacity: number;
  occupied: number;
  free: number;
  known: boolean;
  at?: string | null;
}

export interface SignValue {
  /** null: it speaks of a lot next door, called `name`. */
  zone_id: string | null;
  name?: Names;
  text: string;
  health: string;
  at: string | null;
}

export interface BayValue {
  zone_id: string;
  state: "free" | "taken" | "unknown";
  source: string;
  at: string;
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
  /** normal, degraded, emergency or manual; absent from a value that was stored before there were modes. */
  mode?: string | null;
  causes?: string[];
  /** Why the fee clock of the vehicle that waits stands still. */
  held?: string | null;
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
