/** <recording-player>: plays the recordings of a call from a Tapedeck server. See docs/player.md. */

export type PlayerState =
  | "idle" | "asking" | "waiting" | "playing" | "paused" | "buffering" | "ended" | "stopped";

/** Why it stopped. */
export type StopReason = "signin" | "offline" | "slow" | "failed";

/** A second of one recording, by its SID; null where only the call's is known. */
export interface Place {
  part: string | null;
  time: number;
}

/** A text at a second of one recording; without its SID, of the whole line of time. */
export interface PlayerNote {
  part?: string | null;
  time: number;
  text: string;
}

/** One of `recordings` of GET /api/calls/{call_sid}. */
export interface CallRecording {
  name: string;
  recording_sid?: string | null;
  status: string;
  duration?: number | null;
  started_at?: string | null;
  kind?: string;
  speakers?: string[];
  [more: string]: unknown;
}

export type Token = string | (() => string | null | undefined | Promise<string | null | undefined>);

export interface RecordingStateEvent extends CustomEvent<{ state: PlayerState; reason?: StopReason }> {}

export interface RecordingTimeEvent extends CustomEvent<{
  time: number; duration: number; part: string | null; partTime: number;
}> {}

/** `way` is 1 for the next player, -1 for the one before; preventDefault() leaves it to the page. */
export interface RecordingLeafEvent extends CustomEvent<{ way: 1 | -1 }> {}

export interface RecordingPlayerEventMap extends HTMLElementEventMap {
  "recording-state": RecordingStateEvent;
  "recording-time": RecordingTimeEvent;
  "recording-leaf": RecordingLeafEvent;
}

/** The properties that reflect an attribute. */
export interface RecordingPlayerAttributes {
  callSid: string;
  recordingSid: string;
  label: string;
  /** Seconds. */
  start: number;
  /** `agent,customer` or `customer,agent`. */
  lanes: string;
  apiBase: string;
  agentName: string;
  customerName: string;
  /** Empty, or `open`. */
  transcript: string;
  /** Empty where the settings offer the recording as a file. */
  download: string;
}

export class RecordingPlayer extends HTMLElement implements RecordingPlayerAttributes {
  static readonly observedAttributes: string[];
  callSid: string;
  recordingSid: string;
  label: string;
  start: number;
  get lanes(): string;
  set lanes(value: string | readonly string[]);
  apiBase: string;
  agentName: string;
  customerName: string;
  get transcript(): string;
  set transcript(value: string | boolean | null | undefined);
  get download(): string;
  set download(value: string | boolean | null | undefined);
  /** Seconds of the line of time, 0 while nobody knows; what is set reflects. */
  get duration(): number;
  set duration(seconds: number | null | undefined);

  readonly state: PlayerState;
  currentTime: number;
  get place(): Place;
  set place(place: Place | null | undefined);
  /** 0.75 to 3; of all players on the page. */
  playbackRate: number;
  /** 0 to 1; of all players on the page. */
  volume: number;
  set recordings(recordings: readonly CallRecording[] | null | undefined);
  set token(token: Token | null | undefined);
  /** Seconds of the line of time that have a tick, or places. */
  set marks(marks: readonly (number | Place)[] | null | undefined);
  /** Ticks that show a text to whoever points at them. */
  set notes(notes: readonly PlayerNote[] | null | undefined);

  play(): Promise<void> | void;
  pause(): void;
  /** Saves the recording that it stands in as a file; resolves to whether it could be had. */
  save(): Promise<boolean>;

  addEventListener<K extends keyof RecordingPlayerEventMap>(type: K,
    listener: (this: RecordingPlayer, event: RecordingPlayerEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof RecordingPlayerEventMap>(type: K,
    listener: (this: RecordingPlayer, event: RecordingPlayerEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "recording-player": RecordingPlayer;
  }
}
