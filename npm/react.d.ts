/** <recording-player> in JSX, for React 19. */

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type {
  RecordingLeafEvent, RecordingPlayer, RecordingStateEvent, RecordingTimeEvent, CallRecording,
  Place, PlayerNote, Token,
} from "recording-player";

interface Props extends DetailedHTMLProps<HTMLAttributes<RecordingPlayer>, RecordingPlayer> {
  "call-sid"?: string;
  "recording-sid"?: string;
  "api-base"?: string;
  callSid?: string;
  recordingSid?: string;
  apiBase?: string;
  "agent-name"?: string;
  "customer-name"?: string;
  agentName?: string;
  customerName?: string;
  label?: string;
  start?: number;
  part?: string;
  lanes?: string | readonly string[];
  transcript?: string | boolean;
  download?: string | boolean;
  duration?: number;
  playbackRate?: number;
  volume?: number;
  recordings?: readonly CallRecording[];
  token?: Token;
  marks?: readonly (number | Place)[];
  notes?: readonly PlayerNote[];
  "onrecording-state"?: (event: RecordingStateEvent) => void;
  "onrecording-time"?: (event: RecordingTimeEvent) => void;
  "onrecording-leaf"?: (event: RecordingLeafEvent) => void;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "recording-player": Props;
    }
  }
}
