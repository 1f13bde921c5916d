import { render } from "preact";
import "../shared/base.css";
import "./operator.css";
import "./desk.css";
import "./money.css";
import "./office_problems";
import { App } from "./app";
import { loadSite } from "../shared/site";
import { restoreTheme } from "./theme";
import { whoAmI } from "./session";

restoreTheme();
loadSite();
void whoAmI();
render(<App />, document.getElementById("app")!);
