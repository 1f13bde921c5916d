// What a device said, in the page's language, with the moments in it by the site's clock.
import { clock } from "../format";
import { now } from "../tick";
import { deviceSays } from "./device_says";
import { worded } from "./index";

const MOMENT = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;

const moment = (text: string): string => (MOMENT.test(text) ? clock(text, now.value) : text);

export const deviceWords = (text: string): string => deviceSays(text, worded, moment);
