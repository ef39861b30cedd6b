/** What the page asks of a call, as the API lists it. */

import { wordsOf as playerWords } from "../player/messages.js";
import { hasOthers, partsOf } from "../player/parts.js";
import { numberOf, wordsOf } from "./words.js";

export const isOutbound = (call) => Boolean(call.direction?.startsWith("outbound"));

/** The other party's number, as people write it; "" where it is not known. */
export const numberOfCall = (call) =>
  numberOf(call.party ?? (isOutbound(call) ? call.to_number : call.from_number));

/** Of a call in full, its recordings are told one by one; of one in the list, how many there are. */
function playsWithoutFirst({ recordings, recording_status: status }) {
  if (Array.isArray(recordings)) return partsOf(recordings).length > 0;
  return hasOthers(recordings, status === "expired");
}

const isGone = ({ recording_status: status }) => ["expired", "unavailable"].includes(status);

/** Whether there is something to hear. */
export const plays = (call) => playsWithoutFirst(call) || (!isGone(call) && Boolean(call.has_recording));

/** Why nothing can be heard, in words; "" where it can. */
export function whyNoRecording(call, lang) {
  if (plays(call)) return "";
  return isGone(call) ? playerWords(lang)[call.recording_status] : wordsOf(lang).noRecording;
}

/** Seconds to show before anybody presses: of all recordings, else of the call. */
export function lengthOf({ recordings, recordings_duration: all, duration }) {
  return ((recordings?.length ?? recordings) > 1 && all) || duration || 0;
}
